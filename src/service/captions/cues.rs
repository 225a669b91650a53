//! Reads WebVTT and `SubRip`, and writes WebVTT that holds nothing but cues.
//!
//! Styles, regions and notes are left out: they could load what lies elsewhere, and no player needs them.

use std::fmt::Write as _;

/// The most cues of a file.
const CUES_MAX: usize = 20_000;

/// Settings of a cue that say where it stands (WebVTT, section 4.4).
const SETTINGS: [&str; 5] = ["vertical", "line", "position", "size", "align"];

/// Reads a file and writes its cues as WebVTT.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub(super) fn rewrite(file: &[u8]) -> Result<String, &'static str> {
    let text = std::str::from_utf8(file).map_err(|_not| "Should be text in UTF-8")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut written = String::with_capacity(text.len());
    written.push_str("WEBVTT\n");
    let (mut cues, mut lines) = (0_usize, text.lines().peekable());
    while let Some(line) = lines.next() {
        let Some((start_ms, end_ms, settings)) = timing(line) else { continue };
        cues = cues.saturating_add(1);
        if cues > CUES_MAX {
            return Err("Has too many cues");
        }
        let mut said = String::new();
        while let Some(line) = lines.next_if(|line| !line.trim().is_empty()) {
            // An arrow would read as the times of another cue.
            said.push_str(&clean(line).replace("-->", "→"));
            said.push('\n');
        }
        if end_ms < start_ms || said.is_empty() {
            continue;
        }
        // Writing into a string cannot fail.
        let _written = writeln!(written, "\n{} --> {}{settings}", clock(start_ms), clock(end_ms));
        written.push_str(&said);
    }
    if cues == 0 && !text.starts_with("WEBVTT") {
        return Err("Should be a WebVTT (.vtt) or SubRip (.srt) file");
    }
    Ok(written)
}

fn clean(line: &str) -> String {
    line.chars().filter(|c| *c == '\t' || !c.is_control()).collect()
}

/// The times of a cue, in milliseconds, and its settings as they are written.
fn timing(line: &str) -> Option<(u64, u64, String)> {
    let (start, rest) = line.split_once("-->")?;
    let mut words = rest.split_whitespace();
    let (start, end) = (moment(start.trim())?, moment(words.next()?)?);
    let known = |word: &&str| {
        let setting = word.split_once(':').filter(|(name, _)| SETTINGS.contains(name));
        setting.is_some_and(|(_, value)| value.chars().all(is_plain))
    };
    Some((start, end, words.filter(known).map(|word| format!(" {word}")).collect()))
}

const fn is_plain(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9' | '.' | ',' | '%' | '-')
}

/// `hh:mm:ss.mmm` or `mm:ss.mmm`, with a comma in `SubRip`.
fn moment(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once(['.', ','])?;
    let digits = fraction.len() == 3 && fraction.bytes().all(|c| c.is_ascii_digit());
    let mut ms: u64 = fraction.parse().ok().filter(|_| digits)?;
    let parts: Vec<&str> = whole.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    let mut unit_ms = 1_000_u64;
    for part in parts.iter().rev() {
        let value: u64 = part.parse().ok().filter(|value| *value < 10_000)?;
        ms = ms.checked_add(value.checked_mul(unit_ms)?)?;
        unit_ms = unit_ms.checked_mul(60)?;
    }
    Some(ms)
}

fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, ms % 1_000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn subrip_becomes_webvtt() {
        let srt =
            "1\n00:00:01,000 --> 00:00:02,000\nOne\ntwo\n\n2\n00:01:00,500 --> 01:00:00,000\nThree";
        assert_eq!(
            rewrite(srt.as_bytes()).unwrap(),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nOne\ntwo\n\n00:01:00.500 --> 01:00:00.000\nThree\n"
        );
    }

    #[test]
    fn only_cues_are_left_of_webvtt() {
        let vtt = "\u{feff}WEBVTT x\n\nSTYLE\n::cue { background: url(http://a.example) }\n\nNOTE hi\n\nid\n\
                   00:01.000 --> 00:02.000 line:0 region:a align:start\n<b>Hi</b>\n";
        assert_eq!(
            rewrite(vtt.as_bytes()).unwrap(),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000 line:0 align:start\n<b>Hi</b>\n"
        );
    }

    #[test]
    fn other_files_are_refused() {
        assert!(rewrite(b"PK\x03\x04\xff").is_err());
        assert!(rewrite(b"hello").is_err());
        let many = "00:01.000 --> 00:02.000\na\n\n".repeat(CUES_MAX + 1);
        assert!(rewrite(many.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn what_was_written_is_written_again_the_same(text in "(WEBVTT\n\n)?([0-9:,.>\\- a-z\n]|-->|00:01.000){0,80}") {
            if let Ok(once) = rewrite(text.as_bytes()) {
                prop_assert_eq!(rewrite(once.as_bytes()).unwrap(), once);
            }
        }
    }
}
