//! The clerk: gives every server its turn, and writes down what became of it. It alone changes the rows of deliveries
//! once they are made.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kinora_model::clock::Timestamp;
use kinora_model::delivery::{Delivery, HostTrouble, Outgoing};
use kinora_model::host::Host;
use kinora_store::kv::Range;
use kinora_store::tables::delivery::{all_deliveries, deliveries_to};
use kinora_store::{Batch, Row};
use tokio::task::{JoinError, JoinSet};
use tracing::{info, warn};

use super::{End, Round, backoff, count};
use crate::Federation;
use crate::absence::AWAY;
use crate::error::Error;

/// How long the clerk sleeps at most.
const NAP_MAX: Duration = Duration::from_secs(30);

/// How long a server waits after the node itself could not go on.
const OURS_WAIT_S: u64 = 5;

/// Rounds that are written down together.
const ROUNDS_MAX: usize = 64;

/// Troubles that are read at a time at the start.
const TROUBLES_MAX: usize = 1000;

/// How often a batch is tried again that another change got in the way of.
const TRIES_MAX: u32 = 8;

impl Federation {
    /// Delivers until the node stops.
    pub(crate) async fn deliver(self: Arc<Self>) {
        while let Err(error) = self.remember().await {
            warn!(%error, "waiting deliveries could not be read");
            if self.rest(Duration::from_secs(OURS_WAIT_S)).await {
                return;
            }
        }
        let mut rounds = JoinSet::new();
        loop {
            self.note_woken().await;
            self.begin(&mut rounds);
            let nap = self.nap();
            tokio::select! {
                () = self.stopping.cancelled() => break,
                () = self.deliveries.changed.notified() => {}
                () = tokio::time::sleep(nap) => {}
                Some(ended) = rounds.join_next() => self.note(ended, &mut rounds).await,
            }
        }
        while let Some(ended) = rounds.join_next().await {
            self.note(ended, &mut rounds).await;
        }
    }

    /// Sleeps; true if the node stops.
    async fn rest(&self, span: Duration) -> bool {
        tokio::select! {
            () = self.stopping.cancelled() => true,
            () = tokio::time::sleep(span) => false,
        }
    }

    /// Reads which servers are in trouble and which something waits for: one seek for each.
    async fn remember(&self) -> Result<(), Error> {
        let store = &self.service.store;
        let mut rest = Range::prefix(&kinora_store::table::row_key::<HostTrouble>(&[]));
        loop {
            let page = store.list_range::<HostTrouble>(&rest, TROUBLES_MAX).await?;
            let last =
                page.last().map(|row| kinora_store::table::row_key::<HostTrouble>(&row.key()));
            let full = page.len() == TROUBLES_MAX;
            self.deliveries.with(|lines| {
                page.into_iter().for_each(|row| lines.set_trouble(row.into_row()));
            });
            match last {
                Some(last) if full => rest = rest.after(&last),
                _ => break,
            }
        }
        let mut rest = all_deliveries();
        while let Some(first) = store.list_range::<Delivery>(&rest, 1).await?.pop() {
            rest.from = deliveries_to(&first.host).to;
            self.deliveries.with(|lines| lines.add(first.into_row().host));
        }
        Ok(())
    }

    /// Begins as many rounds as there are turns.
    fn begin(self: &Arc<Self>, rounds: &mut JoinSet<Round>) {
        while let (Ok(all), Ok(quick)) = (
            Arc::clone(&self.deliveries.all).try_acquire_owned(),
            Arc::clone(&self.deliveries.quick).try_acquire_owned(),
        ) {
            let now = self.service.now();
            let Some(host) = self.deliveries.with(|lines| lines.next(now)) else { return };
            let room = Arc::clone(self);
            rounds.spawn(async move {
                let round = Box::pin(room.round(host, quick)).await;
                // A quick turn that was given back early may let another begin.
                drop(all);
                round
            });
        }
    }

    fn nap(&self) -> Duration {
        let next = self.deliveries.with(|lines| lines.next_at());
        let now = self.service.now();
        let until = next.map_or(NAP_MAX, |at| at.since(now));
        // Turns that slow servers gave back are found again within a moment.
        let full = self.deliveries.quick.available_permits() == 0;
        let most = if full { Duration::from_secs(1) } else { NAP_MAX };
        until.clamp(Duration::from_millis(10), most)
    }

    /// Writes down what became of a round, and of all others that ended meanwhile.
    async fn note(&self, first: Result<Round, JoinError>, rounds: &mut JoinSet<Round>) {
        let mut ended = vec![first];
        while ended.len() < ROUNDS_MAX {
            let Some(next) = rounds.try_join_next() else { break };
            ended.push(next);
        }
        let ended: Vec<_> = ended.into_iter().filter_map(Result::ok).collect();
        let now = self.service.now();
        let troubles = self.troubles_after(&ended, now);
        if let Err(error) = self.write(&ended, &troubles).await {
            // They go out again: those who get them know them already.
            warn!(%error, "the end of deliveries could not be written");
        }
        let mut back = Vec::new();
        self.deliveries.with(|lines| {
            for (round, trouble) in ended.into_iter().zip(troubles) {
                let more = !matches!(round.end, End::Empty);
                match trouble {
                    Some(trouble) => lines.set_trouble(trouble),
                    None if round.reached => {
                        lines.wake(&round.host);
                        back.extend(lines.take_woken());
                    }
                    None => {}
                }
                lines.done(round.host, more);
            }
        });
        let (waiting, in_trouble) = self.lines();
        self.metrics.lines(waiting, in_trouble);
        for trouble in back {
            self.welcome(&trouble).await;
        }
    }

