//! Workers: take jobs of a lane from the queue, hold them while they are carried out, and say how they ended.

use std::future::Future;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::Duration;

use kinora_model::job::{Job, Lane};
use kinora_store::Batch;
use kinora_store::queue::{LEASE, Leased};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, error, info, info_span, warn};

use crate::Service;

/// How often a worker says that it still has its job.
const RENEW: Duration = Duration::from_secs(LEASE.as_secs() / 3);

/// How long a worker waits after the queue could not be read.
const TROUBLE_WAIT: Duration = Duration::from_secs(2);

/// Lines that jobs which must keep their order are spread over.
const LINES: usize = 64;

/// Why a job did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It may go better later: it is tried again, a bounded number of times.
    Passing(String),
    /// What it needs is not there yet: it is tried again after this time, and no try is spent.
    Later(Duration, String),
    /// It will never go better, and an administrator should see it.
    Final(String),
    /// What it was about is gone, or is none of ours: it ends as if well done.
    Moot(String),
    /// The node stops: it goes on after the next start.
    Stopping,
}

/// Those who carry out the jobs of some lanes.
pub trait Crew: Send + Sync {
    /// Carries out a job, which may be run twice.
    fn handle(&self, leased: &Leased) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Jobs of one line are carried out one after another, in the order in which they were wanted; `None` for those
    /// that need no order.
    fn line(&self, job: &Job) -> Option<String>;

    /// Counts the end of a job: `done`, `retried`, `waiting`, `moot` or `buried`.
    fn ended(&self, kind: &'static str, how: &'static str);
}

/// The workers of one lane share it: it keeps jobs of one line in order.
#[derive(Debug)]
pub struct Turns {
    door: Mutex<()>,
    lines: Vec<Arc<Mutex<()>>>,
    hasher: BuildHasherDefault<DefaultHasher>,
}

impl Default for Turns {
    fn default() -> Self {
        let lines = (0..LINES).map(|_| Arc::default()).collect();
        Self { door: Mutex::default(), lines, hasher: BuildHasherDefault::default() }
    }
}

/// A job whose turn it is.
type Turn = (Leased, Option<OwnedMutexGuard<()>>);

impl Turns {
    /// Takes the next job and waits for its turn. Jobs stand in line in the order in which they were taken.
    async fn next<C: Crew>(
        &self,
        service: &Service,
        crew: &C,
        lane: Lane,
        name: &str,
    ) -> Result<Option<Turn>, kinora_store::Error> {
        let door = self.door.lock().await;
        let Some(leased) = service.queue.lease(lane, name).await? else { return Ok(None) };
        let Some(line) = crew.line(&leased.job).and_then(|line| self.line(&line)) else {
            return Ok(Some((leased, None)));
        };
        let mut turn = Box::pin(line.lock_owned());
        // One look puts it in line; only then may the next job be taken.
        let first = futures::poll!(&mut turn);
        drop(door);
        let guard = match first {
            std::task::Poll::Ready(guard) => guard,
            std::task::Poll::Pending => holding(service, &leased, turn).await,
        };
        Ok(Some((leased, Some(guard))))
    }

    fn line(&self, name: &str) -> Option<Arc<Mutex<()>>> {
        let hash = usize::try_from(self.hasher.hash_one(name) >> 32).ok()?;
        self.lines.get(hash % LINES).map(Arc::clone)
    }
}

/// Works on a lane until the node stops. `name` is that of this worker alone.
pub async fn work<C: Crew>(
    service: &Service,
    crew: &C,
    lane: Lane,
    name: &str,
    turns: &Turns,
    stopping: &CancellationToken,
) {
    while !stopping.is_cancelled() {
        let next = tokio::select! {
            () = stopping.cancelled() => return,
            next = turns.next(service, crew, lane, name) => next,
        };
        match next {
            Ok(Some((leased, turn))) => {
                let span = info_span!("job", job.id = %leased.id, job.kind = leased.job.kind(), job.tries = leased.tries);
                Box::pin(carry_out(service, crew, &leased, stopping)).instrument(span).await;
                drop(turn);
            }
            Ok(None) => unless_stopping(stopping, service.queue.wait(lane)).await,
            Err(error) => {
                warn!(%error, "the queue could not be read");
                unless_stopping(stopping, tokio::time::sleep(TROUBLE_WAIT)).await;
            }
        }
    }
}

async fn unless_stopping(stopping: &CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = stopping.cancelled() => {}
        () = work => {}
    }
}

