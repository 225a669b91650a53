//! Private videos: seen by whoever may, and by nobody else, by whatever path.

use serde_json::{Value, json};

use crate::support::{Client, Node, clip};

async fn video(client: &Client, uuid: &str) -> Value {
    client.json(&format!("/api/v1/videos/{uuid}")).await
}

/// All that lies in the folder of a video, by its owner's eyes, under the path for everybody.
async fn addresses(owner: &Client, uuid: &str) -> Vec<String> {
    let hls = format!("/static/streaming-playlists/hls/{uuid}");
    let mut found = vec![format!("{hls}/master.m3u8"), format!("{hls}/segments-sha256.json")];
    let master = owner.get(&found[0]).await.expect_done().text();
    for media in master.lines().filter(|line| line.ends_with(".m3u8")) {
        found.push(format!("{hls}/{media}"));
        let text = owner.get(&format!("{hls}/{media}")).await.expect_done().text();
        let segment = text.lines().find(|line| line.ends_with(".m4s")).unwrap();
        found.push(format!("{hls}/{segment}"));
        let hash = segment.trim_end_matches(".m4s");
        found.push(format!("/lazy-static/thumbnails/{hash}.jpg"));
    }
    let mut seen = video(owner, uuid).await;
    // Pictures come a moment after the renditions of so short a clip.
    while seen["thumbnailPath"].as_str().is_none_or(|path| !path.starts_with("/lazy-static/")) {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        seen = video(owner, uuid).await;
    }
    let video = seen;
    for path in ["thumbnailPath", "previewPath"] {
        found.push(video[path].as_str().unwrap().to_owned());
    }
    for file in video["streamingPlaylists"][0]["files"].as_array().unwrap() {
        let resolution = &file["resolution"]["id"];
        found.push(format!("{hls}/{uuid}-{resolution}-fragmented.mp4"));
        found.push(format!(
            "/download/streaming-playlists/hls/videos/{uuid}-{resolution}-fragmented.mp4"
        ));
        found.push(format!("/lazy-static/torrents/{uuid}-{resolution}-hls.torrent"));
        found.push(format!("/download/videos/generate/{uuid}?videoFileIds={}", file["id"]));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_video_is_missing_to_all_but_its_owner_and_who_has_a_token() {
    let node = Node::start().await;
    let (alice, bob) = (node.user("alice").await, node.user("bob").await);
    let nobody = node.nobody();
    let uuid = alice.upload(&clip::mp4(6, "320x180"), "Mine").await;
    alice.wait_until_made(&uuid).await;
    let found = addresses(&alice, &uuid).await;
    for address in found.iter().filter(|address| !address.contains("torrent")) {
        let answer = nobody.get(address).await;
        assert_eq!(answer.status, 200, "{address}: {}", answer.text());
    }

    // The next request already meets the new privacy.
    let private = alice.put(&format!("/api/v1/videos/{uuid}"), json!({"privacy": 3})).await;
    assert_eq!(private.status, 204, "{}", private.text());
    for address in &found {
        assert_eq!(nobody.get(address).await.status, 404, "{address}");
        assert_eq!(bob.get(address).await.status, 404, "{address}");
        let hidden = address.replace("/hls/", "/hls/private/");
        assert_eq!(nobody.get(&hidden).await.status, 404, "{hidden}");
        let owner = alice.get(address).await.status;
        assert!(owner == 200 || owner == 503 && address.contains("torrent"), "{address}: {owner}");
    }

    // A token opens all of it, and the playlists hand it on.
    let token = alice.post(&format!("/api/v1/videos/{uuid}/token"), json!({})).await;
    let token = token.expect_done().json()["files"]["token"].as_str().unwrap().to_owned();
    for address in &found {
        let sign = if address.contains('?') { '&' } else { '?' };
        let answer = nobody.get(&format!("{address}{sign}videoFileToken={token}")).await.status;
        assert!(
            answer == 200 || answer == 503 && address.contains("torrent"),
            "{address}: {answer}"
        );
    }
    let master = format!(
        "{}/static/streaming-playlists/hls/private/{uuid}/master.m3u8\
         ?videoFileToken={token}&reinjectVideoFileToken=true",
        node.url
    );
    assert_eq!(clip::decode(&master), "");

    // A token for one video is none for another.
    let other = bob.upload(&clip::mp4(6, "320x180"), "Bob's").await;
    bob.wait_until_made(&other).await;
    bob.put(&format!("/api/v1/videos/{other}"), json!({"privacy": 3})).await.expect_done();
    let path =
        format!("/static/streaming-playlists/hls/{other}/master.m3u8?videoFileToken={token}");
    assert_eq!(nobody.get(&path).await.status, 404);

    // Internal videos are for whoever is logged in.
    alice.put(&format!("/api/v1/videos/{uuid}"), json!({"privacy": 4})).await.expect_done();
    assert_eq!(nobody.get(&found[0]).await.status, 404);
    assert_eq!(bob.get(&found[0]).await.status, 200);
}
