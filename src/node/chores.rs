//! What is done every now and then: old entries of the journal go, and blobs that lost their last owner.

use std::sync::Arc;
use std::time::Duration;

use kinora_service::Service;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often the chores are done.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Every so many rounds all blobs are looked at.
const SWEEP_ROUNDS: u64 = 24;

/// The chores of a running node.
#[derive(Debug)]
pub struct Chores {
    task: JoinHandle<()>,
    stopping: CancellationToken,
}

impl Chores {
    /// Starts them; entries of the journal stay for `journal_keep`.
    #[must_use]
    pub fn start(service: Arc<Service>, journal_keep: Duration) -> Self {
        let stopping = CancellationToken::new();
        let token = stopping.clone();
        let task = tokio::spawn(async move {
            let mut round = 0_u64;
            while token.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
                round = round.wrapping_add(1);
                trim_journal(&service, journal_keep).await;
                if round.is_multiple_of(SWEEP_ROUNDS) {
                    sweep(&service).await;
                }
            }
        });
        Self { task, stopping }
    }

    /// Ends them, after the one that is under way.
    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.task.await {
            warn!(%error, "the chores ended by themselves");
        }
    }
}

async fn trim_journal(service: &Service, keep: Duration) {
    loop {
        match service.journal.trim(service.now(), keep).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return warn!(%error, "the journal could not be trimmed"),
        }
    }
}

async fn sweep(service: &Service) {
    match kinora_store::sweep::sweep_blobs(&service.blobs, &service.store).await {
        Ok(0) => {}
        Ok(removed) => info!(removed, "blobs without an owner were removed"),
        Err(error) => warn!(%error, "blobs without an owner could not be looked for"),
    }
}
