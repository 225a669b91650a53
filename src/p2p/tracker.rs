//! Who watches the same video: browsers ask, and are told a few of each other.
//!
//! A peer is known by its connection: nobody is entered by another, and whoever disconnects has left.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use libp2p::PeerId;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;

use crate::limits::PEERS_MAX;
use crate::swarm_id::SwarmId;

pub(crate) mod codec;
pub(crate) mod message;

/// How long a peer stays in a swarm without asking again.
pub(crate) const STAY: Duration = Duration::from_secs(90);

/// Swarms of one peer at a time: who joins one more leaves the one it joined first.
const SWARMS_PER_PEER_MAX: usize = 4;

/// So many others must have called a peer a liar before it is not named any more: one alone could drive everybody away.
const ACCUSERS: usize = 2;

/// Peers that one peer can accuse.
const ACCUSED_MAX: u32 = 8;

/// Who is in which swarm.
#[derive(Debug)]
pub(crate) struct Tracker {
    swarms: HashMap<SwarmId, HashMap<PeerId, Instant>>,
    peers: HashMap<PeerId, Known>,
    chance: StdRng,
}

/// What is known of a peer that is in a swarm.
#[derive(Debug, Default)]
struct Known {
    /// Oldest first.
    swarms: VecDeque<SwarmId>,
    accusers: BTreeSet<PeerId>,
    accused: u32,
}

/// Who else is in a swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Others {
    pub(crate) peers: Vec<PeerId>,
    /// All that are in the swarm, the asker among them.
    pub(crate) watchers: usize,
}

impl Tracker {
    pub(crate) fn new(chance: StdRng) -> Self {
        Self { swarms: HashMap::new(), peers: HashMap::new(), chance }
    }

    /// Enters a peer in a swarm, or keeps it there, and tells it of up to `want` others.
    pub(crate) fn enter(
        &mut self,
        peer: PeerId,
        swarm: SwarmId,
        want: usize,
        now: Instant,
    ) -> Others {
        let known = self.peers.entry(peer).or_default();
        let mut left = None;
        if !known.swarms.contains(&swarm) {
            known.swarms.push_back(swarm);
            if known.swarms.len() > SWARMS_PER_PEER_MAX {
                left = known.swarms.pop_front();
            }
        }
        if let Some(left) = left {
            self.drop_from(left, &peer);
        }
        let members = self.swarms.entry(swarm).or_default();
        members.insert(peer, now + STAY);
        let watchers = members.len();
        let named = |it: &&PeerId| {
            **it != peer && self.peers.get(it).is_some_and(|it| it.accusers.len() < ACCUSERS)
        };
        let alive = members.iter().filter(|(_, until)| **until > now).map(|(peer, _)| peer);
        let want = want.min(PEERS_MAX);
        let peers = alive.filter(named).copied().sample(&mut self.chance, want);
        Others { peers, watchers }
    }

    /// A peer says that another sent wrong bytes. It counts if both are in the swarm.
    pub(crate) fn accuse(&mut self, accuser: PeerId, liar: PeerId, swarm: SwarmId) {
        let together = self.swarms.get(&swarm).is_some_and(|members| {
            accuser != liar && members.contains_key(&accuser) && members.contains_key(&liar)
        });
        let Some(accused) = self.peers.get(&accuser).map(|it| it.accused) else { return };
        if !together || accused >= ACCUSED_MAX {
            return;
        }
        let new = self.peers.get_mut(&liar).is_some_and(|it| it.accusers.insert(accuser));
        if new && let Some(known) = self.peers.get_mut(&accuser) {
            known.accused = known.accused.saturating_add(1);
        }
    }

    /// A peer is gone.
    pub(crate) fn leave(&mut self, peer: &PeerId) {
        let Some(known) = self.peers.remove(peer) else { return };
        for swarm in known.swarms {
            self.drop_from(swarm, peer);
        }
    }

    /// Lets go of those that did not ask again in time.
    pub(crate) fn sweep(&mut self, now: Instant) {
        let peers = &mut self.peers;
        self.swarms.retain(|swarm, members| {
            members.retain(|peer, until| {
                let stays = *until > now;
                if !stays && let Some(known) = peers.get_mut(peer) {
                    known.swarms.retain(|it| it != swarm);
                }
                stays
            });
            !members.is_empty()
        });
        peers.retain(|_, known| !known.swarms.is_empty());
    }

