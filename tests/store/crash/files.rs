//! The files of a node, and those that are given to it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A clip of one second, small enough to be made over and over.
pub(crate) fn clip(home: &Path) -> PathBuf {
    let path = home.join("clip.mp4");
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error"])
        .args(["-f", "lavfi", "-i", "testsrc2=size=128x96:rate=10:duration=1"])
        .args(["-f", "lavfi", "-i", "sine=duration=1"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"])
        .args(["-c:a", "aac", "-b:a", "32k"])
        .arg(&path)
        .status();
    assert!(made.is_ok_and(|status| status.success()), "ffmpeg makes the clip");
    path
}

/// Sees that another program plays a playlist from end to end without a complaint.
pub(crate) fn plays(playlist: &str) {
    let decoded = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-i", playlist, "-f", "null", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&decoded.stderr);
    assert!(decoded.status.success() && said.is_empty(), "{playlist}: {said}");
}

/// Waits until no blob, no original and no scratch file is left, and no transcoder works any more.
pub(crate) async fn are_gone(home: &Path, limit: Duration) {
    let begun = tokio::time::Instant::now();
    loop {
        let mut left = Vec::new();
        for folder in ["data/files", "data/scratch", "data/uploads"] {
            list(&home.join(folder), &mut left);
        }
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < limit, "files that nobody needs are left: {left:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    // Folders come and go while the node works.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}
