//! The queue: jobs that land with the batch of the use case that wants them, and that no crash loses.
//!
//! A job waits until it is due, is leased to one worker for [`LEASE`], and ends by being finished, retried or buried.
//! A lease that runs out makes the job due again. Handlers may therefore run twice and must not mind.

use std::sync::Arc;
use std::time::Duration;

use kinora_model::clock::{Clock, Timestamp};
use kinora_model::id::{Id, IdMint};
use kinora_model::job::{Job, Lane};
use kinora_model::video::Video;

use crate::error::Error;
use crate::kv::{Batch, Range};
use crate::table::{Store, Stored};
use crate::tables::job::{JobRow, State, buried_jobs, job_key, jobs_by_video, jobs_due};

mod backoff;

pub use backoff::{WAIT_FIRST, WAIT_MAX, wait_after};

/// How long a worker holds a job without a sign of life.
pub const LEASE: Duration = Duration::from_secs(60);

/// How often a job is begun before it is given up.
pub const TRIES_MAX: u32 = 5;

/// How often the node may die under a job before the job is given up: a job that kills the node must not do so for ever.
pub const LOSSES_MAX: u32 = 20;

/// The longest that a worker waits without looking whether something has become due.
const POLL: Duration = Duration::from_secs(2);

/// The shortest wait, so that a job that others keep taking does not make a worker spin.
const POLL_MIN: Duration = Duration::from_millis(10);

/// How many due jobs one look considers.
const LOOK_MAX: usize = 16;

/// How often a change of a job's row is tried again when someone else changed the row.
const CHANGES_MAX: usize = 8;

/// The longest reason that is kept with a job, in bytes.
const REASON_BYTES_MAX: usize = 2_000;

/// Jobs over the tables of a node.
#[derive(Clone, Debug)]
pub struct Queue {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<IdMint>,
    boot: u64,
}

/// A job in the hands of one worker.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The number of the job.
    pub id: Id<Job>,
    /// What is to be done.
    pub job: Job,
    /// Which try this is, from 1.
    pub tries: u32,
    /// When the job was wanted first.
    pub made_at: Timestamp,
    worker: String,
}

impl Leased {
    /// True if the job will not be tried again after this time: a handler that fails must now write what follows from
    /// that (a failed video) and hand it to [`Queue::bury`].
    #[must_use]
    pub const fn is_last_try(&self) -> bool {
        self.tries >= TRIES_MAX
    }

    /// True if all tries ended without a word: the worker must not run the job once more but [`Queue::bury`] it, with
    /// what follows from that.
    #[must_use]
    pub const fn is_spent(&self) -> bool {
        self.tries > TRIES_MAX
    }
}

/// What became of a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It will be tried again at this time.
    Again(Timestamp),
    /// It was given up, and waits for an administrator.
    Buried,
}

/// A job that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buried {
    /// The number of the job.
    pub id: Id<Job>,
    /// What was to be done; `None` if this program does not know such a job.
    pub job: Option<Job>,
    /// How often it was begun.
    pub tries: u32,
    /// When it was given up.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// How many jobs a lane holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Jobs that a worker could take now.
    pub due: usize,
    /// Jobs that wait for their time, or that a worker has.
    pub later: usize,
}

