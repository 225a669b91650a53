#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

use kinora_model::clock::FixedClock;

use super::*;
use crate::kv::Kv;
use crate::kv::memory::Memory;
use crate::kv::sled::{Sled, SledConfig};

/// A queue over an engine, with a clock that the test moves.
struct Bench {
    store: Store,
    queue: Queue,
    clock: Arc<FixedClock>,
    ids: Arc<IdMint>,
}

impl Bench {
    fn over(kv: Arc<dyn Kv>) -> Self {
        let store = Store::new(kv);
        let clock = Arc::new(FixedClock::at(Timestamp::parse("2026-05-01").unwrap()));
        let ids = Arc::new(IdMint::default());
        let queue = Queue::new(store.clone(), clock.clone(), ids.clone());
        Self { store, queue, clock, ids }
    }

    fn new() -> Self {
        Self::over(Arc::<Memory>::default())
    }

    /// The same store, seen by a node that starts now.
    fn restarted(&self) -> Queue {
        self.clock.advance(Duration::from_millis(5));
        Queue::new(self.store.clone(), self.clock.clone(), self.ids.clone())
    }

    async fn add(&self, job: &Job) {
        let mut batch = Batch::default();
        self.queue.enqueue(&mut batch, job).unwrap();
        self.store.commit(batch).await.unwrap();
    }

    async fn take(&self) -> Leased {
        self.queue.lease(Lane::MediaFirst, "w").await.unwrap().expect("a job is due")
    }

    async fn is_empty(&self) -> bool {
        self.queue.lease(Lane::MediaFirst, "w").await.unwrap().is_none()
    }

    async fn rows(&self) -> usize {
        self.store.count(&Range::prefix(&[])).await.unwrap()
    }
}

fn probe(video: u64) -> Job {
    Job::Probe { video: Id::from_raw(video) }
}

fn mark(key: &[u8]) -> Batch {
    let mut batch = Batch::default();
    batch.put(key.to_vec(), bytes::Bytes::new());
    batch
}

#[tokio::test]
async fn a_job_lands_only_with_its_batch() {
    let bench = Bench::new();
    let mut batch = mark(b"x");
    batch.expect(b"y".to_vec(), bytes::Bytes::new());
    bench.queue.enqueue(&mut batch, &probe(1)).unwrap();
    assert!(matches!(bench.store.commit(batch).await, Err(Error::Conflict)));
    assert!(bench.is_empty().await);
}

#[tokio::test]
async fn a_leased_job_is_nobody_elses_until_it_ends_with_what_was_made_of_it() {
    let bench = Bench::new();
    bench.add(&probe(1)).await;
    let leased = bench.take().await;
    assert_eq!((&leased.job, leased.tries), (&probe(1), 1));
    assert!(bench.is_empty().await);
    bench.queue.finish(&leased, mark(b"made")).await.unwrap();
    assert_eq!(bench.rows().await, 1, "only what was made is left");
    let again = bench.queue.finish(&leased, mark(b"twice")).await;
    assert!(matches!(again, Err(Error::LeaseLost)));
    assert_eq!(bench.rows().await, 1);
}

#[tokio::test]
async fn a_conflict_of_the_handlers_own_leaves_the_job_leased() {
    let bench = Bench::new();
    bench.add(&probe(1)).await;
    let leased = bench.take().await;
    let mut batch = mark(b"made");
    batch.expect(b"absent".to_vec(), bytes::Bytes::new());
    assert!(matches!(bench.queue.finish(&leased, batch).await, Err(Error::Conflict)));
    bench.queue.finish(&leased, mark(b"made")).await.unwrap();
}

#[tokio::test]
async fn jobs_are_taken_in_the_order_in_which_they_came_due_each_in_its_lane() {
    let bench = Bench::new();
    for video in [3, 1, 2] {
        bench.add(&probe(video)).await;
        bench.clock.advance(Duration::from_millis(1));
    }
    bench.add(&Job::RemoveVideo { video: Id::from_raw(9) }).await;
    let mut batch = Batch::default();
    let later = bench.clock.now().after(Duration::from_secs(60));
    bench.queue.enqueue_at(&mut batch, &probe(4), later).unwrap();
    bench.store.commit(batch).await.unwrap();
    for video in [3, 1, 2] {
        assert_eq!(bench.take().await.job, probe(video));
    }
    assert!(bench.is_empty().await, "the fourth is not due yet");
    let count = bench.queue.count(Lane::MediaFirst).await.unwrap();
    assert_eq!(count, Count { due: 0, later: 4 });
    assert_eq!(bench.queue.count(Lane::Light).await.unwrap(), Count { due: 1, later: 0 });
}

