//! A channel: where an account publishes.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::actor::Origin;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::name::Name;
use crate::picture::Picture;
use crate::text::{About, DisplayName, Support};

/// The most channels one account may have.
pub const CHANNELS_MAX: usize = 20;

/// A channel of an account; an ActivityPub `Group`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its number.
    pub id: Id<Channel>,
    /// The account that owns it.
    pub account: Id<Account>,
    /// The part of the handle before the `@`.
    pub name: Name,
    /// The name shown.
    pub display_name: DisplayName,
    /// What the channel is about, markdown.
    pub description: Option<About>,
    /// How to support it, markdown.
    pub support: Option<Support>,
    /// Avatars, smallest first.
    pub avatars: Vec<Picture>,
    /// Banners, smallest first.
    pub banners: Vec<Picture>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Where it lives, if that is elsewhere.
    pub origin: Option<Origin>,
    /// True if viewers of its videos do not give them to each other.
    pub without_peers: bool,
}

impl Channel {
    /// True if it lives on this node.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.origin.is_none()
    }
}

/// Who holds a name: accounts and channels share one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Handle {
    /// An account.
    Account(Id<Account>),
    /// A channel.
    Channel(Id<Channel>),
}
