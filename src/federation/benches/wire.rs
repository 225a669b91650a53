//! How much federation a core carries: the inbox, deliveries to many servers, servers that hang, a storm of deletions.
//! `scripts/bench-federation` runs it; `-- inbox`, `fan-out`, `hanging` or `deletions` runs one part.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::as_conversions,
    dead_code,
    reason = "a measurement"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use kinora_activity::key::{Hash, KeyPair, PublicKey};
use kinora_activity::signature::{Headers, Outgoing, Scheme, sign};
use kinora_federation::fetch::resolver::Names;
use kinora_federation::verify::Request;
use kinora_federation::{Config, Federation};
use kinora_model::account::Account;
use kinora_model::actor::{ActorRef, RemoteActor, RemoteKey};
use kinora_model::channel::Channel;
use kinora_model::clock::SystemClock;
use kinora_model::event::Event;
use kinora_model::follow::{Follow, FollowState};
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::name::Name;
use kinora_model::outbound::Outbound;
use kinora_model::text::{DisplayName, Title};
use kinora_model::video::{Counts, Source, Video, VideoState, VideoWords};
use kinora_service::Service;
use kinora_store::blob::Blobs;
use kinora_store::kv::sled::{Sled, SledConfig};
use kinora_store::tables::VideoCounts;
use kinora_store::{Batch, Store};
use serde_json::json;
use url::Url;

#[path = "../tests/peer.rs"]
mod peer;

use peer::{Peer, Reply};

/// Activities that are signed and taken.
const ACTIVITIES: usize = 2_000;

/// Requests that come in at a time.
const AT_A_TIME: usize = 64;

#[derive(Debug)]
struct Here;

impl Names for Here {
    fn look_up(&self, _name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) })
    }
}

/// A node on a disk.
struct Node {
    room: Arc<Federation>,
    _folder: tempfile::TempDir,
}

