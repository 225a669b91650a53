#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;

use super::*;
use crate::kv::Batch;
use crate::kv::memory::Memory;
use crate::small_disk::SmallDisk;
use crate::sweep::{Swept, sweep_all, sweep_newcomers};
use crate::tables::{BlobOwner, Owner};

/// A store of blobs in a folder, and a scratch folder beside it.
fn home() -> (tempfile::TempDir, Blobs) {
    let home = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(&home.path().join("files")).unwrap();
    (home, blobs)
}

fn store() -> Store {
    Store::new(Arc::<Memory>::default())
}

fn owned_by(blob: BlobName, video: u64) -> Batch {
    let mut batch = Batch::default();
    batch.insert_row(&BlobOwner { blob, owner: Owner::Video(Id::from_raw(video)) }).unwrap();
    batch
}

async fn keeps_and_gives_back(blobs: Blobs, scratch: &Path) {
    let name = blobs.put(Bytes::from_static(b"hello blob")).await.unwrap();
    assert_eq!(name, Blobs::name_of(b"hello blob"));
    assert_eq!(blobs.put(Bytes::from_static(b"hello blob")).await.unwrap(), name, "twice is once");
    assert_eq!(blobs.get(&name).await.unwrap(), "hello blob");
    assert_eq!(blobs.get_range(&name, 6..10).await.unwrap(), "blob");
    assert_eq!(blobs.size(&name).await.unwrap(), 10);

    let path = scratch.join("segment");
    fs::write(&path, b"made elsewhere").unwrap();
    let made = Blobs::name_of(b"made elsewhere");
    blobs.adopt(made, &path).await.unwrap();
    assert!(!path.exists());
    assert_eq!(blobs.get(&made).await.unwrap(), "made elsewhere");
    fs::write(&path, b"made elsewhere").unwrap();
    blobs.adopt(made, &path).await.unwrap();
    assert!(!path.exists(), "a second one is taken as well");

    fs::write(&path, b"something else").unwrap();
    let lie = blobs.adopt(made, &path).await;
    assert!(matches!(lie, Err(Error::WrongBlob { expected, .. }) if expected == made));
    assert!(path.exists());

    let mut names: Vec<_> = blobs.list().try_collect().await.unwrap();
    names.sort();
    let mut wanted = [name, made];
    wanted.sort();
    assert_eq!(names, wanted);

    let absent = Blobs::name_of(b"absent");
    let missing = blobs.get(&absent).await;
    assert!(matches!(missing, Err(Error::NoBlob(what)) if what == absent.to_string()));
    assert!(matches!(blobs.size(&absent).await, Err(Error::NoBlob(_))));

    let video = Id::from_raw(5);
    blobs.adopt_original(video, &path).await.unwrap();
    assert_eq!(blobs.original_size(video).await.unwrap(), Some(14));
    assert_eq!(blobs.originals().await.unwrap(), [video]);
    blobs.delete_original(video).await.unwrap();
    blobs.delete_original(video).await.unwrap();
    assert_eq!(blobs.original_size(video).await.unwrap(), None);
}

#[tokio::test]
async fn a_folder_keeps_blobs_and_gives_them_back() {
    let (home, blobs) = home();
    keeps_and_gives_back(blobs, home.path()).await;
}

#[tokio::test]
async fn memory_keeps_blobs_and_gives_them_back() {
    let home = tempfile::tempdir().unwrap();
    keeps_and_gives_back(Blobs::in_memory(), home.path()).await;
}

#[tokio::test]
async fn a_blob_in_a_folder_is_a_file() {
    let (_home, blobs) = home();
    let name = blobs.put(Bytes::from_static(b"file")).await.unwrap();
    let path = blobs.local_path(&name).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"file");
    let hex = name.to_string();
    assert!(path.ends_with(format!("blobs/{}/{}/{hex}", &hex[..2], &hex[2..4])));
    assert_eq!(Blobs::in_memory().local_path(&name), None);
}

#[tokio::test]
async fn files_from_another_disk_are_copied() {
    let (_home, blobs) = home();
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = elsewhere.path().join("segment");
    fs::write(&path, b"far away").unwrap();
    blobs.adopt_all(vec![(Blobs::name_of(b"far away"), path.clone())]).await.unwrap();
    assert!(!path.exists());
    assert_eq!(blobs.get(&Blobs::name_of(b"far away")).await.unwrap(), "far away");
}

#[tokio::test]
async fn a_blob_that_a_crash_cut_short_is_replaced() {
    let (home, blobs) = home();
    let name = blobs.put(Bytes::from_static(b"whole")).await.unwrap();
    fs::write(blobs.local_path(&name).unwrap(), b"wh").unwrap();
    let path = home.path().join("again");
    fs::write(&path, b"whole").unwrap();
    blobs.adopt(name, &path).await.unwrap();
    assert_eq!(blobs.get(&name).await.unwrap(), "whole");
}

