#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashMap;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;

use super::*;

/// Bytes by what they are asked for; a liar's are not what they should be.
#[derive(Default)]
struct Shelf(HashMap<[u8; 32], Bytes>);

impl Shelf {
    fn with(files: &[&[u8]]) -> Self {
        Self(files.iter().map(|it| (hash(it), Bytes::copy_from_slice(it))).collect())
    }
}

#[async_trait]
impl Source for Shelf {
    async fn size(&self, sha256: &[u8; 32]) -> Option<u64> {
        self.0.get(sha256).map(|bytes| u64::try_from(bytes.len()).unwrap())
    }

    async fn bytes(&self, sha256: &[u8; 32]) -> Option<Bytes> {
        self.0.get(sha256).cloned()
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Somebody who takes part; gone when dropped.
struct Member {
    nodes: Nodes,
    metrics: NodeMetrics,
    address: Vec<Multiaddr>,
    task: JoinHandle<()>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Member {
    fn open(node: bool, shelf: Shelf, held_bytes: u32) -> Self {
        let keypair = Keypair::generate_ed25519();
        let id = keypair.public().to_peer_id();
        let port = free_port();
        let address: Multiaddr = format!("/ip4/127.0.0.1/udp/{port}/quic-v1").parse().unwrap();
        let role = if node { Role::Node { public: vec![address.clone()] } } else { Role::Seed };
        let settings =
            Settings { role, port, private_addresses: true, bytes_per_s: None, held_bytes };
        let metrics = NodeMetrics::default();
        let opened = Nodes::open(&keypair, settings, Arc::new(shelf), metrics.clone());
        let (nodes, task) = opened.unwrap();
        let task = tokio::spawn(task.run(CancellationToken::new()));
        let address = vec![address.with_p2p(id).unwrap()];
        Self { nodes, metrics, address, task }
    }

    fn node(shelf: Shelf) -> Self {
        Self::open(true, shelf, 64 << 20)
    }

    fn seed(shelf: Shelf) -> Self {
        Self::open(false, shelf, 64 << 20)
    }

    /// Asks until somebody answers.
    async fn fetch_in_time(&self, manifest: &[u8; 32], sha256: &[u8; 32]) -> Option<Bytes> {
        let fetched = async {
            loop {
                if let Some(bytes) = self.nodes.fetch(manifest, sha256).await {
                    return bytes;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), fetched).await.ok()
    }

    fn counted(&self) -> String {
        let mut registry = Registry::default();
        self.metrics.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }
}

const MANIFEST: &[u8] = b"{}";
const SEGMENT: &[u8] = &[7; 300_000];

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_is_found_through_a_node_that_is_gone_by_then() {
    let origin = Member::node(Shelf::default());
    let mirror = Member::node(Shelf::default());
    mirror.nodes.meet(origin.address.clone()).await;
    let seed = Member::seed(Shelf::with(&[MANIFEST, SEGMENT]));
    seed.nodes.meet(origin.address.clone()).await;
    seed.nodes.provide(hash(MANIFEST)).await;
    let manifest = mirror.fetch_in_time(&hash(MANIFEST), &hash(MANIFEST)).await;
    assert_eq!(manifest.unwrap(), MANIFEST);
    drop(origin);
    let segment = mirror.fetch_in_time(&hash(MANIFEST), &hash(SEGMENT)).await.unwrap();
    assert_eq!(segment, SEGMENT);
    assert_eq!(mirror.nodes.fetch(&hash(MANIFEST), &hash(b"nowhere")).await, None);
    assert_eq!(mirror.nodes.fetch(&hash(b"nobody has it"), &hash(SEGMENT)).await, None);
    assert!(mirror.counted().contains("taken_bytes_total 300002"), "{}", mirror.counted());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_wrong_bytes_is_asked_no_more() {
    let mirror = Member::node(Shelf::default());
    let lie = Shelf(HashMap::from([(hash(SEGMENT), Bytes::from_static(b"a lie"))]));
    let liar = Member::seed(lie);
    liar.nodes.meet(mirror.address.clone()).await;
    liar.nodes.provide(hash(MANIFEST)).await;
    let banned = async {
        while !mirror.counted().contains("banned_total 1") {
            assert_eq!(mirror.nodes.fetch(&hash(MANIFEST), &hash(SEGMENT)).await, None);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), banned).await.unwrap();
    let honest = Member::seed(Shelf::with(&[MANIFEST, SEGMENT]));
    honest.nodes.meet(mirror.address.clone()).await;
    honest.nodes.provide(hash(MANIFEST)).await;
    let segment = mirror.fetch_in_time(&hash(MANIFEST), &hash(SEGMENT)).await.unwrap();
    assert_eq!(segment, SEGMENT);
    assert!(mirror.counted().contains("banned_total 1"), "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_for_those_who_ask_is_bounded() {
    let mirror = Member::node(Shelf::default());
    let seed = Member::open(false, Shelf::with(&[MANIFEST, SEGMENT]), 200_000);
    seed.nodes.meet(mirror.address.clone()).await;
    seed.nodes.provide(hash(MANIFEST)).await;
    assert!(mirror.fetch_in_time(&hash(MANIFEST), &hash(MANIFEST)).await.is_some());
    let large = mirror.nodes.fetch(&hash(MANIFEST), &hash(SEGMENT)).await;
    assert_eq!(large, None, "it is larger than what may be held");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_inside_of_networks_are_not_dialled_unless_they_may_be() {
    let node = Member::node(Shelf::default());
    let keypair = Keypair::generate_ed25519();
    let settings = Settings {
        role: Role::Seed,
        port: 0,
        private_addresses: false,
        bytes_per_s: None,
        held_bytes: 1 << 20,
    };
    let metrics = NodeMetrics::default();
    let opened = Nodes::open(&keypair, settings, Arc::new(Shelf::default()), metrics.clone());
    let (nodes, task) = opened.unwrap();
    let stopping = CancellationToken::new();
    let task = tokio::spawn(task.run(stopping.clone()));
    nodes.meet(node.address.clone()).await;
    // Who may is connected long before that.
    let other = Member::seed(Shelf::default());
    other.nodes.meet(node.address.clone()).await;
    let connected = async {
        while other.metrics.nodes() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), connected).await.unwrap();
    assert_eq!(metrics.nodes(), 0);
    stopping.cancel();
    task.await.unwrap();
}
