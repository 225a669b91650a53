//! Bad input: a clear word, and nothing half done.

use std::fs;
use std::io::{BufRead, BufReader};

use kinora_order::{Encode, Fault, Limits, Order, Outcome, Refusal};

use crate::clip::{WEB, clip, decodes_cleanly};
use crate::run::{encode, limits, probe, remux, rung, start};

fn refusal(outcome: &Outcome) -> Refusal {
    match outcome {
        Outcome::Refused { code, detail } => {
            assert!(detail.ends_with('.'), "a sentence: {detail}");
            *code
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_media_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    assert_eq!(refusal(&probe(&write("empty.mp4", b""))), Refusal::Empty);
    let text = b"Dear diary, this is not a video at all.\n".repeat(100);
    assert_eq!(refusal(&probe(&write("text.mp4", &text))), Refusal::NotMedia);
    let noise: Vec<u8> =
        (0_u32..100_000).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert_eq!(refusal(&probe(&write("noise.mkv", &noise))), Refusal::NotMedia);
}

#[test]
fn a_file_without_its_index_is_called_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "25", 5, &WEB);
    let bytes = fs::read(&source).unwrap();
    fs::write(&source, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(refusal(&probe(&source)), Refusal::Truncated);
}

#[test]
fn a_damaged_tail_costs_the_tail() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mkv", "320x180", "25", 12, &WEB);
    let bytes = fs::read(&source).unwrap();
    fs::write(&source, &bytes[..bytes.len() * 2 / 3]).unwrap();
    let said = encode(&source, &folder.path().join("s"), vec![rung("r", 320, 180)], vec![]);
    said.done();
    let whole = said.file("r", folder.path());
    decodes_cleanly(&whole);
    assert!(said.segments("r").len() >= 2, "what was whole is there");

    // Damage in the middle: decoding goes on behind it.
    let source = clip(folder.path(), "b.mp4", "320x180", "25", 12, &WEB);
    let mut bytes = fs::read(&source).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 3_000].fill(0xa5);
    fs::write(&source, &bytes).unwrap();
    let said = encode(&source, &folder.path().join("s2"), vec![rung("r", 320, 180)], vec![]);
    assert!(said.done(), "the damage is told");
    decodes_cleanly(&said.file("r", folder.path()));
    assert!(said.segments("r").len() >= 3);
}

#[test]
fn playlists_and_scripts_cannot_read_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let secret = clip(folder.path(), "secret.mp4", "320x180", "25", 2, &WEB);
    let secret = secret.to_str().unwrap();
    let scripts = [
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{secret}\n#EXT-X-ENDLIST\n"),
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n"
        ),
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n"
            .to_owned(),
        format!("ffconcat version 1.0\nfile '{secret}'\n"),
        format!("file '{secret}'\n"),
        format!(
            "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period><AdaptationSet><Representation><BaseURL>{secret}</BaseURL></Representation></AdaptationSet></Period></MPD>"
        ),
        format!(
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={secret}\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"
        ),
    ];
    for script in scripts {
        for name in ["a.mp4", "a.m3u8", "a.txt", "a.mpd", "a.sdp"] {
            let path = folder.path().join(name);
            fs::write(&path, &script).unwrap();
            assert_eq!(refusal(&probe(&path)), Refusal::NotMedia, "{name}: {script}");
        }
    }
}

#[test]
fn an_mp4_cannot_borrow_from_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "25", 2, &WEB);
    // A data reference that says "in that file" instead of "in this one" (ISO/IEC 14496-12, `alis`).
    let mut bytes = fs::read(&source).unwrap();
    let at = bytes.windows(4).position(|window| window == b"url ").unwrap();
    bytes[at..at + 4].copy_from_slice(b"alis");
    bytes[at + 7] = 0;
    fs::write(&source, &bytes).unwrap();
    match probe(&source) {
        Outcome::Probed(_) | Outcome::Refused { .. } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_killed_transcoder_leaves_no_half_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "640x360", "25", 20, &WEB);
    let scratch = folder.path().join("s");
    let order = Order::Encode(Encode {
        input: source,
        scratch: scratch.clone(),
        rungs: vec![rung("r", 640, 360)],
        cuts_us: vec![],
        thumbnails: 0,
        thumbnail_sizes: vec![],
        storyboard: None,
    });
    let mut child = start(order, limits());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("\"segment\"")), "a segment was made");
    child.kill().unwrap();
    child.wait().unwrap();
    let whole = fs::read_dir(scratch.join("r")).unwrap().map(|entry| entry.unwrap().path());
    for path in whole.filter(|path| path.extension().is_some_and(|it| it == "m4s" || it == "mp4")) {
        use sha2::{Digest, Sha256};
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(hex::encode(Sha256::digest(fs::read(&path).unwrap())), name);
    }
}

#[test]
fn too_little_processor_time_or_too_long_a_file_ends_the_process_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "640x360", "25", 5, &WEB);
    let order =
        Order::Remux { input: source, scratch: folder.path().join("s"), rung: "copy".to_owned() };
    let done =
        start(order, Limits { file_bytes_max: 10_000, ..limits() }).wait_with_output().unwrap();
    assert!(!done.status.success() || String::from_utf8_lossy(&done.stdout).contains("\"failed\""));
}

#[test]
fn a_full_disk_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "640x360", "25", 20, &WEB);
    let small = folder.path().join("small");
    fs::create_dir(&small).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(&small)
        .status()
        .unwrap();
    assert!(mounted.success(), "this test mounts a tmpfs and must run as root");
    let outcome = remux(&source, &small).outcome();
    let unmounted = std::process::Command::new("umount").arg(&small).status().unwrap();
    assert!(unmounted.success());
    assert!(matches!(outcome, Outcome::Failed { code: Fault::NoSpace, .. }), "{outcome:?}");
}

#[test]
fn a_request_that_cannot_be_read_is_answered() {
    for rubbish in ["", "{}", "[1,2", "{\"order\":{\"order\":\"fly\"},\"limits\":{}}"] {
        let mut child = std::process::Command::new(crate::run::PROGRAM)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), rubbish.as_bytes()).unwrap();
        let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert!(said.contains("bad-request"), "{said}");
    }
}
