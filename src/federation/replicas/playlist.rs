//! Playlists of other nodes, read: as Kinora writes them (RFC 8216), where every file is named by the hash of its bytes.
//! What names files otherwise cannot be checked, and is not read.

use kinora_model::picture::BlobName;

/// The most renditions that a playlist may list.
pub(super) const VARIANTS_MAX: usize = 32;

/// The most segments of a rendition.
pub(super) const SEGMENTS_MAX: usize = 50_000;

/// The longest segment, in microseconds: a minute.
const SEGMENT_US_MAX: u64 = 60_000_000;

/// One rendition as the multivariant playlist lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variant {
    /// The file of its media playlist, beside this one.
    pub(super) name: String,
    pub(super) peak_bps: u64,
    pub(super) average_bps: u64,
    pub(super) codecs: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) fps_milli: u32,
}

/// The segments of a rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media {
    pub(super) init: BlobName,
    /// Hashes and durations in microseconds.
    pub(super) segments: Vec<(BlobName, u64)>,
    /// True if no more come.
    pub(super) whole: bool,
}

/// The value of an attribute of a tag (RFC 8216, 4.2).
fn attribute<'a>(list: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = list;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"')?;
                (value, after.strip_prefix(',').unwrap_or(after))
            }
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if name.trim() == wanted {
            return Some(value);
        }
        rest = after;
    }
    None
}

/// Reads a multivariant playlist; `None` if it is none, or not one of Kinora's.
pub(super) fn multivariant(text: &str) -> Option<Vec<Variant>> {
    let mut lines = text.lines();
    if lines.next()?.trim_end() != "#EXTM3U" {
        return None;
    }
    let (mut all, mut next) = (Vec::new(), None);
    for line in lines.map(str::trim_end) {
        if let Some(list) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            next = Some(variant(list)?);
        } else if !line.is_empty() && !line.starts_with('#') {
            let mut found: Variant = next.take()?;
            let number = line.strip_suffix(".m3u8")?;
            number.parse::<u64>().ok()?;
            found.name = line.to_owned();
            all.push(found);
            if all.len() > VARIANTS_MAX {
                return None;
            }
        }
    }
    Some(all)
}

fn variant(list: &str) -> Option<Variant> {
    let number = |name: &str| attribute(list, name).and_then(|it| it.parse::<u64>().ok());
    let peak_bps = number("BANDWIDTH")?;
    let size = attribute(list, "RESOLUTION").and_then(|it| it.split_once('x'));
    let side = |text: Option<&str>| text.and_then(|it| it.parse::<u32>().ok()).unwrap_or(0);
    let codecs = attribute(list, "CODECS").unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ',' | '-');
    if codecs.len() > 100 || !codecs.chars().all(plain) {
        return None;
    }
    Some(Variant {
        name: String::new(),
        peak_bps,
        average_bps: number("AVERAGE-BANDWIDTH").unwrap_or(peak_bps),
        codecs: codecs.to_owned(),
        width: side(size.map(|(width, _)| width)),
        height: side(size.map(|(_, height)| height)),
        fps_milli: attribute(list, "FRAME-RATE").and_then(thousandths).unwrap_or(0),
    })
}

/// A number with at most three decimals, in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    whole.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(part.parse().ok()?)
}

/// Seconds with decimals, in microseconds.
fn microseconds(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("000000".chars()).take(6).collect();
    let us = whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(part.parse().ok()?)?;
    (us <= SEGMENT_US_MAX).then_some(us)
}

/// Reads the playlist of a rendition; `None` if it is none, or not one of Kinora's.
pub(super) fn media(text: &str) -> Option<Media> {
    let mut lines = text.lines();
    if lines.next()?.trim_end() != "#EXTM3U" {
        return None;
    }
    let (mut init, mut segments, mut duration, mut whole) = (None, Vec::new(), None, false);
    for line in lines.map(str::trim_end) {
        if let Some(list) = line.strip_prefix("#EXT-X-MAP:") {
            init = Some(BlobName::parse(attribute(list, "URI")?.strip_suffix(".mp4")?)?);
        } else if let Some(value) = line.strip_prefix("#EXTINF:") {
            duration = Some(microseconds(value.split(',').next()?)?);
        } else if line == "#EXT-X-ENDLIST" {
            whole = true;
        } else if !line.is_empty() && !line.starts_with('#') {
            segments.push((BlobName::parse(line.strip_suffix(".m4s")?)?, duration.take()?));
            if segments.len() > SEGMENTS_MAX {
                return None;
            }
        }
    }
    Some(Media { init: init?, segments, whole })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const MASTER: &str = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n\
        #EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2000000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.970\n7.m3u8\n";

    #[test]
    fn what_a_node_writes_is_read() {
        let all = multivariant(MASTER).unwrap();
        assert_eq!(all.len(), 1);
        let it = &all[0];
        assert_eq!((it.name.as_str(), it.codecs.as_str()), ("7.m3u8", "avc1.64001f,mp4a.40.2"));
        assert_eq!(
            (it.width, it.height, it.fps_milli, it.peak_bps),
            (1280, 720, 29_970, 2_500_000)
        );
        let (a, b) = ("aa".repeat(32), "bb".repeat(32));
        let text = format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"{a}.mp4\"\n#EXTINF:4.004000,\n{b}.m4s\n#EXT-X-ENDLIST\n"
        );
        let read = media(&text).unwrap();
        assert_eq!(read.init, BlobName::parse(&a).unwrap());
        assert_eq!(read.segments, [(BlobName::parse(&b).unwrap(), 4_004_000)]);
        assert!(read.whole);
    }

    #[test]
    fn files_that_are_not_named_by_their_hashes_are_not_read() {
        let hash = "aa".repeat(32);
        for bad in [
            "../../secret.m4s".to_owned(),
            "http://10.0.0.1/x.m4s".to_owned(),
            format!("{hash}.m4s?x=1"),
            "1.m4s".to_owned(),
        ] {
            let text = format!(
                "#EXTM3U\n#EXT-X-MAP:URI=\"{hash}.mp4\"\n#EXTINF:4,\n{bad}\n#EXT-X-ENDLIST\n"
            );
            assert_eq!(media(&text), None, "{bad}");
        }
        for bad in ["../7.m3u8", "http://10.0.0.1/7.m3u8", "seven.m3u8", "7.m3u8?x"] {
            assert_eq!(multivariant(&MASTER.replace("7.m3u8", bad)), None, "{bad}");
        }
        assert_eq!(multivariant("not a playlist"), None);
        assert_eq!(media(&format!("#EXTM3U\n#EXTINF:4,\n{hash}.m4s\n")), None, "no init segment");
    }

    #[test]
    fn more_than_there_can_be_is_not_read() {
        let hash = "aa".repeat(32);
        let one = format!("#EXTINF:4,\n{hash}.m4s\n");
        let text = format!("#EXTM3U\n#EXT-X-MAP:URI=\"{hash}.mp4\"\n{}", one.repeat(100_000));
        assert_eq!(media(&text), None);
        let endless = format!(
            "#EXTM3U\n#EXT-X-MAP:URI=\"{hash}.mp4\"\n#EXTINF:99999999999999999999,\n{hash}.m4s\n"
        );
        assert_eq!(media(&endless), None);
        let many = MASTER.lines().skip(3).collect::<Vec<_>>().join("\n");
        assert_eq!(multivariant(&format!("#EXTM3U\n{}", format!("{many}\n").repeat(40))), None);
    }
}
