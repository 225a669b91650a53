//! Two videos of the same bytes keep them once.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Client, Node, clip};

/// How long a job that frees the disk may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn blobs(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |entry: std::io::Result<std::fs::DirEntry>| {
        // A folder may go while it is looked at.
        let Ok(entry) = entry else { return 0 };
        if entry.path().is_dir() { blobs(&entry.path()) } else { 1 }
    };
    entries.map(count).sum()
}

async fn master(client: &Client, uuid: &str) -> String {
    let video: Value = client.json(&format!("/api/v1/videos/{uuid}")).await;
    video["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap().to_owned()
}

/// The addresses of the segments of all media playlists below a multivariant one.
async fn segments(client: &Client, master: &str) -> Vec<String> {
    let base = master.rsplit_once('/').unwrap().0;
    let names = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.map(|name| format!("{base}/{name}")).collect()
    };
    let mut found = Vec::new();
    for media in names(&client.get(master).await.expect_done().text()) {
        found.extend(names(&client.get(&media).await.expect_done().text()));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_two_videos_share_survives_the_first_deletion() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let file = clip::mp4(6, "320x180");
    let one = alice.upload(&file, "One").await;
    alice.wait_until_made(&one).await;
    let two = alice.upload(&file, "Two").await;
    alice.wait_until_made(&two).await;

    let (first, second) = (master(&alice, &one).await, master(&alice, &two).await);
    let names = |addresses: Vec<String>| -> Vec<String> {
        addresses.iter().map(|one| one.rsplit_once('/').unwrap().1.to_owned()).collect()
    };
    let (of_one, of_two) = (segments(&alice, &first).await, segments(&alice, &second).await);
    assert_eq!(names(of_one.clone()), names(of_two.clone()), "the same bytes have the same names");

    assert_eq!(alice.delete(&format!("/api/v1/videos/{one}")).await.status, 204);
    assert_eq!(alice.get(&of_one[0]).await.status, 404, "the deleted video serves nothing");
    for segment in &of_two {
        alice.get(segment).await.expect_done();
    }
    assert_eq!(clip::decode(&second), "");

    assert_eq!(alice.delete(&format!("/api/v1/videos/{two}")).await.status, 204);
    let gone = async {
        while blobs(&node.data.join("files/blobs")) > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the last deletion frees the disk");
}
