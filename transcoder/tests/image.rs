//! Pictures that people send.

use std::fs;
use std::path::{Path, PathBuf};

use kinora_order::{Fit, ImageSize, Order, Outcome, Refusal};

use crate::clip::{decodes_cleanly, ffmpeg, ffprobe};
use crate::run::run;

fn make(input: PathBuf, folder: &Path, fit: Fit) -> Outcome {
    let sizes = vec![
        ImageSize { width: 120, height: 120, fit, output: folder.join("120.jpg") },
        ImageSize { width: 48, height: 48, fit, output: folder.join("48.jpg") },
    ];
    run(Order::Image { input, sizes, pixels_max: 50_000_000 }).outcome()
}

#[test]
fn jpeg_png_webp_and_gif_become_jpeg_in_the_sizes_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (name, words) in [
        ("a.jpg", vec!["-pix_fmt", "yuvj420p"]),
        ("a.png", vec![]),
        ("a.webp", vec!["-c:v", "libwebp"]),
        ("a.gif", vec![]),
    ] {
        let input = folder.path().join(name);
        let mut all =
            vec!["-f", "lavfi", "-i", "testsrc2=size=400x300:rate=1:duration=1", "-frames:v", "1"];
        all.extend(words);
        all.push(input.to_str().unwrap());
        ffmpeg(&all);
        let Outcome::Pictures { pictures } = make(input, folder.path(), Fit::Cover) else {
            panic!("{name}")
        };
        assert_eq!((pictures[0].width, pictures[0].height), (120, 120));
        decodes_cleanly(&pictures[0].path);
        let stream = &ffprobe(&pictures[1].path)["streams"][0];
        assert_eq!((&stream["width"], &stream["codec_name"]), (&48.into(), &"mjpeg".into()));
    }
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("bomb.png");
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(60_000_u32.to_be_bytes());
    png.extend(60_000_u32.to_be_bytes());
    png.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    fs::write(&input, png).unwrap();
    let Outcome::Refused { code, detail } = make(input, folder.path(), Fit::Inside) else {
        panic!()
    };
    assert_eq!(code, Refusal::TooLarge);
    assert!(detail.contains("60000"));
}

#[test]
fn what_is_no_picture_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, expected) in [
        ("empty.png", b"".as_slice(), Refusal::Empty),
        ("text.png", b"not a picture", Refusal::NotMedia),
        (
            "vector.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>",
            Refusal::NotMedia,
        ),
        ("playlist.jpg", b"#EXTM3U\n/etc/passwd\n", Refusal::NotMedia),
    ] {
        let input = folder.path().join(name);
        fs::write(&input, bytes).unwrap();
        let Outcome::Refused { code, .. } = make(input, folder.path(), Fit::Inside) else {
            panic!("{name}")
        };
        assert_eq!(code, expected, "{name}");
    }
}

#[test]
fn a_damaged_picture_is_refused_or_saved_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("cut.png");
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=400x300:rate=1:duration=1",
        "-frames:v",
        "1",
        input.to_str().unwrap(),
    ]);
    let bytes = fs::read(&input).unwrap();
    fs::write(&input, &bytes[..40]).unwrap();
    assert!(matches!(make(input, folder.path(), Fit::Inside), Outcome::Refused { .. }));
}
