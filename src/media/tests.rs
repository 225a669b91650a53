//! A node in memory for the tests of this room: the real store on the memory engine, blobs in a folder.

use std::path::Path;
use std::sync::Arc;

use kinora_model::clock::{SystemClock, Timestamp};
use kinora_model::id::Id;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::text::Title;
use kinora_model::video::{Source, Video, VideoState, VideoWords};
use kinora_service::Service;
use kinora_store::blob::Blobs;
use kinora_store::kv::memory::Memory;
use kinora_store::{Batch, Store};
use uuid::Uuid;

/// The use cases of a node whose blobs lie in `folder`.
pub(crate) fn service(folder: &Path) -> Arc<Service> {
    let store = Store::new(Arc::new(Memory::default()));
    let blobs = Blobs::open(&folder.join("store")).unwrap();
    let config = kinora_service::Config::default();
    Arc::new(Service::new(store, blobs, Arc::new(SystemClock), config))
}

/// A public video, kept.
pub(crate) async fn video(service: &Service) -> Video {
    let now = Timestamp::from_ms(1);
    let video = Video {
        id: service.id(),
        uuid: Uuid::new_v4(),
        channel: Id::from_raw(1),
        account: Id::from_raw(1),
        words: VideoWords::titled(Title::parse("A video").unwrap()),
        state: VideoState::Published,
        failure: None,
        source: Source { filename: "a.mp4".to_owned(), bytes: 1, kept: true },
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
    batch.insert_row(&video).unwrap();
    service.store.commit(batch).await.unwrap();
    video
}

/// A rendition that waits to be made, kept.
pub(crate) async fn rendition(service: &Service, video: &Video, rung: &str) -> Rendition {
    let now = Timestamp::from_ms(1);
    let rendition = Rendition {
        id: service.id(),
        video: video.id,
        rung: rung.to_owned(),
        resolution: rung.trim_end_matches('p').parse().unwrap(),
        width: 640,
        height: 360,
        fps_milli: 25_000,
        copied: false,
        has_audio: true,
        has_video: true,
        codecs: String::new(),
        init: None,
        state: RenditionState::Waiting,
        segments: 0,
        bytes: 0,
        duration_us: 0,
        peak_bps: 0,
        average_bps: 0,
        torrent: None,
        created_at: now,
        updated_at: now,
    };
    let mut batch = Batch::default();
    batch.insert_row(&rendition).unwrap();
    service.store.commit(batch).await.unwrap();
    rendition
}

/// The media room of such a node, with no transcoder.
pub(crate) fn media(folder: &Path) -> crate::Media {
    let scratch = folder.join("scratch");
    crate::Media::open(service(folder), crate::Config::default(), scratch).unwrap()
}
