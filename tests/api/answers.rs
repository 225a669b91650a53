//! Answers as clients read them, kept as pictures: what changes here changes for somebody's app.

use insta::{Settings, assert_json_snapshot};
use serde_json::{Value, json};

use crate::support::{Client, Node, clip, until};

/// Pictures lie in tests/snapshots; what differs from run to run is replaced by a word.
fn settings(node: &Node) -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_sort_maps(true);
    let port = node.url.rsplit(':').next().unwrap().to_owned();
    settings.add_filter(&format!("localhost:{port}"), "[node]");
    settings.add_filter(&format!("localhost%3A{port}"), "[node]");
    settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[uuid]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[date]");
    settings.add_filter(r"\b[0-9a-f]{64}\b", "[sha256]");
    settings.add_filter(r"\b[0-9a-f]{40}\b", "[sha1]");
    settings.add_filter(r"/(w|embed)/[1-9A-HJ-NP-Za-km-z]{20,22}", "/$1/[short]");
    settings.add_filter("\"(shortUUID)\": \"[^\"]+\"", "\"$1\": \"[short]\"");
    settings.add_filter(r#""(id|userId|size)": \d{4,}"#, "\"$1\": \"[number]\"");
    settings.add_filter(r"/\d{10,}(\.m3u8|/|\b)", "/[number]$1");
    settings.add_filter(r"\b\d{14,17}\b", "[number]");
    settings
}

async fn picture(node: &Node, name: &str, who: &Client, path: &str) {
    let answer = who.json(path).await;
    show(node, name, &answer);
}

fn show(node: &Node, name: &str, answer: &Value) {
    settings(node).bind(|| assert_json_snapshot!(name, answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_node_answers_as_its_clients_expect() {
    let node = Node::start().await;
    let (nobody, alice) = (node.nobody(), node.user("alice").await);
    picture(&node, "config", &nobody, "/api/v1/config").await;
    picture(&node, "config_about", &nobody, "/api/v1/config/about").await;
    picture(&node, "my_user", &alice, "/api/v1/users/me").await;
    picture(&node, "quota_used", &alice, "/api/v1/users/me/video-quota-used").await;
    picture(&node, "account", &nobody, "/api/v1/accounts/alice").await;
    picture(&node, "channel", &nobody, "/api/v1/video-channels/alice_channel").await;
    picture(&node, "channels", &nobody, "/api/v1/video-channels").await;
    picture(&node, "account_channels", &nobody, "/api/v1/accounts/alice/video-channels").await;
    picture(&node, "no_videos", &nobody, "/api/v1/videos").await;
    picture(&node, "privacies", &nobody, "/api/v1/videos/privacies").await;
    picture(&node, "licences", &nobody, "/api/v1/videos/licences").await;
    picture(&node, "categories", &nobody, "/api/v1/videos/categories").await;
    picture(&node, "stats", &nobody, "/api/v1/server/stats").await;
    picture(&node, "users", &node.root().await, "/api/v1/users").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_have_one_shape() {
    let node = Node::start().await;
    let (nobody, alice) = (node.nobody(), node.user("alice").await);
    let missing = "/api/v1/videos/00000000-0000-4000-8000-000000000000";
    show(&node, "problem_no_video", &nobody.get(missing).await.expect_problem(404));
    show(&node, "problem_no_login", &nobody.get("/api/v1/users/me").await.expect_problem(401));
    let wrong = nobody.ask_tokens("alice", "a wrong password").await;
    show(&node, "problem_wrong_password", &wrong.expect_problem(400));
    let bad =
        alice.post("/api/v1/video-channels", json!({"name": "no spaces", "displayName": ""})).await;
    show(&node, "problem_bad_channel", &bad.expect_problem(400));
    show(
        &node,
        "problem_bad_page",
        &nobody.get("/api/v1/videos?count=1000").await.expect_problem(400),
    );
    show(&node, "problem_not_admin", &alice.get("/api/v1/users").await.expect_problem(403));
    let words = json!({"name": "", "channelId": alice.channel().await, "filename": "a.mp4"});
    show(&node, "problem_no_title", &alice.ask_begin(1000, &words).await.expect_problem(400));
    let nowhere = nobody.get("/api/kinora/v1/videos/none/progress").await;
    assert_eq!(nowhere.status, 404);
    let nowhere = nowhere.json();
    show(&node, "problem_ours", &nowhere);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_answers_as_its_clients_expect() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let uuid = alice.upload(&clip::mp4(6, "640x360"), "A picture").await;
    alice.wait_until_made(&uuid).await;
    let nobody = node.nobody();
    // The storyboard and the torrents come after the renditions.
    let storyboards = format!("/api/v1/videos/{uuid}/storyboards");
    until(&nobody, &storyboards, |told| told["storyboards"][0].is_object()).await;
    until(&nobody, &format!("/api/v1/videos/{uuid}"), |told| {
        let files = told["streamingPlaylists"][0]["files"].as_array().unwrap();
        files.iter().all(|file| file["magnetUri"].as_str().unwrap().contains("urn:btih:"))
    })
    .await;
    picture(&node, "video", &nobody, &format!("/api/v1/videos/{uuid}")).await;
    picture(&node, "videos", &nobody, "/api/v1/videos").await;
    picture(&node, "channel_videos", &nobody, "/api/v1/video-channels/alice_channel/videos").await;
    picture(&node, "my_videos", &alice, "/api/v1/users/me/videos").await;
    picture(&node, "storyboards", &nobody, &storyboards).await;
    picture(&node, "captions", &nobody, &format!("/api/v1/videos/{uuid}/captions")).await;
    picture(&node, "progress", &alice, &format!("/api/kinora/v1/videos/{uuid}/progress")).await;
}