async fn carry_out<C: Crew>(
    service: &Service,
    crew: &C,
    leased: &Leased,
    stopping: &CancellationToken,
) {
    let kind = leased.job.kind();
    let ended = if leased.is_spent() {
        Err(Failure::Final("all tries ended without a word".to_owned()))
    } else {
        tokio::select! {
            biased;
            ended = holding(service, leased, crew.handle(leased)) => ended,
            () = stopping.cancelled() => Err(Failure::Stopping),
        }
    };
    let queue = &service.queue;
    let (how, said) = match ended {
        Ok(()) => ("done", queue.finish(leased, Batch::default()).await),
        Err(Failure::Moot(reason)) => {
            info!(reason, "a job came to nothing");
            ("moot", queue.finish(leased, Batch::default()).await)
        }
        Err(Failure::Stopping) => ("waiting", queue.release(leased).await),
        Err(Failure::Later(wait, reason)) => {
            ("waiting", queue.postpone(leased, wait, &reason).await)
        }
        Err(Failure::Passing(reason)) if !leased.is_last_try() => {
            warn!(reason, "a job failed and will be tried again");
            ("retried", queue.retry(leased, &reason).await.map(|_| ()))
        }
        Err(Failure::Passing(reason) | Failure::Final(reason)) => {
            error!(reason, "a job was given up");
            ("buried", queue.bury(leased, &reason, Batch::default()).await)
        }
    };
    crew.ended(kind, how);
    match said {
        Ok(()) | Err(kinora_store::Error::LeaseLost) => {}
        // The lease runs out, and the job is taken up again.
        Err(error) => warn!(%error, "the end of a job could not be written"),
    }
}

/// Waits for something, and keeps a job meanwhile.
async fn holding<T>(service: &Service, leased: &Leased, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(RENEW) => match service.queue.renew(leased).await {
                // Running twice does no harm; what is begun is ended.
                Ok(()) | Err(kinora_store::Error::LeaseLost) => {}
                Err(error) => warn!(%error, "a job could not be held on to"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use std::sync::Mutex as Shut;

    use super::*;
    use crate::stage::Stage;

    /// Writes down what it is given, and ends it as it is told.
    #[derive(Default)]
    struct Scribe {
        begun: Shut<Vec<String>>,
        ends: Shut<Vec<&'static str>>,
        fails: Option<Failure>,
        stop_after: usize,
        stopping: CancellationToken,
    }

    impl Crew for Scribe {
        async fn handle(&self, leased: &Leased) -> Result<(), Failure> {
            let Job::Receive { activity, .. } = &leased.job else { return Ok(()) };
            self.begun.lock().unwrap().push(activity.clone());
            // Others have every chance to come in between.
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            self.fails.clone().map_or(Ok(()), Err)
        }

        fn line(&self, job: &Job) -> Option<String> {
            match job {
                Job::Receive { signer, .. } => signer.host_str().map(str::to_owned),
                _ => None,
            }
        }

        fn ended(&self, _kind: &'static str, how: &'static str) {
            let mut ends = self.ends.lock().unwrap();
            ends.push(how);
            if ends.len() >= self.stop_after {
                self.stopping.cancel();
            }
        }
    }

    async fn want(stage: &Stage, words: &str, host: &str) {
        let signer = url::Url::parse(&format!("https://{host}/bob")).unwrap();
        let mut batch = Batch::default();
        let job = Job::Receive { activity: words.to_owned(), signer };
        stage.service.queue.enqueue(&mut batch, &job).unwrap();
        stage.service.store.commit(batch).await.unwrap();
    }

    async fn run(stage: &Stage, scribe: &Scribe, workers: usize) {
        let turns = Turns::default();
        let names: Vec<_> = (0..workers).map(|number| format!("worker-{number}")).collect();
        let working = names.iter().map(|name| {
            work(&stage.service, scribe, Lane::Receive, name, &turns, &scribe.stopping)
        });
        futures::future::join_all(working).await;
    }

    #[tokio::test]
    async fn jobs_of_one_line_keep_their_order_however_many_work() {
        let stage = Stage::new().await;
        for number in 0..60 {
            want(&stage, &format!("{} {number:02}", number % 3), &format!("h{}.test", number % 3))
                .await;
        }
        let scribe = Scribe { stop_after: 60, ..Scribe::default() };
        run(&stage, &scribe, 8).await;
        let begun = scribe.begun.lock().unwrap().clone();
        for line in ["0 ", "1 ", "2 "] {
            let of_line: Vec<_> = begun.iter().filter(|it| it.starts_with(line)).collect();
            assert_eq!(of_line.len(), 20);
            assert!(of_line.is_sorted(), "{of_line:?}");
        }
        assert_eq!(stage.service.queue.count(Lane::Receive).await.unwrap().due, 0);
    }

    #[tokio::test]
    async fn a_job_ends_as_its_failure_says() {
        for (fails, how, waiting, buried) in [
            (Failure::Passing("not now".to_owned()), "retried", 1, 0),
            (Failure::Later(Duration::from_secs(60), "not yet".to_owned()), "waiting", 1, 0),
            (Failure::Final("never".to_owned()), "buried", 0, 1),
            (Failure::Moot("gone".to_owned()), "moot", 0, 0),
        ] {
            let stage = Stage::new().await;
            want(&stage, "word", "h.test").await;
            let scribe = Scribe { stop_after: 1, fails: Some(fails), ..Scribe::default() };
            run(&stage, &scribe, 1).await;
            assert_eq!(*scribe.ends.lock().unwrap(), [how]);
            let count = stage.service.queue.count(Lane::Receive).await.unwrap();
            assert_eq!((count.due, count.later), (0, waiting), "{how}");
            assert_eq!(stage.service.queue.count_buried().await.unwrap(), buried, "{how}");
        }
    }
}
