//! Words that nobody can guess.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kinora_model::session::TokenHash;
use sha2::{Digest, Sha256};

/// 160 random bits as 40 hex digits: an access or refresh token.
#[must_use]
pub fn token() -> String {
    hex::encode(rand::random::<[u8; 20]>())
}

/// 128 random bits as 32 hex digits: names of uploads, ids and secrets of clients.
#[must_use]
pub fn word() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

/// 120 random bits as 20 characters that can be typed: a first password.
#[must_use]
pub fn password() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 15]>())
}

/// What is kept of a token.
#[must_use]
pub fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}
