//! Quotas over videos, uploads and pictures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use bytes::Bytes;
use kinora_model::name::Name;
use kinora_model::text::Title;
use kinora_model::video::VideoWords;
use kinora_store::Batch;

use super::*;
use crate::pictures::NewPicture;
use crate::stage::Stage;
use crate::users::{Change, NewUser};
use crate::{Viewer, pictures};

async fn limit(stage: &Stage, quota: Option<u64>, daily: Option<u64>) {
    let service = &stage.service;
    let name = Name::parse("admin").unwrap();
    let mut new = NewUser::named(service, name, "a@a.org".to_owned(), String::new());
    new.role = kinora_model::user::Role::Administrator;
    let admin = users::create(service, &new).await.unwrap();
    let admin = Viewer { user: admin.user, account: admin.account, role: new.role };
    let change =
        Change { quota_bytes: Some(quota), quota_daily_bytes: Some(daily), ..Change::default() };
    users::update(service, &admin, stage.owner.user, &change).await.unwrap();
}

async fn upload(stage: &Stage, bytes: u64, received_bytes: u64) {
    let service = &stage.service;
    let upload = Upload {
        id: service.id(),
        token: crate::secret::word(),
        user: stage.owner.user,
        channel: stage.channel.id,
        filename: "a.mp4".to_owned(),
        bytes,
        received_bytes,
        words: VideoWords::titled(Title::parse("a film").unwrap()),
        done: None,
        created_at: service.now(),
        touched_at: service.now(),
    };
    let mut batch = Batch::default();
    batch.insert_row(&upload).unwrap();
    service.store.commit(batch).await.unwrap();
}

#[tokio::test]
async fn originals_count_while_they_are_kept() {
    let stage = Stage::new().await;
    stage.video("kept", |video| (video.source.bytes, video.source.kept) = (100, true)).await;
    stage.video("gone", |video| (video.source.bytes, video.source.kept) = (70, false)).await;
    let usage = used(&stage.service, stage.owner.user).await.unwrap();
    assert_eq!((usage.bytes, usage.daily_bytes, usage.videos), (100, 170, 2));
    stage.clock.advance(DAY + Duration::from_secs(1));
    let usage = used(&stage.service, stage.owner.user).await.unwrap();
    assert_eq!((usage.bytes, usage.daily_bytes), (100, 0));
}

#[tokio::test]
async fn more_videos_than_one_page_are_all_counted() {
    let stage = Stage::new().await;
    let videos = READ_AT_ONCE * 2 + 1;
    for _ in 0..videos {
        stage.video("one", |video| (video.source.bytes, video.source.kept) = (10, true)).await;
    }
    let usage = used(&stage.service, stage.owner.user).await.unwrap();
    let videos = u64::try_from(videos).unwrap();
    assert_eq!((usage.videos, usage.bytes), (videos, 10 * videos));
}

#[tokio::test]
async fn captions_pictures_and_what_came_of_uploads_count_in_real_bytes() {
    let stage = Stage::new().await;
    let video = stage.video("a film", |_| {}).await;
    let caption = Caption {
        video: video.id,
        language: "fr".to_owned(),
        blob: kinora_store::blob::Blobs::name_of(b"WEBVTT"),
        bytes: 6,
        updated_at: stage.service.now(),
    };
    let mut batch = Batch::default();
    batch.insert_row(&caption).unwrap();
    stage.service.store.commit(batch).await.unwrap();
    let picture = NewPicture { bytes: Bytes::from_static(&[7; 123]), width: 48, height: 48 };
    pictures::set_my_avatar(&stage.service, &stage.owner, &[picture]).await.unwrap();
    upload(&stage, 1_000, 400).await;
    let usage = used(&stage.service, stage.owner.user).await.unwrap();
    assert_eq!((usage.bytes, usage.awaited_bytes), (529, 600));
}

#[tokio::test]
async fn uploads_under_way_count_as_if_they_were_here() {
    let stage = Stage::new().await;
    limit(&stage, Some(1_500), None).await;
    upload(&stage, 1_000, 400).await;
    check(&stage.service, stage.owner.user, 500).await.unwrap();
    let beyond = check(&stage.service, stage.owner.user, 501).await;
    assert!(matches!(beyond, Err(Error::QuotaExceeded { needed_bytes: 501, left_bytes: 500 })));
}

#[tokio::test]
async fn the_daily_quota_is_free_again_the_next_day() {
    let stage = Stage::new().await;
    limit(&stage, None, Some(100)).await;
    stage.video("today", |video| video.source.bytes = 90).await;
    assert!(check(&stage.service, stage.owner.user, 11).await.is_err());
    stage.clock.advance(DAY + Duration::from_secs(1));
    assert!(check(&stage.service, stage.owner.user, 100).await.is_ok());
}
