//! Times in which one could not hear the other: a server that was not reached, or this node while it did not run. Many
//! servers say a thing only once, so what they said meanwhile is asked for afterwards.

use std::time::Duration;

use kinora_model::actor::{ActorRef, RemoteActor};
use kinora_model::clock::Timestamp;
use kinora_model::host::Host;
use kinora_model::job::Job;
use kinora_model::video::Video;
use kinora_service::follows;
use kinora_store::table::{Row, Table, row_key};
use kinora_store::tables::{SETTINGS, videos_by_account, videos_by_channel};
use kinora_store::{Batch, Range};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::Federation;
use crate::error::Error;

/// How long one must have been away for the other to ask what it missed.
pub(crate) const AWAY: Duration = Duration::from_mins(10);

/// How often this node writes down that it runs.
const MARK_EVERY: Duration = Duration::from_mins(5);

/// Actors that are looked at.
const ACTORS_MAX: usize = 100_000;

/// Rows that are read at a time.
const READ_AT_ONCE: usize = 500;

/// Pages of an outbox that are read again.
const PAGES: u32 = 5;

/// The newest videos of an actor whose comments are read again.
const VIDEOS: usize = 10;

/// When this node last ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Awake {
    at: Timestamp,
}

impl Row for Awake {
    const TABLE: Table = SETTINGS;
    fn key(&self) -> Vec<u8> {
        AWAKE_KEY.to_vec()
    }
}

const AWAKE_KEY: &[u8] = b"awake";

impl Federation {
    /// Asks for what was missed while the node did not run, and from then on writes down that it runs.
    pub(crate) async fn stay_awake(&self) {
        loop {
            if let Err(error) = self.mark_awake().await {
                warn!(%error, "what was said while this node did not run cannot be asked for");
            }
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = tokio::time::sleep(MARK_EVERY) => {}
            }
        }
    }

    /// Writes down that the node runs; if it did not for a while, it asks for what was said meanwhile.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn mark_awake(&self) -> Result<(), Error> {
        let now = self.service.now();
        let last = self.service.store.get::<Awake>(AWAKE_KEY).await?;
        if last.is_some_and(|last| now.since(last.at) > AWAY) {
            let count = self.catch_up(None).await?;
            info!(actors = count, "asking for what was said while this node did not run");
        }
        let mut batch = Batch::default();
        batch.put_row(&Awake { at: now })?;
        self.service.store.commit(batch).await?;
        Ok(())
    }

    /// Asks for what was done by the actors that somebody here follows, those of one server or all, and for what was said
    /// under their newest videos; how many actors that are.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(crate) async fn catch_up(&self, host: Option<&Host>) -> Result<usize, Error> {
        let mut range = Range::prefix(&row_key::<RemoteActor>(&[]));
        let (mut seen, mut asked) = (0_usize, 0_usize);
        while seen < ACTORS_MAX {
            let page = self.service.store.list_range::<RemoteActor>(&range, READ_AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            range = range.after(&row_key::<RemoteActor>(&last.key()));
            seen = seen.saturating_add(page.len());
            let there: Vec<_> = page
                .iter()
                .filter(|row| host.is_none_or(|host| row.host == *host) && !row.gone)
                .map(|row| row.actor)
                .collect();
            let counts = follows::counts(&self.service, &there).await?;
            let mut batch = Batch::default();
            for row in counts.iter().filter(|row| row.followers > 0) {
                asked = asked.saturating_add(1);
                let pages = self.config.backfill_pages_max.saturating_sub(PAGES);
                let outbox = Job::Backfill { actor: row.actor, page: None, pages };
                self.service.queue.enqueue(&mut batch, &outbox)?;
                for video in self.newest_videos(row.actor).await? {
                    self.service.queue.enqueue(&mut batch, &video)?;
                }
            }
            if !batch.is_empty() {
                self.service.store.commit(batch).await?;
            }
        }
        Ok(asked)
    }

    /// The jobs that read the comments of an actor's newest videos.
    async fn newest_videos(&self, actor: ActorRef) -> Result<Vec<Job>, Error> {
        let range = match actor {
            ActorRef::Account(id) => videos_by_account(id),
            ActorRef::Channel(id) => videos_by_channel(id),
            ActorRef::Instance(_) => return Ok(Vec::new()),
        };
        let newest = self.service.store.follow::<Video>(&range.reversed(), VIDEOS).await?;
        let told = newest
            .iter()
            .filter(|video| video.remote.as_ref().is_some_and(|remote| remote.comments.is_some()));
        Ok(told.map(|video| Job::ReadComments { video: video.id }).collect())
    }
}