impl Queue {
    /// The queue of a node that starts now.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, ids: Arc<IdMint>) -> Self {
        let boot = ids.next::<Self>(clock.as_ref()).raw();
        Self { store, clock, ids, boot }
    }

    /// Adds a job to a batch: it is due as soon as the batch has landed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the job cannot be written as a row.
    pub fn enqueue(&self, batch: &mut Batch, job: &Job) -> Result<(), Error> {
        self.enqueue_at(batch, job, self.clock.now())
    }

    /// Adds a job to a batch that is due at `due`.
    ///
    /// # Errors
    /// As [`Queue::enqueue`].
    pub fn enqueue_at(&self, batch: &mut Batch, job: &Job, due: Timestamp) -> Result<(), Error> {
        let now = self.clock.now();
        let row = JobRow::new(self.ids.next(self.clock.as_ref()), job, now, due)?;
        batch.insert_row(&row)
    }

    /// Takes the job of a lane that has been due longest, if one is due. The lease ends after [`LEASE`] unless it is
    /// renewed.
    ///
    /// # Errors
    /// As [`Store::commit`]; [`Error::Conflict`] never.
    pub async fn lease(&self, lane: Lane, worker: &str) -> Result<Option<Leased>, Error> {
        for _ in 0..CHANGES_MAX {
            let now = self.clock.now();
            let due = self.store.follow::<JobRow>(&jobs_due(lane, now), LOOK_MAX).await?;
            let more = due.len() > 1;
            if due.is_empty() {
                return Ok(None);
            }
            for stored in due {
                if let Some(leased) = self.take(&stored, worker, now).await? {
                    if more {
                        self.store.wakes().wake_lane(lane);
                    }
                    return Ok(Some(leased));
                }
            }
        }
        Ok(None)
    }

    /// Leases one due job; `None` if another worker was faster, or if nobody here knows such a job.
    async fn take(
        &self,
        stored: &Stored<JobRow>,
        worker: &str,
        now: Timestamp,
    ) -> Result<Option<Leased>, Error> {
        if stored.due().is_none_or(|due| due > now) {
            return Ok(None);
        }
        let mut row = (**stored).clone();
        let job = match row.job() {
            Ok(job) => job,
            Err(reason) => {
                tracing::error!(job.id = %row.id, reason, "buried a job that cannot be read");
                row.bury(now, &reason);
                return self.change(stored, &row).await.map(|_| None);
            }
        };
        row.tries = row.tries.saturating_add(1);
        row.state =
            State::Leased { boot: self.boot, worker: worker.to_owned(), until: now.after(LEASE) };
        if !self.change(stored, &row).await? {
            return Ok(None);
        }
        let JobRow { id, tries, made_at, .. } = row;
        Ok(Some(Leased { id, job, tries, made_at, worker: worker.to_owned() }))
    }

    /// Replaces a row; false if someone else changed it first.
    async fn change(&self, old: &Stored<JobRow>, new: &JobRow) -> Result<bool, Error> {
        let mut batch = Batch::default();
        batch.replace_row(old, new)?;
        match self.store.commit(batch).await {
            Ok(()) => Ok(true),
            Err(Error::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The row of a leased job, if the lease is still this one.
    async fn held(&self, leased: &Leased) -> Result<Stored<JobRow>, Error> {
        let stored = self.store.get::<JobRow>(&job_key(leased.id)).await?;
        let stored = stored.ok_or(Error::LeaseLost)?;
        match &stored.state {
            State::Leased { boot, worker, .. }
                if *boot == self.boot
                    && *worker == leased.worker
                    && stored.tries == leased.tries =>
            {
                Ok(stored)
            }
            _ => Err(Error::LeaseLost),
        }
    }

    /// Changes the row of a leased job together with a batch. A conflict of the job's own row is tried again.
    async fn settle(
        &self,
        leased: &Leased,
        batch: Batch,
        change: impl Fn(&mut Batch, &Stored<JobRow>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for _ in 0..CHANGES_MAX {
            let stored = self.held(leased).await?;
            let mut whole = batch.clone();
            change(&mut whole, &stored)?;
            match self.store.commit(whole).await {
                // The lease may have been renewed meanwhile; if it was not, the conflict is the handler's.
                Err(Error::Conflict) if !self.held(leased).await?.same_as(&stored) => {}
                other => return other,
            }
        }
        Err(Error::Conflict)
    }

    /// Holds a job for another [`LEASE`].
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if the job was cancelled, or was given to someone else because the lease had run out: stop
    /// working on it. Otherwise as [`Store::commit`].
    pub async fn renew(&self, leased: &Leased) -> Result<(), Error> {
        let until = self.clock.now().after(LEASE);
        self.settle(leased, Batch::default(), |batch, stored| {
            let mut row = (**stored).clone();
            row.state = State::Leased { boot: self.boot, worker: leased.worker.clone(), until };
            batch.replace_row(stored, &row)
        })
        .await
    }

    /// Ends a job well: its row goes in the same batch as what the handler writes.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] as for [`Queue::renew`]; [`Error::Conflict`] if an expectation of `batch` does not hold: read
    /// again and call again. Nothing was then written.
    pub async fn finish(&self, leased: &Leased, batch: Batch) -> Result<(), Error> {
        self.settle(leased, batch, |batch, stored| {
            batch.delete_row(stored);
            Ok(())
        })
        .await
    }

    /// Puts a failed job back, to be tried again after [`wait_after`]; after [`TRIES_MAX`] tries it is buried.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] as for [`Queue::renew`]; otherwise as [`Store::commit`].
    pub async fn retry(&self, leased: &Leased, reason: &str) -> Result<Outcome, Error> {
        if leased.is_last_try() {
            self.bury(leased, reason, Batch::default()).await?;
            return Ok(Outcome::Buried);
        }
        let due = self.clock.now().after(wait_after(leased.tries, leased.id.raw()));
        self.put_back(leased, due, Some(reason), 0).await?;
        Ok(Outcome::Again(due))
    }

    /// Gives back a job that was not begun, or whose worker must stop: it is due again at once, and no try is spent.
    ///
    /// # Errors
    /// As [`Queue::retry`].
    pub async fn release(&self, leased: &Leased) -> Result<(), Error> {
        self.put_back(leased, self.clock.now(), None, 1).await
    }

    /// Puts a job back for a while without a try being spent: what it needs is not there, and that is not its fault.
    ///
    /// # Errors
    /// As [`Queue::retry`].
    pub async fn postpone(
        &self,
        leased: &Leased,
        wait: Duration,
        reason: &str,
    ) -> Result<(), Error> {
        self.put_back(leased, self.clock.now().after(wait), Some(reason), 1).await
    }

    async fn put_back(
        &self,
        leased: &Leased,
        due: Timestamp,
        reason: Option<&str>,
        unspent: u32,
    ) -> Result<(), Error> {
        self.settle(leased, Batch::default(), |batch, stored| {
            let mut row = (**stored).clone();
            row.tries = row.tries.saturating_sub(unspent);
            row.reason = reason.map(shortened).or(row.reason);
            row.state = State::Waiting { due };
            batch.replace_row(stored, &row)
        })
        .await
    }

    /// Gives a job up, together with what the handler writes about that. It is kept for an administrator to see.
    ///
    /// # Errors
    /// As [`Queue::finish`].
    pub async fn bury(&self, leased: &Leased, reason: &str, batch: Batch) -> Result<(), Error> {
        let now = self.clock.now();
        self.settle(leased, batch, |batch, stored| {
            let mut row = (**stored).clone();
            row.bury(now, &shortened(reason));
            batch.replace_row(stored, &row)
        })
        .await
    }

    /// Adds to a batch that the jobs that make a video are gone, leased ones too; what frees its disk stays.
    /// The batch conflicts if one of them is taken or ends meanwhile: read again and retry.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn cancel(&self, batch: &mut Batch, video: Id<Video>) -> Result<(), Error> {
        let range = jobs_by_video(video);
        for stored in self.store.follow::<JobRow>(&range, crate::kv::SCAN_MAX).await? {
            batch.delete_row(&stored);
        }
        Ok(())
    }

    /// Makes the jobs due again that were leased before this node started, without spending a try; call it once at the
    /// start, where one node alone owns the engine. Returns how many there were.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn release_all_of_other_boots(&self) -> Result<usize, Error> {
        let mut released = 0_usize;
        for lane in Lane::ALL {
            let mut rest = Range::prefix(&crate::tables::JOBS_DUE.key(&[&[lane.byte()]]));
            loop {
                let entries = self.store.kv().scan(&rest, LOOK_MAX).await?;
                let Some((last, _)) = entries.last() else { break };
                rest = rest.after(last);
                let keys: Vec<_> = entries.iter().map(|(_, key)| key.to_vec()).collect();
                for stored in self.store.get_many::<JobRow>(&keys).await?.into_iter().flatten() {
                    released = released.saturating_add(self.release_lost(&stored).await?);
                }
            }
        }
        Ok(released)
    }

    async fn release_lost(&self, stored: &Stored<JobRow>) -> Result<usize, Error> {
        match stored.state {
            State::Leased { boot, .. } if boot != self.boot => {}
            _ => return Ok(0),
        }
        let mut row = (**stored).clone();
        row.losses = row.losses.saturating_add(1);
        // Dying under a job is the node's fault until it happens again and again.
        row.tries = if row.losses > LOSSES_MAX { TRIES_MAX } else { row.tries.saturating_sub(1) };
        row.state = State::Waiting { due: self.clock.now() };
        Ok(usize::from(self.change(stored, &row).await?))
    }

    /// Wakes one worker of a lane.
    pub fn wake(&self, lane: Lane) {
        self.store.wakes().wake_lane(lane);
    }

    /// Waits until a lane may have a job that is due: after a commit that put one there, or when one comes due, and
    /// for two seconds at most.
    pub async fn wait(&self, lane: Lane) {
        let wait = self.until_due(lane).await.clamp(POLL_MIN, POLL);
        let woken = tokio::time::timeout(wait, self.store.wakes().lane(lane)).await;
        drop(woken);
    }

    async fn until_due(&self, lane: Lane) -> Duration {
        let range = Range::prefix(&crate::tables::JOBS_DUE.key(&[&[lane.byte()]]));
        match self.store.follow::<JobRow>(&range, 1).await {
            Ok(rows) => {
                let due = rows.first().and_then(|row| row.due());
                due.map_or(POLL, |due| due.since(self.clock.now()))
            }
            Err(_) => POLL,
        }
    }

    /// How many jobs a lane holds.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn count(&self, lane: Lane) -> Result<Count, Error> {
        let all = Range::prefix(&crate::tables::JOBS_DUE.key(&[&[lane.byte()]]));
        let due = self.store.count(&jobs_due(lane, self.clock.now())).await?;
        let all = self.store.count(&all).await?;
        Ok(Count { due, later: all.saturating_sub(due) })
    }

    /// How many jobs were given up.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn count_buried(&self) -> Result<usize, Error> {
        self.store.count(&buried_jobs()).await
    }

    /// Jobs that were given up, oldest first, at most `limit`.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn buried(&self, limit: usize) -> Result<Vec<Buried>, Error> {
        let rows = self.store.follow::<JobRow>(&buried_jobs(), limit).await?;
        let buried = |row: Stored<JobRow>| match &row.state {
            State::Buried { at } => Some(Buried {
                id: row.id,
                job: row.job().ok(),
                tries: row.tries,
                at: *at,
                reason: row.reason.clone().unwrap_or_default(),
            }),
            State::Waiting { .. } | State::Leased { .. } => None,
        };
        Ok(rows.into_iter().filter_map(buried).collect())
    }

    /// Makes a buried job due again, with all its tries; false if there is no such buried job.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn revive(&self, id: Id<Job>) -> Result<bool, Error> {
        let Some(stored) = self.store.get::<JobRow>(&job_key(id)).await? else { return Ok(false) };
        if !matches!(stored.state, State::Buried { .. }) {
            return Ok(false);
        }
        let mut row = (*stored).clone();
        (row.tries, row.losses) = (0, 0);
        row.state = State::Waiting { due: self.clock.now() };
        self.change(&stored, &row).await
    }
}

fn shortened(reason: &str) -> String {
    let mut end = reason.len().min(REASON_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    reason.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
