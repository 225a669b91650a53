//! The program as its administrator meets it.

use std::process::Output;

use tokio::process::Command;

use crate::support::Node;
use crate::support::node::{PASSWORD, program, transcoder};

async fn kinora(words: &[&str], environment: &[(&str, &str)]) -> (Output, String) {
    let mut command = Command::new(program());
    command.args(words).env("KINORA__MEDIA__TRANSCODER", transcoder());
    let done = command.envs(environment.iter().copied()).output().await.unwrap();
    let said = [done.stdout.as_slice(), &done.stderr].concat();
    (done, String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn it_says_which_version_it_is() {
    let (done, said) = kinora(&["version"], &[]).await;
    assert!(done.status.success());
    assert_eq!(said.trim(), format!("kinora {}", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn an_unknown_setting_stops_the_start_and_is_named() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let data = data.to_str().unwrap();
    let file = home.path().join("kinora.toml");
    std::fs::write(&file, "[uploads]\nfile_bytes_maximum = 3\n").unwrap();
    let file = file.to_str().unwrap();
    for command in ["serve", "check"] {
        let words = [command, "--config", file, "--data", data, "--listen", "127.0.0.1:0"];
        let (done, said) = kinora(&words, &[]).await;
        assert!(!done.status.success());
        assert!(
            said.contains("kinora.toml") && said.contains("uploads.file_bytes_maximum"),
            "{said}"
        );
    }
    let words = ["serve", "--data", data, "--listen", "127.0.0.1:0"];
    let (done, said) = kinora(&words, &[("KINORA__STORE__CASH_BYTES", "3")]).await;
    assert!(!done.status.success());
    assert!(said.contains("environment") && said.contains("store.cash_bytes"), "{said}");
    let (done, said) = kinora(&words, &[("KINORA__MEDIA__LADDER", "/nowhere/ladder.toml")]).await;
    assert!(!done.status.success());
    assert!(said.contains("/nowhere/ladder.toml"), "{said}");
}

#[tokio::test]
async fn check_reads_everything_and_says_what_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let data = data.to_str().unwrap();
    let words = ["check", "--data", data, "--listen", "127.0.0.1:0"];
    let (done, said) = kinora(&words, &[]).await;
    assert!(done.status.success(), "{said}");
    assert!(said.contains("all settings are good"), "{said}");
    let wrong = [("KINORA__MEDIA__LADDER", "/nowhere"), ("KINORA__LOG__LEVEL", "in=va=lid")];
    let (done, said) = kinora(&words, &wrong).await;
    assert!(!done.status.success());
    assert!(said.contains("log.level"), "{said}");
    let (done, said) =
        kinora(&words, &[wrong[0], ("KINORA__MEDIA__TRANSCODER", "/nowhere/too")]).await;
    assert!(!done.status.success());
    assert!(said.contains("media.ladder") && said.contains("media.transcoder"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_is_shown_once_and_users_are_made_while_the_node_runs() {
    let node = Node::start().await;
    let data = node.data.to_str().unwrap();
    let admin = ["admin", "--data", data];
    let words =
        [&admin[..], &["create-user", "zoe", "--email", "zoe@example.org", "--password", PASSWORD]]
            .concat();
    let (good, said) = node.kinora(&words).await;
    assert!(good && !said.contains(PASSWORD), "{said}");
    let zoe = node.nobody().logged_in("zoe", PASSWORD).await;
    let (good, said) = node.kinora(&words).await;
    assert!(!good && said.contains("taken"), "{said}");

    let (good, said) = node.kinora(&[&admin[..], &["reset-password", "zoe"]].concat()).await;
    assert!(good, "{said}");
    let made_up = said.split('`').nth(3).expect("a password");
    assert_eq!(zoe.get("/api/v1/users/me").await.status, 401, "old sessions end");
    node.nobody().logged_in("zoe", made_up).await;
    let (good, said) = node.kinora(&[&admin[..], &["reset-password", "nobody"]].concat()).await;
    assert!(!good && said.contains("not found"), "{said}");
    let (good, said) = node.kinora(&[&admin[..], &["compact"]].concat()).await;
    assert!(!good && said.contains("another process"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compacting_keeps_every_row() {
    let mut node = Node::start().await;
    node.user("alice").await;
    assert!(node.stop().await.success());
    let data = node.data.to_str().unwrap();
    let (good, said) = node.kinora(&["admin", "--data", data, "compact"]).await;
    assert!(good && said.contains("bytes before"), "{said}");
    node.start_again().await;
    node.nobody().logged_in("alice", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_on_the_same_folder_is_refused() {
    let node = Node::start().await;
    let words = ["serve", "--data", node.data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let (done, said) = kinora(&words, &[]).await;
    assert!(!done.status.success());
    assert!(said.contains("another process uses the store"), "{said}");
    assert_eq!(node.nobody().get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_can_be_read_by_programs_and_tell_no_secrets() {
    let node = Node::open().with("LOG__FORMAT", "json").with("LOG__LEVEL", "debug").start().await;
    let alice = node.user("alice").await;
    alice.json("/api/v1/users/me").await;
    let log = node.log();
    let first: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert!(first["message"].is_string() && first["timestamp"].is_string(), "{first}");
    for secret in [PASSWORD, alice.token.as_deref().unwrap(), "alice@example.org"] {
        assert!(!log.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_watch_the_node_get_metrics() {
    let node = Node::start().await;
    node.nobody().get("/api/v1/ping").await.expect_done();
    let text = node.nobody().get("/metrics").await.expect_done().text();
    for name in ["kinora_store_commits_total", "kinora_http_requests_total", "kinora_media_"] {
        assert!(text.contains(name), "{name} in {text}");
    }
    assert!(text.ends_with("# EOF\n"));
}
