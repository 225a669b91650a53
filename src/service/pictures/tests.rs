//! Pictures: set, replaced, removed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use kinora_model::name::Name;
use kinora_model::text::DisplayName;

use super::*;
use crate::channels::NewChannel;
use crate::names;
use crate::stage::Stage;

fn made(byte: u8) -> NewPicture {
    NewPicture { bytes: Bytes::from(vec![byte; 10]), width: 48, height: 48 }
}

async fn owners(stage: &Stage, picture: &Picture) -> usize {
    let rows = stage.service.store.list::<BlobOwner>(picture.blob.digest(), 10).await.unwrap();
    rows.len()
}

#[tokio::test]
async fn a_new_avatar_replaces_the_old_one_and_a_job_frees_it() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let old = set_my_avatar(service, &stage.owner, &[made(1)]).await.unwrap();
    assert_eq!(owners(&stage, &old[0]).await, 1);
    assert_eq!(service.blobs.size(&old[0].blob).await.unwrap(), 10);
    let new = set_my_avatar(service, &stage.owner, &[made(2)]).await.unwrap();
    assert_eq!((owners(&stage, &old[0]).await, owners(&stage, &new[0]).await), (0, 1));
    let job = service.queue.lease(kinora_model::job::Lane::Light, "test").await.unwrap().unwrap();
    assert_eq!(job.job, Job::RemoveBlobs { blobs: vec![old[0].blob] });
}

#[tokio::test]
async fn the_same_picture_again_stays() {
    let stage = Stage::new().await;
    let service = &stage.service;
    set_my_avatar(service, &stage.owner, &[made(1)]).await.unwrap();
    let again = set_my_avatar(service, &stage.owner, &[made(1)]).await.unwrap();
    assert_eq!(owners(&stage, &again[0]).await, 1);
    assert!(service.queue.lease(kinora_model::job::Lane::Light, "test").await.unwrap().is_none());
}

#[tokio::test]
async fn a_picture_that_is_avatar_and_banner_stays_while_it_is_one_of_them() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let new = NewChannel {
        name: Name::parse("films").unwrap(),
        display_name: DisplayName::parse("Films").unwrap(),
        description: None,
        support: None,
    };
    channels::create(service, &stage.owner, &new).await.unwrap();
    let set = |kind, made: Vec<NewPicture>| async move {
        set_of_channel(service, &stage.owner, "films", kind, &made).await.unwrap()
    };
    let picture = set(Kind::Avatar, vec![made(1)]).await;
    set(Kind::Banner, vec![made(1)]).await;
    set(Kind::Avatar, Vec::new()).await;
    let rows = service.store.list::<BlobOwner>(picture[0].blob.digest(), 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    set(Kind::Banner, Vec::new()).await;
    let rows = service.store.list::<BlobOwner>(picture[0].blob.digest(), 10).await.unwrap();
    assert!(rows.is_empty());
    assert!(names::channel(service, "films").await.unwrap().banners.is_empty());
}
