use std::path::Path;

use kinora_store::tables::blob_owner_key;

use super::*;
use crate::files;
use crate::tests::{rendition, service, video};

/// Writes a file as the transcoder would, and returns its hash.
fn made(scratch: &Path, rung: &str, extension: &str, bytes: &[u8]) -> (PathBuf, String, u64) {
    let folder = scratch.join(rung);
    std::fs::create_dir_all(&folder).unwrap();
    let sha256 = kinora_store::blob::Blobs::name_of(bytes).to_string();
    let path = folder.join(format!("{sha256}.{extension}"));
    std::fs::write(&path, bytes).unwrap();
    (path, sha256, u64::try_from(bytes.len()).unwrap())
}

fn init(scratch: &Path, rung: &str) -> Progress {
    let (path, sha256, bytes) = made(scratch, rung, "mp4", b"init");
    let codecs = "avc1.64001f,mp4a.40.2".to_owned();
    let (width, height, fps_milli) = (640, 360, 25_000);
    let rung = rung.to_owned();
    Progress::Init(order::Init {
        rung,
        path,
        sha256,
        bytes,
        codecs,
        width,
        height,
        fps_milli,
        has_audio: true,
    })
}

fn segment(scratch: &Path, rung: &str, index: u32, content: &str) -> Progress {
    let (path, sha256, bytes) = made(scratch, rung, "m4s", content.as_bytes());
    let (rung, start_us) = (rung.to_owned(), u64::from(index) * 4_000_000);
    let duration_us = 4_000_000;
    Progress::Segment(order::Segment { rung, index, path, sha256, bytes, start_us, duration_us })
}

async fn begun<'a>(
    service: &'a Service,
    metrics: &'a Metrics,
    scratch: &Path,
    rendition: &Rendition,
) -> Intake<'a> {
    let renditions = std::slice::from_ref(rendition);
    let video = rendition.video;
    Intake::begin(service, metrics, video, scratch.to_owned(), renditions, None).await.unwrap()
}

async fn row(service: &Service, rendition: &Rendition) -> Rendition {
    service.store.get::<Rendition>(&rendition.key()).await.unwrap().unwrap().into_row()
}

#[tokio::test]
async fn segments_become_blobs_and_rows_and_the_rendition_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let (service, metrics) = (service(folder.path()), Metrics::default());
    let video = video(&service).await;
    let rendition = rendition(&service, &video, "360p").await;
    let scratch = folder.path().join("scratch");
    let mut intake = begun(&service, &metrics, &scratch, &rendition).await;
    intake.hear(init(&scratch, "360p")).await.unwrap();
    for (index, content) in ["one", "two", "three"].into_iter().enumerate() {
        let index = u32::try_from(index).unwrap();
        intake.hear(segment(&scratch, "360p", index, content)).await.unwrap();
    }
    intake.take_in().await.unwrap();
    let row = row(&service, &rendition).await;
    assert_eq!((row.segments, row.bytes, row.duration_us), (3, 4 + 3 + 3 + 5, 12_000_000));
    assert_eq!(row.codecs, "avc1.64001f,mp4a.40.2");
    let kept = files::segments(&service.store, &row).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert_eq!(service.blobs.get(&kept[2].blob).await.unwrap().as_ref(), b"three");
    let owner = blob_owner_key(&kept[2].blob, Owner::Video(video.id));
    assert!(service.store.get::<BlobOwner>(&owner).await.unwrap().is_some());
}

