//! Settings of federation.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Settings of federation (`[federation]` of the configuration file).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether this node talks with other servers at all.
    pub enabled: bool,
    /// Whether private network addresses may be connected to; only for a public address that is itself under `.test`,
    /// `.localhost` or on loopback.
    pub allow_private: bool,
    /// Certificates, PEM, that are trusted besides those of the web: for networks of one's own.
    pub extra_ca: Option<PathBuf>,
    /// Whether those who ask for documents must sign, as Mastodon's secure mode has it; actors' keys can always be read.
    pub authorized_fetch: bool,
    /// Whether other servers may follow this one without an administrator's answer.
    pub accept_instance_followers: bool,
    /// Deliveries under way at a time, in all.
    pub deliveries_max: usize,
    /// Pages of an outbox that are read when someone here begins to follow.
    pub backfill_pages_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            allow_private: false,
            extra_ca: None,
            authorized_fetch: false,
            accept_instance_followers: true,
            deliveries_max: 64,
            backfill_pages_max: 50,
        }
    }
}
