//! The lock, seen from outside.

use std::process::Command;

use kinora_order::{Order, Progress, Sandbox};

use crate::clip::{WEB, clip};
use crate::run::{PROGRAM, limits, run, start};

#[test]
fn the_status_is_told_without_an_order() {
    let said = Command::new(PROGRAM).arg("--sandbox-status").output().unwrap();
    let Progress::Sandbox(sandbox) = serde_json::from_slice(&said.stdout).unwrap() else {
        panic!()
    };
    assert!(sandbox.seccomp);
}

#[test]
fn the_lock_is_the_first_word_of_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "25", 1, &WEB);
    let said = run(Order::Probe { input: source });
    assert!(
        matches!(&said.lines[0], Progress::Sandbox(Sandbox { seccomp: true, .. })),
        "{:?}",
        said.lines[0]
    );
}

#[test]
fn files_outside_the_order_are_out_of_reach() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "25", 1, &WEB);
    // The scratch folder is a file: its folder is not in reach, so nothing can be written beside it either.
    let outside = folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let scratch = folder.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    std::os::unix::fs::symlink(&outside, scratch.join("copy")).unwrap();
    let order = Order::Remux { input: source, scratch, rung: "copy".to_owned() };
    let done = start(order, limits()).wait_with_output().unwrap();
    assert!(
        String::from_utf8_lossy(&done.stdout).contains("\"failed\""),
        "a way out of the scratch folder is closed"
    );
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}
