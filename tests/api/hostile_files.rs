//! Files that are not what they say.

use reqwest::multipart::{Form, Part};

use crate::support::{Client, Node, clip};

async fn refused(who: &Client, bytes: &[u8], name: &str) -> serde_json::Value {
    let uuid = who.upload_bytes(bytes, name).await;
    let error = who.wait_until_failed(&uuid).await;
    let detail = error["detail"].as_str().unwrap();
    assert!(detail.len() > 10, "a person reads this: {error}");
    let video = who.json(&format!("/api/v1/videos/{uuid}")).await;
    assert_eq!(video["state"]["id"], 7, "{video}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_video_is_refused_with_a_reason_and_the_node_goes_on() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let whole = std::fs::read(clip::mp4(6, "640x360")).unwrap();

    refused(&alice, b"Dear diary, this is not a film at all.\n".repeat(40).as_slice(), "Text")
        .await;
    // The index of this file stands at its end.
    refused(&alice, &whole[..whole.len() / 2], "Cut").await;
    refused(&alice, &whole[..100], "A few bytes").await;
    refused(&alice, &clip::png(12_000), "Bomb").await;

    let listed = node.nobody().json("/api/v1/videos").await;
    assert_eq!(listed["total"], 0);
    let good = alice.upload_bytes(&whole, "Good").await;
    alice.wait_until_made(&good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_names_other_files_gets_nothing_of_them() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let clip = clip::mp4(6, "640x360");
    let secret = clip.display();
    let scripts = [
        format!(
            "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:6.0,\nfile://{secret}\n#EXT-X-ENDLIST\n"
        ),
        format!("#EXTM3U\n#EXTINF:6,\nconcat:{secret}|{secret}\n#EXT-X-ENDLIST\n"),
        format!("ffconcat version 1.0\nfile '{secret}'\nduration 6\n"),
        format!("ffconcat version 1.0\nfile 'subfile,,start,0,end,1000,,:{secret}'\n"),
        "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n".to_owned(),
        format!(
            "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
                 mediaPresentationDuration=\"PT6S\"><Period><AdaptationSet><Representation id=\"1\" \
                 bandwidth=\"1\" mimeType=\"video/mp4\"><BaseURL>file://{secret}</BaseURL>\
                 </Representation></AdaptationSet></Period></MPD>"
        ),
    ];
    for script in scripts {
        refused(&alice, script.as_bytes(), "Script").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_would_fill_the_memory_is_refused() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let before = node.memory_bytes();
    let file = Part::bytes(clip::png(12_000)).file_name("me.png").mime_str("image/png").unwrap();
    let form = Form::new().part("avatarfile", file);
    let answer = alice.post_form("/api/v1/users/me/avatar/pick", form).await;
    assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text());
    assert!(node.memory_bytes() < before + (100 << 20));
    let me = alice.json("/api/v1/users/me").await;
    assert_eq!(me["account"]["avatars"], serde_json::json!([]));

    let text =
        Part::bytes(b"no picture".to_vec()).file_name("me.png").mime_str("image/png").unwrap();
    let form = Form::new().part("avatarfile", text);
    let answer = alice.post_form("/api/v1/users/me/avatar/pick", form).await;
    assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text());

    let small = Part::bytes(clip::png(64)).file_name("me.png").mime_str("image/png").unwrap();
    let form = Form::new().part("avatarfile", small);
    let answer = alice.post_form("/api/v1/users/me/avatar/pick", form).await.expect_done().json();
    let path = answer["avatars"][0]["path"].as_str().unwrap();
    assert_eq!(node.nobody().get(path).await.expect_done().header("content-type"), "image/jpeg");
}
