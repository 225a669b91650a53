//! Settings of the use cases.

use kinora_model::host::Host;
use serde::{Deserialize, Serialize};

/// Who may register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everyone, at once.
    Open,
    /// Everyone, once a moderator accepts.
    Approval,
    /// Nobody; administrators make users.
    #[default]
    Closed,
}

/// Settings of the use cases (`[accounts]`, `[uploads]` and `[instance]` of the configuration file).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The node as a place.
    pub instance: Instance,
    /// Who may join, and what they may use.
    pub accounts: Accounts,
    /// What may come in.
    pub uploads: Uploads,
    /// Where others find this node, if it is known: handles that end so are ours.
    #[serde(skip)]
    pub host: Option<Host>,
}

/// The node as a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Instance {
    /// The name shown at the top of every page.
    pub name: String,
    /// One sentence for lists of servers and link previews.
    pub short_description: String,
    /// What the place is for, markdown.
    pub description: String,
    /// Its rules, markdown.
    pub terms: String,
    /// Who runs it, markdown.
    pub administrator: String,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            name: "Kinora".to_owned(),
            short_description: "Videos that belong to the people who make them.".to_owned(),
            description: String::new(),
            terms: String::new(),
            administrator: String::new(),
        }
    }
}

/// Who may join, and what they may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// `open`, `approval` or `closed`.
    pub registration: Registration,
    /// Bytes on disk each new user may use; absent is without limit.
    pub quota_bytes: Option<u64>,
    /// Bytes each new user may upload in a day; absent is without limit.
    pub quota_daily_bytes: Option<u64>,
    /// How long an access token is good, in seconds.
    pub access_token_s: u64,
    /// How long a refresh token is good, in seconds.
    pub refresh_token_s: u64,
    /// Logins, registrations and new uploads each network address may try in a minute.
    pub tries_per_minute: u32,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            registration: Registration::Closed,
            quota_bytes: None,
            quota_daily_bytes: None,
            access_token_s: 24 * 60 * 60,
            refresh_token_s: 14 * 24 * 60 * 60,
            tries_per_minute: 30,
        }
    }
}

/// What may come in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uploads {
    /// The largest file, in bytes.
    pub file_bytes_max: u64,
    /// How long an upload without a new part is kept, in seconds.
    pub stale_after_s: u64,
    /// How long a request may bring nothing at all before it is ended, in seconds; what came is kept.
    pub stall_timeout_s: u64,
    /// Whether the original file is kept after all renditions are made (it is always kept when it holds more audio
    /// tracks than the renditions).
    pub keep_original: bool,
    /// Bytes that stay free on the disk: uploads beyond are refused.
    pub reserve_bytes: u64,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            file_bytes_max: 50 << 30,
            stale_after_s: 3 * 24 * 60 * 60,
            stall_timeout_s: 60,
            keep_original: false,
            reserve_bytes: 256 << 20,
        }
    }
}
