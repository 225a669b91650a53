//! Names and texts that mean harm, or mean well in other scripts.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::upload::uuid;
use crate::support::{Node, clip};

#[tokio::test(flavor = "multi_thread")]
async fn names_of_files_and_titles_are_kept_as_words_and_never_become_paths() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let bytes = std::fs::read(clip::mp4(6, "640x360")).unwrap();
    let channel = alice.channel().await;
    let names = [
        ("../../../etc/passwd.mp4", "../../up"),
        ("..\\..\\windows.mp4", "back\\slash"),
        ("/etc/shadow.mp4", "/absolute"),
        ("nul\0byte.mp4", "nul\0byte"),
        ("🎬 film 🎉.mp4", "🎬 un été à la mer 👨‍👩‍👧‍👦"),
        ("\u{202e}4pm.evil\u{202c}.mp4", "\u{202e}reversed\u{202c} فيلم"),
        ("new\nline\r\n.mp4", "new\nline"),
    ];
    for (filename, title) in names {
        let words = json!({"name": title, "channelId": channel, "filename": filename});
        let begun = alice.ask_begin(bytes.len() as u64, &words).await;
        if begun.status == 400 {
            begun.expect_problem(400);
            continue;
        }
        assert_eq!(begun.status, 201, "{title}: {}", begun.text());
        let place = begun.header("location").to_owned();
        let begun = crate::support::upload::Begun { place, size: bytes.len() as u64 };
        let done = alice.part(&begun, 0, &bytes).await.expect_done();
        let video = alice.json(&format!("/api/v1/videos/{}", uuid(&done))).await;
        let kept = video["name"].as_str().unwrap();
        assert!(!kept.contains(['\0', '\u{202e}']), "{kept:?}");
        if title.contains('🎬') {
            assert_eq!(kept, title);
        }
        let source = alice.json(&format!("/api/v1/videos/{}/source", uuid(&done))).await;
        let name = source["inputFilename"].as_str().unwrap();
        assert!(!name.contains(['/', '\\', '\0', '\n', '\r']), "{name:?}");
    }
    // Nothing was written outside the data folder, and no file there has a name that somebody gave.
    assert!(!node.home.path().join("etc").exists());
    let mut folders = vec![node.data.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            assert!(
                !name.contains("passwd") && !name.contains("film") && name.is_ascii(),
                "{name}"
            );
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_of_ten_megabytes_is_refused_and_leaves_nothing_behind() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let bytes = std::fs::read(clip::mp4(6, "640x360")).unwrap();
    let endless = "long ".repeat(2 << 20);
    let channel = alice.channel().await;
    let before = node.memory_bytes();

    let words =
        json!({"name": "Long", "channelId": channel, "filename": "a.mp4", "description": endless});
    let answer = alice.ask_begin(bytes.len() as u64, &words).await;
    assert!(matches!(answer.status, 400 | 413), "{}", answer.status);
    let answer = alice.upload_form(&bytes, &[("name", "Long"), ("description", &endless)]).await;
    assert!(matches!(answer.status, 400 | 413), "{}", answer.status);

    let good = alice.upload_bytes(&bytes, "Short").await;
    let edited =
        alice.put(&format!("/api/v1/videos/{good}"), json!({"description": endless})).await;
    assert!(matches!(edited.status, 400 | 413), "{}", edited.status);
    let form = Form::new().part("description", Part::text(endless.clone()));
    let edited = alice.put_form(&format!("/api/v1/videos/{good}"), form).await;
    assert!(matches!(edited.status, 400 | 413), "{}", edited.status);
    let video = alice.json(&format!("/api/v1/videos/{good}")).await;
    assert_eq!(video["description"], Value::Null);
    assert_eq!(alice.json("/api/v1/users/me/videos").await["total"], 1);
    assert!(node.memory_bytes() < before + (150 << 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_channels_share_one_namespace() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let taken = node.nobody().register("alice", "another password").await;
    assert!(matches!(taken.status, 400 | 409), "{}", taken.text());
    for name in ["peertube", "Alice", "a/b", "a b", "", "é", &"a".repeat(60)] {
        let refused = node.nobody().register(name, "another password").await;
        assert!(matches!(refused.status, 400 | 409), "{name}: {}", refused.text());
        let channel = json!({"name": name, "displayName": "x"});
        let refused = alice.post("/api/v1/video-channels", channel).await;
        assert!(matches!(refused.status, 400 | 409), "{name}: {}", refused.text());
    }
    let channel = json!({"name": "cinema", "displayName": "Cinéma 🎬"});
    alice.post("/api/v1/video-channels", channel).await.expect_done();
    let taken = node.nobody().register("cinema", "another password").await;
    assert!(matches!(taken.status, 400 | 409), "{}", taken.text());
    let found = node.nobody().json("/api/v1/video-channels/cinema").await;
    assert_eq!(found["displayName"], "Cinéma 🎬");
}
