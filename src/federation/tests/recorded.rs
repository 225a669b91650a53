//! What PeerTube and GoToSocial sent each other, handed to this node as if it had been the one of the two: in the order of
//! the recording, with the documents that lay beside it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kinora_model::actor::ActorRef;
use kinora_model::follow::{Follow, FollowState};
use kinora_model::report::{Report, ReportTarget};
use kinora_service::{follows, mirrors, remote};
use kinora_store::table::row_key;
use kinora_store::tables::VideoCounts;
use kinora_store::{Range, Row as _};
use serde_json::Value;
use url::Url;

use super::house::House;
use super::peer::{Peer, Reply};

const VIDEO: &str = "/videos/watch/8a5ee3ad-74f9-4814-a483-204b12168ce1";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/activities")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(fixtures().join(path)).unwrap()
}

/// The messages to one of the two nodes, in their order: names and bodies.
fn sent_to(node: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(fixtures().join("peertube")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(stem) = name.strip_suffix(".headers.txt") else { continue };
        let head = read(&format!("peertube/{name}"));
        let exchange: u32 = head.split(' ').nth(2).unwrap().parse().unwrap();
        if head.lines().next().unwrap().ends_with(&format!("to node {node}")) {
            all.push((exchange, stem.to_owned(), read(&format!("peertube/{stem}.raw"))));
        }
    }
    all.sort();
    all.into_iter().map(|(_, name, body)| (name, body)).collect()
}

/// Words of the recording with this node in the place of `ours`, and a peer in that of `theirs`.
fn moved(text: &str, ours: &str, theirs: &str, peer: &Peer) -> String {
    text.replace(&format!("{ours}/accounts/root"), "http://home.test/accounts/ana")
        .replace(&format!("{ours}/accounts/bob"), "http://home.test/accounts/ana")
        .replace(
            &format!("{ours}/video-channels/root_channel"),
            "http://home.test/video-channels/films",
        )
        .replace(ours, "http://home.test")
        .replace(theirs, &format!("http://peertube.test:{}", peer.address.port()))
}

/// What is not taken, and why.
const REFUSED: [(&str, &str); 1] = [
    // The video was deleted before anybody asked for it.
    ("POST-Announce-url.3", "document not found"),
];

const A: &str = "http://127.0.0.1:9101";
const B: &str = "http://127.0.0.1:9102";

/// A server with the recorded documents of one of the two.
async fn peertube(theirs: &'static str) -> Peer {
    let video: Value = serde_json::from_str(&read("peertube/POST-Update-Video.3.raw")).unwrap();
    let mut documents: Vec<Value> = vec![video["object"].clone()];
    for entry in std::fs::read_dir(fixtures().join("peertube/actors")).unwrap() {
        documents
            .push(serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap());
    }
    Peer::start(move |asked| {
        let found = documents
            .iter()
            .find(|document| document["id"].as_str() == Some(&format!("{theirs}{}", asked.target)));
        match found {
            Some(document) => {
                let text =
                    document.to_string().replace(theirs, &format!("http://{}", asked.host()));
                Reply::Document(serde_json::from_str(&text).unwrap())
            }
            None => Reply::status(404),
        }
    })
    .await
}

/// A recording that is handed over bit by bit.
struct Recording {
    house: House,
    messages: std::vec::IntoIter<(String, String)>,
    peer: Peer,
}

impl Recording {
    /// The messages to `node`, whose place this node takes; the other is a peer.
    async fn of(node: &str, ours: &str, theirs: &'static str) -> Self {
        let (peer, house) = (peertube(theirs).await, House::new().await);
        let messages: Vec<_> = sent_to(node)
            .into_iter()
            .map(|(name, text)| (name, moved(&text, ours, theirs, &peer)))
            .collect();
        Self { house, messages: messages.into_iter(), peer }
    }

