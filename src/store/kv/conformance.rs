//! What every engine must do, whatever it keeps its rows in: compared with a plain map, call by call.
//!
//! A suite for tests: it panics where an engine falls short.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test that several programs share"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::{Batch, Kv, Range, Row, SCAN_MAX, log_key, log_number};
use crate::error::Error;

/// An engine under test.
pub trait Subject {
    /// The engine, open and at first without rows.
    fn kv(&self) -> Arc<dyn Kv>;

    /// Closes the engine and opens it again; one that forgets does nothing. Nobody else holds the engine now.
    fn reopen(&mut self);
}

/// Runs the whole suite; `open` returns an engine without rows, `cases` is how many random histories are tried.
pub fn conforms<S: Subject>(cases: u32, open: impl Fn() -> S) {
    let runtime = Runtime::new().unwrap();
    follows_the_model(cases, &runtime, &open);
    runtime.block_on(lands_whole_or_not_at_all(&*open().kv()));
    runtime.block_on(lets_one_of_many_insert(&*open().kv()));
    runtime.block_on(loses_no_increment(open().kv()));
    runtime.block_on(numbers_without_gaps(open().kv()));
    runtime.block_on(dumps_one_moment(open().kv()));
    runtime.block_on(pages_both_ways(&*open().kv()));
}

/// One step of a history.
#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Part>),
    Scan { from: Vec<u8>, to: Vec<u8>, reverse: bool, limit: usize },
    GetMany(Vec<Vec<u8>>),
    Dump,
    Reopen,
}

/// One part of a batch.
#[derive(Clone, Debug)]
enum Part {
    Put(Vec<u8>, Vec<u8>),
    Insert(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    /// Expects what is there.
    ExpectTrue(Vec<u8>),
    /// Expects something that may not be there.
    ExpectSome(Vec<u8>, Vec<u8>),
    Append(u8, Vec<u8>),
}

/// Few keys, so that steps meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![0_u8..4, Just(0xff)], 1..4)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::collection::vec(0_u8..3, 0..3),
        1 => prop::collection::vec(any::<u8>(), 0..3_000),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Part::Put(key, value)),
        2 => (key(), value()).prop_map(|(key, value)| Part::Insert(key, value)),
        2 => key().prop_map(Part::Delete),
        2 => key().prop_map(Part::ExpectTrue),
        1 => (key(), value()).prop_map(|(key, value)| Part::ExpectSome(key, value)),
        2 => (0x40_u8..0x42, value()).prop_map(|(log, value)| Part::Append(log, value)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec(part(), 0..6).prop_map(Step::Commit),
        4 => (key(), key(), any::<bool>(), 0_usize..8)
            .prop_map(|(from, to, reverse, limit)| Step::Scan { from, to, reverse, limit }),
        2 => prop::collection::vec(key(), 0..5).prop_map(Step::GetMany),
        1 => Just(Step::Dump),
        1 => Just(Step::Reopen),
    ]
}

fn follows_the_model<S: Subject>(cases: u32, runtime: &Runtime, open: &impl Fn() -> S) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let history = prop::collection::vec(step(), 1..60);
    let followed = TestRunner::new(config).run(&history, |history| {
        let (mut subject, mut model) = (open(), Model::default());
        for step in history {
            if matches!(step, Step::Reopen) {
                subject.reopen();
            } else {
                runtime.block_on(model.take(&step, &*subject.kv()))?;
            }
        }
        Ok(())
    });
    followed.unwrap_or_else(|error| panic!("{error}"));
}

#[derive(Default)]
struct Model(BTreeMap<Vec<u8>, Bytes>);

