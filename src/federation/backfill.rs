//! Reading what was said before anybody here listened, or while nobody could: page by page, in its own time, and never more
//! than was agreed.

use std::collections::HashSet;

use kinora_activity::collection::{Collection, Page};
use kinora_activity::lenient;
use kinora_activity::note::Note;
use kinora_activity::verb::{Activity, Verb};
use kinora_model::actor::ActorRef;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::video::Video;
use kinora_service::remote;
use kinora_store::Batch;
use serde_json::Value;
use tracing::debug;
use url::Url;

use crate::Federation;
use crate::error::Error;

/// Pages of comments that are read of one video.
const COMMENT_PAGES_MAX: usize = 10;

/// Comments that are looked at in one reading of a video's.
const COMMENTS_MAX: usize = 1_000;

impl Federation {
    /// Reads a page of what an actor did, keeps the videos among it, and asks for the next page by a job.
    ///
    /// # Errors
    /// Those of fetching.
    pub(crate) async fn backfill(
        &self,
        actor: ActorRef,
        page: Option<&Url>,
        pages: u32,
    ) -> Result<(), Error> {
        let Some(wire) = remote::wire_of(&self.service, actor).await? else { return Ok(()) };
        let Some(outbox) = wire.outbox.clone() else { return Ok(()) };
        let (page, here) = match page {
            Some(url) => (self.page(url).await?, url.clone()),
            None => {
                let fetched = self.client.get(&outbox).await?;
                let all = Collection::read(&fetched.json);
                let all = all.map_err(|error| Error::Unreadable(error.to_string()))?;
                if let Some(total) = all.total {
                    remote::note_videos(&self.service, actor, total).await?;
                }
                self.first_page(all, outbox.clone()).await?
            }
        };
        for item in &page.items {
            if let Err(error) = self.keep_item(item, &wire.host).await {
                match error {
                    Error::Store(_) | Error::Stopping => return Err(error),
                    // One video that cannot be read must not hide all others.
                    other => debug!(error = %other, "an item of an outbox is left out"),
                }
            }
        }
        let read = pages.saturating_add(1);
        let next = page.next.filter(|next| {
            *next != here && Host::of(next).as_ref() == Some(&wire.host) && !page.items.is_empty()
        });
        if let Some(next) = next.filter(|_| read < self.config.backfill_pages_max) {
            let mut batch = Batch::default();
            let job = Job::Backfill { actor, page: Some(next), pages: read };
            self.service.queue.enqueue(&mut batch, &job)?;
            self.service.store.commit(batch).await?;
        }
        Ok(())
    }

    async fn page(&self, url: &Url) -> Result<Page, Error> {
        let fetched = self.client.get(url).await?;
        Page::read(&fetched.json).map_err(|error| Error::Unreadable(error.to_string()))
    }

    async fn first_page(&self, all: Collection, outbox: Url) -> Result<(Page, Url), Error> {
        match (all.first, all.first_id) {
            (Some(page), _) => Ok((page, outbox)),
            (None, Some(first)) if Host::of(&first) == Host::of(&outbox) => {
                Ok((self.page(&first).await?, first))
            }
            _ => Ok((Page { items: all.items, next: None }, outbox)),
        }
    }

    /// Keeps the video that an item of an outbox is about.
    async fn keep_item(&self, item: &Value, host: &Host) -> Result<(), Error> {
        let uri = match Activity::read(item) {
            Ok(activity) if matches!(activity.verb, Verb::Create | Verb::Announce) => {
                activity.object_id()
            }
            Ok(_) => None,
            Err(_) => lenient::id_of(item).filter(|_| lenient::is_a(item, "Video")),
        };
        // What they spread of others is not theirs.
        let Some(uri) = uri.filter(|uri| Host::of(uri).as_ref() == Some(host)) else {
            return Ok(());
        };
        if remote::video(&self.service, &uri).await?.is_some() {
            return Ok(());
        }
        self.video(&uri).await.map(drop)
    }

    /// Reads the comments of a video that lives elsewhere.
    ///
    /// # Errors
    /// Those of fetching.
    pub(crate) async fn read_comments(&self, video: Id<Video>) -> Result<(), Error> {
        let row = self.service.store.get::<Video>(&video.to_key()).await?;
        let Some(remote) = row.and_then(|row| row.into_row().remote) else { return Ok(()) };
        let Some(comments) = remote.comments.clone() else { return Ok(()) };
        let fetched = self.client.get(&comments).await?;
        let all = Collection::read(&fetched.json);
        let all = all.map_err(|error| Error::Unreadable(error.to_string()))?;
        let (mut page, here) = self.first_page(all, comments).await?;
        let (mut left, mut seen) = (COMMENTS_MAX, HashSet::from([here]));
        loop {
            for item in page.items.iter().take(left) {
                if let Err(error) = self.keep_word(item, &remote.host).await {
                    match error {
                        Error::Store(_) | Error::Stopping => return Err(error),
                        other => debug!(error = %other, "a comment is left out"),
                    }
                }
            }
            left = left.saturating_sub(page.items.len());
            let next = page.next.filter(|next| Host::of(next).as_ref() == Some(&remote.host));
            let more = left > 0 && !page.items.is_empty() && seen.len() < COMMENT_PAGES_MAX;
            // Pages that lead back to each other end with the first that was read.
            let Some(next) = next.filter(|next| more && seen.insert(next.clone())) else { break };
            page = self.page(&next).await?;
        }
        Ok(())
    }

    /// Keeps a comment of a collection: believed if it is of that server, else asked for where it lives.
    async fn keep_word(&self, item: &Value, host: &Host) -> Result<(), Error> {
        let Some(uri) = lenient::id_of(item) else { return Ok(()) };
        if self.addresses.is_ours(&uri) || self.known_comment(&uri).await?.is_some() {
            return Ok(());
        }
        match Note::read(item) {
            Ok(note) if Host::of(&note.id).as_ref() == Some(host) => {
                self.keep_note(&note, None).await
            }
            _ => self.comment(&uri).await.map(drop),
        }
    }
}
