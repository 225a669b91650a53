#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use kinora_model::id::Id;

use super::*;
use crate::kv::Kv;
use crate::kv::memory::Memory;
use crate::kv::sled::{Sled, SledConfig};

fn at(day: i64) -> Timestamp {
    Timestamp::from_ms(day * 24 * 60 * 60 * 1_000)
}

fn event(video: u64) -> Event {
    Event::VideoUpdated { video: Id::from_raw(video) }
}

async fn happen(journal: &Journal, video: u64, day: i64) {
    let mut batch = Batch::default();
    journal.record(&mut batch, &event(video), at(day)).unwrap();
    journal.store.commit(batch).await.unwrap();
}

fn over_memory() -> Journal {
    Journal::new(Store::new(Arc::<Memory>::default()))
}

#[tokio::test]
async fn what_happened_is_read_in_order_and_in_pages() {
    let journal = over_memory();
    assert_eq!((journal.head().await.unwrap(), journal.tail().await.unwrap()), (0, 0));
    for video in 1..=5 {
        happen(&journal, video * 10, 1).await;
    }
    let page = journal.read(0, 2).await.unwrap();
    assert_eq!(page[1], Entry { number: 2, at: at(1), event: event(20) });
    let rest = journal.read(2, 100).await.unwrap();
    assert_eq!(rest.iter().map(|entry| entry.number).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(journal.read(5, 100).await.unwrap(), []);
    assert_eq!((journal.head().await.unwrap(), journal.tail().await.unwrap()), (5, 1));
}

#[tokio::test]
async fn old_entries_go_but_never_the_last_and_numbers_go_on() {
    let journal = over_memory();
    for (video, day) in [(1, 1), (2, 2), (3, 30)] {
        happen(&journal, video, day).await;
    }
    let keep = Duration::from_secs(10 * 24 * 60 * 60);
    assert_eq!(journal.trim(at(31), keep).await.unwrap(), 2);
    assert_eq!((journal.tail().await.unwrap(), journal.head().await.unwrap()), (3, 3));
    assert_eq!(journal.trim(at(999), keep).await.unwrap(), 0, "the last stays");
    happen(&journal, 4, 1_000).await;
    assert_eq!(journal.head().await.unwrap(), 4);
}

#[tokio::test]
async fn a_follower_goes_on_where_it_was() {
    let journal = over_memory();
    assert_eq!(journal.cursor("search").await.unwrap(), 0);
    let mut batch = Batch::default();
    journal.put_cursor(&mut batch, "search", 7).unwrap();
    journal.put_cursor(&mut batch, "p2p", 9).unwrap();
    journal.store.commit(batch).await.unwrap();
    assert_eq!(journal.cursor("search").await.unwrap(), 7);
    assert_eq!(journal.cursor("p2p").await.unwrap(), 9);
}

#[tokio::test]
async fn followers_hear_of_a_commit_whose_caller_went_away() {
    let home = tempfile::tempdir().unwrap();
    let kv = Arc::new(Sled::open(SledConfig::new(&home.path().join("rows"))).unwrap());
    let journal = Journal::new(Store::new(kv));
    let mut news = journal.subscribe();
    let mut batch = Batch::default();
    journal.record(&mut batch, &event(1), at(1)).unwrap();
    let mut commit = Box::pin(journal.store.commit(batch));
    assert!(futures::poll!(&mut commit).is_pending());
    drop(commit);
    news.changed().await.unwrap();
    assert_eq!(journal.head().await.unwrap(), 1);
}

/// Follows while others write, and sees every number once, in order.
async fn follow(kv: Arc<dyn Kv>) {
    let journal = Journal::new(Store::new(kv));
    let follower = journal.clone();
    let seen = tokio::spawn(async move {
        let (mut news, mut seen) = (follower.subscribe(), Vec::new());
        while seen.len() < 200 {
            let after = seen.last().copied().unwrap_or(0);
            let page = follower.read(after, 16).await.unwrap();
            if page.is_empty() {
                news.changed().await.unwrap();
            }
            seen.extend(page.into_iter().map(|entry| entry.number));
        }
        seen
    });
    let write = |journal: Journal, writer: u64| async move {
        for n in 0..50 {
            happen(&journal, writer * 100 + n, 1).await;
        }
    };
    let writers: Vec<_> = (0..4).map(|n| tokio::spawn(write(journal.clone(), n))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen.await.unwrap(), (1..=200).collect::<Vec<u64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_misses_nothing_in_memory() {
    follow(Arc::<Memory>::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_misses_nothing_on_sled() {
    let home = tempfile::tempdir().unwrap();
    follow(Arc::new(Sled::open(SledConfig::new(&home.path().join("rows"))).unwrap())).await;
}
