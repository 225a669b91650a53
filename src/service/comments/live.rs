//! What happens under videos, told to those who watch them right now: one reader of the journal for all.

use std::time::Duration;

use kinora_model::comment::Comment;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::video::Video;
use tokio::sync::broadcast::{Receiver, Sender};
use tracing::warn;

use crate::Service;
use crate::error::Error;

/// The most news that wait for a slow watcher; who falls further behind looks anew.
const WAITING_MAX: usize = 1_024;

/// Entries of the journal that are read together.
const PAGE: usize = 200;

/// How long to wait after something failed.
const WAIT: Duration = Duration::from_secs(5);

/// Something happened to a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// Under which video.
    pub video: Id<Video>,
    /// To which comment.
    pub comment: Id<Comment>,
    /// What.
    pub what: What,
}

/// What happened to a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is new.
    Made,
    /// Its words changed, or it was approved.
    Changed,
    /// Its words are gone.
    Gone,
}

/// Where news are told.
#[derive(Clone, Debug)]
pub struct Live {
    news: Sender<News>,
}

impl Default for Live {
    fn default() -> Self {
        Self { news: Sender::new(WAITING_MAX) }
    }
}

impl Live {
    /// All news from now on.
    #[must_use]
    pub fn listen(&self) -> Receiver<News> {
        self.news.subscribe()
    }
}

impl News {
    const fn of(event: &Event) -> Option<Self> {
        let (video, comment, what) = match event {
            Event::CommentMade { comment, video } => (*video, *comment, What::Made),
            Event::CommentUpdated { comment, video } => (*video, *comment, What::Changed),
            Event::CommentDeleted { comment, video } => (*video, *comment, What::Gone),
            _ => return None,
        };
        Some(Self { video, comment, what })
    }
}

/// Follows the journal for ever, from its end on, and tells what happens to comments.
pub async fn follow_journal(service: &Service) {
    let mut changes = service.journal.subscribe();
    let mut at = None;
    loop {
        changes.mark_unchanged();
        match catch_up(service, &mut at).await {
            Ok(()) => {
                if changes.changed().await.is_err() {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "open pages hear of comments later");
                tokio::time::sleep(WAIT).await;
            }
        }
    }
}

async fn catch_up(service: &Service, at: &mut Option<u64>) -> Result<(), Error> {
    let mut number = match *at {
        Some(number) => number,
        None => service.journal.head().await?,
    };
    *at = Some(number);
    loop {
        let page = service.journal.read(number, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        number = last.number;
        *at = Some(number);
        for news in page.iter().filter_map(|entry| News::of(&entry.event)) {
            // Nobody may listen.
            let _listeners = service.live.news.send(news);
        }
    }
}