#[tokio::test]
async fn a_second_try_doubles_nothing_and_frees_what_it_does_not_make_again() {
    let folder = tempfile::tempdir().unwrap();
    let (service, metrics) = (service(folder.path()), Metrics::default());
    let video = video(&service).await;
    let rendition = rendition(&service, &video, "360p").await;
    let scratch = folder.path().join("scratch");
    for contents in [vec!["same", "broken", "beyond"], vec!["same", "whole"]] {
        let mut intake = begun(&service, &metrics, &scratch, &rendition).await;
        intake.hear(init(&scratch, "360p")).await.unwrap();
        for (index, content) in contents.iter().enumerate() {
            let index = u32::try_from(index).unwrap();
            intake.hear(segment(&scratch, "360p", index, content)).await.unwrap();
        }
        if contents.len() == 2 {
            intake.done("360p", 2).await.unwrap();
        } else {
            intake.take_in().await.unwrap();
        }
    }
    let prefix = rendition.id.to_key();
    let rows = service.store.list::<Segment>(&prefix, 10).await.unwrap();
    assert_eq!(rows.len(), 2);
    let whole = kinora_store::blob::Blobs::name_of(b"whole");
    assert_eq!(rows[1].blob, whole);
    let lane = kinora_model::job::Lane::Light;
    let mut freed = Vec::new();
    while let Some(leased) = service.queue.lease(lane, "test").await.unwrap() {
        if let Job::RemoveBlobs { blobs } = &leased.job {
            freed.extend(blobs.clone());
        }
    }
    let names: Vec<BlobName> = [b"broken", b"beyond"]
        .iter()
        .map(|bytes| kinora_store::blob::Blobs::name_of(*bytes))
        .collect();
    assert_eq!(freed, names);
}

#[tokio::test]
async fn links_and_lies_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (service, metrics) = (service(folder.path()), Metrics::default());
    let video = video(&service).await;
    let rendition = rendition(&service, &video, "360p").await;
    let scratch = folder.path().join("scratch");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();

    let mut intake = begun(&service, &metrics, &scratch, &rendition).await;
    intake.hear(init(&scratch, "360p")).await.unwrap();
    let Progress::Segment(mut link) = segment(&scratch, "360p", 0, "secret") else { panic!() };
    std::fs::remove_file(&link.path).unwrap();
    std::os::unix::fs::symlink(&secret, &link.path).unwrap();
    intake.hear(Progress::Segment(link.clone())).await.unwrap();
    assert!(matches!(intake.take_in().await, Err(Error::Died(_))), "a link leads elsewhere");
    assert!(secret.exists());

    let mut intake = begun(&service, &metrics, &scratch, &rendition).await;
    intake.hear(init(&scratch, "360p")).await.unwrap();
    std::fs::remove_file(&link.path).unwrap();
    std::fs::write(&link.path, "poison").unwrap();
    intake.hear(Progress::Segment(link.clone())).await.unwrap();
    let refused = intake.take_in().await;
    assert!(matches!(refused, Err(Error::Store(kinora_store::Error::WrongBlob { .. }))));

    let mut intake = begun(&service, &metrics, &scratch, &rendition).await;
    link.rung = "../../x".to_owned();
    assert!(matches!(intake.hear(Progress::Segment(link)).await, Err(Error::Died(_))));
    assert_eq!(row(&service, &rendition).await.segments, 0);
}

#[tokio::test]
async fn what_is_made_of_a_video_that_went_is_not_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    let (service, metrics) = (service(folder.path()), Metrics::default());
    let video = video(&service).await;
    let rendition = rendition(&service, &video, "360p").await;
    let scratch = folder.path().join("scratch");
    let mut intake = begun(&service, &metrics, &scratch, &rendition).await;
    intake.hear(init(&scratch, "360p")).await.unwrap();
    intake.hear(segment(&scratch, "360p", 0, "late")).await.unwrap();
    let mut batch = Batch::default();
    let stored = service.store.get::<Rendition>(&rendition.key()).await.unwrap().unwrap();
    batch.delete_row(&stored);
    service.store.commit(batch).await.unwrap();
    assert!(matches!(intake.take_in().await, Err(Error::Cancelled)));
    let prefix = rendition.id.to_key();
    assert!(service.store.list::<Segment>(&prefix, 10).await.unwrap().is_empty());
}

#[test]
fn the_time_left_follows_from_the_pace_so_far() {
    let half = made_after(30);
    assert!((half.percent - 50.0).abs() < 0.1);
    assert_eq!(half.eta_s, Some(30));
    assert_eq!(super::made(0, 0, Duration::from_secs(1)), Made::default());
}

fn made_after(seconds: u64) -> Made {
    super::made(5_000_000, 10_000_000, Duration::from_secs(seconds))
}
