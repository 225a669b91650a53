#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use bytes::Bytes;
use kinora_model::id::Id;

use super::*;
use crate::blob::Blobs;
use crate::kv::sled::Sled;
use crate::kv::{Batch, Range, Row};
use crate::table::Store;
use crate::tables::{BlobOwner, Owner};

struct Node {
    home: tempfile::TempDir,
    store: Store,
    blobs: Blobs,
}

fn config(home: &Path) -> SledConfig {
    SledConfig::new(&home.join("rows"))
}

/// A node with rows, three blobs and an original.
async fn node() -> Node {
    let home = tempfile::tempdir().unwrap();
    let store = Store::new(Arc::new(Sled::open(config(home.path())).unwrap()));
    let blobs = Blobs::open(&home.path().join("files")).unwrap();
    let mut batch = Batch::default();
    (0..3_000_u32).for_each(|n| {
        batch.put([&[0x70], &n.to_be_bytes()[..]].concat(), Bytes::from(vec![1; 300]));
    });
    for text in ["one", "two", "three"] {
        let blob = blobs.put(Bytes::from_static(text.as_bytes())).await.unwrap();
        for video in [1, 2] {
            let owner = Owner::Video(Id::from_raw(video));
            batch.insert_row(&BlobOwner { blob, owner }).unwrap();
        }
    }
    store.commit(batch).await.unwrap();
    let original = home.path().join("original");
    fs::write(&original, b"as it came").unwrap();
    blobs.adopt_original(Id::from_raw(1), &original).await.unwrap();
    Node { home, store, blobs }
}

async fn all_rows(kv: &dyn Kv) -> Vec<Row> {
    kv.scan(&Range::prefix(&[]), crate::kv::SCAN_MAX).await.unwrap()
}

async fn backed_up(node: &Node) -> (PathBuf, Moved) {
    let out = node.home.path().join("backup");
    let kv = Arc::clone(node.store.kv());
    let moved = backup(kv, node.blobs.root().unwrap(), &out, |_| {}).await.unwrap();
    (out, moved)
}

#[tokio::test]
async fn a_node_restored_from_its_backup_has_every_row_and_file() {
    let node = node().await;
    let (out, moved) = backed_up(&node).await;
    assert_eq!(moved, Moved { rows: 3_006, files: 4, missing: Vec::new() });

    let other = tempfile::tempdir().unwrap();
    let files = other.path().join("files");
    let mut told = Vec::new();
    let restored = restore(&config(other.path()), &files, &out, |step| told.push(step)).unwrap();
    assert_eq!(restored, moved);
    assert_eq!(told.last(), Some(&Progress::Rows(3_006)));
    let kv = Sled::open(config(other.path())).unwrap();
    assert_eq!(all_rows(&kv).await, all_rows(&**node.store.kv()).await);
    let blobs = Blobs::open(&files).unwrap();
    assert_eq!(blobs.get(&Blobs::name_of(b"two")).await.unwrap(), "two");
    let original = blobs.original_path(Id::from_raw(1)).unwrap();
    assert_eq!(fs::read(original).unwrap(), b"as it came");
}

#[tokio::test]
async fn a_backup_is_not_made_over_another_and_not_restored_over_rows() {
    let node = node().await;
    let (out, _) = backed_up(&node).await;
    let kv = Arc::clone(node.store.kv());
    let again = backup(kv, node.blobs.root().unwrap(), &out, |_| {}).await;
    assert!(matches!(again, Err(Error::NotEmpty(_))));
    let Node { home, store, blobs } = node;
    drop(store);
    let over = restore(&config(home.path()), blobs.root().unwrap(), &out, |_| {});
    assert!(matches!(over, Err(Error::NotEmpty(_))));
}

#[tokio::test]
async fn a_damaged_backup_is_refused_before_any_row_is_written() {
    let node = node().await;
    let (out, _) = backed_up(&node).await;
    let other = tempfile::tempdir().unwrap();
    let files = other.path().join("files");
    let name = Blobs::name_of(b"two");
    let path = files::blob_path(&out.join(FILES), &name);
    // Another file, not the one that the node's own is linked to.
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"twx").unwrap();
    let damaged = restore(&config(other.path()), &files, &out, |_| {});
    assert!(matches!(damaged, Err(Error::WrongBlob { expected, .. }) if expected == name));
    fs::remove_file(out.join(ROWS)).unwrap();
    let half = restore(&config(other.path()), &files, &out, |_| {});
    assert!(matches!(half, Err(Error::BadBackup(_))));
    let kv = Sled::open(config(other.path())).unwrap();
    assert_eq!(all_rows(&kv).await, Vec::new());
    assert_eq!(node.blobs.get(&name).await.unwrap(), "two");
}

#[tokio::test]
async fn a_backup_says_which_blobs_were_lost_before_it() {
    let node = node().await;
    let lost = Blobs::name_of(b"three");
    fs::remove_file(node.blobs.local_path(&lost).unwrap()).unwrap();
    let (_, moved) = backed_up(&node).await;
    assert_eq!((moved.files, moved.missing), (3, vec![lost]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_backup_of_a_running_node_is_of_one_moment() {
    let node = node().await;
    let store = node.store.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let writer = tokio::spawn(async move {
        let mut n = 0_u32;
        while stopped.try_recv().is_err() {
            let mut batch = Batch::default();
            for key in [b"\x01first".to_vec(), b"\xf0last".to_vec()] {
                batch.put(key, Bytes::copy_from_slice(&n.to_be_bytes()));
            }
            store.commit(batch).await.unwrap();
            n += 1;
        }
    });
    while node.store.kv().get(b"\xf0last").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    let (out, _) = backed_up(&node).await;
    stop.send(()).unwrap();
    writer.await.unwrap();
    let mut reader = RowsReader::open(&out.join(ROWS)).unwrap();
    let mut marks = Vec::new();
    loop {
        let page = reader.page().unwrap();
        if page.is_empty() {
            break;
        }
        let of_writer = |(key, _): &Row| key.ends_with(b"first") || key.ends_with(b"last");
        marks.extend(page.into_iter().filter(of_writer).map(|(_, value)| value));
    }
    assert_eq!(marks.len(), 2);
    assert_eq!(marks[0], marks[1]);
}
