//! The engine is killed with SIGKILL in the middle of its work, again and again, and must know every commit that it
//! ever acknowledged, and none by half.
//!
//! The test starts its own program again as the one that is killed.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kinora_model::clock::SystemClock;
use kinora_model::id::{Id, IdMint};
use kinora_model::job::{Job, Lane};
use kinora_store::kv::sled::{Sled, SledConfig, compact};
use kinora_store::queue::{Leased, Queue};
use kinora_store::{Batch, Error, Kv, Range, Store};

/// Tells the program which folder to work in until it is killed.
const VICTIM: &str = "KINORA_TEST_KILL_DIR";

/// How often the program is killed.
const KILLS: u32 = 60;

/// Every so many kills, one hits a compaction instead of commits.
const COMPACT_EVERY: u32 = 6;

/// How many writers commit at once.
const WRITERS: u8 = 8;

const ROWS: u8 = 0xe0;
const TWINS: u8 = 0xe1;
const COUNTERS: u8 = 0xe2;
const LOG: u8 = 0xe3;

/// Writers keep this many of their rows and delete older ones.
const KEPT: u64 = 20;

#[test]
fn no_kill_loses_an_acknowledged_commit_or_leaves_half_of_one() {
    if let Ok(dir) = std::env::var(VICTIM) {
        work_until_killed(Path::new(&dir));
    }
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("rows");
    let mut acknowledged = BTreeMap::new();
    for kill in 1..=KILLS {
        let compacts = kill % COMPACT_EVERY == 0;
        let wait_ms = RandomState::new().hash_one(kill) % if compacts { 120 } else { 260 };
        let said = killed_after(&dir, compacts, Duration::from_millis(wait_ms));
        for line in said {
            let (writer, number) = line.split_once(' ').expect("a writer and a number");
            acknowledged.insert(writer.parse::<u8>().unwrap(), number.parse::<u64>().unwrap());
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(look(&dir, &acknowledged, &format!("kill {kill} after {wait_ms} ms")));
    }
    assert_eq!(acknowledged.len(), usize::from(WRITERS), "every writer committed something");
    assert!(acknowledged.values().sum::<u64>() > u64::from(KILLS) * 10, "{acknowledged:?}");
}

/// Lets the program work for a while after its first sign of life, kills it, and returns what it acknowledged.
fn killed_after(dir: &Path, compacts: bool, wait: Duration) -> Vec<String> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::kill::no_kill_loses_an_acknowledged_commit_or_leaves_half_of_one",
        ])
        .args(["--nocapture", "--test-threads=1"])
        .env(VICTIM, dir)
        .env("KINORA_TEST_KILL_COMPACTS", if compacts { "yes" } else { "no" })
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    // The test harness says a few words of its own first.
    let begun = lines.by_ref().map_while(Result::ok).any(|line| line.ends_with("victim begins"));
    assert!(begun, "the program did not begin");
    let reader = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    // A random moment is what is wanted here.
    std::thread::sleep(wait);
    victim.kill().unwrap();
    let status = victim.wait().unwrap();
    assert_eq!(status.code(), None, "it ended by itself: {status}");
    let mut said = reader.join().unwrap();
    // The last line may have been cut by the kill only where it has no end; whole lines alone count.
    said.retain(|line| line.starts_with("ack ") && line.ends_with('.'));
    said.iter().map(|line| line["ack ".len()..line.len() - 1].to_owned()).collect()
}

fn work_until_killed(dir: &Path) -> ! {
    println!("victim begins");
    let config = SledConfig::new(dir);
    while std::env::var("KINORA_TEST_KILL_COMPACTS").is_ok_and(|compacts| compacts == "yes") {
        compact(&config, |_| {}).unwrap();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::new(Arc::new(Sled::open(config).unwrap()));
        let queue = Queue::new(store.clone(), Arc::new(SystemClock), Arc::default());
        queue.release_all_of_other_boots().await.unwrap();
        let writers = (0..WRITERS).map(|writer| write(store.clone(), queue.clone(), writer));
        let writers: Vec<_> = writers.map(tokio::spawn).collect();
        let (ended, ..) = futures::future::select_all(writers).await;
        panic!("a writer ended: {ended:?}");
    });
    unreachable!("the runtime never ends");
}

