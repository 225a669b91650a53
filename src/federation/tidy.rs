//! Clearing away: activities that came in long ago need not be known any more.

use std::time::Duration;

use kinora_model::clock::Timestamp;
use kinora_model::delivery::Received;
use kinora_store::table::row_key;
use kinora_store::{Batch, Range, Row as _};
use tracing::{info, warn};

use crate::Federation;
use crate::error::Error;

/// How long an activity is known: longer than anybody tries to deliver it, and longer than its signature is taken.
pub const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long an activity is known that made something, so that it can be taken back by its id alone.
pub const MADE_FOR: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);

/// How often it is looked for what is old.
const EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// How long after the start it is looked for the first time.
const FIRST_AFTER: Duration = Duration::from_secs(10 * 60);

/// Rows that are looked at, and forgotten, at a time.
const PAGE_MAX: usize = 500;

impl Federation {
    /// Clears away until the node stops.
    pub(crate) async fn tidy(&self) {
        let mut wait = FIRST_AFTER;
        loop {
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = EVERY;
            match self.forget_old().await {
                Ok(0) => {}
                Ok(count) => info!(count, "forgot activities that came in long ago"),
                Err(error) => warn!(%error, "old activities could not be forgotten"),
            }
        }
    }

    /// Forgets activities that came in long ago; how many.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_old(&self) -> Result<usize, Error> {
        let (store, now) = (&self.service.store, self.service.now());
        let mut rest = Range::prefix(&row_key::<Received>(&[]));
        let mut count = 0_usize;
        loop {
            let page = store.list_range::<Received>(&rest, PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok(count) };
            rest = rest.after(&row_key::<Received>(&last.key()));
            let mut batch = Batch::default();
            for row in page.iter().filter(|row| is_old(row, now)) {
                batch.delete_row(row);
                count = count.saturating_add(1);
            }
            match store.commit(batch).await {
                // One of them is being changed: the next look finds the page again.
                Ok(()) | Err(kinora_store::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn is_old(row: &Received, now: Timestamp) -> bool {
    let known_for = if row.made.is_some() { MADE_FOR } else { KNOWN_FOR };
    now.since(row.at) > known_for
}
