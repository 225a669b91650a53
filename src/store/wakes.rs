//! Wake-ups: those who wait for work or for news learn of a commit as soon as it has landed.

use kinora_model::job::Lane;
use tokio::sync::{Notify, watch};

use crate::kv::{Batch, Write};
use crate::tables::{JOBS_DUE, JOURNAL};

/// Who is to be woken, shared by all clones of one [`crate::Store`].
#[derive(Debug)]
pub(crate) struct Wakes {
    lanes: [Notify; Lane::ALL.len()],
    journal: watch::Sender<u64>,
}

/// What a batch will wake once it has landed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    lanes: [bool; Lane::ALL.len()],
    journal: bool,
}

impl Default for Wakes {
    fn default() -> Self {
        Self { lanes: Default::default(), journal: watch::Sender::new(0) }
    }
}

impl Touched {
    /// Looks at what a batch writes: jobs wake their lane, entries of the journal its followers.
    pub(crate) fn by(batch: &Batch) -> Self {
        let mut lanes = [false; Lane::ALL.len()];
        for (flag, lane) in lanes.iter_mut().zip(Lane::ALL) {
            let prefix = JOBS_DUE.key(&[&[lane.byte()]]);
            let mut due = batch.writes.range(prefix.clone()..);
            let due = due.by_ref().take_while(|(key, _)| key.starts_with(&prefix));
            *flag = due.into_iter().any(|(_, write)| matches!(write, Write::Put(_)));
        }
        let journal = batch.appends.iter().any(|(log, _)| log.first() == Some(&JOURNAL.byte));
        Self { lanes, journal }
    }
}

impl Wakes {
    /// Wakes those whom a landed batch concerns.
    pub(crate) fn wake(&self, touched: Touched) {
        for (notify, touched) in self.lanes.iter().zip(touched.lanes) {
            if touched {
                notify.notify_one();
            }
        }
        if touched.journal {
            self.journal.send_modify(|commits| *commits = commits.wrapping_add(1));
        }
    }

    /// Wakes one worker of a lane; if none waits now, the next one does not wait.
    pub(crate) fn wake_lane(&self, lane: Lane) {
        if let Some(notify) = self.of(lane) {
            notify.notify_one();
        }
    }

    /// Ends with the next wake-up of a lane.
    pub(crate) async fn lane(&self, lane: Lane) {
        if let Some(notify) = self.of(lane) {
            notify.notified().await;
        }
    }

    /// Changes with each commit that appends to the journal.
    pub(crate) fn journal(&self) -> watch::Receiver<u64> {
        self.journal.subscribe()
    }

    fn of(&self, lane: Lane) -> Option<&Notify> {
        let mut pairs = Lane::ALL.iter().zip(&self.lanes);
        pairs.find_map(|(known, notify)| (*known == lane).then_some(notify))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_batch_touches_the_lanes_it_puts_jobs_in_and_the_journal_it_appends_to() {
        let mut batch = Batch::default();
        assert_eq!(Touched::by(&batch), Touched::default());
        batch.delete(JOBS_DUE.key(&[&[Lane::Light.byte()], b"gone"]));
        batch.put(JOBS_DUE.key(&[&[Lane::Media.byte()], b"new"]), Bytes::new());
        batch.append(JOURNAL.key(&[]), Bytes::new());
        assert_eq!(
            Touched::by(&batch),
            Touched { lanes: [false, true, false, false, false, false, false], journal: true }
        );
    }
}
