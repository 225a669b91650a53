//! Servers that give out something else than they promised to whoever keeps copies of their videos.

use std::collections::HashMap;

use kinora_model::host::Host;
use kinora_model::job::{Job, Lane};
use kinora_model::mirror::{Keeping, Pact, ReplicaState};
use kinora_model::rendition::Rendition;
use kinora_model::video::{RemoteHls, Video};
use kinora_service::replicas;
use kinora_store::Batch;
use kinora_store::blob::Blobs;

use super::house::House;
use super::peer::{Peer, Reply};

/// A peer that serves these files from the folder of a video.
async fn serving(files: HashMap<String, Vec<u8>>) -> Peer {
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
    let (init_name, segment_name) = (Blobs::name_of(init), Blobs::name_of(segment));
    let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=640x360\n1.m3u8\n";
    let media = format!(
        "#EXTM3U\n#EXT-X-MAP:URI=\"{init_name}.mp4\"\n#EXTINF:4.0,\n{segment_name}.m4s\n#EXT-X-ENDLIST\n"
    );
    HashMap::from([
        ("master.m3u8".to_owned(), master.as_bytes().to_vec()),
        ("1.m3u8".to_owned(), media.into_bytes()),
        (format!("{init_name}.mp4"), init.to_vec()),
        (format!("{segment_name}.m4s"), sent.to_vec()),
    ])
}

/// A house that agreed to keep copies of the videos on a peer, and one of these videos.
async fn agreed(peer: &Peer, quota_bytes: u64) -> (House, Video) {
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
    let peer = serving(files(b"init", b"segment", b"segment")).await;
    let (house, video) = agreed(&peer, 1_000).await;
    let room = &house.stage.room;
    room.replicate(video.id).await.unwrap();
    assert_eq!(state(&house, &video).await, ReplicaState::Whole);
    let asked = peer.asked().len();
    room.replicate(video.id).await.unwrap();
    assert_eq!(peer.asked().len(), asked + 2, "only the playlists are read again");
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
    let peer = serving(files(b"init", b"segment", b"another")).await;
    let (house, video) = agreed(&peer, 1_000).await;
    house.stage.room.replicate(video.id).await.unwrap();
    assert!(matches!(state(&house, &video).await, ReplicaState::Failed(_)));
    assert_eq!(renditions(&house, &video).await, 0);
    let blobs = &house.stage.room.service.blobs;
    assert!(blobs.get(&Blobs::name_of(b"another")).await.is_err());
}

#[tokio::test]
async fn a_copy_that_grows_beyond_what_was_agreed_is_given_up() {
    let segment = vec![7; 900];
    let peer = serving(files(b"init", &segment, &segment)).await;
    let (house, video) = agreed(&peer, 500).await;
    house.stage.room.replicate(video.id).await.unwrap();
    let ReplicaState::Failed(reason) = state(&house, &video).await else { panic!("kept") };
    assert!(reason.contains("disk space"), "{reason}");
    assert_eq!(renditions(&house, &video).await, 0);
}

#[tokio::test]
async fn playlists_lead_nowhere_else() {
    let mut all = files(b"init", b"segment", b"segment");
    let trap = Peer::start(|_| Reply::status(404)).await;
    let elsewhere = trap.url("trap.test", "/2.m3u8");
    let master = format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{elsewhere}\n");
    all.insert("master.m3u8".to_owned(), master.into_bytes());
    let peer = serving(all).await;
    let (house, video) = agreed(&peer, 1_000).await;
    house.stage.room.replicate(video.id).await.unwrap();
    assert!(matches!(state(&house, &video).await, ReplicaState::Failed(_)));
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn nothing_is_fetched_that_nobody_agreed_to() {
    let peer = serving(files(b"init", b"segment", b"segment")).await;
    let house = House::new().await;
    let bob = house.stranger("bob", "tube.test").await;
    let video = house.remote_video(&bob).await;
    house.stage.room.replicate(video.id).await.unwrap();
    let service = &house.stage.room.service;
    assert!(replicas::of_video(service, video.id).await.unwrap().is_none());
    assert_eq!(peer.connections(), 0);
}
