//! How a job is kept: one row, and one entry that says when someone must look at it next.

use bytes::Bytes;
use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::job::{Job, Lane};
use kinora_model::video::Video;
use serde::{Deserialize, Serialize};

use super::{JOBS, JOBS_BURIED, JOBS_BY_VIDEO, JOBS_DUE, entry};
use crate::error::Error;
use crate::kv::Range;
use crate::table::{Entry, Row, Table};

/// A job as a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobRow {
    /// The number of the job.
    pub(crate) id: Id<Job>,
    /// Its lane.
    pub(crate) lane: Lane,
    /// The job as JSON, which keeps its kind by name; postcard cannot read tagged enums.
    json: String,
    /// The video that it makes something for; cancelled with it.
    video: Option<Id<Video>>,
    /// When it was wanted first.
    pub(crate) made_at: Timestamp,
    /// How often it was begun.
    pub(crate) tries: u32,
    /// How often the node died while a worker had it.
    pub(crate) losses: u32,
    /// Why the last try failed.
    pub(crate) reason: Option<String>,
    /// Where it stands.
    pub(crate) state: State,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// It waits until it is due.
    Waiting {
        /// When that is.
        due: Timestamp,
    },
    /// A worker has it.
    Leased {
        /// Which start of the node the worker belongs to.
        boot: u64,
        /// Its name.
        worker: String,
        /// When the job is due again if nothing more is heard.
        until: Timestamp,
    },
    /// It was given up.
    Buried {
        /// When.
        at: Timestamp,
    },
}

impl JobRow {
    /// A job that waits until it is due.
    pub(crate) fn new(
        id: Id<Job>,
        job: &Job,
        made_at: Timestamp,
        due: Timestamp,
    ) -> Result<Self, Error> {
        let json = serde_json::to_string(job)
            .map_err(|error| Error::Corrupt { table: JOBS.name, reason: error.to_string() })?;
        Ok(Self {
            id,
            lane: job.lane(),
            json,
            video: makes_something_for(job),
            made_at,
            tries: 0,
            losses: 0,
            reason: None,
            state: State::Waiting { due },
        })
    }

    /// The job itself, or why it is not one that this program knows.
    pub(crate) fn job(&self) -> Result<Job, String> {
        serde_json::from_str(&self.json).map_err(|error| error.to_string())
    }

    /// When someone may take it; `None` for a buried one.
    pub(crate) const fn due(&self) -> Option<Timestamp> {
        match &self.state {
            State::Waiting { due } => Some(*due),
            State::Leased { until, .. } => Some(*until),
            State::Buried { .. } => None,
        }
    }

    /// Gives it up.
    pub(crate) fn bury(&mut self, at: Timestamp, reason: &str) {
        self.reason = Some(reason.to_owned());
        self.state = State::Buried { at };
    }
}

/// The video that a job makes something for. What frees disk is not for a video, and is never cancelled.
const fn makes_something_for(job: &Job) -> Option<Id<Video>> {
    match job {
        Job::Probe { video } | Job::PackageFirst { video } | Job::PackageRest { video } => {
            Some(*video)
        }
        Job::Torrent { .. }
        | Job::RemoveVideo { .. }
        | Job::RemoveBlobs { .. }
        | Job::Federate { .. }
        | Job::Receive { .. }
        | Job::Backfill { .. }
        | Job::ReadComments { .. }
        | Job::Replicate { .. }
        | Job::KeepPact { .. }
        | Job::RemoveReplica { .. } => None,
    }
}

/// The key of a job within its table.
pub(crate) fn job_key(id: Id<Job>) -> Vec<u8> {
    id.to_key().to_vec()
}

/// The entries of a lane's jobs that are due at `now`, longest due first.
pub(crate) fn jobs_due(lane: Lane, now: Timestamp) -> Range {
    let from = JOBS_DUE.key(&[&[lane.byte()]]);
    let to =
        JOBS_DUE.key(&[&[lane.byte()], &moment(now.after(std::time::Duration::from_millis(1)))]);
    Range { from, to, reverse: false }
}

/// The entries of the jobs that make something for a video.
pub(crate) fn jobs_by_video(video: Id<Video>) -> Range {
    Range::prefix(&JOBS_BY_VIDEO.key(&[&video.to_key()]))
}

/// The entries of all buried jobs, oldest job first.
pub(crate) fn buried_jobs() -> Range {
    Range::prefix(&JOBS_BURIED.key(&[]))
}

/// A moment as bytes that sort as moments do; those before 1970 count as 1970.
fn moment(at: Timestamp) -> [u8; 8] {
    at.as_ms().max(0).unsigned_abs().to_be_bytes()
}

impl Row for JobRow {
    const TABLE: Table = JOBS;
    fn key(&self) -> Vec<u8> {
        job_key(self.id)
    }
    fn entries(&self) -> Vec<Entry> {
        let id = self.id.to_key();
        let place = match self.due() {
            Some(due) => JOBS_DUE.key(&[&[self.lane.byte()], &moment(due), &id]),
            None => JOBS_BURIED.key(&[&id]),
        };
        let by_video =
            self.video.map(|video| entry(JOBS_BY_VIDEO.key(&[&video.to_key(), &id]), &id));
        let place = Entry { key: place, value: Bytes::copy_from_slice(&id), unique: false };
        std::iter::once(place).chain(by_video).collect()
    }
}
