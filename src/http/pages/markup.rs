//! Text on its way into HTML.

use serde::Serialize;

/// Text as it may stand in an element or in a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// JSON as it may stand in a `<script>`: nothing in it can end the element.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()).replace('<', "\\u003c")
}

/// `<meta property="…" content="…">`.
pub(crate) fn property(name: &str, content: &str) -> String {
    format!("<meta property=\"{name}\" content=\"{}\">\n", escape(content))
}

/// `<meta name="…" content="…">`.
pub(crate) fn meta(name: &str, content: &str) -> String {
    format!("<meta name=\"{name}\" content=\"{}\">\n", escape(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escape("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }

    #[test]
    fn nothing_in_json_ends_its_element() {
        assert_eq!(json(&"</script><!--"), r#""\u003c/script>\u003c!--""#);
    }
}
