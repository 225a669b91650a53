//! The words of comments as HTML: ours are markdown, those of others are cleaned as they come in.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;
use kinora_model::comment::{Comment, CommentFormat};

use crate::markdown;
use crate::mentions::{self, Known};

/// The most bytes of HTML from elsewhere that are read; what lies beyond is cut off.
pub const HTML_BYTES_MAX: usize = 64 << 10;

/// The most characters of text that a comment from elsewhere may have.
pub const REMOTE_CHARS_MAX: usize = 20_000;

/// What may stand in a comment from elsewhere.
const TAGS: [&str; 16] = [
    "p",
    "br",
    "a",
    "strong",
    "b",
    "em",
    "i",
    "u",
    "del",
    "s",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "blockquote",
];

/// What is read besides and becomes something else: headings and boxes become paragraphs, pictures their words.
const TURNED: [&str; 8] = ["h1", "h2", "h3", "h4", "h5", "h6", "div", "img"];

/// Reads HTML and writes it in one well-known way.
static READER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut reader = builder(TAGS.iter().chain(&TURNED).copied());
    reader.add_tag_attributes("img", ["alt"]);
    reader
});

/// Lets only [`TAGS`] through.
static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| builder(TAGS.iter().copied()));

fn builder(tags: impl Iterator<Item = &'static str>) -> Builder<'static> {
    // Other servers mark links to people and tags so; classes that hide part of a link mean nothing here, so that
    // nobody reads an address other than the one they go to.
    let marks = HashSet::from(["mention", "hashtag", "u-url"]);
    let mut builder = Builder::default();
    builder
        .tags(tags.collect())
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"]))]))
        .allowed_classes(HashMap::from([("a", marks)]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow ugc"));
    builder
}

/// HTML from elsewhere, cleaned: text, lists, links; pictures that stand for words become these words. `None` if nothing
/// is left, or more than [`REMOTE_CHARS_MAX`] characters are.
#[must_use]
pub fn clean(html: &str) -> Option<String> {
    let end = html.floor_char_boundary(HTML_BYTES_MAX);
    let mut read = spell_pictures(&READER.clean(html.get(..end)?).to_string());
    for level in 1..=6 {
        read = read.replace(&format!("<h{level}>"), "<p><strong>");
        read = read.replace(&format!("</h{level}>"), "</strong></p>");
    }
    // A cleaner that cannot be talked into anything reads last, whatever was made of the text before.
    let read = read.replace("<div>", "<p>").replace("</div>", "</p>");
    let cleaned = CLEANER.clean(&read).to_string().replace("<p></p>", "");
    let text = plain(&cleaned);
    let has = text.chars().filter(|c| !c.is_whitespace()).take(REMOTE_CHARS_MAX + 1).count();
    (1..=REMOTE_CHARS_MAX).contains(&has).then(|| cleaned.trim().to_owned())
}

/// Puts the words of a picture where it stood. In HTML that was just written, quotes within an attribute are escaped:
/// the next one ends it.
fn spell_pictures(html: &str) -> String {
    let mut spelled = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, picture)) = rest.split_once("<img alt=\"") {
        spelled.push_str(before);
        let (words, after) = picture.split_once('"').unwrap_or((picture, ""));
        spelled.push_str(&words.replace('<', "&lt;").replace('>', "&gt;"));
        rest = after.strip_prefix('>').unwrap_or(after);
    }
    spelled.push_str(rest);
    spelled
}

/// The text of cleaned HTML, without its tags; a space where one was.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text
}

/// A comment as HTML that is safe to show; handles of `known` people become links to their pages here.
#[must_use]
pub fn html(comment: &Comment, known: &Known) -> String {
    match comment.format {
        CommentFormat::Html => comment.text.clone(),
        CommentFormat::Markdown => mentions::linked(&markdown::html(&comment.text), known),
    }
}