#[tokio::test]
async fn a_shared_blob_goes_with_its_last_owner() {
    let (blobs, store) = (Blobs::in_memory(), store());
    let name = blobs.put(Bytes::from_static(b"shared")).await.unwrap();
    store.commit(owned_by(name, 1)).await.unwrap();
    store.commit(owned_by(name, 2)).await.unwrap();
    for video in [1, 2] {
        assert!(!blobs.delete_if_orphan(&store, &name).await.unwrap());
        let owners = store.list::<BlobOwner>(name.digest(), 10).await.unwrap();
        let mut batch = Batch::default();
        let gone = owners.iter().find(|row| row.owner == Owner::Video(Id::from_raw(video)));
        batch.delete_row(gone.unwrap());
        store.commit(batch).await.unwrap();
    }
    assert!(blobs.delete_if_orphan(&store, &name).await.unwrap());
    assert!(matches!(blobs.get(&name).await, Err(Error::NoBlob(_))));
}

#[tokio::test]
async fn a_sweep_waits_for_whoever_brings_a_blob() {
    let (blobs, store) = (Blobs::in_memory(), store());
    let name = Blobs::name_of(b"on its way");
    let hold = blobs.hold_all([&name, &Blobs::name_of(b"another")]).await;
    blobs.put(Bytes::from_static(b"on its way")).await.unwrap();
    let mut sweep = Box::pin(blobs.delete_if_orphan(&store, &name));
    assert!(sweep.as_mut().now_or_never().is_none(), "it waits");
    store.commit(owned_by(name, 1)).await.unwrap();
    drop(hold);
    assert!(!sweep.await.unwrap());
    assert_eq!(blobs.size(&name).await.unwrap(), 10);
}

#[tokio::test]
async fn those_who_want_several_blobs_never_wait_for_each_other() {
    let blobs = Blobs::in_memory();
    let names: Vec<_> = (0..40_u8).map(|n| Blobs::name_of(&[n])).collect();
    let take = |reverse: bool| {
        let (blobs, mut names) = (blobs.clone(), names.clone());
        async move {
            if reverse {
                names.reverse();
            }
            for _ in 0..200 {
                let _hold = blobs.hold_all(&names).await;
                tokio::task::yield_now().await;
            }
        }
    };
    let both = async { tokio::join!(take(false), take(true)) };
    tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
}

#[tokio::test]
async fn a_sweep_removes_what_crashes_left_and_nothing_else() {
    let ((_home, blobs), store) = (home(), store());
    let kept = blobs.put(Bytes::from_static(b"kept")).await.unwrap();
    store.commit(owned_by(kept, 1)).await.unwrap();
    let orphan = blobs.put(Bytes::from_static(b"orphan")).await.unwrap();
    let folder = blobs.local_path(&kept).unwrap().parent().unwrap().to_owned();
    fs::write(folder.join("123.4.copying"), b"half").unwrap();
    fs::write(blobs.original_path(Id::from_raw(77)).unwrap(), b"nobody's").unwrap();
    let swept = sweep_all(&blobs, &store).await.unwrap();
    assert_eq!(swept, Swept { blobs: 1, originals: 1, half_made: 1 });
    assert_eq!(blobs.get(&kept).await.unwrap(), "kept");
    assert!(matches!(blobs.get(&orphan).await, Err(Error::NoBlob(_))));
    assert_eq!(sweep_all(&blobs, &store).await.unwrap(), Swept::default());
}

#[tokio::test]
async fn a_full_disk_takes_no_blob_and_keeps_no_half_of_one() {
    let disk = SmallDisk::mount(1 << 20);
    let blobs = Blobs::open(&disk.path().join("files")).unwrap();
    let small = blobs.put(Bytes::from_static(b"small")).await.unwrap();
    let big = Bytes::from(vec![7; 2 << 20]);
    let name = Blobs::name_of(&big);
    assert!(matches!(blobs.put(big.clone()).await, Err(Error::NoSpace)));
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("segment");
    fs::write(&path, &big).unwrap();
    assert!(matches!(blobs.adopt(name, &path).await, Err(Error::NoSpace)));
    assert!(path.exists(), "the file is not lost");
    assert!(matches!(blobs.get(&name).await, Err(Error::NoBlob(_))));
    assert_eq!(blobs.remove_half_made().await.unwrap(), 0);
    assert_eq!(blobs.list().try_collect::<Vec<_>>().await.unwrap(), [small]);
    blobs.put(Bytes::from(vec![8; 700 << 10])).await.unwrap();
}

#[tokio::test]
async fn newcomers_without_an_owner_are_removed_soon_and_others_stay() {
    let ((home, blobs), store) = (home(), store());
    let kept = blobs.put(Bytes::from_static(b"kept")).await.unwrap();
    store.commit(owned_by(kept, 1)).await.unwrap();
    let path = home.path().join("segment");
    fs::write(&path, b"too late").unwrap();
    let late = Blobs::name_of(b"too late");
    blobs.adopt(late, &path).await.unwrap();
    fs::write(&path, b"broken off").unwrap();
    blobs.adopt_original(Id::from_raw(9), &path).await.unwrap();
    assert_eq!(sweep_newcomers(&blobs, &store).await.unwrap(), 1, "the blob");
    assert!(matches!(blobs.get(&late).await, Err(Error::NoBlob(_))));
    assert_eq!(sweep_newcomers(&blobs, &store).await.unwrap(), 1, "the original, grown up");
    assert_eq!(blobs.original_size(Id::from_raw(9)).await.unwrap(), None);
    assert_eq!(sweep_newcomers(&blobs, &store).await.unwrap(), 0);
    assert_eq!(blobs.get(&kept).await.unwrap(), "kept");
}
