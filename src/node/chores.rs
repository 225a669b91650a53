//! What is done every now and then: views and traffic are written down, and what is over is cleared away.

use std::sync::Arc;
use std::time::Duration;

use kinora_service::{
    Service, comments, listing, notifications, sessions, traffic, uploads, views,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

/// How often views and traffic are written down: what a crash may lose of them.
const COUNTS_EVERY: Duration = Duration::from_secs(45);

/// How often is cleared up.
const CLEAR_EVERY: Duration = Duration::from_secs(60 * 60);

/// Every so many rounds of clearing up, all blobs are looked at.
const SWEEP_ROUNDS: u64 = 24;

/// How often what came and found no owner is cleared away: a video may be deleted while its segments come in.
const NEWCOMERS_EVERY: Duration = Duration::from_secs(30);

/// The chores of a running node.
#[derive(Debug)]
pub struct Chores {
    tasks: JoinSet<()>,
    stopping: CancellationToken,
}

impl Chores {
    /// Starts them; entries of the journal stay for `journal_keep`.
    #[must_use]
    pub fn start(service: &Arc<Service>, journal_keep: Duration) -> Self {
        let stopping = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(warm_listing(Arc::clone(service), stopping.clone()));
        tasks.spawn(notify(Arc::clone(service), stopping.clone()));
        tasks.spawn(tell_of_comments(Arc::clone(service), stopping.clone()));
        tasks.spawn(write_counts(Arc::clone(service), stopping.clone()));
        tasks.spawn(sweep_newcomers(Arc::clone(service), stopping.clone()));
        tasks.spawn(clear_up(Arc::clone(service), stopping.clone(), journal_keep));
        Self { tasks, stopping }
    }

    /// Ends them, after the one that is under way.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                warn!(%error, "a chore ended by itself");
            }
        }
    }
}

/// Builds the catalogue, so that the first visitor does not wait for it.
async fn warm_listing(service: Arc<Service>, stopping: CancellationToken) {
    let everything = listing::Filter::default();
    let built = service.listing.count(&service, &everything);
    if let Some(Err(error)) = stopping.run_until_cancelled(built).await {
        warn!(%error, "the catalogue could not be built");
    }
}

/// Tells subscribers of new videos, as they are published.
async fn notify(service: Arc<Service>, stopping: CancellationToken) {
    stopping.run_until_cancelled(notifications::follow_journal(&service)).await;
}

/// Tells open pages of comments, as they are made.
async fn tell_of_comments(service: Arc<Service>, stopping: CancellationToken) {
    stopping.run_until_cancelled(comments::live::follow_journal(&service)).await;
}

async fn write_counts(service: Arc<Service>, stopping: CancellationToken) {
    while stopping.run_until_cancelled(tokio::time::sleep(COUNTS_EVERY)).await.is_some() {
        if let Err(error) = views::write_down(&service).await {
            warn!(%error, "views could not be written down and are counted on");
        }
        if let Err(error) = traffic::write_down(&service).await {
            warn!(%error, "traffic could not be written down and is counted on");
        }
    }
}

async fn sweep_newcomers(service: Arc<Service>, stopping: CancellationToken) {
    while stopping.run_until_cancelled(tokio::time::sleep(NEWCOMERS_EVERY)).await.is_some() {
        let swept = kinora_store::sweep::sweep_newcomers(&service.blobs, &service.store).await;
        tell("newcomers without an owner", swept);
    }
}

async fn clear_up(service: Arc<Service>, stopping: CancellationToken, journal_keep: Duration) {
    let mut round = 0_u64;
    while stopping.run_until_cancelled(tokio::time::sleep(CLEAR_EVERY)).await.is_some() {
        round = round.wrapping_add(1);
        trim_journal(&service, journal_keep).await;
        tell("uploads that nobody goes on with", uploads::collect_stale(&service).await);
        tell("sessions that ended", sessions::collect_ended(&service).await);
        if round.is_multiple_of(SWEEP_ROUNDS) {
            let swept = kinora_store::sweep::sweep_blobs(&service.blobs, &service.store).await;
            tell("blobs without an owner", swept);
        }
    }
}

async fn trim_journal(service: &Service, keep: Duration) {
    loop {
        match service.journal.trim(service.now(), keep).await {
            Ok(0) => return,
            Ok(removed) => debug!(removed, "old entries of the journal were removed"),
            Err(error) => return warn!(%error, "the journal could not be trimmed"),
        }
    }
}

fn tell<E: std::fmt::Display>(what: &str, removed: Result<usize, E>) {
    match removed {
        Ok(0) => {}
        Ok(removed) => info!(removed, "{what} were removed"),
        Err(error) => warn!(%error, "{what} could not be removed"),
    }
}