impl Model {
    /// Takes a step and sees that the engine took the same.
    async fn take(&mut self, step: &Step, kv: &dyn Kv) -> Result<(), TestCaseError> {
        match step {
            Step::Commit(parts) => {
                let batch = self.batch(parts);
                let wanted = self.commit(&batch);
                let landed = match kv.commit(batch).await {
                    Ok(()) => true,
                    Err(Error::Conflict) => false,
                    Err(error) => panic!("{error}"),
                };
                prop_assert_eq!(landed, wanted);
            }
            Step::Scan { from, to, reverse, limit } => {
                let range = Range { from: from.clone(), to: to.clone(), reverse: *reverse };
                prop_assert_eq!(kv.scan(&range, *limit).await.unwrap(), self.scan(&range, *limit));
            }
            Step::GetMany(keys) => {
                let wanted: Vec<_> = keys.iter().map(|key| self.0.get(key).cloned()).collect();
                prop_assert_eq!(kv.get_many(keys).await.unwrap(), wanted);
                for key in keys {
                    prop_assert_eq!(kv.get(key).await.unwrap(), self.0.get(key).cloned());
                }
            }
            Step::Dump => {
                let wanted: Vec<Row> = self.0.clone().into_iter().collect();
                prop_assert_eq!(dump(kv).await, wanted);
            }
            Step::Reopen => {}
        }
        Ok(())
    }

    fn batch(&self, parts: &[Part]) -> Batch {
        let mut batch = Batch::default();
        for part in parts {
            match part.clone() {
                Part::Put(key, value) => batch.put(key, value.into()),
                Part::Insert(key, value) => batch.insert(key, value.into()),
                Part::Delete(key) => batch.delete(key),
                Part::ExpectTrue(key) => {
                    if let Some(value) = self.0.get(&key) {
                        batch.expect(key, value.clone());
                    }
                }
                Part::ExpectSome(key, value) => batch.expect(key, value.into()),
                Part::Append(log, value) => batch.append(vec![log], value.into()),
            }
        }
        batch
    }

    fn commit(&mut self, batch: &Batch) -> bool {
        if batch.expectations.iter().any(|(key, value)| self.0.get(key) != value.as_ref()) {
            return false;
        }
        for (key, write) in &batch.writes {
            match write {
                super::Write::Put(value) => self.0.insert(key.clone(), value.clone()),
                super::Write::Delete => self.0.remove(key),
            };
        }
        // Logs and other rows do not share keys here, so that the order of the two does not matter.
        for (log, value) in &batch.appends {
            let range = Range::prefix(log);
            let last = self.0.range(range.from..range.to).next_back().map(|(key, _)| key.clone());
            self.0.insert(log_key(log, log_number(log, last.as_deref())), value.clone());
        }
        true
    }

    fn scan(&self, range: &Range, limit: usize) -> Vec<Row> {
        let inside = |(key, _): &(&Vec<u8>, &Bytes)| **key >= range.from && **key < range.to;
        let owned = |(key, value): (&Vec<u8>, &Bytes)| (key.clone(), value.clone());
        let mut rows: Vec<Row> = self.0.iter().filter(inside).map(owned).collect();
        if range.reverse {
            rows.reverse();
        }
        rows.truncate(limit);
        rows
    }
}

