//! Deliveries: activities on their way to the inboxes of other servers, in rows that survive a restart.
//!
//! Each server has a line of its own, so that its activities arrive in order and nobody waits for another's server. A
//! server that cannot be reached is asked again ever more seldom; until then its line costs nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kinora_model::actor::ActorRef;
use kinora_model::clock::Timestamp;
use kinora_model::delivery::{Delivery, HostTrouble, Outgoing};
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_store::Batch;
use tokio::sync::{Notify, Semaphore};
use url::Url;

use crate::Federation;
use crate::error::Error;

mod backoff;
mod clerk;
mod gone;
mod lines;
mod round;

use lines::Lines;

/// Requests beyond those of the settings that may wait for servers which answer slowly.
const SLOW_MAX: usize = 512;

/// The most inboxes that one activity goes to.
pub const INBOXES_MAX: usize = 100_000;

/// The largest activity that is sent, in bytes: others read no more.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Deliveries of this node: what is known of them in memory; the rest lies in the store.
#[derive(Debug)]
pub(crate) struct Deliveries {
    lines: Mutex<Lines>,
    changed: Notify,
    /// Turns of those who are expected to answer at once.
    quick: Arc<Semaphore>,
    /// Turns of all, slow ones included.
    all: Arc<Semaphore>,
}

/// Deliveries in a batch: say [`Federation::send`] once the batch has landed.
#[derive(Debug)]
#[must_use = "deliveries begin with `Federation::send`"]
pub struct Queued(Vec<Host>);

impl Deliveries {
    pub(crate) fn new(quick: usize) -> Self {
        let quick = quick.clamp(1, 4096);
        Self {
            lines: Mutex::default(),
            changed: Notify::new(),
            quick: Arc::new(Semaphore::new(quick)),
            all: Arc::new(Semaphore::new(quick.saturating_add(SLOW_MAX))),
        }
    }

    /// A server gave a sign of life; false if it was not in trouble.
    pub(crate) fn wake(&self, host: &Host) -> bool {
        let woken = self.with(|lines| lines.wake(host));
        if woken {
            self.changed.notify_one();
        }
        woken
    }

    fn with<T>(&self, look: impl FnOnce(&mut Lines) -> T) -> T {
        look(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Federation {
    /// Adds an activity to a batch, and a delivery to each inbox. Servers that were not reached for a month get none.
    /// Call [`Federation::send`] with what is returned once the batch has landed.
    ///
    /// # Errors
    /// [`Error::Limit`] for too many inboxes or bytes; [`Error::Store`].
    pub fn enqueue(
        &self,
        batch: &mut Batch,
        signer: ActorRef,
        body: String,
        inboxes: &[Url],
    ) -> Result<Queued, Error> {
        if inboxes.len() > INBOXES_MAX {
            return Err(Error::Limit("the inboxes of an activity"));
        }
        if body.len() > BODY_BYTES_MAX {
            return Err(Error::Limit("the bytes of an activity"));
        }
        let now = self.service.now();
        let outgoing: Id<Outgoing> = self.service.id();
        let mut hosts = Vec::new();
        let mut waiting = 0_u32;
        for inbox in inboxes {
            let Some(host) = Host::of(inbox).filter(|host| host != self.addresses.host()) else {
                continue;
            };
            if self.deliveries.with(|lines| lines.is_lost(&host, now)) {
                continue;
            }
            let id = self.service.id();
            let delivery = Delivery { id, host: host.clone(), inbox: inbox.clone(), outgoing };
            batch.insert_row(&delivery)?;
            hosts.push(host);
            waiting = waiting.saturating_add(1);
        }
        if waiting > 0 {
            let row = Outgoing { id: outgoing, signer, body, waiting, created_at: now };
            batch.insert_row(&row)?;
        }
        hosts.sort_unstable();
        hosts.dedup();
        Ok(Queued(hosts))
    }

    /// Begins deliveries whose batch has landed. Those that nobody begins go out after the next start.
    pub fn send(&self, queued: Queued) {
        self.deliveries.with(|lines| queued.0.into_iter().for_each(|host| lines.add(host)));
        self.deliveries.changed.notify_one();
    }

    /// Says that a server gave a sign of life: what waits for it goes out at once. Costs nothing for a server that is
    /// not in trouble.
    pub fn wake(&self, host: &Host) {
        if self.deliveries.wake(host) {
            self.client.forgive(host);
        }
    }

    /// Looks again at the time: for those who moved the clock.
    pub fn look_again(&self) {
        self.deliveries.changed.notify_one();
    }

    /// The servers that deliveries do not reach at the moment.
    #[must_use]
    pub fn troubles(&self) -> Vec<HostTrouble> {
        self.deliveries.with(|lines| lines.troubles().cloned().collect())
    }

    /// How many lines wait for their turn or their time, and how many servers are in trouble.
    #[must_use]
    pub fn lines(&self) -> (usize, usize) {
        self.deliveries.with(|lines| (lines.len(), lines.troubles().count()))
    }
}

/// What became of the deliveries of a round.
#[derive(Debug)]
struct Round {
    host: Host,
    /// Those that need not be tried again: delivered or given up.
    ended: Vec<Delivery>,
    /// True if the server answered.
    reached: bool,
    /// How the round ended.
    end: End,
}

/// How a round ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// All that was there was handled.
    Empty,
    /// There may be more.
    More,
    /// The server was not reached, and asked for so many seconds of rest.
    Trouble { reason: String, retry_after_s: Option<u64> },
    /// The node itself could not go on; the server is not to blame.
    Ours(String),
}

/// How many deliveries of each activity ended.
fn count(ended: &[Delivery]) -> HashMap<Id<Outgoing>, u32> {
    let mut counts = HashMap::new();
    for delivery in ended {
        let count: &mut u32 = counts.entry(delivery.outgoing).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

/// True if what was made then is no longer sent.
fn is_too_old(made: Timestamp, now: Timestamp) -> bool {
    now.since(made) > backoff::GIVE_UP
}
