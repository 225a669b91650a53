#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use kinora_model::event::Event;
use kinora_model::job::{Job, Lane};
use kinora_model::text::Title;
use kinora_model::user::User;
use kinora_model::video::VideoState;

use super::*;
use crate::config::{Config, Uploads};
use crate::stage::Stage;

/// A small node: the disk of a test need not have much room.
async fn stage() -> Stage {
    let uploads = Uploads { file_bytes_max: 10 << 20, reserve_bytes: 0, ..Uploads::default() };
    Stage::with(Config { uploads, ..Config::default() }).await
}

fn new(stage: &Stage, bytes: u64) -> NewUpload {
    NewUpload {
        channel: stage.channel.id,
        filename: "../clip.mp4".to_owned(),
        bytes,
        words: VideoWords::titled(Title::parse("Uploaded").unwrap()),
    }
}

async fn begun(stage: &Stage, bytes: u64) -> Upload {
    begin(&stage.service, &stage.owner, &new(stage, bytes)).await.unwrap()
}

async fn send(stage: &Stage, upload: &Upload, start: u64, bytes: &[u8]) -> Result<Progress, Error> {
    let size = u64::try_from(bytes.len()).unwrap();
    let part = Part { start, bytes: size, total: Some(upload.bytes) };
    let mut receiving = receive(&stage.service, &stage.owner, &upload.token, part).await?;
    receiving.push(bytes).await?;
    receiving.end().await
}

async fn ask(stage: &Stage, upload: &Upload) -> Result<Progress, Error> {
    progress(&stage.service, &stage.owner, &upload.token).await
}

fn under(received_bytes: u64) -> Progress {
    Progress::Under { received_bytes }
}

fn done(progress: Progress) -> Video {
    let Progress::Done(video) = progress else { panic!("not done: {progress:?}") };
    *video
}

fn files(stage: &Stage) -> usize {
    std::fs::read_dir(stage.folder.path().join(FOLDER)).map_or(0, Iterator::count)
}

async fn original(stage: &Stage, video: &Video) -> Vec<u8> {
    tokio::fs::read(stage.service.blobs.original_path(video.id).unwrap()).await.unwrap()
}

#[tokio::test]
async fn parts_become_one_video_and_the_last_may_be_sent_again() {
    let stage = stage().await;
    let upload = begun(&stage, 10).await;
    assert_eq!(send(&stage, &upload, 0, b"01234").await.unwrap(), under(5));
    assert_eq!(ask(&stage, &upload).await.unwrap(), under(5));
    let video = done(send(&stage, &upload, 5, b"56789").await.unwrap());
    assert_eq!(video.state, VideoState::Processing);
    assert_eq!((video.source.filename.as_str(), video.source.bytes), ("clip.mp4", 10));
    assert_eq!(original(&stage, &video).await, b"0123456789");
    assert_eq!(done(ask(&stage, &upload).await.unwrap()).id, video.id);
    assert_eq!(files(&stage), 0);
    assert_eq!(stage.events().await, [Event::VideoCreated { video: video.id }]);
    let job = stage.service.queue.lease(Lane::MediaFirst, "test").await.unwrap().unwrap().job;
    assert_eq!(job, Job::Probe { video: video.id });
}

#[tokio::test]
async fn parts_in_the_wrong_place_are_refused_and_change_nothing() {
    let stage = stage().await;
    let upload = begun(&stage, 10).await;
    send(&stage, &upload, 0, b"01234").await.unwrap();
    for start in [0, 4, 6] {
        let refused = send(&stage, &upload, start, b"xx").await;
        assert!(matches!(refused, Err(Error::WrongOffset { expected_bytes: 5 })), "{start}");
    }
    let beyond = send(&stage, &upload, 5, b"567890").await;
    assert!(matches!(beyond, Err(Error::Invalid { .. })));
    let part = Part { start: 5, bytes: 5, total: Some(11) };
    let other = receive(&stage.service, &stage.owner, &upload.token, part).await;
    assert!(matches!(other, Err(Error::Invalid { .. })));
    let video = done(send(&stage, &upload, 5, b"56789").await.unwrap());
    assert_eq!(original(&stage, &video).await, b"0123456789");
}

#[tokio::test]
async fn a_second_writer_is_told_to_wait_and_a_body_that_is_too_long_is_cut() {
    let stage = stage().await;
    let upload = begun(&stage, 10).await;
    let part = Part { start: 0, bytes: 5, total: None };
    let receive = async || receive(&stage.service, &stage.owner, &upload.token, part).await;
    let mut first = receive().await.unwrap();
    assert!(matches!(receive().await, Err(Error::UploadBusy)));
    first.push(b"012").await.unwrap();
    assert!(matches!(first.push(b"34x").await, Err(Error::Invalid { .. })));
    assert_eq!(first.end().await.unwrap(), under(3));
    let part = Part { start: 3, bytes: 7, total: None };
    let next = super::receive(&stage.service, &stage.owner, &upload.token, part).await;
    assert!(next.is_ok());
}

