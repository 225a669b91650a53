//! The real program is killed with SIGKILL at random moments while people register, upload, rename, rate and delete,
//! and while it transcodes. It then knows everything that it ever answered for, and nothing by half.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Client;

mod files;
mod node;
mod person;
mod rows;

use node::Node;
use person::{Doomed, Person};

/// How often the program is killed.
const KILLS: u32 = 52;

/// How many people use it at once.
const PEOPLE: u32 = 4;

/// The shortest and longest time that people use it before it is killed.
const USE_MS: std::ops::Range<u64> = 30..900;

/// How long the last work may take after the last kill.
const SETTLE: Duration = Duration::from_secs(240);

/// Numbers by chance; the same seed gives the same ones.
pub(crate) struct Chance(u64);

impl Chance {
    /// The next number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// A chance of its own.
    fn split(&mut self) -> Self {
        Self(self.below(u64::MAX))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_of_the_program_loses_what_it_answered_for() {
    let home = tempfile::tempdir().unwrap();
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let clip = files::clip(home.path());
    let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    let mut people: Vec<Person> =
        (0..PEOPLE).map(|n| Person::new(n, client.clone(), clip.clone(), chance.split())).collect();

    for kill in 1..=KILLS {
        let mut node = Node::start(home.path());
        let use_ms = USE_MS.start + chance.below(USE_MS.end - USE_MS.start);
        let when = format!("after kill {} of seed {seed}", kill - 1);
        people = everybody_looks(people, &node, &when).await;
        let doomed = Doomed::default();
        let using: Vec<_> = people
            .into_iter()
            .map(|mut person| {
                let (base, doomed) = (node.base.clone(), Doomed::clone(&doomed));
                tokio::spawn(async move {
                    person.use_until_it_is_gone(&base, doomed).await;
                    person
                })
            })
            .collect();
        // A random moment is what is wanted here.
        tokio::time::sleep(Duration::from_millis(use_ms)).await;
        doomed.store(true, Ordering::SeqCst);
        node.kill();
        people = Vec::new();
        for person in using {
            people.push(person.await.unwrap());
        }
        rows::are_whole(home.path(), &format!("after kill {kill} of seed {seed}")).await;
    }

    let done = people.iter().fold(BTreeMap::new(), |mut done, person| {
        person.done.iter().for_each(|(what, count)| *done.entry(*what).or_insert(0) += count);
        done
    });
    println!("answered for: {done:?}");
    for what in ["register", "upload", "resume", "rename", "rate", "delete", "watchable"] {
        assert!(done.get(what).is_some_and(|count| *count > 2), "too little was done: {done:?}");
    }
    everything_ends_well(people, home.path(), &format!("seed {seed}")).await;
}

async fn everybody_looks(people: Vec<Person>, node: &Node, when: &str) -> Vec<Person> {
    let mut looked = Vec::new();
    for mut person in people {
        person.look(&node.base, when).await;
        looked.push(person);
    }
    looked
}

/// Every video that was kept can be watched, and once all are deleted nothing of them is left.
async fn everything_ends_well(people: Vec<Person>, home: &Path, when: &str) {
    let mut node = Node::start(home);
    let mut people = everybody_looks(people, &node, when).await;
    for person in &mut people {
        for playlist in person.playlists_once_made(&node.base, SETTLE).await {
            files::plays(&playlist);
        }
        person.delete_all(&node.base).await;
        assert_eq!(person.quota_used(&node.base).await, 0, "{when}");
    }
    files::are_gone(home, SETTLE).await;
    assert!(node.stop().success(), "{when}: it stops in good order");
    rows::are_whole(home, when).await;
    rows::know_no_video(home, when).await;
}
