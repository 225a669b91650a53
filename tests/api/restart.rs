//! A node that stops in the middle of things, by itself or by force.

use crate::support::upload::uuid;
use crate::support::{Node, clip};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_survives_restarts() {
    let mut node = Node::start().await;
    let alice = node.user("alice").await;
    let bytes = std::fs::read(clip::mp4(6, "640x360")).unwrap();
    let begun = alice.begin(bytes.len() as u64, "Interrupted").await;
    let third = bytes.len() / 3;
    assert_eq!(alice.part(&begun, 0, &bytes[..third]).await.status, 308);

    assert!(node.stop().await.success());
    node.start_again().await;
    assert_eq!(alice.received(&begun).await, third as u64);
    assert_eq!(alice.part(&begun, third as u64, &bytes[third..2 * third]).await.status, 308);

    node.kill().await;
    node.start_again().await;
    assert_eq!(alice.received(&begun).await, 2 * third as u64);
    let done = alice.part(&begun, 2 * third as u64, &bytes[2 * third..]).await.expect_done();

    node.kill().await;
    node.start_again().await;
    let again = alice.part(&begun, 2 * third as u64, &bytes[2 * third..]).await.expect_done();
    assert_eq!(uuid(&again), uuid(&done));
    alice.wait_until_made(&uuid(&done)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_while_it_transcodes_takes_it_up_again() {
    let mut node = Node::start().await;
    let alice = node.user("alice").await;
    let uuid = alice.upload(&clip::webm(20, "854x480"), "Killed").await;
    alice
        .wait_for(&uuid, |state| {
            let renditions = state["renditions"].as_array().unwrap();
            renditions.iter().any(|rendition| rendition["state"] == "running")
        })
        .await;
    node.kill().await;
    node.start_again().await;
    // Nothing is shown that is not whole.
    let video = alice.json(&format!("/api/v1/videos/{uuid}")).await;
    for playlist in video["streamingPlaylists"].as_array().unwrap() {
        for file in playlist["files"].as_array().unwrap() {
            assert_eq!(clip::decode(file["fileUrl"].as_str().unwrap()), "");
        }
    }
    alice.wait_until_made(&uuid).await;
    let video = node.nobody().json(&format!("/api/v1/videos/{uuid}")).await;
    let playlist = &video["streamingPlaylists"][0];
    assert_eq!(clip::decode(playlist["playlistUrl"].as_str().unwrap()), "");
    let heights: Vec<u64> = playlist["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["resolution"]["id"].as_u64().unwrap())
        .collect();
    assert_eq!(heights, [480, 360, 240]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_asked_to_stop_answers_what_is_under_way_and_gives_jobs_back() {
    let mut node = Node::start().await;
    let alice = node.user("alice").await;
    let uuid = alice.upload(&clip::webm(20, "854x480"), "Stopped").await;
    alice
        .wait_for(&uuid, |state| {
            let renditions = state["renditions"].as_array().unwrap();
            renditions.iter().any(|rendition| rendition["state"] == "running")
        })
        .await;
    // Ctrl-C in `make run` arrives twice: from the terminal, and from make.
    nix::sys::signal::kill(node.pid(), nix::sys::signal::Signal::SIGINT).unwrap();
    assert!(node.stop().await.success());
    assert!(node.log().contains("stopped"), "{}", node.log());
    node.start_again().await;
    alice.wait_until_made(&uuid).await;
}
