//! Servers that give out something else than they promised to whoever keeps copies of their videos.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::job::{Job, Lane};
use kinora_model::mirror::{Keeping, Pact, ReplicaState};
use kinora_model::rendition::Rendition;
use kinora_model::video::{RemoteHls, RemoteManifest, Video};
use kinora_service::providers::Providers;
use kinora_service::replicas;
use kinora_store::Batch;
use kinora_store::blob::Blobs;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::house::House;
use super::peer::{Peer, Reply};

/// A peer that serves these files from the folder of a video.
async fn serving(files: &HashMap<String, Vec<u8>>) -> Peer {
    let files = files.clone();
    Peer::start(move |asked| {
        let name = asked.target.rsplit('/').next().unwrap_or_default();
        match files.get(name) {
            Some(bytes) => Reply::typed("application/octet-stream", bytes.clone()),
            None => Reply::status(404),
        }
    })
    .await
}

/// The files of a video with one rendition: an init segment and a segment, whose bytes may be others.
fn files(init: &[u8], segment: &[u8], sent: &[u8]) -> HashMap<String, Vec<u8>> {
    let file = |bytes: &[u8], kind: &str| {
        let blob = Blobs::name_of(bytes);
        json!({ "name": format!("{blob}.{kind}"), "size": bytes.len(), "sha256": blob.to_string() })
    };
    let (init_name, segment_name) = (Blobs::name_of(init), Blobs::name_of(segment));
    let mut listed = file(segment, "m4s");
    listed["duration"] = json!(4.0);
    let manifest = json!({
        "version": 1, "video": "8a5ee3ad-74f9-4814-a483-204b12168ce1",
        "renditions": [{
            "name": "360p", "width": 640, "height": 360, "fps": 25.0, "audio": true,
            "codecs": "avc1.64001f,mp4a.40.2", "init": file(init, "mp4"), "segments": [listed],
        }],
    });
    HashMap::from([
        (MANIFEST.to_owned(), manifest.to_string().into_bytes()),
        (format!("{init_name}.mp4"), init.to_vec()),
        (format!("{segment_name}.m4s"), sent.to_vec()),
    ])
}

/// The name of the manifest on the peer.
const MANIFEST: &str = "manifest.json";

/// A house that agreed to keep copies of the videos on a peer, and one of these videos.
async fn agreed(peer: &Peer, files: &HashMap<String, Vec<u8>>, quota_bytes: u64) -> (House, Video) {
    let house = House::new().await;
    let host = Host::of(&peer.url("tube.test", "/")).unwrap();
    let keeps = Some(Keeping { quota_bytes, bytes_per_s: None, channels: Vec::new() });
    let updated_at = house.stage.room.service.now();
    house.put(&Pact { host: host.clone(), may_keep: false, keeps, updated_at }).await;
    let bob = house.stranger("bob", host.as_str()).await;
    let mut video = house.remote_video(&bob).await;
    let remote = video.remote.as_mut().unwrap();
    remote.hls = Some(RemoteHls {
        playlist: peer.url("tube.test", "/static/1/master.m3u8"),
        segments_sha256: None,
        files: Vec::new(),
    });
    let manifest = &files[MANIFEST];
    remote.manifest = Some(RemoteManifest {
        url: peer.url("tube.test", "/static/manifest.json"),
        sha256: Sha256::digest(manifest).into(),
        bytes: u64::try_from(manifest.len()).unwrap(),
    });
    house.put(&video).await;
    (house, video)
}

async fn state(house: &House, video: &Video) -> ReplicaState {
    let service = &house.stage.room.service;
    replicas::of_video(service, video.id).await.unwrap().unwrap().state.clone()
}

async fn renditions(house: &House, video: &Video) -> usize {
    let store = &house.stage.room.service.store;
    store.list::<Rendition>(&video.id.to_key(), 10).await.unwrap().len()
}

#[tokio::test]
async fn a_copy_is_whole_once_all_of_it_is_here_and_told_once() {
    let files = files(b"init", b"segment", b"segment");
    let peer = serving(&files).await;
    let (house, video) = agreed(&peer, &files, 1_000).await;
    let room = &house.stage.room;
    room.replicate(video.id).await.unwrap();
    assert_eq!(state(&house, &video).await, ReplicaState::Whole);
    let asked = peer.asked().len();
    room.replicate(video.id).await.unwrap();
    assert_eq!(peer.asked().len(), asked + 1, "only the manifest is read again");
    assert_eq!(renditions(&house, &video).await, 1);
    let queue = &room.service.queue;
    let mut told = 0;
    while let Some(leased) = queue.lease(Lane::Federate, "test").await.unwrap() {
        told += usize::from(matches!(leased.job, Job::Federate { .. }));
        queue.finish(&leased, Batch::default()).await.unwrap();
    }
    assert_eq!(told, 1);
}

