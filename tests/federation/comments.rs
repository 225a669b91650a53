//! Comments in both directions.

use serde_json::{Value, json};

use super::pair::{Pair, host};
use crate::support::{Client, until};

fn threads(uuid: &str) -> String {
    format!("/api/v1/videos/{uuid}/comment-threads")
}

/// Waits for a comment that begins a thread and has these words; the comment as it is told.
async fn thread(who: &Client, uuid: &str, words: &str) -> Value {
    let has = |it: &Value| it["html"].as_str().unwrap_or_default().contains(words);
    let found = |told: &Value| told["data"].as_array().unwrap().iter().find(|it| has(it)).cloned();
    found(&until(who, &threads(uuid), |told| found(told).is_some()).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_go_both_ways_and_are_changed_and_deleted_in_both_places() {
    let pair = Pair::start().await;
    pair.bob_follows().await;
    let uuid = pair.alice_publishes("Talked about").await;
    pair.bob_sees(&uuid).await;
    let made = pair.bob.post(&threads(&uuid), json!({ "text": "**Nice** from bob" })).await;
    let bobs = made.expect_done().json()["comment"].clone();
    let here = thread(&pair.alice, &uuid, "from bob").await;
    assert_eq!((&here["account"]["name"], &here["isLocal"]), (&json!("bob"), &json!(false)));
    assert_eq!(here["account"]["host"], host(&pair.second));
    assert!(here["html"].as_str().unwrap().contains("<strong>Nice</strong>"), "{here}");

    let path = format!("/api/v1/videos/{uuid}/comments/{}", here["id"]);
    pair.alice.post(&path, json!({ "text": "Thanks from alice" })).await.expect_done();
    let tree = format!("{}/{}", threads(&uuid), bobs["id"]);
    let reply = |told: &Value| {
        let html = told["children"][0]["comment"]["html"].as_str().unwrap_or_default().to_owned();
        html.contains("from alice")
    };
    until(&pair.bob, &tree, reply).await;

    let edit = format!("/api/kinora/v1/videos/{uuid}/comments/{}", bobs["id"]);
    pair.bob.put(&edit, json!({ "text": "Other words from bob" })).await.expect_done();
    thread(&pair.alice, &uuid, "Other words").await;

    let delete = format!("/api/v1/videos/{uuid}/comments/{}", bobs["id"]);
    pair.bob.delete(&delete).await.expect_done();
    let gone = |told: &Value| told["comment"]["isDeleted"] == true;
    until(&pair.alice, &format!("{}/{}", threads(&uuid), here["id"]), gone).await;

    // Whoever owns the video may take a comment down, wherever it came from.
    let made = pair.bob.post(&threads(&uuid), json!({ "text": "Unwelcome" })).await;
    let bobs = made.expect_done().json()["comment"].clone();
    let here = thread(&pair.alice, &uuid, "Unwelcome").await;
    let delete = format!("/api/v1/videos/{uuid}/comments/{}", here["id"]);
    pair.alice.delete(&delete).await.expect_done();
    let total = |told: &Value| {
        told["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["id"] != bobs["id"] || it["isDeleted"] == true)
    };
    until(&pair.bob, &threads(&uuid), total).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_is_held_appears_once_its_owner_approves() {
    let pair = Pair::start().await;
    pair.bob_follows().await;
    let uuid = pair.alice_publishes("Approved only").await;
    let form = reqwest::multipart::Form::new().text("commentsPolicy", "3");
    pair.alice.put_form(&format!("/api/v1/videos/{uuid}"), form).await.expect_done();
    let path = format!("/api/v1/videos/{uuid}");
    until(&pair.bob, &path, |told| told["commentsPolicy"]["id"] == 3).await;
    pair.bob.post(&threads(&uuid), json!({ "text": "May I?" })).await.expect_done();
    let held = thread(&pair.alice, &uuid, "May I?").await;
    assert_eq!(held["heldForReview"], true, "{held}");
    let nobody = pair.first.nobody();
    assert_eq!(nobody.json(&threads(&uuid)).await["total"], 0);
    let approve = format!("/api/v1/videos/{uuid}/comments/{}/approve", held["id"]);
    pair.alice.post(&approve, json!({})).await.expect_done();
    assert_eq!(nobody.json(&threads(&uuid)).await["total"], 1);
    until(&pair.second.nobody(), &threads(&uuid), |told| told["total"] == 1).await;

    // Another one is turned down, and whoever wrote it sees that.
    let made = pair.bob.post(&threads(&uuid), json!({ "text": "And this?" })).await;
    let bobs = made.expect_done().json()["comment"].clone();
    let held = thread(&pair.alice, &uuid, "And this?").await;
    let delete = format!("/api/v1/videos/{uuid}/comments/{}", held["id"]);
    pair.alice.delete(&delete).await.expect_done();
    let gone =
        |told: &Value| told["data"].as_array().unwrap().iter().all(|it| it["id"] != bobs["id"]);
    until(&pair.bob, &threads(&uuid), gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_takes_their_words_along() {
    let pair = Pair::start().await;
    pair.bob_follows().await;
    let uuid = pair.alice_publishes("Left behind").await;
    pair.bob_sees(&uuid).await;
    pair.bob.post(&threads(&uuid), json!({ "text": "I was here" })).await.expect_done();
    thread(&pair.alice, &uuid, "I was here").await;
    pair.bob.delete("/api/v1/users/me").await.expect_done();
    let nothing = |told: &Value| !told.to_string().contains("I was here");
    until(&pair.alice, &threads(&uuid), nothing).await;
    let followers = "/api/v1/video-channels/alice_channel/followers";
    until(&pair.alice, followers, |told| told["total"] == 0).await;
}
