//! Clips, made by ffmpeg's command line when they are first needed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

static MAKING: Mutex<()> = Mutex::new(());

/// A test picture with a tone: H.264 and AAC in MP4, a keyframe each second, `seconds` long, of a given size and with an
/// index at its end.
pub(crate) fn mp4(seconds: u32, size: &str) -> PathBuf {
    let source = [
        "-f",
        "lavfi",
        "-i",
        &format!("testsrc2=size={size}:rate=25:duration={seconds}"),
        "-f",
        "lavfi",
        "-i",
        &format!("sine=frequency=440:duration={seconds}"),
    ]
    .map(str::to_owned);
    let codecs = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25 -c:a aac -ac 2";
    let words = source.into_iter().chain(codecs.split(' ').map(str::to_owned));
    make(&format!("{size}-{seconds}s.mp4"), words.collect())
}

/// The same in VP9 and Opus, which cannot be packed without encoding.
pub(crate) fn webm(seconds: u32, size: &str) -> PathBuf {
    let source = [
        "-f",
        "lavfi",
        "-i",
        &format!("testsrc2=size={size}:rate=25:duration={seconds}"),
        "-f",
        "lavfi",
        "-i",
        &format!("sine=frequency=440:duration={seconds}"),
    ]
    .map(str::to_owned);
    let codecs = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuv420p -c:a libopus";
    let words = source.into_iter().chain(codecs.split(' ').map(str::to_owned));
    make(&format!("{size}-{seconds}s.webm"), words.collect())
}

/// A black PNG of `side` by `side` pixels: a big one is a small file that takes `side * side * 3` bytes of memory.
pub(crate) fn png(side: u32) -> Vec<u8> {
    let words =
        format!("-f lavfi -i color=black:size={side}x{side}:rate=1 -frames:v 1 -pix_fmt rgb24");
    let path = make(&format!("{side}.png"), words.split(' ').map(str::to_owned).collect());
    std::fs::read(path).unwrap()
}

/// Makes a clip once; later runs find it.
fn make(name: &str, words: Vec<String>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(name);
    let _alone = MAKING.lock();
    if !path.is_file() {
        std::fs::create_dir_all(folder).unwrap();
        let making = folder.join(format!("making-{}-{name}", std::process::id()));
        let made = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y"])
            .args(words)
            .arg(&making)
            .status()
            .expect("ffmpeg is installed (scripts/setup)");
        assert!(made.success());
        std::fs::rename(making, &path).unwrap();
    }
    path
}

/// What ffmpeg complains of when it decodes all of a file or address; nothing if all is well.
pub(crate) fn decode(what: &str) -> String {
    let decoded = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i", what, "-f", "null", "-"])
        .output()
        .expect("ffmpeg is installed (scripts/setup)");
    String::from_utf8_lossy(&decoded.stderr).into_owned()
}

/// The length of a file in seconds.
pub(crate) fn length_s(what: &str) -> f64 {
    let told = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", what])
        .output()
        .expect("ffprobe is installed (scripts/setup)");
    String::from_utf8_lossy(&told.stdout).trim().parse().unwrap_or(0.0)
}
