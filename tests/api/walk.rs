//! One clip from a person's terminal to a viewer's player.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::node::{PASSWORD, program};
use crate::support::{Answer, Node, clip};

/// Bytes that files take below a folder.
fn bytes_below(folder: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.map(|entry| {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            bytes_below(&entry.path())
        } else {
            entry.metadata().unwrap().len()
        }
    });
    sizes.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_goes_from_a_terminal_to_a_player_and_away_again() {
    let mut node = Node::start().await;
    let alice = node.user("alice").await;
    let file = clip::mp4(6, "640x360");
    let done = Command::new(program())
        .arg("upload")
        .arg(&file)
        .args([
            "--channel",
            "me",
            "--title",
            "A walk",
            "--tag",
            "one",
            "--tag",
            "two",
            "--language",
            "fr",
        ])
        .args(["--server", &node.url, "--user", "alice"])
        .env("KINORA_PASSWORD", PASSWORD)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));

    // The last line is where it can be watched.
    let page = said.lines().last().unwrap();
    let short = page.strip_prefix(&format!("{}/w/", node.url)).unwrap();
    let nobody = node.nobody();
    let video = nobody.json(&format!("/api/v1/videos/{short}/")).await;
    assert_eq!(video["name"], "A walk");
    assert_eq!(video["tags"], json!(["one", "two"]));
    assert_eq!(video["language"]["id"], "fr");
    assert_eq!(video["state"]["id"], 1);
    assert_eq!(video["duration"], 6);
    assert_eq!(video["channel"]["name"], "alice_channel");

    // Every quality plays from beginning to end without a complaint.
    let playlist = &video["streamingPlaylists"][0];
    let master = playlist["playlistUrl"].as_str().unwrap();
    let text = nobody.get(master).await.expect_done().text();
    assert!(text.contains("RESOLUTION=640x360") && text.contains("RESOLUTION=426x240"), "{text}");
    assert_eq!(clip::decode(master), "");
    assert!((clip::length_s(master) - 6.0).abs() < 0.1);
    for file in playlist["files"].as_array().unwrap() {
        the_file_is_as_it_is_described(&nobody, file).await;
    }
    pictures_are_there(&nobody, &video).await;

    // A viewer and a fan are counted.
    let path = format!("/api/v1/videos/{short}");
    let seen = json!({"currentTime": 3});
    assert_eq!(nobody.post(&format!("{path}/views"), seen).await.status, 204);
    assert_eq!(alice.put(&format!("{path}/rate"), json!({"rating": "like"})).await.status, 204);
    assert_eq!(nobody.json(&path).await["likes"], 1);
    let listed = nobody.json("/api/v1/videos?search=walk").await;
    assert_eq!(
        (listed["total"].clone(), listed["data"][0]["uuid"].clone()),
        (json!(1), video["uuid"].clone())
    );

    // Deleting it frees the disk, and nothing tells that it was there.
    let segment = segment_of(&nobody, master).await;
    assert_eq!(alice.delete(&path).await.status, 204);
    nobody.get(&path).await.expect_problem(404);
    assert_eq!(nobody.get(master).await.status, 404);
    assert_eq!(nobody.get(&segment).await.status, 404);
    assert!(node.stop().await.success());
    let left = bytes_below(&node.data.join("files"));
    // Stopping may have come before the job that removes: the next start takes it up.
    if left > 0 {
        node.start_again().await;
        wait_until_empty(&node).await;
    }
}

/// The removal is a job without a face of its own; the journal of the disk itself is what can be watched.
async fn wait_until_empty(node: &Node) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while bytes_below(&node.data.join("files")) > 0 {
        assert!(std::time::Instant::now() < deadline, "a deleted video keeps its disk");
        tokio::task::yield_now().await;
    }
}

async fn the_file_is_as_it_is_described(nobody: &crate::support::Client, file: &Value) {
    let url = file["fileUrl"].as_str().unwrap();
    let size = file["size"].as_u64().unwrap();
    let whole = nobody.get(url).await.expect_done();
    assert_eq!(whole.body.len() as u64, size);
    let again = nobody.get(url).await.expect_done();
    assert!(whole.body == again.body, "a file is the same each time");
    let etag = whole.header("etag").to_owned();
    let part =
        nobody.ask(Method::GET, url).header("Range", "bytes=100-199").header("If-Range", &etag);
    let part = Answer::to(part).await;
    assert_eq!(part.status, 206);
    assert_eq!(part.header("content-range"), format!("bytes 100-199/{size}"));
    assert_eq!(part.body[..], whole.body[100..200]);
    let known = nobody.ask(Method::GET, url).header("If-None-Match", &etag);
    assert_eq!(Answer::to(known).await.status, 304);
    let beyond = nobody.ask(Method::GET, url).header("Range", format!("bytes={size}-"));
    assert_eq!(Answer::to(beyond).await.status, 416);
    assert_eq!(clip::decode(url), "");
}

