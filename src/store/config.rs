//! Settings of the store (`[store]` of the configuration file).

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::kv::sled::SledConfig;
use crate::metrics::Metrics;

/// Settings of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder of the rows; absent is `rows` in the data folder.
    pub rows_dir: Option<PathBuf>,
    /// The folder of segments, pictures and uploaded files; absent is `files` in the data folder.
    pub files_dir: Option<PathBuf>,
    /// Bytes of rows that are kept in memory.
    pub cache_bytes: u64,
    /// Bytes that stay free on the disk of the rows: below, nothing is written, so that reading and deleting go on.
    pub reserve_bytes: u64,
    /// How long one write may take before the process is ended to be started anew, in seconds.
    pub watchdog_s: u64,
    /// How long the journal keeps what happened, in days.
    pub journal_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rows_dir: None,
            files_dir: None,
            cache_bytes: 64 << 20,
            reserve_bytes: 32 << 20,
            watchdog_s: 30,
            journal_days: 30,
        }
    }
}

impl Config {
    /// The folder of the rows of a node whose data folder is `data`.
    #[must_use]
    pub fn rows_dir(&self, data: &Path) -> PathBuf {
        self.rows_dir.clone().unwrap_or_else(|| data.join("rows"))
    }

    /// The folder of the files of a node whose data folder is `data`.
    #[must_use]
    pub fn files_dir(&self, data: &Path) -> PathBuf {
        self.files_dir.clone().unwrap_or_else(|| data.join("files"))
    }

    /// How to open the embedded engine in the folder `dir`.
    #[must_use]
    pub fn sled(&self, dir: &Path, metrics: Metrics) -> SledConfig {
        SledConfig {
            dir: dir.to_owned(),
            cache_bytes: self.cache_bytes,
            reserve_bytes: self.reserve_bytes,
            watchdog: Duration::from_secs(self.watchdog_s.max(1)),
            metrics,
        }
    }

    /// How long the journal keeps what happened.
    #[must_use]
    pub fn journal_keep(&self) -> Duration {
        Duration::from_secs(u64::from(self.journal_days).saturating_mul(24 * 60 * 60))
    }
}