    /// Hands over all messages up to this one. Each is taken.
    async fn until(&mut self, last: &str) {
        loop {
            let (name, body) = self.messages.next().expect(last);
            self.house.hand_over(&name, &body).await;
            if name == last {
                return;
            }
        }
    }

    async fn rest(&mut self) {
        for (name, body) in self.messages.by_ref() {
            self.house.hand_over(&name, &body).await;
        }
    }

    fn theirs(&self, path: &str) -> Url {
        self.peer.url("peertube.test", path)
    }

    async fn likes(&self) -> (u64, u64) {
        let store = &self.house.stage.room.service.store;
        let counts =
            store.get::<VideoCounts>(&self.house.video.id.to_key()).await.unwrap().unwrap();
        (counts.counts.likes, counts.counts.dislikes)
    }

    async fn followers(&self, actor: ActorRef) -> usize {
        follows::followers(&self.house.stage.room.service, actor).await.unwrap().len()
    }
}

impl House {
    /// Handles a message whose signature holds.
    async fn hand_over(&self, name: &str, body: &str) {
        let json: Value = serde_json::from_str(body).unwrap();
        let signer = Url::parse(json["actor"].as_str().unwrap()).unwrap();
        let taken = self.stage.room.receive_activity(body, &signer).await;
        let refused = taken.err().map(|error| error.to_string());
        let reason = REFUSED.iter().find(|(it, _)| *it == name).map(|(_, reason)| *reason);
        assert_eq!(refused.as_deref(), reason, "{name}");
    }

    /// One of ours asks to follow an actor elsewhere.
    async fn asks(&self, follower: ActorRef, uri: &Url) -> Follow {
        let room = &self.stage.room;
        let row = Follow {
            id: room.service.id(),
            follower,
            followed: room.actor(uri).await.unwrap(),
            state: FollowState::Pending,
            uri: None,
            created_at: room.service.now(),
        };
        self.put(&row).await;
        row
    }

    async fn state_of(&self, follow: &Follow) -> FollowState {
        let store = &self.stage.room.service.store;
        store.get::<Follow>(&follow.key()).await.unwrap().unwrap().state
    }
}

#[tokio::test]
async fn as_the_node_that_has_the_video() {
    let mut said = Recording::of("a", A, B).await;
    let channel = ActorRef::Channel(said.house.channel.id);
    let (likes, dislikes) = said.likes().await;
    said.until("POST-Follow-url").await;
    assert_eq!(said.followers(ActorRef::HERE).await, 1);
    said.until("POST-Follow-url.2").await;
    assert_eq!(said.followers(channel).await, 1);
    said.until("POST-Create-Note").await;
    let note = said.theirs(&format!("{VIDEO}/comments/1"));
    let comment = said.house.stage.room.known_comment(&note).await.unwrap().unwrap();
    assert_eq!(comment.video, said.house.video.id);
    said.until("POST-Like-url").await;
    assert_eq!(said.likes().await, (likes + 1, dislikes));
    said.until("POST-Undo-Like").await;
    assert_eq!(said.likes().await, (likes, dislikes));
    said.until("POST-Dislike-url").await;
    assert_eq!(said.likes().await, (likes, dislikes + 1));
    said.until("POST-Undo-Dislike").await;
    said.until("POST-Like-url.2").await;
    assert_eq!(said.likes().await, (likes + 1, dislikes));
    let server = said.house.asks(ActorRef::HERE, &said.theirs("/accounts/peertube")).await;
    said.until("POST-Accept-Follow.3").await;
    assert_eq!(said.house.state_of(&server).await, FollowState::Accepted);
    said.until("POST-Undo-Follow.2").await;
    assert_eq!(said.followers(channel).await, 0);
    // A copy is believed in from a server that is followed alone.
    said.until("POST-Create-CacheFile").await;
    let service = &said.house.stage.room.service;
    let copies = mirrors::of_video(service, said.house.video.id).await.unwrap();
    let folder = VIDEO.replace("/videos/watch/", "/static/redundancy/hls/");
    assert_eq!(copies[0].base, said.theirs(&folder));
    said.rest().await;
    let store = &said.house.stage.room.service.store;
    let all = Range::prefix(&row_key::<Report>(&[]));
    let reports = store.list_range::<Report>(&all, 10).await.unwrap();
    let about: Vec<_> = reports.iter().map(|it| it.target).collect();
    // Who reports the same thing twice has reported it.
    assert_eq!(about, [ReportTarget::Video(said.house.video.id)]);
}

