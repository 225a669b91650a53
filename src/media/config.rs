//! Settings of the media room.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ladder::Ladder;

/// The name of the transcoder's program.
const PROGRAM: &str = "kinora-transcoder";

/// Settings of the media room (`[media]` of the configuration file).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The transcoder program; absent, it is looked for beside the node's own.
    pub transcoder: Option<PathBuf>,
    /// The file of the ladder; absent, the one that is built in.
    pub ladder: Option<PathBuf>,
    /// Transcodes at a time; what makes a video watchable has one more place of its own.
    pub concurrency: usize,
    /// Threads each transcode may use; 0 leaves it to the transcoder.
    pub threads: u32,
    /// Added to the niceness of transcodes, 0 to 19.
    pub nice: u8,
    /// Whether the node refuses to start when the transcoder's sandbox is not fully enforced.
    pub require_sandbox: bool,
    /// How long a transcode may make no progress before it is killed, in seconds.
    pub stall_timeout_s: u64,
    /// CPU time a transcode may use for each second of the source, in seconds.
    pub cpu_per_second_max: u64,
    /// Address space a transcode may use, in bytes.
    pub memory_bytes_max: u64,
    /// Pictures to choose a thumbnail from.
    pub thumbnails: u8,
    /// Whether seek previews are made.
    pub storyboard: bool,
    /// Bytes of hot segments that are kept in memory for serving.
    pub cache_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            transcoder: None,
            ladder: None,
            concurrency: 1,
            threads: 0,
            nice: 5,
            require_sandbox: false,
            stall_timeout_s: 120,
            cpu_per_second_max: 600,
            memory_bytes_max: 8 << 30,
            thumbnails: 4,
            storyboard: true,
            cache_bytes: 64 << 20,
        }
    }
}

impl Config {
    /// The transcoder program.
    ///
    /// # Errors
    /// [`Error::NoTranscoder`] if there is no file there.
    pub fn program(&self) -> Result<PathBuf, Error> {
        let beside = || {
            let own = std::env::current_exe().ok();
            let folder = own.as_deref().and_then(Path::parent).map(Path::to_path_buf);
            folder.unwrap_or_default().join(PROGRAM)
        };
        let program = self.transcoder.clone().unwrap_or_else(beside);
        if program.is_file() { Ok(program) } else { Err(Error::NoTranscoder(program)) }
    }

    /// The ladder of the file, or the one that is built in.
    ///
    /// # Errors
    /// [`Error::Ladder`] if the file cannot be read or is not sound.
    pub fn read_ladder(&self) -> Result<Ladder, Error> {
        let Some(path) = &self.ladder else { return Ok(Ladder::default()) };
        let unreadable = |error| Error::Ladder(format!("{}: {error}", path.display()));
        Ladder::parse(&std::fs::read_to_string(path).map_err(unreadable)?)
    }
}
