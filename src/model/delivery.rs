//! A delivery: one activity to one inbox.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::actor::ActorRef;
use crate::clock::Timestamp;
use crate::host::Host;
use crate::id::Id;

/// An activity on its way out: stored once, signed anew at each try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Its number.
    pub id: Id<Outgoing>,
    /// Who signs: the actor itself, or ours where a body is only passed on.
    pub signer: ActorRef,
    /// The bytes that are sent, JSON.
    pub body: String,
    /// How many deliveries still need it.
    pub waiting: u32,
    /// When it was made; given up three days later.
    pub created_at: Timestamp,
}

/// One activity to one inbox. Those of one host go out in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number.
    pub id: Id<Delivery>,
    /// To which server.
    pub host: Host,
    /// Where to.
    pub inbox: Url,
    /// What.
    pub outgoing: Id<Outgoing>,
}

/// How it goes with deliveries to a server; no row while all goes well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostTrouble {
    /// Which server.
    pub host: Host,
    /// Since when nothing reached it.
    pub failing_since: Timestamp,
    /// How many tries failed in a row.
    pub failures: u32,
    /// When to try again.
    pub next_try_at: Timestamp,
    /// Why the last try failed.
    pub reason: String,
    /// True once it is only probed, once a day.
    pub asleep: bool,
}

/// An activity that came in, so that it is handled once however often it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Its ActivityPub id.
    pub uri: Url,
    /// When it first came.
    pub at: Timestamp,
    /// What it made here that an `Undo` naming only its id takes back.
    pub made: Option<Made>,
}

/// What an activity made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Made {
    /// A follow.
    Follow {
        /// Who follows.
        follower: ActorRef,
        /// Who is followed.
        followed: ActorRef,
    },
    /// A rating.
    Reaction {
        /// Of which video.
        video: Id<crate::video::Video>,
        /// Whose.
        account: Id<crate::account::Account>,
    },
    /// A share.
    Share {
        /// Of which video.
        video: Id<crate::video::Video>,
        /// Whose.
        actor: ActorRef,
    },
}

/// An object that its owner deleted before or after it came here: nothing may bring it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grave {
    /// The ActivityPub id of what was deleted.
    pub uri: Url,
    /// When.
    pub at: Timestamp,
}
