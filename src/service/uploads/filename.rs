//! Names of files as people have them: shown, offered for download, never a path.

/// The longest name that is kept, in characters.
const NAME_MAX: usize = 255;

/// What a file is called if nothing is left of its name.
const NAMELESS: &str = "video";

/// Cleans a file's name: what stands after the last slash or backslash, without control characters and those that
/// reorder text.
#[must_use]
pub fn clean(raw: &str) -> String {
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = |c: &char| {
        !c.is_control() && !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let name: String = last.chars().filter(kept).take(NAME_MAX).collect();
    let name = name.trim();
    if name.trim_matches('.').is_empty() { NAMELESS.to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_path_and_what_hides() {
        for (raw, name) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Videos\\Été.mkv", "Été.mkv"),
            ("a\0b\u{202e}4pm.mp4", "ab4pm.mp4"),
            ("🎬 سلام.mp4", "🎬 سلام.mp4"),
            ("..", "video"),
            ("x/", "video"),
            ("", "video"),
        ] {
            assert_eq!(clean(raw), name, "{raw:?}");
        }
        assert_eq!(clean(&"é".repeat(1_000)).chars().count(), 255);
    }
}