#[tokio::test]
async fn as_the_node_that_follows() {
    let mut said = Recording::of("b", B, A).await;
    let server = said.house.asks(ActorRef::HERE, &said.theirs("/accounts/peertube")).await;
    said.until("POST-Accept-Follow").await;
    assert_eq!(said.house.state_of(&server).await, FollowState::Accepted);
    said.until("POST-Announce-url").await;
    said.until("POST-Update-Video").await;
    let channel = said.theirs("/video-channels/root_channel");
    let ana = ActorRef::Account(said.house.account.id);
    let follow = said.house.asks(ana, &channel).await;
    said.until("POST-Accept-Follow.2").await;
    assert_eq!(said.house.state_of(&follow).await, FollowState::Accepted);
    said.until("POST-Update-Video.3").await;
    let service = &said.house.stage.room.service;
    let video = remote::video(service, &said.theirs(VIDEO)).await.unwrap().unwrap();
    let told: Value = serde_json::from_str(&read("peertube/POST-Update-Video.3.raw")).unwrap();
    assert_eq!(video.words.title.as_str(), told["object"]["name"].as_str().unwrap());
    assert_eq!(ActorRef::Channel(video.channel), follow.followed);
    assert!(video.remote.as_ref().unwrap().hls.is_some());
    said.until("POST-Follow-url.3").await;
    assert_eq!(said.followers(ActorRef::HERE).await, 1);
    said.until("POST-Undo-Follow").await;
    assert_eq!(said.followers(ActorRef::HERE).await, 0);
    said.rest().await;
    // Another video was deleted; this one was not.
    let service = &said.house.stage.room.service;
    assert!(remote::video(service, &said.theirs(VIDEO)).await.unwrap().is_some());
}

#[tokio::test]
async fn as_somebody_on_gotosocial_saw_it() {
    let house = House::new().await;
    let alice: Value = serde_json::from_str(&read("gotosocial/actor.json")).unwrap();
    let peer = Peer::start(move |asked| match asked.target.as_str() {
        "/users/alice" => {
            let here = format!("http://{}", asked.host());
            let text = alice.to_string().replace("https://gts.fedi.test", &here);
            Reply::Document(serde_json::from_str(&text).unwrap())
        }
        _ => Reply::status(404),
    })
    .await;
    let here = peer.url("gts.test", "").to_string();
    let requests: Vec<Value> = serde_json::from_str(&read("gotosocial/requests.json")).unwrap();
    let mut seen = Vec::new();
    for request in requests.iter().filter(|request| request["kind"] == "inbox") {
        let body = STANDARD.decode(request["raw"].as_str().unwrap()).unwrap();
        let body = String::from_utf8(body)
            .unwrap()
            .replace(
                "https://node.fedi.test/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d",
                &format!("http://home.test{VIDEO}"),
            )
            .replace("https://node.fedi.test", "http://home.test")
            .replace("https://gts.fedi.test", here.trim_end_matches('/'));
        house.hand_over("GoToSocial", &body).await;
        let json: Value = serde_json::from_str(&body).unwrap();
        let kind = json["type"].as_str().unwrap().to_owned();
        if kind == "Create" {
            let id = Url::parse(json["object"]["id"].as_str().unwrap()).unwrap();
            assert!(house.stage.room.known_comment(&id).await.unwrap().is_some());
        }
        seen.push(kind);
    }
    assert_eq!(seen, ["Undo", "Undo", "Like", "Announce", "Create", "Delete"]);
}
