//! One node keeps copies of the other's videos.

use serde_json::{Value, json};

use super::pair::{Pair, host};
use crate::support::{clip, until, until_gone};

/// Waits until the second node keeps whole copies of so many videos.
async fn kept(pair: &Pair, count: u64) -> Value {
    let root = pair.second.root().await;
    let told = until(&root, "/api/kinora/v1/mirrors", |told| told[0]["keeps"]["whole"] == count);
    told.await[0].clone()
}

/// Both agree: the first lets the second keep copies, which does, within a quota.
async fn agree(pair: &Pair, keeps: Value) {
    let (one, other) = (pair.first.root().await, pair.second.root().await);
    let path = format!("/api/kinora/v1/mirrors/{}", host(&pair.second));
    one.put(&path, json!({ "mayKeep": true })).await.expect_done();
    let path = format!("/api/kinora/v1/mirrors/{}", host(&pair.first));
    other.put(&path, json!({ "keeps": keeps })).await.expect_done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_outlives_its_origin() {
    let mut pair = Pair::start().await;
    pair.bob_follows().await;
    let past = pair.alice_publishes("Before the agreement").await;
    pair.bob_sees(&past).await;
    agree(&pair, json!({ "quotaBytes": 1_000_000_000 })).await;
    let new = pair.alice_publishes("After the agreement").await;
    let told = kept(&pair, 2).await;
    assert!(told["keeps"]["usedBytes"].as_u64().unwrap() > 10_000, "{told}");

    // The origin knows of the copy, and players of PeerTube too.
    let path = format!("/api/v1/videos/{new}");
    let copies = |told: &Value| told["streamingPlaylists"][0]["redundancies"].clone();
    let known =
        until(&pair.alice, &path, |told| copies(told).as_array().is_some_and(|it| it.len() == 1));
    let base = copies(&known.await)[0]["baseUrl"].as_str().unwrap().to_owned();
    assert_eq!(base, format!("{}/static/streaming-playlists/hls/{new}", pair.second.url));

    // It plays without the origin, from its page on the second node and by the address that the origin gives out.
    pair.first.kill().await;
    assert_eq!(clip::decode(&format!("{base}/master.m3u8")), "");
    let seen = pair.bob.json(&path).await;
    let playlist = seen["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap().to_owned();
    assert!(playlist.starts_with(&pair.second.url), "{playlist}");
    assert!(clip::length_s(&playlist) > 1.5);
    pair.first.start_again().await;

    // What its owner deletes is deleted everywhere.
    pair.alice.delete(&path).await.expect_done();
    until_gone(&pair.bob, &path).await;
    until_gone(&pair.bob, &format!("/static/streaming-playlists/hls/{new}/master.m3u8")).await;
    kept(&pair, 1).await;

    // The agreement ends: the copy goes, and the origin knows that it did.
    let root = pair.second.root().await;
    let pact = format!("/api/kinora/v1/mirrors/{}", host(&pair.first));
    root.delete(&pact).await.expect_done();
    let path = format!("/api/v1/videos/{past}");
    until(&pair.alice, &path, |told| copies(told) == json!([])).await;
    let back = |told: &Value| {
        let playlist = told["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap_or_default();
        playlist.starts_with(&pair.first.url)
    };
    until(&pair.bob, &path, back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_keep_to_what_was_agreed() {
    let pair = Pair::start().await;
    pair.bob_follows().await;
    agree(&pair, json!({ "quotaBytes": 1_000 })).await;
    let uuid = pair.alice_publishes("Too large").await;
    pair.bob_sees(&uuid).await;
    let root = pair.second.root().await;
    let list = format!("/api/kinora/v1/mirrors/{}/videos", host(&pair.first));
    let failed = |told: &Value| told[0]["state"] == "failed";
    let told = until(&root, &list, failed).await;
    assert!(told[0]["reason"].as_str().unwrap().contains("disk space"), "{told}");
    assert!(told[0]["bytes"].as_u64().unwrap() <= 1_000, "{told}");

    // Of a channel that is not among those that were named, nothing is kept.
    let nothing = json!({ "quotaBytes": 1_000_000_000, "channels": ["bob_channel"] });
    let path = format!("/api/kinora/v1/mirrors/{}", host(&pair.first));
    assert_eq!(root.put(&path, json!({ "keeps": nothing })).await.status, 400);
    let named = json!({ "quotaBytes": 1_000_000_000, "channels": [pair.channel()] });
    root.put(&path, json!({ "keeps": named })).await.expect_done();
    until(&root, &list, |told| told[0]["state"] == "whole").await;
    assert_eq!(pair.bob.put(&path, json!({ "mayKeep": true })).await.status, 403);
}