#[tokio::test]
async fn what_came_before_the_sender_went_away_is_kept() {
    let stage = stage().await;
    let upload = begun(&stage, 10).await;
    let part = Part { start: 0, bytes: 10, total: None };
    let mut receiving = receive(&stage.service, &stage.owner, &upload.token, part).await.unwrap();
    receiving.push(b"0123").await.unwrap();
    drop(receiving);
    while stage.service.parts.occupy(upload.id).is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&stage, &upload).await.unwrap(), under(4));
}

#[tokio::test]
async fn bytes_that_no_row_speaks_of_are_cut_off() {
    let stage = stage().await;
    let upload = begun(&stage, 10).await;
    send(&stage, &upload, 0, b"01234").await.unwrap();
    let path = stage.service.parts.path(upload.id).unwrap();
    std::fs::write(&path, b"01234garbage").unwrap();
    let video = done(send(&stage, &upload, 5, b"56789").await.unwrap());
    assert_eq!(original(&stage, &video).await, b"0123456789");
}

#[tokio::test]
async fn a_disk_that_lost_bytes_is_asked_for_them_again() {
    let stage = stage().await;
    let upload = begun(&stage, 10).await;
    send(&stage, &upload, 0, b"01234").await.unwrap();
    std::fs::write(stage.service.parts.path(upload.id).unwrap(), b"01").unwrap();
    let refused = send(&stage, &upload, 5, b"56789").await;
    assert!(matches!(refused, Err(Error::WrongOffset { expected_bytes: 2 })));
    let video = done(send(&stage, &upload, 2, b"23456789").await.unwrap());
    assert_eq!(original(&stage, &video).await, b"0123456789");
}

/// Brings an upload to where a crash between two steps of its end leaves it.
async fn whole(stage: &Stage) -> Upload {
    let upload = begun(stage, 4).await;
    std::fs::create_dir_all(stage.folder.path().join(FOLDER)).unwrap();
    std::fs::write(stage.service.parts.path(upload.id).unwrap(), b"0123").unwrap();
    let stored = stage.service.store.get::<Upload>(&upload.id.to_key()).await.unwrap().unwrap();
    let mut batch = Batch::default();
    let row = Upload { received_bytes: 4, ..Upload::clone(&stored) };
    batch.replace_row(&stored, &row).unwrap();
    stage.service.store.commit(batch).await.unwrap();
    row
}

#[tokio::test]
async fn an_upload_that_a_crash_broke_off_goes_on_at_the_next_start() {
    for moved in [false, true] {
        let stage = stage().await;
        let upload = whole(&stage).await;
        if moved {
            let path = stage.service.parts.path(upload.id).unwrap();
            let video = Id::from_raw(upload.id.raw());
            stage.service.blobs.adopt_original(video, &path).await.unwrap();
        }
        std::fs::write(stage.folder.path().join(FOLDER).join("77"), b"of nobody").unwrap();
        recover(&stage.service).await.unwrap();
        let video = done(ask(&stage, &upload).await.unwrap());
        assert_eq!(original(&stage, &video).await, b"0123");
        assert_eq!(files(&stage), 0);
        assert_eq!(stage.events().await.len(), 1, "once");
    }
}

#[tokio::test]
async fn asking_ends_an_upload_that_is_whole() {
    let stage = stage().await;
    let upload = whole(&stage).await;
    assert_eq!(done(ask(&stage, &upload).await.unwrap()).source.bytes, 4);
}

#[tokio::test]
async fn an_upload_whose_bytes_are_all_lost_begins_again() {
    let stage = stage().await;
    let upload = whole(&stage).await;
    std::fs::remove_file(stage.service.parts.path(upload.id).unwrap()).unwrap();
    assert!(matches!(ask(&stage, &upload).await, Err(Error::WrongOffset { expected_bytes: 0 })));
    done(send(&stage, &upload, 0, b"0123").await.unwrap());
}