/// One use case after another: rows that belong together, a counter, an entry of a log, a job for the next one.
async fn write(store: Store, queue: Queue, writer: u8) {
    let mut leased: Option<Leased> = None;
    loop {
        let counter = store.kv().get(&[COUNTERS, writer]).await.unwrap();
        let number = counter.as_ref().map_or(0, number_in) + 1;
        let mut batch = Batch::default();
        match counter {
            Some(counter) => batch.expect(vec![COUNTERS, writer], counter),
            None => batch.insert(vec![COUNTERS, writer], Bytes::new()),
        }
        batch.put(vec![COUNTERS, writer], Bytes::copy_from_slice(&number.to_be_bytes()));
        for table in [ROWS, TWINS] {
            batch.put(row_key(table, writer, number), row_value(writer, number));
            if let Some(old) = number.checked_sub(KEPT) {
                batch.delete(row_key(table, writer, old));
            }
        }
        batch.append(vec![LOG], row_value(writer, number));
        // The video's id tells whose job it is.
        queue.enqueue(&mut batch, &Job::Probe { video: Id::from_raw(number) }).unwrap();
        let landed = match &leased {
            Some(leased) => queue.finish(leased, batch).await,
            None => store.commit(batch).await,
        };
        match landed {
            Ok(()) => {
                let mut out = std::io::stdout().lock();
                writeln!(out, "ack {writer} {number}.").unwrap();
            }
            Err(error) => panic!("{error}"),
        }
        leased = queue.lease(Lane::MediaFirst, &format!("writer {writer}")).await.unwrap();
    }
}

fn row_key(table: u8, writer: u8, number: u64) -> Vec<u8> {
    [&[table, writer][..], &number.to_be_bytes()].concat()
}

/// Long enough that a few make a page of the engine.
fn row_value(writer: u8, number: u64) -> Bytes {
    let length = 20 + usize::try_from(number % 300).unwrap();
    let mut value = vec![writer; length];
    value[..8].copy_from_slice(&number.to_be_bytes());
    value.into()
}

fn number_in(value: &Bytes) -> u64 {
    value.first_chunk::<8>().map_or(0, |number| u64::from_be_bytes(*number))
}

/// Opens what the killed program left, and sees that it is whole.
async fn look(dir: &Path, acknowledged: &BTreeMap<u8, u64>, when: &str) {
    let kv = Arc::new(Sled::open(SledConfig::new(dir)).unwrap_or_else(|e| panic!("{when}: {e}")));
    let (mut committed, mut finished) = (0, BTreeMap::<u8, u64>::new());
    for writer in 0..WRITERS {
        let last = kv.get(&[COUNTERS, writer]).await.unwrap().as_ref().map_or(0, number_in);
        let known = acknowledged.get(&writer).copied().unwrap_or(0);
        assert!(last >= known, "{when}: writer {writer} was told {known}, but {last} is kept");
        for table in [ROWS, TWINS] {
            let found = kv.scan(&Range::prefix(&[table, writer]), 1_000).await.unwrap();
            let first = (last + 1).saturating_sub(KEPT).max(1);
            let wanted: Vec<_> = (first..=last)
                .map(|number| (row_key(table, writer, number), row_value(writer, number)))
                .collect();
            assert!(found == wanted, "{when}: rows of writer {writer} up to {last} are not whole");
        }
        finished.insert(writer, last);
        committed += last;
    }
    let (mut rest, mut entries) = (Range::prefix(&[LOG]), 0_u64);
    let mut seen = BTreeMap::<u8, u64>::new();
    loop {
        let page = kv.scan(&rest, 10_000).await.unwrap();
        let Some((key, _)) = page.last() else { break };
        rest = rest.after(key);
        for (key, value) in page {
            entries += 1;
            assert_eq!(key[1..], entries.to_be_bytes(), "{when}: a gap in the log");
            let next = seen.entry(value[8]).or_default();
            *next += 1;
            assert_eq!(number_in(&value), *next, "{when}: writer {} out of order", value[8]);
        }
    }
    assert_eq!(entries, committed, "{when}: entries of the log against counters");
    assert!(seen.iter().all(|(writer, last)| finished[writer] == *last), "{when}");
    jobs_are_whole(Store::new(kv), when).await;
}

/// Each commit added one job and finished one or none, so that one a writer is left for each boot at most; all of them
/// can be taken.
async fn jobs_are_whole(store: Store, when: &str) {
    let queue = Queue::new(store, Arc::new(SystemClock), Arc::new(IdMint::default()));
    queue.release_all_of_other_boots().await.unwrap();
    let count = queue.count(Lane::MediaFirst).await.unwrap();
    assert_eq!(count.later, 0, "{when}: all leases of the dead are free");
    let leased = queue.lease(Lane::MediaFirst, "looker").await.unwrap();
    if let Some(leased) = leased {
        queue.release(&leased).await.unwrap();
        let lost = queue.finish(&leased, Batch::default()).await;
        assert!(matches!(lost, Err(Error::LeaseLost)), "{when}");
    }
}