#[tokio::test]
async fn bytes_that_are_not_what_their_name_says_are_not_kept() {
    let files = files(b"init", b"segment", b"another");
    let peer = serving(&files).await;
    let (house, video) = agreed(&peer, &files, 1_000).await;
    house.stage.room.replicate(video.id).await.unwrap();
    assert!(matches!(state(&house, &video).await, ReplicaState::Failed(_)));
    assert_eq!(renditions(&house, &video).await, 0);
    let blobs = &house.stage.room.service.blobs;
    assert!(blobs.get(&Blobs::name_of(b"another")).await.is_err());
}

#[tokio::test]
async fn a_copy_that_grows_beyond_what_was_agreed_is_given_up() {
    let segment = vec![7; 900];
    let files = files(b"init", &segment, &segment);
    let peer = serving(&files).await;
    let (house, video) = agreed(&peer, &files, 500).await;
    house.stage.room.replicate(video.id).await.unwrap();
    let ReplicaState::Failed(reason) = state(&house, &video).await else { panic!("kept") };
    assert!(reason.contains("disk space"), "{reason}");
    assert_eq!(renditions(&house, &video).await, 0);
}

#[tokio::test]
async fn a_manifest_leads_nowhere_else_and_is_the_one_that_was_vouched_for() {
    let trap = Peer::start(|_| Reply::status(404)).await;
    let elsewhere = trap.url("trap.test", "/1.mp4").to_string();
    let honest = files(b"init", b"segment", b"segment");
    let text = String::from_utf8(honest[MANIFEST].clone()).unwrap();
    let init = format!("{}.mp4", Blobs::name_of(b"init"));
    for (forged, vouched) in [(text.replace(&init, &elsewhere), true), (format!("{text} "), false)]
    {
        let mut files = honest.clone();
        files.insert(MANIFEST.to_owned(), forged.into_bytes());
        let peer = serving(&files).await;
        let (house, video) = agreed(&peer, if vouched { &files } else { &honest }, 1_000).await;
        house.stage.room.replicate(video.id).await.unwrap();
        assert!(matches!(state(&house, &video).await, ReplicaState::Failed(_)), "{vouched}");
        assert_eq!(renditions(&house, &video).await, 0);
    }
    assert_eq!(trap.connections(), 0);
}

/// Others who have files by their hashes.
#[derive(Debug)]
struct Others(HashMap<[u8; 32], Bytes>);

#[async_trait::async_trait]
impl Providers for Others {
    async fn meet(&self, _: Vec<String>) {}

    async fn fetch(&self, _: &[u8; 32], sha256: &[u8; 32]) -> Option<Bytes> {
        self.0.get(sha256).cloned()
    }

    async fn provide(&self, _: [u8; 32], _: Id<Video>) {}

    async fn withdraw(&self, _: Id<Video>) {}
}

#[tokio::test]
async fn what_the_origin_cannot_give_comes_from_others() {
    let files = files(b"init", b"segment", b"segment");
    let peer = Peer::start(|_| Reply::status(503)).await;
    let (house, video) = agreed(&peer, &files, 1_000).await;
    let room = &house.stage.room;
    assert!(room.replicate(video.id).await.unwrap_err().is_passing(), "nobody has it");
    assert_eq!(state(&house, &video).await, ReplicaState::Waiting);
    let by_hash = |bytes: &Vec<u8>| (Sha256::digest(bytes).into(), Bytes::from(bytes.clone()));
    let others = Others(files.values().map(by_hash).collect());
    assert!(room.service.providers.set(Arc::new(others)).is_ok());
    room.replicate(video.id).await.unwrap();
    assert_eq!(state(&house, &video).await, ReplicaState::Whole);
    assert_eq!(renditions(&house, &video).await, 1);
}

#[tokio::test]
async fn nothing_is_fetched_that_nobody_agreed_to() {
    let peer = serving(&files(b"init", b"segment", b"segment")).await;
    let house = House::new().await;
    let bob = house.stranger("bob", "tube.test").await;
    let video = house.remote_video(&bob).await;
    house.stage.room.replicate(video.id).await.unwrap();
    let service = &house.stage.room.service;
    assert!(replicas::of_video(service, video.id).await.unwrap().is_none());
    assert_eq!(peer.connections(), 0);
}
