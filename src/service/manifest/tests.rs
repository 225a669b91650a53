#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use kinora_model::picture::BlobName;
use kinora_model::rendition::Init;
use kinora_model::video::Privacy;
use kinora_store::Batch;
use serde_json::{Value, json};

use super::*;
use crate::stage::Stage;

/// A rendition with so many segments, kept.
async fn rendition(stage: &Stage, video: &Video, rung: &str, state: RenditionState, count: u32) {
    let now = stage.service.now();
    let row = Rendition {
        id: stage.service.id(),
        video: video.id,
        rung: rung.to_owned(),
        resolution: 720,
        width: 1280,
        height: 720,
        fps_milli: 30_000,
        copied: false,
        has_audio: true,
        has_video: true,
        codecs: "avc1.64001f,mp4a.40.2".to_owned(),
        init: Some(Init { blob: BlobName::from_digest([0xaa; 32]), bytes: 800 }),
        state,
        segments: count,
        bytes: 0,
        duration_us: 0,
        peak_bps: 2_500_000,
        average_bps: 2_000_000,
        torrent: None,
        created_at: now,
        updated_at: now,
    };
    let mut batch = Batch::default();
    batch.insert_row(&row).unwrap();
    stage.service.store.commit(batch).await.unwrap();
    for indexes in (0..count).collect::<Vec<_>>().chunks(5_000) {
        let mut batch = Batch::default();
        for index in indexes {
            let mut digest = [0xbb; 32];
            digest[..4].copy_from_slice(&index.to_be_bytes());
            let segment = Segment {
                rendition: row.id,
                video: video.id,
                index: *index,
                blob: BlobName::from_digest(digest),
                bytes: 1_000,
                start_us: u64::from(*index) * 4_004_000,
                duration_us: 4_004_000,
            };
            batch.insert_row(&segment).unwrap();
        }
        stage.service.store.commit(batch).await.unwrap();
    }
}

async fn read(stage: &Stage, video: &Video) -> Option<Arc<Manifest>> {
    of(&stage.service, video).await.unwrap()
}

#[tokio::test]
async fn a_manifest_lists_what_is_whole_and_keeps_its_numbers() {
    let stage = Stage::new().await;
    let video = stage.video("Shared", |_| {}).await;
    assert_eq!(read(&stage, &video).await, None, "nothing is whole");
    rendition(&stage, &video, "1080p", RenditionState::Running, 1).await;
    assert_eq!(read(&stage, &video).await, None, "nothing is whole yet");
    rendition(&stage, &video, "360p", RenditionState::Ready, 2).await;
    let manifest = read(&stage, &video).await.unwrap();
    assert_eq!(manifest.sha256, <[u8; 32]>::from(Sha256::digest(&manifest.bytes)));
    let document: Value = serde_json::from_slice(&manifest.bytes).unwrap();
    let (init, second) = ("aa".repeat(32), format!("00000001{}", "bb".repeat(28)));
    assert_eq!(document["version"], 1);
    assert_eq!(document["video"], video.uuid.to_string());
    let running = json!({
        "name": "1080p", "width": 1280, "height": 720, "fps": 30.0,
        "codecs": "avc1.64001f,mp4a.40.2", "audio": true,
        "peakBandwidth": 2_500_000, "averageBandwidth": 2_000_000,
        "init": null, "segments": [],
    });
    assert_eq!(document["renditions"][0], running);
    let listed = Document::read(&manifest.bytes, &manifest.sha256).unwrap();
    assert_eq!((listed.is_whole(), listed.bytes()), (false, 2_800));
    assert_eq!((listed.renditions[1].fps_milli(), listed.renditions[1].audio), (30_000, true));
    let ready = &document["renditions"][1];
    let expected = json!({ "name": format!("{init}.mp4"), "size": 800, "sha256": init });
    assert_eq!(ready["init"], expected);
    let expected = json!({
        "name": format!("{second}.m4s"), "size": 1_000, "sha256": second, "duration": 4.004
    });
    assert_eq!(ready["segments"][1], expected);
    assert_eq!(ready["segments"].as_array().unwrap().len(), 2);

    let again = read(&stage, &video).await.unwrap();
    assert!(Arc::ptr_eq(&manifest, &again), "it is written once");
    rendition(&stage, &video, "480p", RenditionState::Ready, 1).await;
    let later = read(&stage, &video).await.unwrap();
    assert_ne!(later.sha256, manifest.sha256);
    let later: Value = serde_json::from_slice(&later.bytes).unwrap();
    assert_eq!(later["renditions"][1], document["renditions"][1]);
}

#[tokio::test]
async fn hidden_and_unpublished_videos_have_none() {
    let stage = Stage::new().await;
    for (privacy, shared) in [
        (Privacy::Public, true),
        (Privacy::Unlisted, true),
        (Privacy::Private, false),
        (Privacy::Internal, false),
    ] {
        let video = stage.video("Perhaps", |it| it.words.privacy = privacy).await;
        rendition(&stage, &video, "360p", RenditionState::Ready, 1).await;
        assert_eq!(read(&stage, &video).await.is_some(), shared, "{privacy:?}");
    }
    let video = stage.video("Not yet", |it| it.state = VideoState::Processing).await;
    rendition(&stage, &video, "360p", RenditionState::Ready, 1).await;
    assert_eq!(read(&stage, &video).await, None);
}

#[tokio::test]
async fn a_hundred_thousand_segments_are_listed_and_one_more_is_not() {
    let stage = Stage::new().await;
    let video = stage.video("Long", |_| {}).await;
    let count = u32::try_from(SEGMENTS_MAX).unwrap();
    rendition(&stage, &video, "360p", RenditionState::Ready, count).await;
    let manifest = read(&stage, &video).await.unwrap();
    assert!(manifest.size() < 25_000_000, "{}", manifest.size());
    rendition(&stage, &video, "480p", RenditionState::Ready, 1).await;
    assert_eq!(read(&stage, &video).await, None);
}
