//! A disk that is full: the node keeps serving, says so, and goes on when there is room.

use std::fs::remove_file;

use serde_json::json;

use crate::support::disk::Disk;
use crate::support::upload::uuid;
use crate::support::{Node, clip};

const MB: u64 = 1 << 20;

/// A node on a small disk that lets all but a little of it be used.
async fn node_on(disk: &Disk) -> Node {
    Node::open()
        .with("UPLOADS__RESERVE_BYTES", 2 * MB)
        .with("STORE__RESERVE_BYTES", MB)
        .data(disk.path().join("data"))
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_waits_for_room_and_loses_nothing() {
    let disk = Disk::of_bytes(128 * MB);
    let node = node_on(&disk).await;
    let alice = node.user("alice").await;
    let bytes = std::fs::read(clip::mp4(20, "1280x720")).unwrap();
    assert!(bytes.len() as u64 > 2 * MB);
    let begun = alice.begin(bytes.len() as u64, "Patience").await;
    let first = bytes.len() / 4;
    assert_eq!(alice.part(&begun, 0, &bytes[..first]).await.status, 308);

    let ballast = disk.fill_but(MB);
    let full = alice.part(&begun, first as u64, &bytes[first..]).await;
    assert!(full.status >= 400, "{}", full.status);
    let problem = full.json();
    assert!(problem["detail"].as_str().unwrap().contains("space"), "{problem}");
    // A new one is not even begun.
    let words = json!({"name": "No", "channelId": alice.channel().await, "filename": "a.mp4"});
    assert!(alice.ask_begin(50 * MB, &words).await.status >= 400);
    // Others see nothing of it.
    assert_eq!(node.nobody().get("/api/v1/videos").await.status, 200);
    assert_eq!(node.nobody().get("/healthz").await.status, 200);

    remove_file(ballast).unwrap();
    let received = alice.received(&begun).await;
    assert!(received >= first as u64);
    let rest = &bytes[usize::try_from(received).unwrap()..];
    let done = alice.part(&begun, received, rest).await.expect_done();
    alice.wait_until_made(&uuid(&done)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transcoding_waits_for_room_says_so_and_goes_on() {
    let disk = Disk::of_bytes(128 * MB);
    let node = node_on(&disk).await;
    let alice = node.user("alice").await;
    let bytes = std::fs::read(clip::mp4(20, "1280x720")).unwrap();
    let begun = alice.begin(bytes.len() as u64, "Full").await;
    let all_but_one = bytes.len() - 1;
    assert_eq!(alice.part(&begun, 0, &bytes[..all_but_one]).await.status, 308);
    // Room for the rows and the last byte, and for nothing that is made of it.
    let ballast = disk.fill_but(3 * MB);
    let last = alice.part(&begun, all_but_one as u64, &bytes[all_but_one..]).await;
    let uuid = uuid(&last.expect_done());
    let waiting = alice.wait_for(&uuid, |state| state["error"].is_object()).await;
    assert_eq!(waiting["error"]["code"], "no-space", "{waiting}");
    assert_ne!(waiting["state"], "failed");
    assert_eq!(node.nobody().get("/api/v1/videos").await.status, 200);

    remove_file(ballast).unwrap();
    alice.wait_until_made(&uuid).await;
    let video = node.nobody().json(&format!("/api/v1/videos/{uuid}")).await;
    let master = video["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap();
    assert_eq!(clip::decode(master), "");
}