#[tokio::test]
async fn nobody_touches_the_uploads_of_others() {
    let stage = stage().await;
    let upload = begun(&stage, 10).await;
    let (service, stranger) = (&stage.service, &stage.stranger);
    let asked = progress(service, stranger, &upload.token).await;
    assert!(matches!(asked, Err(Error::NotFound("Upload"))));
    let part = Part { start: 0, bytes: 1, total: None };
    let sent = receive(service, stranger, &upload.token, part).await;
    assert!(matches!(sent, Err(Error::NotFound("Upload"))));
    assert!(cancel(service, stranger, &upload.token).await.is_err());
    let into = begin(service, stranger, &new(&stage, 10)).await;
    assert!(matches!(into, Err(Error::Invalid { field: "channelId", .. })));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_it_comes() {
    let stage = stage().await;
    let begin = async |bytes| begin(&stage.service, &stage.owner, &new(&stage, bytes)).await;
    assert!(matches!(begin(0).await, Err(Error::Invalid { .. })));
    assert!(matches!(begin((10 << 20) + 1).await, Err(Error::TooLarge { .. })));
    let user = stage.service.store.get::<User>(&stage.owner.user.to_key()).await.unwrap().unwrap();
    let mut batch = Batch::default();
    batch.replace_row(&user, &User { quota_bytes: Some(100), ..User::clone(&user) }).unwrap();
    stage.service.store.commit(batch).await.unwrap();
    begin(60).await.unwrap();
    let refused = begin(60).await;
    assert!(matches!(refused, Err(Error::QuotaExceeded { needed_bytes: 60, left_bytes: 40 })));
    let spooled = spool(&stage.service, &stage.owner, Some(60)).await;
    assert!(matches!(spooled, Err(Error::QuotaExceeded { .. })));
}

#[tokio::test]
async fn a_full_disk_is_told_before_and_while_bytes_come() {
    let uploads = Uploads { reserve_bytes: u64::MAX / 2, ..Uploads::default() };
    let stage = Stage::with(Config { uploads, ..Config::default() }).await;
    let refused = begin(&stage.service, &stage.owner, &new(&stage, 10)).await;
    assert!(matches!(refused, Err(Error::NoSpace)));
}

#[tokio::test]
async fn open_uploads_are_bounded() {
    let stage = stage().await;
    for _ in 0..OPEN_MAX {
        begun(&stage, 10).await;
    }
    let refused = begin(&stage.service, &stage.owner, &new(&stage, 10)).await;
    assert!(matches!(refused, Err(Error::Refused(_))));
}

#[tokio::test]
async fn a_cancelled_upload_leaves_nothing() {
    let stage = stage().await;
    let upload = begun(&stage, 10).await;
    send(&stage, &upload, 0, b"01234").await.unwrap();
    cancel(&stage.service, &stage.owner, &upload.token).await.unwrap();
    assert!(matches!(ask(&stage, &upload).await, Err(Error::NotFound("Upload"))));
    assert_eq!(files(&stage), 0);
}

#[tokio::test]
async fn stale_uploads_are_collected_but_not_those_that_are_written_to() {
    let stage = stage().await;
    let (old, busy) = (begun(&stage, 10).await, begun(&stage, 10).await);
    send(&stage, &old, 0, b"01234").await.unwrap();
    let part = Part { start: 0, bytes: 10, total: None };
    let receiving = receive(&stage.service, &stage.owner, &busy.token, part).await.unwrap();
    assert_eq!(collect_stale(&stage.service).await.unwrap(), 0);
    let stale_after = Duration::from_secs(stage.service.config.uploads.stale_after_s);
    stage.clock.advance(stale_after + Duration::from_secs(1));
    assert_eq!(collect_stale(&stage.service).await.unwrap(), 1);
    assert!(matches!(ask(&stage, &old).await, Err(Error::NotFound("Upload"))));
    assert_eq!(ask(&stage, &busy).await.unwrap(), under(0));
    drop(receiving);
}

#[tokio::test]
async fn an_upload_whose_channel_was_deleted_leaves_nothing() {
    let stage = stage().await;
    let upload = begun(&stage, 4).await;
    let channel = stage.service.store.get::<Channel>(&stage.channel.id.to_key()).await.unwrap();
    let mut batch = Batch::default();
    batch.delete_row(&channel.unwrap());
    stage.service.store.commit(batch).await.unwrap();
    let refused = send(&stage, &upload, 0, b"0123").await;
    assert!(matches!(refused, Err(Error::Invalid { field: "channelId", .. })));
    assert!(stage.service.blobs.originals().await.unwrap().is_empty());
    assert!(matches!(ask(&stage, &upload).await, Err(Error::NotFound("Upload"))));
}

#[tokio::test]
async fn a_file_in_one_piece_becomes_a_video_or_leaves_nothing() {
    let stage = stage().await;
    let words = new(&stage, 1).words;
    let publish =
        async |spool: Spool, channel| spool.publish(&stage.owner, channel, "a/b.mp4", &words).await;
    let filled = async || {
        let mut spool = spool(&stage.service, &stage.owner, None).await.unwrap();
        spool.push(b"0123").await.unwrap();
        spool
    };
    drop(filled().await);
    let refused = publish(filled().await, Id::from_raw(1)).await;
    assert!(matches!(refused, Err(Error::Invalid { field: "channelId", .. })));
    let empty = spool(&stage.service, &stage.owner, None).await.unwrap();
    assert!(matches!(publish(empty, stage.channel.id).await, Err(Error::Invalid { .. })));
    assert_eq!(files(&stage), 0);
    let video = publish(filled().await, stage.channel.id).await.unwrap();
    assert_eq!(original(&stage, &video).await, b"0123");
    assert_eq!(video.source.filename, "b.mp4");
    assert_eq!((files(&stage), stage.events().await.len()), (0, 1));
}