    /// The trouble of each server after its round, if it has any.
    fn troubles_after(&self, ended: &[Round], now: Timestamp) -> Vec<Option<HostTrouble>> {
        let after = |round: &Round| {
            let (reason, rest) = match &round.end {
                End::Trouble { reason, retry_after_s } => (reason.clone(), *retry_after_s),
                End::Ours(reason) => {
                    warn!(host = %round.host, reason, "a delivery could not be made");
                    return Some(self.our_trouble(&round.host, now, reason));
                }
                End::Empty | End::More => return None,
            };
            let before = self.deliveries.with(|lines| lines.trouble(&round.host).cloned());
            let trouble = backoff::worse(before.as_ref(), &round.host, now, reason, rest);
            if trouble.failures == 1 {
                info!(host = %trouble.host, reason = trouble.reason, "a server is not reached");
            }
            Some(trouble)
        };
        ended.iter().map(after).collect()
    }

    /// A short wait that is not the server's fault.
    fn our_trouble(&self, host: &Host, now: Timestamp, reason: &str) -> HostTrouble {
        let next_try_at = now.after(Duration::from_secs(OURS_WAIT_S));
        let before = self.deliveries.with(|lines| lines.trouble(host).cloned());
        match before {
            Some(before) => HostTrouble { next_try_at, ..before },
            None => HostTrouble {
                host: host.clone(),
                failing_since: now,
                failures: 0,
                next_try_at,
                reason: reason.to_owned(),
                asleep: false,
            },
        }
    }

    /// Writes down which deliveries ended and which servers are in trouble, in one batch.
    async fn write(&self, ended: &[Round], troubles: &[Option<HostTrouble>]) -> Result<(), Error> {
        let deliveries: Vec<_> =
            ended.iter().flat_map(|round| round.ended.iter().cloned()).collect();
        for _ in 1..TRIES_MAX {
            match self.try_write(&deliveries, ended, troubles).await {
                Err(Error::Store(kinora_store::Error::Conflict)) => {}
                end => return end,
            }
        }
        self.try_write(&deliveries, ended, troubles).await
    }

    async fn try_write(
        &self,
        deliveries: &[Delivery],
        ended: &[Round],
        troubles: &[Option<HostTrouble>],
    ) -> Result<(), Error> {
        let store = &self.service.store;
        let mut batch = Batch::default();
        let keys: Vec<_> = deliveries.iter().map(Row::key).collect();
        let still = store.get_many::<Delivery>(&keys).await?;
        still.iter().flatten().for_each(|row| batch.delete_row(row));
        let there: Vec<_> = still.into_iter().flatten().map(|row| row.into_row()).collect();
        let counts: HashMap<_, _> = count(&there);
        let keys: Vec<_> = counts.keys().map(|id| id.to_key().to_vec()).collect();
        for row in store.get_many::<Outgoing>(&keys).await?.into_iter().flatten() {
            let ended = counts.get(&row.id).copied().unwrap_or_default();
            match row.waiting.saturating_sub(ended) {
                0 => batch.delete_row(&row),
                waiting => {
                    let left = Outgoing { waiting, ..(*row).clone() };
                    batch.replace_row(&row, &left)?;
                }
            }
        }
        for (round, trouble) in ended.iter().zip(troubles) {
            match trouble {
                Some(trouble) => batch.put_row(trouble)?,
                None if round.reached => self.forget_trouble(&mut batch, &round.host),
                None => {}
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        Ok(store.commit(batch).await?)
    }

    fn forget_trouble(&self, batch: &mut Batch, host: &Host) {
        if self.deliveries.with(|lines| lines.trouble(host).is_some()) {
            batch.delete(kinora_store::table::row_key::<HostTrouble>(host.as_str().as_bytes()));
        }
    }

    /// Writes down that servers gave a sign of life.
    async fn note_woken(&self) {
        let woken = self.deliveries.with(|lines| lines.take_woken());
        if woken.is_empty() {
            return;
        }
        let mut batch = Batch::default();
        for trouble in &woken {
            batch.delete(kinora_store::table::row_key::<HostTrouble>(
                trouble.host.as_str().as_bytes(),
            ));
        }
        if let Err(error) = self.service.store.commit(batch).await {
            warn!(%error, "that servers are back could not be written");
        }
        for trouble in &woken {
            self.welcome(trouble).await;
        }
    }

    /// A server is back.
    async fn welcome(&self, trouble: &HostTrouble) {
        info!(host = %trouble.host, failures = trouble.failures, "a server is reached again");
        self.client.forgive(&trouble.host);
        if self.service.now().since(trouble.failing_since) < AWAY {
            return;
        }
        if let Err(error) = self.catch_up(Some(&trouble.host)).await {
            warn!(host = %trouble.host, %error, "what a server said while it was away cannot be asked for");
        }
    }
}
