//! Backups are made while the node runs, and a new node made from one is the same node.

use serde_json::Value;

use crate::support::node::{PASSWORD, Setup};
use crate::support::{Node, clip};

fn without_address(mut video: Value, url: &str) -> String {
    for key in ["views", "viewers"] {
        video[key] = Value::Null;
    }
    // The new node has another port, which may also stand by chance within the name of a blob.
    let host = url.rsplit('/').next().unwrap();
    let port = host.rsplit(':').next().unwrap();
    // Which swarm it is follows from the address.
    video["swarm"]["id"] = Value::Null;
    let text = video.to_string().replace(host, "[host]");
    text.replace(&format!("%3A{port}"), "%3A[port]")
        .replace(&format!("127.0.0.1:{port}"), "[address]")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_made_from_a_backup_is_the_same_node() {
    let mut node = Node::start().await;
    let alice = node.user("alice").await;
    let uuid = alice.upload(&clip::mp4(6, "640x360"), "Kept").await;
    alice.wait_until_made(&uuid).await;
    let data = node.data.to_str().unwrap().to_owned();
    let video = format!("/api/v1/videos/{uuid}");
    // Its storyboard and its torrents come after its renditions: a backup is taken between two looks that agree.
    let mut tries = 0;
    let (before, folder) = loop {
        let folder = node.home.path().join(format!("backup-{tries}")).to_str().unwrap().to_owned();
        let before = node.nobody().json(&video).await;
        let (good, said) = node.kinora(&["admin", "--data", &data, "backup", &folder]).await;
        assert!(good && said.contains("rows and"), "{said}");
        if node.nobody().json(&video).await == before {
            break (before, folder);
        }
        tries += 1;
        assert!(tries < 20, "the video goes on changing");
    };
    let folder = folder.as_str();

    // What comes later is not in it.
    let later = alice.upload(&clip::mp4(6, "640x360"), "Later").await;
    let (good, said) = node.kinora(&["admin", "--data", &data, "backup", folder]).await;
    assert!(!good, "a folder that is in use is left alone: {said}");
    let (good, said) = node.kinora(&["admin", "--data", &data, "restore", folder]).await;
    assert!(!good, "a node that has something is left alone: {said}");
    assert!(node.stop().await.success());

    let home = tempfile::tempdir().unwrap();
    let new = home.path().join("data");
    let words = ["admin", "--data", new.to_str().unwrap(), "restore", folder];
    let (good, said) = node.kinora(&words).await;
    assert!(good, "{said}");
    let restored = Setup::default().data(&new).start().await;
    let nobody = restored.nobody();
    let after = nobody.json(&video).await;
    assert_eq!(without_address(after.clone(), &restored.url), without_address(before, &node.url));
    let master = after["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap();
    assert_eq!(clip::decode(master), "");
    nobody.get(&format!("/api/v1/videos/{later}")).await.expect_problem(404);
    let alice = nobody.logged_in("alice", PASSWORD).await;
    assert_eq!(alice.json("/api/v1/users/me/videos").await["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_refused() {
    let node = Node::start().await;
    let folder = node.home.path().join("backup");
    let data = node.data.to_str().unwrap();
    let words = ["admin", "--data", data, "backup", folder.to_str().unwrap()];
    assert!(node.kinora(&words).await.0);
    let rows = folder.join("rows.kinora");
    let mut bytes = std::fs::read(&rows).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&rows, bytes).unwrap();
    let new = node.home.path().join("new");
    let words = ["admin", "--data", new.to_str().unwrap(), "restore", folder.to_str().unwrap()];
    let (good, said) = node.kinora(&words).await;
    assert!(!good && said.contains("backup"), "{said}");
}
