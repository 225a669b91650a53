#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, reason = "tests")]

use futures::future::join_all;

use super::*;
use crate::kv::conformance::{Subject, conforms};
use crate::small_disk::SmallDisk;

struct OnDisk {
    home: tempfile::TempDir,
    kv: Option<Arc<dyn Kv>>,
}

impl OnDisk {
    fn config(&self) -> SledConfig {
        SledConfig::new(&self.home.path().join("rows"))
    }

    fn open() -> Self {
        let mut subject = Self { home: tempfile::tempdir().unwrap(), kv: None };
        subject.reopen();
        subject
    }
}

impl Subject for OnDisk {
    fn kv(&self) -> Arc<dyn Kv> {
        Arc::clone(self.kv.as_ref().unwrap())
    }

    fn reopen(&mut self) {
        self.kv = None;
        self.kv = Some(Arc::new(Sled::open(self.config()).unwrap()));
    }
}

fn put(key: &str, value: &[u8]) -> Batch {
    let mut batch = Batch::default();
    batch.put(key.as_bytes().to_vec(), Bytes::copy_from_slice(value));
    batch
}

#[test]
fn sled_does_what_every_engine_must_do() {
    conforms(40, OnDisk::open);
}

#[test]
fn a_second_process_is_told_that_the_folder_is_in_use() {
    let first = OnDisk::open();
    let second = Sled::open(first.config());
    assert!(matches!(second, Err(Error::InUse(dir)) if dir == first.config().dir));
}

#[tokio::test]
async fn a_half_snapshot_does_not_keep_the_store_from_opening() {
    let mut subject = OnDisk::open();
    subject.kv().commit(put("a", b"1")).await.unwrap();
    subject.kv = None;
    let half = subject.config().dir.join("snap.0000000000000123.generating");
    std::fs::write(&half, b"half").unwrap();
    subject.reopen();
    assert_eq!(subject.kv().get(b"a").await.unwrap().unwrap(), b"1"[..]);
    assert!(!half.exists());
}

#[tokio::test]
async fn commits_that_wait_together_are_flushed_together() {
    let subject = OnDisk::open();
    let config = subject.config();
    drop(subject.kv);
    let metrics = config.metrics.clone();
    let kv = Sled::open(config).unwrap();
    join_all((0..500).map(|n| kv.commit(put(&format!("{n}"), b"x")))).await;
    let mut registry = prometheus_client::registry::Registry::default();
    metrics.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("store_commits_total{end=\"Landed\"} 500"), "{text}");
    let groups = text.lines().find_map(|line| line.strip_prefix("store_group_count "));
    assert!(groups.unwrap().parse::<u32>().unwrap() < 100, "{text}");
}

#[tokio::test]
async fn compaction_keeps_every_row_and_gives_room_back() {
    let mut subject = OnDisk::open();
    for round in 0..20_u8 {
        let big = |n: u32| put(&format!("row {n}"), &vec![round; 20_000]);
        let kv = subject.kv();
        for done in join_all((0..50).map(|n| kv.commit(big(n)))).await {
            done.unwrap();
        }
    }
    for n in 5..50 {
        let mut batch = Batch::default();
        batch.delete(format!("row {n}").into_bytes());
        subject.kv().commit(batch).await.unwrap();
    }
    let before = subject.kv().scan(&Range::prefix(&[]), SCAN_MAX).await.unwrap();
    subject.kv = None;
    let done = compact(&subject.config(), |_| {}).unwrap();
    assert_eq!(done.rows, 5);
    assert!(done.after_bytes < done.before_bytes, "{done:?}");
    subject.reopen();
    assert_eq!(subject.kv().scan(&Range::prefix(&[]), SCAN_MAX).await.unwrap(), before);
}

#[test]
fn a_folder_with_rows_is_not_filled_over() {
    let mut subject = OnDisk::open();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(subject.kv().commit(put("a", b"1"))).unwrap();
    subject.kv = None;
    let filled = fill(&subject.config(), || Ok(Vec::new()), |_| {});
    assert!(matches!(filled, Err(Error::NotEmpty(_))));
}

#[tokio::test]
async fn a_store_without_the_room_it_must_leave_refuses_to_write_and_goes_on_reading() {
    let mut subject = OnDisk::open();
    subject.kv().commit(put("a", b"1")).await.unwrap();
    subject.kv = None;
    let full = SledConfig { reserve_bytes: u64::MAX, ..subject.config() };
    let kv = Sled::open(full).unwrap();
    assert!(matches!(kv.commit(put("a", b"2")).await, Err(Error::NoSpace)));
    assert_eq!(kv.get(b"a").await.unwrap().unwrap(), b"1"[..]);
}

#[tokio::test]
async fn a_full_disk_refuses_writes_until_there_is_room_again() {
    let disk = SmallDisk::mount(48 << 20);
    let filler = disk.path().join("filler");
    // Without a reserve, sled itself runs into the end of the disk.
    for reserve_bytes in [8 << 20, 0] {
        let dir = disk.path().join(format!("rows-{reserve_bytes}"));
        let config = SledConfig { reserve_bytes, ..SledConfig::new(&dir) };
        let kv = Sled::open(config.clone()).unwrap();
        std::fs::write(&filler, vec![1; 20 << 20]).unwrap();
        let mut landed = 0_u32;
        let refused = loop {
            assert!(landed < 10_000, "the disk never filled");
            match kv.commit(put(&format!("{landed:05}"), &[7; 9_000])).await {
                Ok(()) => landed += 1,
                Err(error) => break error,
            }
        };
        let wanted = match reserve_bytes {
            0 => matches!(refused, Error::Unavailable(_)),
            _ => matches!(refused, Error::NoSpace),
        };
        assert!(wanted, "{refused}");
        assert!(landed > 100);
        assert_eq!(kv.get(b"00000").await.unwrap().unwrap(), [7; 9_000][..], "reading goes on");
        assert!(matches!(kv.commit(put("more", b"x")).await, Err(Error::NoSpace)));
        std::fs::remove_file(&filler).unwrap();
        kv.commit(put("more", b"room again")).await.unwrap();
        drop(kv);
        let kv = Sled::open(config).unwrap();
        assert_eq!(kv.get(b"more").await.unwrap().unwrap(), b"room again"[..]);
        for n in 0..landed {
            let row = kv.get(format!("{n:05}").as_bytes()).await.unwrap();
            assert_eq!(row.unwrap(), [7; 9_000][..], "row {n} of {landed}");
        }
        drop(kv);
        std::fs::remove_dir_all(dir).unwrap();
    }
}

#[tokio::test]
async fn overwriting_does_not_make_the_store_grow_without_end() {
    let mut subject = OnDisk::open();
    let mut sizes = Vec::new();
    for round in 0..30_u8 {
        let row = |n: u32| put(&format!("row {n}"), &[round; 450]);
        let kv = subject.kv();
        for done in join_all((0..2_000).map(|n| kv.commit(row(n)))).await {
            done.unwrap();
        }
        drop(kv);
        if round % 10 == 9 {
            subject.kv = None;
            let kv = Sled::open(subject.config()).unwrap();
            sizes.push(kv.size_on_disk().unwrap());
            subject.kv = Some(Arc::new(kv));
        }
    }
    // 900 kB live; each round writes as much again. What was overwritten is used again.
    assert!(sizes[2] < sizes[0] * 2, "bytes on disk after 10, 20 and 30 rounds: {sizes:?}");
    assert!(sizes[2] < 30 << 20, "bytes on disk after 10, 20 and 30 rounds: {sizes:?}");
}