impl Node {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kv = Sled::open(SledConfig::new(&folder.path().join("store"))).unwrap();
        let blobs = Blobs::open(&folder.path().join("blobs")).unwrap();
        let config = kinora_service::Config::default();
        let service = Service::new(Store::new(Arc::new(kv)), blobs, Arc::new(SystemClock), config);
        let config = Config { allow_private: true, ..Config::default() };
        let url = Url::parse("http://home.test").unwrap();
        let room = Federation::open_with(Arc::new(service), config, &url, Arc::new(Here)).unwrap();
        room.keys.of(ActorRef::HERE).await.unwrap();
        Self { room, _folder: folder }
    }

    async fn commit(&self, batch: Batch) {
        self.room.service.store.commit(batch).await.unwrap();
    }

    /// Delivers a body to inboxes, and tells how long it took until a number of requests had arrived.
    async fn deliver(&self, inboxes: &[Url], peer: &Peer, wanted: usize) -> Duration {
        let start = Instant::now();
        let body = json!({ "type": "Create", "object": "x".repeat(4_000) }).to_string();
        let mut batch = Batch::default();
        let queued = self.room.enqueue(&mut batch, ActorRef::HERE, body, inboxes).unwrap();
        self.commit(batch).await;
        self.room.send(queued);
        arrived(peer, wanted).await;
        start.elapsed()
    }

    /// Waits until nothing waits.
    async fn quiet(&self) {
        while self.room.lines().0 > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn arrived(peer: &Peer, wanted: usize) {
    while peer.answered() < wanted {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// An actor elsewhere, as a row.
fn known(node: &Node, uri: &Url, key: &KeyPair, shared_inbox: Option<Url>) -> RemoteActor {
    let key = RemoteKey { id: key_of(uri), text: key.rsa_public_pem() };
    RemoteActor {
        uri: uri.clone(),
        actor: ActorRef::Account(node.room.service.id()),
        host: Host::of(uri).unwrap(),
        name: uri.path().trim_start_matches('/').to_owned(),
        url: None,
        inbox: Url::parse(&format!("{uri}/inbox")).unwrap(),
        shared_inbox,
        outbox: None,
        followers: None,
        playlists: None,
        keys: vec![key],
        fetched_at: node.room.service.now(),
        gone: false,
        moved_to: None,
    }
}

fn key_of(uri: &Url) -> Url {
    Url::parse(&format!("{uri}#main-key")).unwrap()
}

fn signed(node: &Node, key: &KeyPair, uri: &Url, body: String) -> Request {
    let body = Bytes::from(body);
    let url = Url::parse("http://home.test/inbox").unwrap();
    let now_s = node.room.service.now().as_ms() / 1000;
    let outgoing = Outgoing { method: "POST", url: &url, body: Some(&body), now_s };
    let mut headers = Headers::default();
    headers.append("host", b"home.test");
    for (name, value) in sign(Scheme::Cavage, key, key_of(uri).as_str(), &outgoing).unwrap() {
        headers.append(name, value.as_bytes());
    }
    Request { method: "POST".to_owned(), target: "/inbox".to_owned(), headers, body }
}

async fn take_all(node: &Node, requests: &[Request]) -> Duration {
    let start = Instant::now();
    let taking = futures::stream::iter(requests).map(|request| node.room.receive(request));
    taking.buffer_unordered(AT_A_TIME).for_each(async |taken| taken.unwrap()).await;
    start.elapsed()
}

fn row(what: &str, number: impl std::fmt::Display, unit: &str) {
    println!("{what:<62} {number:>12} {unit}");
}

/// Activities verified and written down, and what the check of the signature takes of that.
async fn inbox(key: &KeyPair) {
    let node = Node::open().await;
    let actors: Vec<_> =
        (0..200).map(|n| Url::parse(&format!("http://h{n}.test/bob")).unwrap()).collect();
    let mut batch = Batch::default();
    for uri in &actors {
        batch.insert_row(&known(&node, uri, key, None)).unwrap();
    }
    node.commit(batch).await;
    let requests: Vec<_> = (0..ACTIVITIES)
        .map(|number| {
            let uri = &actors[number % actors.len()];
            let body = json!({
                "@context": "https://www.w3.org/ns/activitystreams",
                "id": format!("{uri}/creates/{number}"), "type": "Create", "actor": uri,
                "to": "https://www.w3.org/ns/activitystreams#Public",
                "object": { "id": format!("{uri}/notes/{number}"), "type": "Note",
                    "attributedTo": uri, "content": "<p>What a film this is.</p>".repeat(8),
                    "inReplyTo": "http://home.test/videos/watch/1" },
            });
            signed(&node, key, uri, body.to_string())
        })
        .collect();
    let took = take_all(&node, &requests).await;
    let each_us = took.as_secs_f64() * 1e6 / ACTIVITIES as f64;
    row("activities verified and stored durably", format!("{:.0}", 1e6 / each_us), "a second");
    let (message, public) = (vec![7; 300], PublicKey::from_pem(&key.rsa_public_pem()).unwrap());
    let signature = key.sign_rsa(&message).unwrap();
    let start = Instant::now();
    for _ in 0..ACTIVITIES {
        assert!(public.verify_rsa(Hash::Sha256, &message, &signature));
    }
    let check_us = start.elapsed().as_secs_f64() * 1e6 / ACTIVITIES as f64;
    row("one RSA-2048 check", format!("{check_us:.1}"), "µs");
    row("share of that time in the RSA check", format!("{:.1}", check_us / each_us * 100.0), "%");
    let again = take_all(&node, &requests).await;
    let rate = ACTIVITIES as f64 / again.as_secs_f64();
    row("the same again: known and dropped", format!("{rate:.0}"), "a second");
}

/// A video published to 10,000 followers on 700 servers.
async fn fan_out(key: &KeyPair) {
    let peer = Peer::start(|_| Reply::status(202)).await;
    let node = Node::open().await;
    let (channel, video) = published(&node).await;
    let mut batch = Batch::default();
    for number in 0..10_000 {
        let host = format!("h{}.test", number % 700);
        let shared = peer.url(&host, "/inbox");
        let uri = peer.url(&host, &format!("/u{number}"));
        let actor = known(&node, &uri, key, Some(shared));
        let follow = Follow {
            id: node.room.service.id(),
            follower: actor.actor,
            followed: ActorRef::Channel(channel),
            state: FollowState::Accepted,
            uri: None,
            created_at: node.room.service.now(),
        };
        batch.insert_row(&actor).unwrap();
        batch.insert_row(&follow).unwrap();
        if number % 500 == 499 {
            node.commit(std::mem::take(&mut batch)).await;
        }
    }
    let workers = node.room.start();
    let start = Instant::now();
    let mut batch = Batch::default();
    let job = Job::Federate { outbound: Outbound::VideoPublished { video } };
    node.room.service.queue.enqueue(&mut batch, &job).unwrap();
    node.commit(batch).await;
    arrived(&peer, 1).await;
    row("10,000 followers on 700 servers: the first hears", ms(start.elapsed()), "ms");
    arrived(&peer, 700).await;
    row("10,000 followers on 700 servers: the last hears", ms(start.elapsed()), "ms");
    node.quiet().await;
    row("requests for that", peer.answered(), "");
    workers.stop().await;
}

fn ms(span: Duration) -> u128 {
    span.as_millis()
}

/// A channel with a video that everybody may see.
async fn published(node: &Node) -> (Id<Channel>, Id<Video>) {
    let service = &node.room.service;
    let now = service.now();
    let account = Account {
        id: service.id(),
        user: Some(service.id()),
        name: Name::parse("ana").unwrap(),
        display_name: DisplayName::parse("Ana").unwrap(),
        description: None,
        avatars: Vec::new(),
        created_at: now,
        updated_at: now,
        origin: None,
    };
    let channel = Channel {
        id: service.id(),
        account: account.id,
        name: Name::parse("films").unwrap(),
        display_name: DisplayName::parse("Films").unwrap(),
        description: None,
        support: None,
        avatars: Vec::new(),
        banners: Vec::new(),
        created_at: now,
        updated_at: now,
        origin: None,
        without_peers: false,
    };
    let video = Video {
        id: service.id(),
        uuid: uuid::Uuid::new_v4(),
        channel: channel.id,
        account: account.id,
        words: VideoWords::titled(Title::parse("A film").unwrap()),
        state: VideoState::Published,
        failure: None,
        source: Source { filename: "a.mp4".to_owned(), bytes: 1, kept: false },
        footage: None,
        thumbnail: None,
        thumbnail_chosen: false,
        candidates: Vec::new(),
        storyboard: None,
        created_at: now,
        updated_at: now,
        published_at: Some(now),
        remote: None,
    };
    let mut batch = Batch::default();
    batch.insert_row(&account).unwrap();
    batch.insert_row(&channel).unwrap();
    batch.insert_row(&video).unwrap();
    batch.insert_row(&VideoCounts { video: video.id, counts: Counts::default() }).unwrap();
    service.journal.record(&mut batch, &Event::VideoCreated { video: video.id }, now).unwrap();
    node.commit(batch).await;
    node.room.keys.of(ActorRef::Account(account.id)).await.unwrap();
    node.room.keys.of(ActorRef::Channel(channel.id)).await.unwrap();
    (channel.id, video.id)
}

/// Deliveries to 1,000 servers, none or a tenth of which never answer.
async fn hanging() {
    for (hanging, label) in
        [(0, "1,000 servers that all answer"), (100, "1,000 servers, 100 of which hang")]
    {
        let peer = Peer::start(|asked| match asked.host().contains("hang") {
            true => Reply::Hang,
            false => Reply::status(202),
        })
        .await;
        let node = Node::open().await;
        let workers = node.room.start();
        let inboxes: Vec<_> = (0..1_000)
            .map(|number| {
                let slow = number % 10 == 0 && hanging > 0;
                let kind = if slow { "hang" } else { "h" };
                // Servers have their turns by name: those that hang lie among the others.
                peer.url(&format!("{number}{kind}.test"), "/inbox")
            })
            .collect();
        let took = node.deliver(&inboxes, &peer, 1_000 - hanging).await;
        row(&format!("{label}: the others all have it"), ms(took), "ms");
        workers.stop().await;
    }
}

/// 10,000 deletions by actors that nobody here knows.
async fn deletions(key: &KeyPair) {
    let peer = Peer::start(|_| Reply::status(404)).await;
    let node = Node::open().await;
    let requests: Vec<_> = (0..10_000)
        .map(|number| {
            let gone = peer.url(&format!("h{}.test", number % 500), &format!("/u{number}"));
            let body = json!({ "id": format!("{gone}#delete"), "type": "Delete", "actor": gone,
                "object": gone, "to": "https://www.w3.org/ns/activitystreams#Public" });
            signed(&node, key, &gone, body.to_string())
        })
        .collect();
    let took = take_all(&node, &requests).await;
    let rate = requests.len() as f64 / took.as_secs_f64();
    row("a storm of 10,000 deletions by strangers", format!("{rate:.0}"), "a second");
    row("requests that it caused", peer.asked().len(), "");
    assert_eq!(peer.connections(), 0);
}

fn main() {
    let only: Vec<_> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let wanted = |part: &str| only.is_empty() || only.iter().any(|it| it == part);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(1, usize::from))
        .max_blocking_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let key = KeyPair::generate().unwrap();
        if wanted("inbox") {
            inbox(&key).await;
        }
        if wanted("fan-out") {
            fan_out(&key).await;
        }
        if wanted("hanging") {
            hanging().await;
        }
        if wanted("deletions") {
            deletions(&key).await;
        }
    });
}
