//! Clips made by the ffmpeg command line, and what ffprobe says of what was made of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Runs ffmpeg; a missing or failing ffmpeg fails the test.
pub(crate) fn ffmpeg(words: &[&str]) {
    let done = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(words).output();
    let done = done.expect("ffmpeg is missing: run scripts/setup");
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A clip in `folder`: moving picture of `size` at `rate` for `seconds`, and a tone, encoded with `words`.
pub(crate) fn clip(
    folder: &Path,
    name: &str,
    size: &str,
    rate: &str,
    seconds: u32,
    words: &[&str],
) -> PathBuf {
    let path = folder.join(name);
    let picture = format!("testsrc2=size={size}:rate={rate}:duration={seconds}");
    let sound = format!("sine=frequency=440:sample_rate=44100:duration={seconds}");
    let mut all = vec!["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
    all.extend(words);
    all.push(path.to_str().unwrap());
    ffmpeg(&all);
    path
}

/// Words for a source that can be packed as it is.
pub(crate) const WEB: [&str; 12] = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-bf",
    "2",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "50",
    "-c:a",
    "aac",
];

/// What ffprobe says, with packets and frames counted.
pub(crate) fn ffprobe(path: &Path) -> Value {
    let done = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json"])
        .arg(path)
        .output()
        .expect("ffprobe is missing: run scripts/setup");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// Asserts that ffmpeg decodes all of a file without a word.
pub(crate) fn decodes_cleanly(path: &Path) {
    let done = Command::new("ffmpeg")
        .args(["-v", "warning", "-i", path.to_str().unwrap(), "-f", "null", "-"])
        .output()
        .expect("ffmpeg is missing: run scripts/setup");
    assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{}", path.display());
    assert!(done.status.success());
}

/// The stream of a kind (`video`, `audio`).
pub(crate) fn stream(probed: &Value, kind: &str) -> Value {
    let streams = probed["streams"].as_array().unwrap();
    streams.iter().find(|stream| stream["codec_type"] == kind).cloned().unwrap_or(Value::Null)
}

/// A number that ffprobe wrote as text.
pub(crate) fn number(value: &Value) -> f64 {
    value.as_str().map_or_else(|| value.as_f64().unwrap(), |text| text.parse().unwrap())
}
