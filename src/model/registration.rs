//! A registration: someone asks for an account and waits for a moderator's word.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::Id;
use crate::name::Name;
use crate::text::{DisplayName, Reason};
use crate::user::User;

/// What became of a registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Not answered yet.
    Pending,
    /// Accepted: this user was made.
    Accepted {
        /// The user.
        user: Id<User>,
        /// What the moderator wrote.
        response: Reason,
    },
    /// Rejected.
    Rejected {
        /// What the moderator wrote.
        response: Reason,
    },
}

/// A request for an account. While it is pending it holds its names, so that nobody takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Its number.
    pub id: Id<Registration>,
    /// The name asked for.
    pub username: Name,
    /// Where to write to them.
    pub email: String,
    /// The argon2id hash of the password they chose; emptied once the request is answered.
    pub password: String,
    /// The display name of the account, if they gave one.
    pub display_name: Option<DisplayName>,
    /// The name of the first channel, if they gave one.
    pub channel: Option<Name>,
    /// The display name of that channel.
    pub channel_display_name: Option<DisplayName>,
    /// Why they want an account.
    pub reason: Reason,
    /// What became of it.
    pub answer: Answer,
    /// When they asked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
