//! A seed at home helps a node that keeps copies, after their origin is gone.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::internet::{Internet, Machine};
use crate::support::node::program;
use crate::support::{Node, clip, until};

/// How long a seed may take to get to where it should be.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most memory that a seed may take, in KiB.
const MEMORY_KIB_MAX: u64 = 64 * 1024;

/// A seed that runs.
struct Seed {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Seed {
    fn start(namespace: &str, address: &str, folder: &std::path::Path) -> Self {
        let mut process = Command::new("ip")
            .args(["netns", "exec", namespace])
            .arg(program())
            .args(["seed", address, "--private-addresses", "--disk", "1GB", "--folder"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Waits until it says something like this.
    async fn says(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let heard = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if wanted(&line) {
                    return line;
                }
            }
            panic!("the seed ended");
        };
        tokio::time::timeout(PATIENCE, heard).await.expect("the seed says so")
    }

    /// The most memory that it ever took, in KiB.
    fn memory_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

async fn node(machine: &Machine) -> Node {
    let node = Node::open()
        .with("FEDERATION__ALLOW_PRIVATE", true)
        .with("P2P__PORT", 4001)
        .on(machine.clone());
    node.start().await
}

#[test]
fn a_seed_behind_a_router_serves_a_mirror_whose_origin_is_gone() {
    let internet = Internet::new();
    let told = std::thread::scope(|scope| {
        let told = scope.spawn(|| {
            internet.enter();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serves(&internet))
        });
        told.join()
    });
    drop(internet);
    if let Err(panic) = told {
        std::panic::resume_unwind(panic);
    }
}

async fn serves(internet: &Internet) {
    let [first, second] = internet.machines();
    let (mut origin, mirror) = (node(&first).await, node(&second).await);
    let (alice, bob) = (origin.user("alice").await, mirror.user("bob").await);
    let uuid = alice.upload(&clip::mp4(2, "320x180"), "Kept at home").await;
    alice.wait_until_made(&uuid).await;
    let uri = json!({ "uri": "alice_channel@a.test:8080" });
    bob.post("/api/v1/users/me/subscriptions", uri).await.expect_done();
    until(&bob, &format!("/api/v1/videos/{uuid}"), |_| true).await;

    // They agree, but for now the mirror has no room.
    let path = "/api/kinora/v1/mirrors/b.test:8080";
    origin.root().await.put(path, json!({ "mayKeep": true })).await.expect_done();
    let (root, path) = (mirror.root().await, "/api/kinora/v1/mirrors/a.test:8080");
    root.put(path, json!({ "keeps": { "quotaBytes": 1 } })).await.expect_done();
    let list = format!("{path}/videos");
    until(&root, &list, |told: &Value| told[0]["state"] == "failed").await;

    let folder = tempfile::tempdir().unwrap();
    let watch = format!("{}/w/{uuid}", origin.url);
    let mut seed = Seed::start(&internet.home(), &watch, folder.path());
    seed.says(|line| line.starts_with("1 videos") && line.contains("2 nodes connected")).await;

    // The origin is gone; now there is room.
    origin.kill().await;
    root.put(path, json!({ "keeps": { "quotaBytes": 1_000_000_000 } })).await.expect_done();
    let told = until(&root, &list, |told: &Value| told[0]["state"] == "whole").await;
    let bytes = told[0]["bytes"].as_u64().unwrap();
    assert!(bytes > 10_000, "{told}");
    let metrics = mirror.nobody().get("/metrics").await.text();
    let line = "kinora_nodes_taken_bytes_total ";
    let taken = metrics.lines().find_map(|it| it.strip_prefix(line)).unwrap();
    assert!(taken.parse::<u64>().unwrap() >= bytes, "{taken} of {bytes}");
    seed.says(|line| !line.contains(" 0 B given")).await;
    assert!(seed.memory_kib() < MEMORY_KIB_MAX, "{} KiB", seed.memory_kib());

    // The mirror's page plays it.
    let seen = bob.json(&format!("/api/v1/videos/{uuid}")).await;
    let playlist = seen["streamingPlaylists"][0]["playlistUrl"].as_str().unwrap();
    assert!(playlist.starts_with(&mirror.url), "{playlist}");
    let master = bob.get(playlist.strip_prefix(&mirror.url).unwrap()).await.text();
    assert!(master.contains("CODECS=") && master.contains("RESOLUTION=320x180"), "{master}");
}
