//! People who join, are limited, are shut out, and leave.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::node::PASSWORD;
use crate::support::{Client, Node, clip};

fn files_below(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() { files_below(&entry.path()) } else { 1 }
    };
    entries.map(count).sum()
}

async fn root(node: &Node) -> Client {
    node.nobody().logged_in("root", PASSWORD).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_takes_videos_and_pictures_off_the_disk() {
    let mut node = Node::start().await;
    let alice = node.user("alice").await;
    let video = alice.upload(&clip::mp4(6, "640x360"), "Goes with her").await;
    alice.wait_until_made(&video).await;
    let picture = || Part::bytes(clip::png(300)).file_name("me.png").mime_str("image/png").unwrap();
    let form = Form::new().part("avatarfile", picture());
    alice.post_form("/api/v1/users/me/avatar/pick", form).await.expect_done();
    let form = Form::new().part("bannerfile", picture());
    let path = "/api/v1/video-channels/alice_channel/banner/pick";
    let banner = alice.post_form(path, form).await.expect_done().json();
    let banner = banner["banners"][0]["path"].as_str().unwrap().to_owned();
    let nobody = node.nobody();
    assert_eq!(nobody.get(&banner).await.status, 200);
    let used = alice.json("/api/v1/users/me/video-quota-used").await;
    assert!(used["videoQuotaUsed"].as_u64().unwrap() > 10_000, "{used}");

    // An upload that was begun goes as well.
    let begun = alice.begin(1_000_000, "half a film").await;
    alice.part(&begun, 0, &[7; 1_000]).await;
    assert_eq!(alice.delete("/api/v1/users/me").await.status, 204);
    nobody.get(&format!("/api/v1/videos/{video}")).await.expect_problem(404);
    nobody.get("/api/v1/accounts/alice").await.expect_problem(404);
    nobody.get("/api/v1/video-channels/alice_channel").await.expect_problem(404);
    alice.get("/api/v1/users/me").await.expect_problem(401);
    assert_eq!(nobody.json("/api/v1/videos").await["total"], 0);
    nobody.register("alice", PASSWORD).await.expect_problem(409);

    let files = node.data.join("files");
    assert!(node.stop().await.success());
    if files_below(&files) > 0 {
        // Stopping may have come before the jobs that remove: the next start takes them up.
        node.start_again().await;
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while files_below(&files) > 0 {
            assert!(std::time::Instant::now() < deadline, "what she published keeps its disk");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_quota_refuses_the_next_upload_and_keeps_what_is_there() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let root = root(&node).await;
    let id = alice.json("/api/v1/users/me").await["id"].as_u64().unwrap();
    let bytes = std::fs::read(clip::mp4(6, "640x360")).unwrap();
    let quota = json!({"videoQuota": bytes.len() + 100});
    assert_eq!(root.put(&format!("/api/v1/users/{id}"), quota).await.status, 204);

    let first = alice.begin(bytes.len() as u64, "Fits").await;
    let words = json!({
        "name": "Does not fit",
        "channelId": alice.channel().await,
        "filename": "b.mp4"
    });
    let refused = alice.ask_begin(bytes.len() as u64, &words).await.expect_problem(413);
    assert_eq!(refused["code"], "quota_reached");
    let form = [("name", "Does not fit"), ("channelId", &alice.channel().await.to_string())];
    let refused = alice.upload_form(&bytes, &form).await.expect_problem(413);
    assert_eq!(refused["code"], "quota_reached");
    alice.part(&first, 0, &bytes).await.expect_done();
    let mine = alice.json("/api/v1/users/me/videos").await;
    assert_eq!((&mine["total"], &mine["data"][0]["name"]), (&json!(1), &json!("Fits")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_user_is_out_while_a_restart_changes_nothing() {
    let mut node = Node::start().await;
    let alice = node.user("alice").await;
    let id = alice.json("/api/v1/users/me").await["id"].as_u64().unwrap();
    let block = format!("/api/v1/users/{id}/block");
    alice.post(&block, json!({"reason": "me"})).await.expect_problem(403);
    assert_eq!(root(&node).await.post(&block, json!({"reason": "spam"})).await.status, 204);
    node.stop().await;
    node.start_again().await;
    let alice = Client { base: node.url.clone(), ..alice };
    alice.get("/api/v1/users/me").await.expect_problem(401);
    let refused = node.nobody().ask_tokens("alice", PASSWORD).await.expect_problem(400);
    assert_eq!(refused["code"], "access_denied");
    let unblock = format!("/api/v1/users/{id}/unblock");
    assert_eq!(root(&node).await.post(&unblock, json!({})).await.status, 204);
    node.nobody().logged_in("alice", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_for_accounts_survive_a_restart() {
    let mut node = Node::open().with("ACCOUNTS__REGISTRATION", "approval").start().await;
    let ask = json!({
        "username": "bob",
        "password": PASSWORD,
        "email": "bob@example.org",
        "registrationReason": "I make films",
        "channel": {"name": "bobs_films", "displayName": "Films of Bob"}
    });
    let path = "/api/v1/users/registrations";
    let asked = node.nobody().post(&format!("{path}/request"), ask).await.expect_done().json();
    node.stop().await;
    node.start_again().await;
    let waits = node.nobody().ask_tokens("bob", PASSWORD).await.expect_problem(400);
    assert_eq!(waits["code"], "account_waiting_for_approval");
    let accept = format!("{path}/{}/accept", asked["id"]);
    let words = json!({"moderationResponse": "welcome"});
    assert_eq!(root(&node).await.post(&accept, words).await.status, 204);
    let bob = node.nobody().logged_in("bob", PASSWORD).await;
    let me: Value = bob.json("/api/v1/users/me").await;
    assert_eq!(me["videoChannels"][0]["name"], "bobs_films");
}