async fn dump(kv: &dyn Kv) -> Vec<Row> {
    let (pages, mut waiting) = mpsc::channel(2);
    kv.dump(pages).await.unwrap();
    let mut rows = Vec::new();
    while let Some(page) = waiting.recv().await {
        rows.extend(page.unwrap());
    }
    rows
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn lands_whole_or_not_at_all(kv: &dyn Kv) {
    let mut first = Batch::default();
    first.put(b"a".to_vec(), text("1"));
    kv.commit(first).await.unwrap();
    let mut second = Batch::default();
    second.expect(b"a".to_vec(), text("2"));
    second.put(b"b".to_vec(), text("new"));
    second.delete(b"a".to_vec());
    second.append(b"log".to_vec(), text("entry"));
    assert!(matches!(kv.commit(second).await, Err(Error::Conflict)));
    assert_eq!(dump(kv).await, vec![(b"a".to_vec(), text("1"))], "nothing of it landed");
}

async fn lets_one_of_many_insert(kv: &dyn Kv) {
    let insert = |n: u32| {
        let mut batch = Batch::default();
        batch.insert(b"name".to_vec(), text(&n.to_string()));
        batch.put(format!("won by {n}").into_bytes(), Bytes::new());
        kv.commit(batch)
    };
    let ends = join_all((0..50).map(insert)).await;
    let won: Vec<_> = (0..50).filter(|n| ends[*n].is_ok()).collect();
    assert_eq!(won.len(), 1, "exactly one insert lands");
    assert_eq!(kv.get(b"name").await.unwrap(), Some(text(&won[0].to_string())));
    assert_eq!(dump(kv).await.len(), 2);
}

async fn loses_no_increment(kv: Arc<dyn Kv>) {
    let mut start = Batch::default();
    start.put(b"n".to_vec(), text("0"));
    kv.commit(start).await.unwrap();
    let add = |kv: Arc<dyn Kv>| async move {
        for _ in 0..40 {
            loop {
                let read = kv.get(b"n").await.unwrap().unwrap();
                let n: u32 = std::str::from_utf8(&read).unwrap().parse().unwrap();
                let mut batch = Batch::default();
                batch.expect(b"n".to_vec(), read.clone());
                batch.put(b"n".to_vec(), text(&(n + 1).to_string()));
                match kv.commit(batch).await {
                    Ok(()) => break,
                    // Who reads again after a conflict must see what was in the way, or would run into it once more.
                    Err(Error::Conflict) => assert_ne!(kv.get(b"n").await.unwrap(), Some(read)),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(add(Arc::clone(&kv)))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(kv.get(b"n").await.unwrap(), Some(text("320")));
}

async fn numbers_without_gaps(kv: Arc<dyn Kv>) {
    let append = |kv: Arc<dyn Kv>, writer: u32| async move {
        for n in 0..10 {
            let mut batch = Batch::default();
            batch.append(vec![1], text(&format!("{writer} {n} a")));
            batch.append(vec![1], text(&format!("{writer} {n} b")));
            // Conflicts take no numbers.
            if n % 2 == 1 {
                batch.expect(vec![9], text("never there"));
            }
            assert_eq!(kv.commit(batch).await.is_ok(), n % 2 == 0);
        }
    };
    let tasks: Vec<_> = (0..8).map(|n| tokio::spawn(append(Arc::clone(&kv), n))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rows = kv.scan(&Range::prefix(&[1]), SCAN_MAX).await.unwrap();
    let keys: Vec<_> = rows.iter().map(|(key, _)| key.clone()).collect();
    let wanted: Vec<_> = (1..=80).map(|n| log_key(&[1], n)).collect();
    assert_eq!(keys, wanted);
    for pair in rows.chunks(2) {
        let (first, second) = (&pair[0].1, &pair[1].1);
        assert_eq!(first[..first.len() - 1], second[..second.len() - 1], "a batch stays together");
    }
}

async fn dumps_one_moment(kv: Arc<dyn Kv>) {
    // Both rows change together, the first and the last of many; a dump must never see them apart.
    let put = |n: u32| {
        let mut batch = Batch::default();
        for key in [vec![0], vec![0xf0]] {
            batch.put(key, text(&n.to_string()));
        }
        batch
    };
    let mut many = put(0);
    (0..5_000_u32).for_each(|n| many.put([&[5], &n.to_be_bytes()[..]].concat(), text("between")));
    kv.commit(many).await.unwrap();
    let writer = Arc::clone(&kv);
    let writes = tokio::spawn(async move {
        for n in 1..50 {
            writer.commit(put(n)).await.unwrap();
        }
    });
    for _ in 0..5 {
        let rows = dump(&*kv).await;
        assert_eq!(rows.len(), 5_002);
        assert_eq!(rows[0].1, rows[5_001].1);
    }
    writes.await.unwrap();
}

async fn pages_both_ways(kv: &dyn Kv) {
    let mut batch = Batch::default();
    (0..100_u8).for_each(|n| batch.put(vec![7, n], Bytes::new()));
    batch.put(vec![6, 200], Bytes::new());
    batch.put(vec![8], Bytes::new());
    kv.commit(batch).await.unwrap();
    for range in [Range::prefix(&[7]), Range::prefix(&[7]).reversed()] {
        let (mut rest, mut seen) = (range.clone(), Vec::new());
        loop {
            let page = kv.scan(&rest, 7).await.unwrap();
            let Some((last, _)) = page.last() else { break };
            rest = rest.after(last);
            seen.extend(page.into_iter().map(|(key, _)| key[1]));
        }
        let mut wanted: Vec<u8> = (0..100).collect();
        if range.reverse {
            wanted.reverse();
        }
        assert_eq!(seen, wanted);
    }
}
