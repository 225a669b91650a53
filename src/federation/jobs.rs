//! The jobs of this room, and what their ends mean.

use std::time::Duration;

use kinora_model::host::Host;
use kinora_model::job::Job;
use kinora_service::replicas;
use kinora_service::worker::{Crew, Failure};
use kinora_store::queue::Leased;

use crate::Federation;
use crate::error::Error;

impl Crew for Federation {
    async fn handle(&self, leased: &Leased) -> Result<(), Failure> {
        let Some(time_max) = time_max(&leased.job) else {
            return self.carry_out(&leased.job).await.map_err(|error| failure(&error));
        };
        let done = tokio::time::timeout(time_max, self.carry_out(&leased.job)).await;
        let done = done.unwrap_or(Err(Error::Limit("the time for what another server says")));
        done.map_err(|error| failure(&error))
    }

    fn line(&self, job: &Job) -> Option<String> {
        match job {
            // A server's words are handled in the order in which it said them.
            Job::Receive { signer, .. } => Host::of(signer).map(|host| host.to_string()),
            // Two at once would fetch the same.
            Job::Replicate { video } => Some(video.to_string()),
            _ => None,
        }
    }

    fn ended(&self, kind: &'static str, how: &'static str) {
        self.metrics.ended(kind, how);
    }
}

/// How long a job may take that asks other servers again and again: slow ones must not keep all workers.
const fn time_max(job: &Job) -> Option<Duration> {
    match job {
        Job::Receive { .. } => Some(Duration::from_mins(2)),
        Job::Backfill { .. } | Job::ReadComments { .. } => Some(Duration::from_mins(5)),
        _ => None,
    }
}

impl Federation {
    async fn carry_out(&self, job: &Job) -> Result<(), Error> {
        match job {
            Job::Federate { outbound } => self.tell(outbound).await,
            Job::Receive { activity, signer } => self.receive_activity(activity, signer).await,
            Job::Backfill { actor, page, pages } => {
                self.backfill(*actor, page.as_ref(), *pages).await
            }
            Job::ReadComments { video } => Box::pin(self.read_comments(*video)).await,
            Job::Replicate { video } => Box::pin(self.replicate(*video)).await,
            Job::KeepPact { host } => {
                replicas::review(&self.service, host).await.map_err(Error::from)
            }
            // Other rooms have lanes of their own.
            Job::Probe { .. }
            | Job::PackageFirst { .. }
            | Job::PackageRest { .. }
            | Job::Torrent { .. }
            | Job::RemoveVideo { .. }
            | Job::RemoveReplica { .. }
            | Job::RemoveBlobs { .. } => Ok(()),
        }
    }
}

/// What an error means for the job that it ended.
fn failure(error: &Error) -> Failure {
    match error {
        Error::Stopping => Failure::Stopping,
        error if error.is_passing() => Failure::Passing(error.to_string()),
        // Nobody here can mend what another server says.
        error => Failure::Moot(error.to_string()),
    }
}
