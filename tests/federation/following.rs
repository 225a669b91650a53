//! Following, and what then arrives.

use serde_json::json;

use super::pair::{Pair, host};
use crate::support::{Answer, until, until_gone};

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_channel_brings_its_past_and_its_new_videos() {
    let pair = Pair::start().await;
    let past = pair.alice_publishes("Before the follow").await;
    pair.bob_follows().await;
    let seen = pair.bob_sees(&past).await;
    assert_eq!((&seen["name"], &seen["isLocal"]), (&json!("Before the follow"), &json!(false)));
    assert_eq!(seen["url"], format!("{}/videos/watch/{past}", pair.first.url));
    assert_eq!(seen["channel"]["host"], host(&pair.first));
    assert_eq!(seen["account"]["name"], "alice");
    let backfill = format!("/api/kinora/v1/channels/{}/backfill", pair.channel());
    until(&pair.bob, &backfill, |told| told["known"] == 1 && told["total"] == 1).await;

    // It plays from where it lives, and its picture comes by way of bob's own server.
    let playlist = seen["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap();
    assert!(playlist.starts_with(&pair.first.url), "{playlist}");
    assert_eq!(crate::support::clip::decode(playlist), "");
    let asked = pair.bob.get(seen["previewPath"].as_str().unwrap()).await;
    assert_eq!(asked.status, 302, "it is fetched and made anew first");
    let picture = pair.bob.get(asked.header("location")).await.expect_done();
    assert_eq!(picture.header("content-type"), "image/jpeg");

    let new = pair.alice_publishes("After the follow").await;
    let mine = "/api/v1/users/me/subscriptions/videos";
    let listed = until(&pair.bob, mine, |told| told["total"] == 2).await;
    assert_eq!(listed["data"][0]["uuid"], new, "newest first");
    let told = "/api/v1/users/me/notifications";
    let has = |told: &serde_json::Value, kind: u64| {
        told["data"].as_array().unwrap().iter().any(|it| it["type"] == kind)
    };
    until(&pair.bob, told, |told| has(told, 1)).await;
    until(&pair.alice, told, |told| has(told, 10)).await;

    // Enough: nothing of hers is followed any more.
    let path = format!("/api/v1/users/me/subscriptions/{}", pair.channel());
    pair.bob.delete(&path).await.expect_done();
    let followers = "/api/v1/video-channels/alice_channel/followers";
    until(&pair.alice, followers, |told| told["total"] == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_owner_changes_hides_and_deletes_is_so_elsewhere() {
    let pair = Pair::start().await;
    pair.bob_follows().await;
    let uuid = pair.alice_publishes("First words").await;
    pair.bob_sees(&uuid).await;
    let (ours, path) = (&pair.alice, format!("/api/v1/videos/{uuid}"));
    let change = |name: &'static str, value: &str| {
        let form = reqwest::multipart::Form::new().text(name, value.to_owned());
        let path = path.clone();
        async move { Answer::expect_done(ours.put_form(&path, form).await) }
    };
    change("name", "Better words").await;
    until(&pair.bob, &path, |told| told["name"] == "Better words").await;
    change("privacy", "3").await;
    until_gone(&pair.bob, &path).await;
    change("privacy", "1").await;
    until(&pair.bob, &path, |told| told["name"] == "Better words").await;
    pair.alice.delete(&path).await.expect_done();
    until_gone(&pair.bob, &path).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_address_or_handle_is_found() {
    let pair = Pair::start().await;
    let uuid = pair.alice_publishes("Pasted").await;
    let address = format!("{}/w/{uuid}", pair.first.url);
    let found = pair.bob.json(&format!("/api/v1/search/videos?search={address}")).await;
    assert_eq!(found["data"][0]["uuid"], uuid, "{found}");
    let handle = format!("@{}", pair.channel());
    let found = pair.bob.json(&format!("/api/v1/search/video-channels?search={handle}")).await;
    assert_eq!(found["data"][0]["name"], "alice_channel", "{found}");
    assert_eq!(found["data"][0]["host"], host(&pair.first));
    let nowhere = format!("{}/videos/watch/{}", pair.first.url, uuid::Uuid::new_v4());
    let found = pair.bob.json(&format!("/api/v1/search/videos?search={nowhere}")).await;
    assert_eq!(found["total"], 0, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_follows_a_server() {
    let pair = Pair::start().await;
    let (one, other) = (pair.first.root().await, pair.second.root().await);
    let hosts = json!({ "hosts": [host(&pair.first)] });
    other.post("/api/v1/server/following", hosts).await.expect_done();
    let accepted = |told: &serde_json::Value| {
        told["data"].as_array().unwrap().iter().any(|it| it["state"] == "accepted")
    };
    until(&one, "/api/v1/server/followers", accepted).await;
    until(&other, "/api/v1/server/following", accepted).await;
    let uuid = pair.alice_publishes("For the whole server").await;
    pair.bob_sees(&uuid).await;

    // It follows no longer: the other one knows.
    let path = format!("/api/v1/server/following/{}", host(&pair.first));
    other.delete(&path).await.expect_done();
    until(&one, "/api/v1/server/followers", |told| told["total"] == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_first_may_be_refused() {
    let pair = Pair::start_with(|it| it.with("FEDERATION__ACCEPT_INSTANCE_FOLLOWERS", false)).await;
    let (one, other) = (pair.first.root().await, pair.second.root().await);
    let hosts = json!({ "hosts": [host(&pair.first)] });
    other.post("/api/v1/server/following", hosts).await.expect_done();
    let state = |wanted: &'static str| {
        move |told: &serde_json::Value| {
            told["data"].as_array().unwrap().iter().any(|it| it["state"] == wanted)
        }
    };
    until(&one, "/api/v1/server/followers", state("pending")).await;
    let answer = |word: &str| format!("/api/v1/server/followers/{}/{word}", host(&pair.second));
    one.post(&answer("accept"), json!({})).await.expect_done();
    until(&other, "/api/v1/server/following", state("accepted")).await;
    // What was allowed can be taken back.
    one.post(&answer("reject"), json!({})).await.expect_done();
    until(&other, "/api/v1/server/following", state("rejected")).await;
}
