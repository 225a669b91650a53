//! One round: what waits for one server goes out, one after another.

use std::time::Duration;

use bytes::Bytes;
use kinora_model::delivery::{Delivery, Outgoing};
use kinora_model::host::Host;
use kinora_store::Stored;
use kinora_store::tables::delivery::deliveries_to;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{debug, info};

use super::{End, Round, is_too_old};
use crate::Federation;
use crate::error::Error;

/// Deliveries of one round; then the next server has its turn.
const ROUND_MAX: usize = 16;

/// How long a server may hold up the others' turns.
const QUICK: Duration = Duration::from_secs(2);

/// After so many failures in a row it is not the server that fails but what it is told: that is then left out.
const STUBBORN: u32 = 6;

impl Federation {
    /// Delivers what waits for a server, in order. `quick` is given back as soon as the server turns out to be slow.
    pub(super) async fn round(&self, host: Host, quick: OwnedSemaphorePermit) -> Round {
        let mut round = Round { host, ended: Vec::new(), reached: false, end: End::Empty };
        round.end = match self.deliver_to(&mut round, quick).await {
            Ok(end) => end,
            Err(error) => End::Ours(error.to_string()),
        };
        round
    }

    async fn deliver_to(
        &self,
        round: &mut Round,
        quick: OwnedSemaphorePermit,
    ) -> Result<End, Error> {
        let host = &round.host;
        let mut quick = Some(quick);
        let waiting =
            self.service.store.list_range::<Delivery>(&deliveries_to(host), ROUND_MAX).await?;
        let full = waiting.len() == ROUND_MAX;
        let keys: Vec<_> = waiting.iter().map(|it| it.outgoing.to_key().to_vec()).collect();
        let bodies = self.service.store.get_many::<Outgoing>(&keys).await?;
        let now = self.service.now();
        let lost = self.deliveries.with(|lines| lines.is_lost(host, now));
        for (delivery, outgoing) in waiting.into_iter().zip(bodies) {
            let outgoing =
                outgoing.map(Stored::into_row).filter(|it| !is_too_old(it.created_at, now));
            let Some(outgoing) = outgoing.filter(|_| !lost) else {
                round.ended.push(delivery.into_row());
                continue;
            };
            if self.stopping.is_cancelled() {
                return Ok(End::More);
            }
            let signer = outgoing.signer;
            match self.hand_over(&delivery, outgoing, &mut quick).await {
                Ok(()) => {
                    self.metrics.delivery("delivered");
                    round.reached = true;
                    round.ended.push(delivery.into_row());
                }
                Err(error) if self.is_final(&error, host) => {
                    info!(host = %host, %error, "an inbox does not take an activity");
                    self.metrics.delivery("refused");
                    round.reached |= answered(&error);
                    if matches!(error, Error::Gone) {
                        self.drop_inbox(signer, &delivery.inbox).await?;
                    }
                    round.ended.push(delivery.into_row());
                }
                Err(error) => {
                    self.metrics.delivery("failed");
                    return trouble(error);
                }
            }
            if quick.is_none() {
                return Ok(End::More);
            }
        }
        Ok(if full { End::More } else { End::Empty })
    }

    async fn hand_over(
        &self,
        delivery: &Delivery,
        outgoing: Outgoing,
        quick: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(), Error> {
        let posting =
            self.client.post(outgoing.signer, &delivery.inbox, Bytes::from(outgoing.body));
        let mut posting = std::pin::pin!(posting);
        let posted = tokio::select! {
            posted = &mut posting => posted,
            () = tokio::time::sleep(QUICK) => {
                drop(quick.take());
                posting.await
            }
        };
        posted.map(|_posted| debug!(host = %delivery.host, "delivered"))
    }

    /// True if an answer will not change, so that the activity need not be sent there again.
    fn is_final(&self, error: &Error, host: &Host) -> bool {
        match error {
            Error::NotFound(_)
            | Error::Gone
            | Error::Refused(_)
            | Error::Blocked(_)
            | Error::PrivateAddress
            | Error::Limit(_)
            | Error::Unreadable(_) => true,
            Error::Status { status: 500, .. } => {
                let failures =
                    self.deliveries.with(|lines| lines.trouble(host).map(|it| it.failures));
                failures.is_some_and(|failures| failures >= STUBBORN)
            }
            Error::Status { status, .. } => *status < 500 && !matches!(*status, 408 | 429),
            _ => false,
        }
    }
}

/// True if an error is an answer of the server.
const fn answered(error: &Error) -> bool {
    matches!(error, Error::NotFound(_) | Error::Gone | Error::Status { .. })
}

fn trouble(error: Error) -> Result<End, Error> {
    match error {
        Error::Status { retry_after_s, .. } => {
            Ok(End::Trouble { reason: error.to_string(), retry_after_s })
        }
        Error::Unreachable { .. } => {
            Ok(End::Trouble { reason: error.to_string(), retry_after_s: None })
        }
        error => Err(error),
    }
}
