//! Markdown as people write it: to HTML that is safe to show, and to plain words.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::Builder;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html::push_html};

/// What may stand in the HTML: text, lists, links; no pictures, no headings that would break the order of the page.
static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::default();
    let tags =
        ["p", "br", "strong", "em", "del", "a", "ul", "ol", "li", "code", "pre", "blockquote"];
    cleaner
        .tags(HashSet::from(tags))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(Some("noopener noreferrer nofollow ugc"));
    cleaner
});

/// HTML that is safe to show; raw HTML in the text is shown as it was typed, single line breaks are kept.
#[must_use]
pub fn html(text: &str) -> String {
    let shown = parser(text).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::SoftBreak => Event::HardBreak,
        Event::Start(Tag::Heading { .. }) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Paragraph),
        other => other,
    });
    let mut raw = String::with_capacity(text.len().saturating_mul(3) / 2);
    push_html(&mut raw, shown);
    CLEANER.clean(&raw).to_string()
}

/// The words alone on one line, at most `chars_max` characters: for previews.
#[must_use]
pub fn plain(text: &str, chars_max: usize) -> String {
    let mut words = String::new();
    for event in parser(text) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                words.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak | Event::End(_) => words.push(' '),
            _ => {}
        }
        // Characters are bytes at least: enough has been read.
        if words.len() > chars_max.saturating_mul(8) {
            break;
        }
    }
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars_max {
        return line;
    }
    let cut: String = line.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html_and_scripts_become_words() {
        assert_eq!(html("**a** *b*\nc").trim(), "<p><strong>a</strong> <em>b</em><br>\nc</p>");
        let hostile =
            html("<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![p](http://a/b.png)");
        assert!(!hostile.contains("<script"), "{hostile}");
        assert!(!hostile.contains("javascript:"), "{hostile}");
        assert!(!hostile.contains("<img"), "{hostile}");
        assert!(html("https: [s](https://a.example/)").contains("nofollow"));
    }

    #[test]
    fn previews_are_plain_and_cut_with_a_mark() {
        assert_eq!(plain("# Hi\n\n**you** all", 100), "Hi you all");
        assert_eq!(plain("abcdef ghi", 8), "abcdef…");
    }
}
