#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use kinora_model::clock::Timestamp;
use kinora_model::job::Lane;
use kinora_model::picture::Picture;
use kinora_store::blob::Blobs;

use super::*;
use crate::stage::Stage;

fn planned(stage: &Stage, video: &Video, resolution: u32) -> Rendition {
    let now = stage.service.now();
    Rendition {
        id: stage.service.id(),
        video: video.id,
        rung: format!("{resolution}p"),
        resolution,
        width: resolution * 16 / 9,
        height: resolution,
        fps_milli: 30_000,
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
    }
}

fn footage() -> Footage {
    Footage {
        duration_ms: 5_000,
        width: 1280,
        height: 720,
        fps_milli: 30_000,
        has_audio: true,
        has_video: true,
    }
}

/// A video that is being made, with two planned renditions.
async fn processing(stage: &Stage, wait: bool) -> (Video, Vec<Rendition>) {
    let video = stage
        .video("Being made", |video| {
            video.state = VideoState::Processing;
            video.published_at = None;
            video.words.wait_transcoding = wait;
        })
        .await;
    let renditions = vec![planned(stage, &video, 720), planned(stage, &video, 360)];
    probed(&stage.service, video.id, footage(), &renditions).await.unwrap();
    (video, renditions)
}

async fn state(stage: &Stage, video: &Video) -> VideoState {
    stage.read(video.id).await.unwrap().state
}

async fn jobs(stage: &Stage, lane: Lane) -> Vec<Job> {
    let mut jobs = Vec::new();
    while let Some(leased) = stage.service.queue.lease(lane, "test").await.unwrap() {
        jobs.push(leased.job);
    }
    jobs
}

fn published(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::VideoPublished { .. })).count()
}

#[tokio::test]
async fn the_first_rendition_publishes_and_asks_for_the_rest_once() {
    let stage = Stage::new().await;
    let (video, renditions) = processing(&stage, false).await;
    assert_eq!(jobs(&stage, Lane::MediaFirst).await, [Job::PackageFirst { video: video.id }]);
    for _ in 0..2 {
        rendition_ready(&stage.service, video.id, renditions[0].id).await.unwrap();
    }
    let row = stage.read(video.id).await.unwrap();
    assert_eq!(row.state, VideoState::Published);
    assert_eq!(row.published_at, Some(stage.service.now()));
    assert_eq!(jobs(&stage, Lane::Media).await, [Job::PackageRest { video: video.id }]);
    rendition_ready(&stage.service, video.id, renditions[1].id).await.unwrap();
    assert!(jobs(&stage, Lane::Media).await.is_empty());
    assert_eq!(jobs(&stage, Lane::Light).await.len(), 2, "a torrent for each");
    assert_eq!(published(&stage.events().await), 1);
}

#[tokio::test]
async fn who_waits_for_all_is_published_with_the_last_even_if_one_fails() {
    let stage = Stage::new().await;
    let (video, renditions) = processing(&stage, true).await;
    rendition_ready(&stage.service, video.id, renditions[0].id).await.unwrap();
    assert_eq!(state(&stage, &video).await, VideoState::Processing);
    rendition_failed(&stage.service, video.id, renditions[1].id).await.unwrap();
    assert_eq!(state(&stage, &video).await, VideoState::Published);
}

#[tokio::test]
async fn whoever_does_not_want_to_wait_any_more_is_published_at_once() {
    let stage = Stage::new().await;
    let (video, renditions) = processing(&stage, true).await;
    rendition_ready(&stage.service, video.id, renditions[0].id).await.unwrap();
    let change = crate::videos::Change { wait_transcoding: Some(false), ..Default::default() };
    let name = video.id.to_string();
    crate::videos::update(&stage.service, &stage.owner, &name, &change).await.unwrap();
    assert_eq!(state(&stage, &video).await, VideoState::Published);
}

#[tokio::test]
async fn probing_twice_plans_once() {
    let stage = Stage::new().await;
    let (video, _) = processing(&stage, false).await;
    let again = vec![planned(&stage, &video, 480)];
    probed(&stage.service, video.id, footage(), &again).await.unwrap();
    let rows = crate::videos::renditions(&stage.service, video.id).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(jobs(&stage, Lane::MediaFirst).await.len(), 1);
}

#[tokio::test]
async fn a_failure_is_told_and_leaves_no_rendition_waiting() {
    let stage = Stage::new().await;
    let (video, renditions) = processing(&stage, false).await;
    let failure = Failure { code: "not-media".to_owned(), detail: "No.".to_owned() };
    failed(&stage.service, video.id, failure.clone()).await.unwrap();
    let row = stage.read(video.id).await.unwrap();
    assert_eq!((row.state, row.failure), (VideoState::Failed, Some(failure.clone())));
    let late = rendition_ready(&stage.service, video.id, renditions[0].id).await;
    assert!(matches!(late, Err(Error::NotFound("Rendition"))));
    assert_eq!(stage.events().await.last(), Some(&Event::VideoFailed { video: video.id }));

    let watched = stage.video("Watched", |_| {}).await;
    failed(&stage.service, watched.id, failure).await.unwrap();
    assert_eq!(state(&stage, &watched).await, VideoState::Published);
}

#[tokio::test]
async fn a_video_that_is_gone_is_told_so() {
    let stage = Stage::new().await;
    let (video, renditions) = processing(&stage, false).await;
    crate::videos::remove(&stage.service, video.id).await.unwrap();
    let late = rendition_ready(&stage.service, video.id, renditions[0].id).await;
    assert!(matches!(late, Err(Error::NotFound("Video"))));
    assert!(jobs(&stage, Lane::MediaFirst).await.is_empty(), "its jobs are cancelled");
    assert_eq!(jobs(&stage, Lane::Light).await, [Job::RemoveVideo { video: video.id }]);
}

fn thumbnail(number: u8) -> Thumbnail {
    let picture = |size: u8| Picture {
        blob: Blobs::name_of(&[number, size]),
        width: 280,
        height: 157,
        created_at: Timestamp::from_ms(0),
    };
    Thumbnail { small: picture(0), large: picture(1) }
}

async fn owns(stage: &Stage, video: &Video, blob: BlobName) -> bool {
    let key = blob_owner_key(&blob, Owner::Video(video.id));
    stage.service.store.get::<BlobOwner>(&key).await.unwrap().is_some()
}

#[tokio::test]
async fn a_chosen_picture_stays_when_others_are_made() {
    let stage = Stage::new().await;
    let video = stage.video("Pictured", |_| {}).await;
    let (service, name) = (&stage.service, video.id.to_string());
    thumbnails(service, video.id, &[thumbnail(1), thumbnail(2)]).await.unwrap();
    assert_eq!(stage.read(video.id).await.unwrap().thumbnail, Some(thumbnail(1)));
    crate::videos::pick_thumbnail(service, &stage.owner, &name, 1).await.unwrap();
    thumbnails(service, video.id, &[thumbnail(3)]).await.unwrap();
    let row = stage.read(video.id).await.unwrap();
    assert_eq!((row.thumbnail, row.candidates), (Some(thumbnail(2)), vec![thumbnail(3)]));
    assert!(!owns(&stage, &video, thumbnail(1).small.blob).await);
    assert!(owns(&stage, &video, thumbnail(2).small.blob).await);
    assert!(owns(&stage, &video, thumbnail(3).large.blob).await);
    let none = crate::videos::pick_thumbnail(service, &stage.owner, &name, 7).await;
    assert!(matches!(none, Err(Error::NotFound("Thumbnail"))));
}