    /// How many swarms and members there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.swarms.len(), self.swarms.values().map(HashMap::len).sum())
    }

    fn drop_from(&mut self, swarm: SwarmId, peer: &PeerId) {
        if let Some(members) = self.swarms.get_mut(&swarm) {
            members.remove(peer);
            if members.is_empty() {
                self.swarms.remove(&swarm);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use rand::SeedableRng as _;

    use super::*;

    fn tracker() -> Tracker {
        Tracker::new(StdRng::seed_from_u64(7))
    }

    fn swarm(number: u8) -> SwarmId {
        SwarmId::from_bytes([number; 32])
    }

    fn peers(count: usize) -> Vec<PeerId> {
        (0..count).map(|_| PeerId::random()).collect()
    }

    #[test]
    fn peers_of_one_swarm_are_told_of_each_other_and_of_nobody_else() {
        let (mut tracker, peers, now) = (tracker(), peers(3), Instant::now());
        let first = tracker.enter(peers[0], swarm(1), 12, now);
        assert_eq!(first, Others { peers: vec![], watchers: 1 });
        tracker.enter(peers[2], swarm(2), 12, now);
        let second = tracker.enter(peers[1], swarm(1), 12, now);
        assert_eq!(second, Others { peers: vec![peers[0]], watchers: 2 });
        assert_eq!(tracker.enter(peers[0], swarm(1), 0, now).peers, vec![]);
    }

    #[test]
    fn no_more_are_named_than_the_protocol_allows() {
        let (mut tracker, now) = (tracker(), Instant::now());
        for peer in peers(100) {
            tracker.enter(peer, swarm(1), 0, now);
        }
        let others = tracker.enter(PeerId::random(), swarm(1), usize::MAX, now);
        assert_eq!((others.peers.len(), others.watchers), (PEERS_MAX, 101));
    }

    #[test]
    fn who_leaves_or_is_silent_is_forgotten() {
        let (mut tracker, peers, now) = (tracker(), peers(3), Instant::now());
        for peer in &peers {
            tracker.enter(*peer, swarm(1), 0, now);
        }
        tracker.leave(&peers[0]);
        let later = now + STAY;
        assert_eq!(tracker.enter(peers[1], swarm(1), 12, later).peers, vec![], "all are silent");
        tracker.sweep(later);
        assert_eq!(tracker.counts(), (1, 1));
        tracker.leave(&peers[1]);
        assert_eq!((tracker.counts(), tracker.peers.len()), ((0, 0), 0));
    }

    #[test]
    fn a_peer_is_in_four_swarms_at_most() {
        let (mut tracker, peer, now) = (tracker(), PeerId::random(), Instant::now());
        for number in 0..200 {
            tracker.enter(peer, swarm(number), 0, now);
        }
        assert_eq!(tracker.counts(), (4, 4));
        assert_eq!(tracker.peers[&peer].swarms.front(), Some(&swarm(196)));
    }

    #[test]
    fn two_who_were_lied_to_are_believed_and_one_is_not() {
        let (mut tracker, peers, now) = (tracker(), peers(4), Instant::now());
        for peer in &peers {
            tracker.enter(*peer, swarm(1), 0, now);
        }
        let liar = peers[0];
        let named = |tracker: &mut Tracker| {
            tracker.enter(peers[3], swarm(1), 12, now).peers.contains(&liar)
        };
        for _ in 0..5 {
            tracker.accuse(peers[1], liar, swarm(1));
        }
        tracker.accuse(liar, liar, swarm(1));
        tracker.accuse(PeerId::random(), liar, swarm(1));
        tracker.accuse(peers[2], liar, swarm(2));
        assert!(named(&mut tracker));
        tracker.accuse(peers[2], liar, swarm(1));
        assert!(!named(&mut tracker));
    }

    #[test]
    fn one_peer_cannot_accuse_everybody() {
        let (mut tracker, peers, now) = (tracker(), peers(52), Instant::now());
        for peer in &peers {
            tracker.enter(*peer, swarm(1), 0, now);
        }
        for liar in &peers[2..] {
            tracker.accuse(peers[0], *liar, swarm(1));
            tracker.accuse(peers[1], *liar, swarm(1));
        }
        let accused = peers.iter().filter(|it| !tracker.peers[it].accusers.is_empty());
        assert_eq!(accused.count(), 8);
    }
}
