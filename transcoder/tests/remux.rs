//! Packing a source as it is.

use kinora_order::{Copyable, Order, Outcome, Refusal};
use sha2::{Digest, Sha256};

use crate::clip::{WEB, clip, decodes_cleanly, ffmpeg, ffprobe, number, stream};
use crate::run::{facts, remux, run};

#[test]
fn a_web_friendly_source_keeps_its_packets_and_is_cut_at_keyframes() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "25", 11, &WEB);
    assert_eq!(facts(&source).copyable, Copyable::Yes);

    let said = remux(&source, &folder.path().join("scratch"));
    assert!(!said.done());
    assert_eq!(said.cuts("copy"), [0, 4_000_000, 8_000_000]);
    assert_eq!(said.init("copy").codecs.split(',').count(), 2);

    let whole = said.file("copy", folder.path());
    decodes_cleanly(&whole);
    let (before, after) = (ffprobe(&source), ffprobe(&whole));
    assert_eq!(
        stream(&before, "video")["nb_read_frames"],
        stream(&after, "video")["nb_read_frames"]
    );
    let offset = number(&stream(&after, "video")["start_time"])
        - number(&stream(&after, "audio")["start_time"]);
    assert!(offset.abs() <= 0.04, "picture and sound are {offset} s apart");
}

#[test]
fn segments_are_named_by_their_bytes_and_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "25", 9, &WEB);
    let first = remux(&source, &folder.path().join("one"));
    let second = remux(&source, &folder.path().join("two"));
    for (one, two) in first.segments("copy").iter().zip(second.segments("copy")) {
        assert_eq!(one.sha256, two.sha256);
        let bytes = std::fs::read(&one.path).unwrap();
        assert_eq!(hex::encode(Sha256::digest(&bytes)), one.sha256);
        assert_eq!(bytes.len() as u64, one.bytes);
        assert!(one.path.ends_with(format!("copy/{}.m4s", one.sha256)));
    }
    assert_eq!(first.init("copy").sha256, second.init("copy").sha256);
}

#[test]
fn matroska_is_packed_and_a_transport_stream_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "25", 6, &WEB);
    let other = |name: &str| {
        let path = folder.path().join(name);
        ffmpeg(&["-i", source.to_str().unwrap(), "-c", "copy", path.to_str().unwrap()]);
        path
    };
    let said = remux(&other("a.mkv"), &folder.path().join("scratch"));
    let whole = said.file("copy", folder.path());
    decodes_cleanly(&whole);
    let probed = ffprobe(&whole);
    assert!(number(&stream(&probed, "video")["start_time"]).abs() < 0.01, "it begins at 0");
    assert_eq!(stream(&probed, "video")["nb_read_frames"], "150");
    // Its sound carries its configuration in every packet (ADTS), which MP4 cannot.
    assert!(matches!(facts(&other("a.ts")).copyable, Copyable::No { .. }));
}

#[test]
fn what_browsers_cannot_play_is_not_packed_and_the_reason_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let x264 = ["-c:v", "libx264", "-preset", "ultrafast"];
    let cases: [(&str, &[&str]); 5] = [
        ("deep.mp4", &["-pix_fmt", "yuv420p10le", "-c:a", "aac"]),
        ("wide.mp4", &["-pix_fmt", "yuv444p", "-c:a", "aac"]),
        (
            "sparse.mp4",
            &[
                "-pix_fmt",
                "yuv420p",
                "-g",
                "999",
                "-keyint_min",
                "999",
                "-sc_threshold",
                "0",
                "-c:a",
                "aac",
            ],
        ),
        ("mp3.mp4", &["-pix_fmt", "yuv420p", "-c:a", "libmp3lame"]),
        ("surround.mp4", &["-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "6"]),
    ];
    for (name, words) in cases {
        let source = clip(folder.path(), name, "320x180", "25", 12, &[&x264[..], words].concat());
        let Copyable::No { reason } = facts(&source).copyable else {
            panic!("{name} would be packed")
        };
        assert!(!reason.is_empty());
        let outcome = remux(&source, &folder.path().join("scratch")).outcome();
        assert!(
            matches!(outcome, Outcome::Refused { code: Refusal::NotCopyable, .. }),
            "{name}: {outcome:?}"
        );
    }
}

#[test]
fn tracks_that_end_apart_and_keyframes_that_never_come_are_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    let apart = folder.path().join("apart.mp4");
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=25:duration=12",
        "-f",
        "lavfi",
        "-i",
        "sine=duration=4",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "50",
        "-c:a",
        "aac",
        apart.to_str().unwrap(),
    ]);
    assert!(matches!(facts(&apart).copyable, Copyable::No { .. }));

    // Written as it was recorded, Matroska has no index: only the packets tell.
    let live = folder.path().join("live.mkv");
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=25:duration=14",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "999",
        "-keyint_min",
        "999",
        "-sc_threshold",
        "0",
        "-live",
        "1",
        live.to_str().unwrap(),
    ]);
    let outcome = remux(&live, &folder.path().join("scratch")).outcome();
    assert!(matches!(outcome, Outcome::Refused { code: Refusal::NotCopyable, .. }), "{outcome:?}");
}

#[test]
fn a_joined_rendition_has_its_index_first_and_all_its_frames() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "25", 6, &WEB);
    let said = remux(&source, &folder.path().join("scratch"));
    let mut parts = vec![said.init("copy").path];
    parts.extend(said.segments("copy").into_iter().map(|segment| segment.path));
    let output = folder.path().join("joined.mp4");
    assert!(!run(Order::Join { parts, output: output.clone() }).done());
    decodes_cleanly(&output);
    let bytes = std::fs::read(&output).unwrap();
    let find = |name: &[u8]| bytes.windows(4).position(|window| window == name).unwrap();
    assert!(find(b"moov") < find(b"mdat"));
    assert_eq!(stream(&ffprobe(&output), "video")["nb_read_frames"], "150");
}
