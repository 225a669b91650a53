//! A follow: one actor wants to hear of another.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::actor::ActorRef;
use crate::clock::Timestamp;
use crate::id::Id;

/// Whether the followed one agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FollowState {
    /// No answer yet.
    Pending,
    /// Yes: activities flow.
    Accepted,
    /// No.
    Rejected,
}

/// One actor follows another; at most one for each pair. A follow of a user here (their account as follower) is a
/// subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// Its number.
    pub id: Id<Follow>,
    /// Who follows.
    pub follower: ActorRef,
    /// Who is followed.
    pub followed: ActorRef,
    /// Whether that one agreed.
    pub state: FollowState,
    /// The id of the `Follow` activity, if the follower is elsewhere and gave one.
    pub uri: Option<Url>,
    /// When it was asked for.
    pub created_at: Timestamp,
}
