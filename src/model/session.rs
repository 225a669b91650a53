//! A session: an OAuth2 pair of tokens, kept as hashes.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::Id;
use crate::user::User;

/// The SHA-256 of a token: the token itself is known to its holder alone.
pub type TokenHash = [u8; 32];

/// One login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its number.
    pub id: Id<Session>,
    /// Who logged in.
    pub user: Id<User>,
    /// The hash of the access token.
    pub access: TokenHash,
    /// When the access token ends.
    pub access_until: Timestamp,
    /// The hash of the refresh token.
    pub refresh: TokenHash,
    /// When the refresh token ends, and the session with it.
    pub refresh_until: Timestamp,
    /// When they logged in.
    pub created_at: Timestamp,
}