async fn pictures_are_there(nobody: &crate::support::Client, video: &Value) {
    let id = video["uuid"].as_str().unwrap();
    // The first picture may be replaced by a better one between two questions: then there are two answers.
    let mut thumbnail = nobody.get(video["thumbnailPath"].as_str().unwrap()).await;
    if thumbnail.status == 404 {
        let video = nobody.json(&format!("/api/v1/videos/{id}")).await;
        thumbnail = nobody.get(video["thumbnailPath"].as_str().unwrap()).await;
    }
    assert_eq!(thumbnail.expect_done().header("content-type"), "image/jpeg");
    let boards = nobody.json(&format!("/api/v1/videos/{id}/storyboards")).await;
    let board = boards["storyboards"][0]["storyboardPath"].as_str().unwrap();
    assert_eq!(nobody.get(board).await.expect_done().header("content-type"), "image/jpeg");
}

/// The address of a segment of the first quality.
async fn segment_of(nobody: &crate::support::Client, master: &str) -> String {
    let folder = master.rsplit_once('/').unwrap().0;
    let text = nobody.get(master).await.expect_done().text();
    let media = text.lines().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap();
    let text = nobody.get(&format!("{folder}/{media}")).await.expect_done().text();
    let segment = text.lines().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap();
    let url = format!("{folder}/{segment}");
    let got = nobody.get(&url).await.expect_done();
    assert!(got.header("cache-control").contains("immutable"));
    assert_eq!(got.header("access-control-allow-origin"), "*");
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_can_be_watched_before_all_of_it_is_made() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let uuid = alice.upload(&clip::mp4(20, "1280x720"), "Early").await;
    let state = alice.wait_for(&uuid, |state| state["playable"] == true).await;
    let unmade = state["renditions"].as_array().unwrap().iter();
    assert!(unmade.filter(|rendition| rendition["state"] != "ready").count() > 0, "{state}");
    let video = node.nobody().json(&format!("/api/v1/videos/{uuid}")).await;
    let master = video["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap();
    assert_eq!(clip::decode(master), "");
    alice.wait_until_made(&uuid).await;
    let text = node.nobody().get(master).await.text();
    for height in [720, 480, 360, 240] {
        assert!(text.contains(&format!("x{height}")), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_private_is_like_what_is_missing() {
    let node = Node::start().await;
    let (alice, bob) = (node.user("alice").await, node.user("bob").await);
    let uuid = alice.upload(&clip::mp4(6, "640x360"), "Mine").await;
    alice.wait_until_made(&uuid).await;
    let path = format!("/api/v1/videos/{uuid}");
    let public = alice.json(&path).await;
    let file = public["streamingPlaylists"][0]["files"][0]["fileUrl"].as_str().unwrap().to_owned();
    let master = public["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap().to_owned();
    let segment = segment_of(&alice, &master).await;
    let thumbnail = public["thumbnailPath"].as_str().unwrap().to_owned();
    assert_eq!(alice.put(&path, json!({"privacy": 3})).await.status, 204);

    let missing = format!("/api/v1/videos/{}", "00000000-0000-4000-8000-000000000000");
    let strip = |problem: Value| (problem["detail"].clone(), problem["code"].clone());
    for asker in [node.nobody(), bob.clone()] {
        let hidden = asker.get(&path).await.expect_problem(404);
        let none = asker.get(&missing).await.expect_problem(404);
        assert_eq!(strip(hidden), strip(none));
        for address in [&file, &master, &segment, &thumbnail] {
            assert_eq!(asker.get(address).await.status, 404, "{address}");
        }
        let description = asker.get(&format!("{path}/description")).await;
        assert_eq!(description.status, 404);
    }

    // Its owner gets a token for players, which cannot send headers.
    let private = alice.json(&path).await;
    let token = alice.post(&format!("{path}/token"), json!({})).await.expect_done().json();
    let token = token["files"]["token"].as_str().unwrap();
    let master = private["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap();
    let nobody = node.nobody();
    assert_eq!(nobody.get(master).await.status, 404);
    let with_token = format!("{master}?videoFileToken={token}&reinjectVideoFileToken=true");
    assert_eq!(clip::decode(&with_token), "");
    assert_eq!(nobody.get(&format!("{master}?videoFileToken=x{token}")).await.status, 404);
}