#[tokio::test]
async fn a_worker_that_falls_silent_loses_its_job_and_a_try() {
    let bench = Bench::new();
    bench.add(&probe(1)).await;
    let silent = bench.take().await;
    bench.clock.advance(LEASE / 2);
    bench.queue.renew(&silent).await.unwrap();
    bench.clock.advance(LEASE / 2 + Duration::from_secs(1));
    assert!(bench.is_empty().await, "it was renewed");
    bench.clock.advance(LEASE);
    let second = bench.take().await;
    assert_eq!(second.tries, 2);
    assert!(matches!(bench.queue.renew(&silent).await, Err(Error::LeaseLost)));
    assert!(matches!(bench.queue.retry(&silent, "late").await, Err(Error::LeaseLost)));
    bench.queue.finish(&second, Batch::default()).await.unwrap();
}

#[tokio::test]
async fn a_job_that_fails_is_tried_five_times_ever_later_and_then_buried() {
    let bench = Bench::new();
    bench.add(&probe(1)).await;
    let mut waited = Duration::ZERO;
    for tries in 1..TRIES_MAX {
        let leased = bench.take().await;
        assert_eq!((leased.tries, leased.is_last_try()), (tries, false));
        let Outcome::Again(due) = bench.queue.retry(&leased, "no").await.unwrap() else {
            panic!("buried after {tries} tries")
        };
        let wait = due.since(bench.clock.now());
        assert!(wait > waited, "waits grow");
        waited = wait;
        assert!(bench.is_empty().await);
        bench.clock.set(due);
    }
    let last = bench.take().await;
    assert!(last.is_last_try() && !last.is_spent());
    assert_eq!(bench.queue.retry(&last, "broken for good").await.unwrap(), Outcome::Buried);
    bench.clock.advance(WAIT_MAX);
    assert!(bench.is_empty().await);
    let buried = bench.queue.buried(10).await.unwrap();
    assert_eq!(buried.len(), 1);
    assert_eq!((buried[0].job.as_ref(), buried[0].tries), (Some(&probe(1)), TRIES_MAX));
    assert_eq!(buried[0].reason, "broken for good");
    assert!(bench.queue.revive(buried[0].id).await.unwrap());
    assert_eq!(bench.take().await.tries, 1);
    assert_eq!(bench.queue.count_buried().await.unwrap(), 0);
}

#[tokio::test]
async fn a_job_that_never_said_a_word_comes_back_once_more_to_be_buried() {
    let bench = Bench::new();
    bench.add(&probe(1)).await;
    for _ in 0..TRIES_MAX {
        assert!(!bench.take().await.is_spent());
        bench.clock.advance(LEASE * 2);
    }
    let spent = bench.take().await;
    assert!(spent.is_spent());
    bench.queue.bury(&spent, "it always hangs", mark(b"failed")).await.unwrap();
    assert_eq!(bench.queue.buried(10).await.unwrap()[0].reason, "it always hangs");
    assert!(bench.store.kv().get(b"failed").await.unwrap().is_some());
}

#[tokio::test]
async fn a_restart_frees_the_jobs_of_the_node_that_died_and_spends_no_try() {
    let bench = Bench::new();
    bench.add(&probe(1)).await;
    let lost = bench.take().await;
    let queue = bench.restarted();
    assert!(queue.lease(Lane::MediaFirst, "w").await.unwrap().is_none());
    assert_eq!(queue.release_all_of_other_boots().await.unwrap(), 1);
    let again = queue.lease(Lane::MediaFirst, "w").await.unwrap().unwrap();
    assert_eq!(again.tries, 1);
    assert!(matches!(bench.queue.finish(&lost, Batch::default()).await, Err(Error::LeaseLost)));
    assert_eq!(queue.release_all_of_other_boots().await.unwrap(), 0, "its own stay");
    queue.finish(&again, Batch::default()).await.unwrap();
}

