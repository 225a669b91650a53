//! A user: someone who can log in here.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::clock::Timestamp;
use crate::id::Id;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Publishes and watches.
    User,
    /// Also answers registrations and looks after others' videos.
    Moderator,
    /// Everything.
    Administrator,
}

impl Role {
    /// PeerTube's number: 0 administrator, 1 moderator, 2 user.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Administrator => 0,
            Self::Moderator => 1,
            Self::User => 2,
        }
    }

    /// The role of a PeerTube number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Administrator),
            1 => Some(Self::Moderator),
            2 => Some(Self::User),
            _ => None,
        }
    }

    /// The English word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::Moderator => "Moderator",
            Self::User => "User",
        }
    }
}

/// How sensitive videos are shown to a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SensitivePolicy {
    /// Like all others.
    Display,
    /// With a warning over the picture.
    Warn,
    /// With a blurred picture.
    #[default]
    Blur,
    /// Not in lists.
    Hide,
}

/// A person who logs in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their number.
    pub id: Id<User>,
    /// Their public face; it carries the name they log in with.
    pub account: Id<Account>,
    /// Where to write to them, lower case. Also accepted at login.
    pub email: String,
    /// The argon2id hash in PHC form. Never shown, never logged.
    pub password: String,
    /// What they may do.
    pub role: Role,
    /// Why they may not log in, if they may not.
    pub blocked: Option<String>,
    /// How many bytes on disk they may use; `None` is without limit.
    pub quota_bytes: Option<u64>,
    /// How many bytes they may upload in a day; `None` is without limit.
    pub quota_daily_bytes: Option<u64>,
    /// How they see sensitive videos.
    pub sensitive: SensitivePolicy,
    /// Whether videos start by themselves.
    pub autoplay: bool,
    /// Whether their player may take segments from other viewers.
    pub p2p: bool,
    /// The language of the pages, a BCP 47 tag, if they chose one.
    pub language: Option<String>,
    /// The theme of the pages: `default`, `light`, `dark`.
    pub theme: String,
    /// When they registered.
    pub created_at: Timestamp,
    /// When they last logged in.
    pub last_login_at: Option<Timestamp>,
}
