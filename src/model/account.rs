//! An account: the person as others see them.

use serde::{Deserialize, Serialize};

use crate::actor::Origin;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::name::Name;
use crate::picture::Picture;
use crate::text::{About, DisplayName};
use crate::user::User;

/// The public face of a [`User`], or of a person elsewhere; an ActivityPub `Person`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: Id<Account>,
    /// Whose it is; `None` for a person elsewhere.
    pub user: Option<Id<User>>,
    /// The part of the handle before the `@`.
    pub name: Name,
    /// The name shown.
    pub display_name: DisplayName,
    /// What they say of themselves, markdown.
    pub description: Option<About>,
    /// Avatars, smallest first.
    pub avatars: Vec<Picture>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Where they live, if that is elsewhere.
    pub origin: Option<Origin>,
}

/// An account as it was kept before there were others than those of this node.
#[derive(Debug, Deserialize)]
pub struct AccountV1 {
    id: Id<Account>,
    user: Id<User>,
    name: Name,
    display_name: DisplayName,
    description: Option<About>,
    avatars: Vec<Picture>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<AccountV1> for Account {
    fn from(old: AccountV1) -> Self {
        Self {
            id: old.id,
            user: Some(old.user),
            name: old.name,
            display_name: old.display_name,
            description: old.description,
            avatars: old.avatars,
            created_at: old.created_at,
            updated_at: old.updated_at,
            origin: None,
        }
    }
}

impl Account {
    /// True if it lives on this node.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.origin.is_none()
    }
}
