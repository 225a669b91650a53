//! An account: the person as others see them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::Id;
use crate::name::Name;
use crate::picture::Picture;
use crate::text::{About, DisplayName};
use crate::user::User;

/// The public face of a [`User`]; an ActivityPub `Person`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: Id<Account>,
    /// Whose it is.
    pub user: Id<User>,
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
}