/// A comment on one line of plain words, at most `chars_max` characters: for previews.
#[must_use]
pub fn preview(comment: &Comment, chars_max: usize) -> String {
    match comment.format {
        CommentFormat::Markdown => markdown::plain(&comment.text, chars_max),
        // Markdown may hold HTML entities: they are read as such.
        CommentFormat::Html => markdown::plain(&plain(&comment.text), chars_max),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn links_of_other_servers_show_where_they_lead() {
        let mastodon = "<p><span class=\"h-card\"><a href=\"https://a.example/@ana\" class=\"u-url mention\">@\
                        <span>ana</span></a></span> see <a href=\"https://b.example/x/y\" rel=\"me\">\
                        <span class=\"invisible\">https://</span><span class=\"ellipsis\">b.example/x</span>\
                        <span class=\"invisible\">/y</span></a></p>";
        let cleaned = clean(mastodon).unwrap();
        assert_eq!(
            cleaned,
            "<p><a href=\"https://a.example/@ana\" class=\"u-url mention\" \
             rel=\"noopener noreferrer nofollow ugc\">@ana</a> see <a href=\"https://b.example/x/y\" \
             rel=\"noopener noreferrer nofollow ugc\">https://b.example/x/y</a></p>"
        );
    }

    #[test]
    fn headings_boxes_and_emoji_become_words() {
        let html =
            "<h1>Big</h1><div>one</div><div>two <img src=x alt=':blob:' onerror=alert(1)></div>";
        let cleaned = clean(html).unwrap();
        assert_eq!(cleaned, "<p><strong>Big</strong></p><p>one</p><p>two :blob:</p>");
    }

    #[test]
    fn nothing_that_runs_or_hides_gets_through() {
        let hostile = [
            "<script>alert(1)</script>hi",
            "<img src=x onerror=alert(1) alt='<script>alert(1)</script>'>hi",
            "<a href=\"javascript:alert(1)\">hi</a>",
            "<a href=\"//evil.example\" style=\"position:fixed\">hi</a>",
            "<svg><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">hi</svg>",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">hi",
            "<iframe srcdoc='<script>alert(1)</script>'></iframe>hi",
            "<p style='display:none' class='invisible' id=a onclick=alert(1)>hi</p>",
            "<a href='https://a.example/\"<img alt=\"x\">'>hi</a>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">hi",
            "<template><script>alert(1)</script></template>hi<form action=//evil><input></form>",
        ];
        for html in hostile {
            // What a broken element swallows is no loss.
            let Some(cleaned) = clean(html) else { continue };
            let tags: Vec<_> = cleaned.split('<').skip(1).collect();
            for tag in tags {
                let name: String = tag.chars().take_while(|c| !" >".contains(*c)).collect();
                let name = name.trim_start_matches('/');
                assert!(TAGS.contains(&name), "{html} became {cleaned}");
                let head = tag.split('>').next().unwrap();
                for word in ["onerror", "onclick", "style", "srcdoc", "javascript", "id="] {
                    assert!(!head.contains(word), "{html} became {cleaned}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_words_or_too_many_is_refused() {
        assert_eq!(clean(""), None);
        assert_eq!(clean("<p> \n</p><script>x</script>"), None);
        let cut = clean(&"<p>x</p>".repeat(REMOTE_CHARS_MAX)).unwrap();
        assert_eq!(cut.len(), HTML_BYTES_MAX);
        assert_eq!(clean(&"é".repeat(REMOTE_CHARS_MAX + 1)), None);
    }

    #[test]
    fn nesting_without_end_is_cleaned_soon() {
        for tag in ["<b>", "<p><a href=https://a.example>", "<div>", "<ul><li>", "<blockquote>"] {
            let began = Instant::now();
            let html = format!("{}words", tag.repeat(HTML_BYTES_MAX / tag.len() - 1));
            drop(clean(&html));
            assert!(began.elapsed() < Duration::from_secs(20), "{tag}: {:?}", began.elapsed());
        }
    }
}