#[tokio::test]
async fn a_job_that_kills_the_node_every_time_does_not_do_so_for_ever() {
    let bench = Bench::new();
    bench.add(&probe(1)).await;
    for _ in 0..=LOSSES_MAX {
        let queue = bench.restarted();
        queue.release_all_of_other_boots().await.unwrap();
        let leased = queue.lease(Lane::MediaFirst, "w").await.unwrap().unwrap();
        assert!(!leased.is_spent());
    }
    let queue = bench.restarted();
    queue.release_all_of_other_boots().await.unwrap();
    assert!(queue.lease(Lane::MediaFirst, "w").await.unwrap().unwrap().is_spent());
}

#[tokio::test]
async fn a_job_given_back_is_due_at_once_with_all_its_tries() {
    let bench = Bench::new();
    bench.add(&probe(1)).await;
    let leased = bench.take().await;
    bench.queue.release(&leased).await.unwrap();
    assert_eq!(bench.take().await.tries, 1);
}

#[tokio::test]
async fn deleting_a_video_cancels_what_makes_it_but_not_what_frees_its_disk() {
    let bench = Bench::new();
    let video = Id::from_raw(1);
    bench.add(&probe(1)).await;
    bench.add(&Job::PackageRest { video }).await;
    bench.add(&Job::RemoveVideo { video }).await;
    bench.add(&probe(2)).await;
    let leased = bench.take().await;
    let mut batch = Batch::default();
    bench.queue.cancel(&mut batch, video).await.unwrap();
    bench.store.commit(batch).await.unwrap();
    assert!(matches!(bench.queue.renew(&leased).await, Err(Error::LeaseLost)));
    assert_eq!(bench.take().await.job, probe(2));
    assert_eq!(bench.queue.count(Lane::Media).await.unwrap(), Count::default());
    let light = bench.queue.lease(Lane::Light, "w").await.unwrap().unwrap();
    assert_eq!(light.job, Job::RemoveVideo { video });
}

#[tokio::test]
async fn a_commit_wakes_a_worker_that_waits() {
    let bench = Bench::new();
    let queue = bench.queue.clone();
    let woken = tokio::spawn(async move {
        let begun = tokio::time::Instant::now();
        loop {
            if let Some(leased) = queue.lease(Lane::MediaFirst, "w").await.unwrap() {
                return (leased, begun.elapsed());
            }
            queue.wait(Lane::MediaFirst).await;
        }
    });
    tokio::task::yield_now().await;
    bench.add(&probe(1)).await;
    let (leased, took) = woken.await.unwrap();
    assert_eq!(leased.job, probe(1));
    assert!(took < Duration::from_secs(1), "it was woken, not left to its poll: {took:?}");
}

/// Eight workers of four names take a thousand jobs; each job must be taken once.
async fn share_out(kv: Arc<dyn Kv>) {
    let bench = Bench::over(kv);
    let mut batch = Batch::default();
    (0..400).for_each(|n| bench.queue.enqueue(&mut batch, &probe(n)).unwrap());
    bench.store.commit(batch).await.unwrap();
    let work = |queue: Queue, n: u32| async move {
        let (mut done, name) = (Vec::new(), format!("w{n}"));
        while let Some(leased) = queue.lease(Lane::MediaFirst, &name).await.unwrap() {
            queue.finish(&leased, mark(&leased.id.to_key())).await.unwrap();
            done.push(leased.id);
        }
        done
    };
    let workers: Vec<_> = (0..8).map(|n| tokio::spawn(work(bench.queue.clone(), n))).collect();
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.unwrap());
    }
    let distinct: BTreeSet<_> = done.iter().copied().collect();
    assert_eq!((done.len(), distinct.len()), (400, 400), "each once");
    assert_eq!(bench.rows().await, 400, "only what the handlers wrote is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_share_jobs_out_in_memory() {
    share_out(Arc::<Memory>::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_share_jobs_out_on_sled() {
    let home = tempfile::tempdir().unwrap();
    share_out(Arc::new(Sled::open(SledConfig::new(&home.path().join("rows"))).unwrap())).await;
}

#[tokio::test]
async fn a_postponed_job_waits_and_has_all_its_tries_still() {
    let bench = Bench::new();
    bench.add(&probe(1)).await;
    for _ in 0..TRIES_MAX * 2 {
        let leased = bench.take().await;
        assert_eq!(leased.tries, 1);
        bench.queue.postpone(&leased, Duration::from_secs(60), "no room").await.unwrap();
        assert!(bench.is_empty().await);
        bench.clock.advance(Duration::from_secs(60));
    }
}
