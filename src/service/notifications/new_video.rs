//! Subscribers hear of new videos, and owners of their own: read from the journal, apart from publishing.

use std::time::Duration;

use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::event::Event;
use kinora_model::follow::{Follow, FollowState};
use kinora_model::id::Id;
use kinora_model::notification::Notice;
use kinora_model::user::User;
use kinora_model::video::{Privacy, Video, VideoState};
use kinora_store::table::row_key;
use kinora_store::tables::follow::follows_of;
use kinora_store::{Batch, Row};
use tracing::warn;

use super::add;
use crate::Service;
use crate::error::Error;

/// Videos that were published longer ago are no news: those of a channel that was just found, for instance.
pub(super) const NEWS_FOR: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// Followers that are looked at together.
const TOGETHER_MAX: usize = 200;

/// The most followers of one actor that are looked at.
const FOLLOWERS_MAX: usize = 1_000_000;

/// The name of the cursor in the journal.
const CURSOR: &str = "notifications";

/// Entries of the journal that are read together.
const PAGE: usize = 200;

/// How long to wait after something failed.
const WAIT: Duration = Duration::from_secs(10);

/// Notifies those here who follow the channel or account of a video that was just published, and its owner. A second
/// call adds nothing.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn new_video(service: &Service, video: Id<Video>) -> Result<(), Error> {
    let Some(video) = service.store.get::<Video>(&video.to_key()).await? else { return Ok(()) };
    let published = video.state == VideoState::Published;
    let fresh = video.published_at.is_some_and(|at| service.now().since(at) <= NEWS_FOR);
    if !published || !fresh {
        return Ok(());
    }
    let owner = user_of(service, video.account).await?;
    if let Some(owner) = owner {
        let mut batch = Batch::default();
        add(service, &mut batch, owner, Notice::VideoPublished { video: video.id }).await?;
        service.store.commit(batch).await?;
    }
    if video.words.privacy != Privacy::Public {
        return Ok(());
    }
    for followed in [ActorRef::Channel(video.channel), ActorRef::Account(video.account)] {
        tell_followers(service, followed, owner, Notice::NewVideo { video: video.id }).await?;
    }
    Ok(())
}

async fn tell_followers(
    service: &Service,
    followed: ActorRef,
    but: Option<Id<User>>,
    notice: Notice,
) -> Result<(), Error> {
    let mut rest = follows_of(followed);
    for _ in 0..FOLLOWERS_MAX.div_ceil(TOGETHER_MAX) {
        let page = service.store.list_range::<Follow>(&rest, TOGETHER_MAX).await?;
        let Some(last) = page.last() else { return Ok(()) };
        rest = rest.after(&row_key::<Follow>(&last.key()));
        let mut batch = Batch::default();
        for follow in page.iter().filter(|follow| follow.state == FollowState::Accepted) {
            let ActorRef::Account(follower) = follow.follower else { continue };
            let user = user_of(service, follower).await?;
            if let Some(user) = user.filter(|user| Some(*user) != but) {
                add(service, &mut batch, user, notice).await?;
            }
        }
        if !batch.is_empty() {
            service.store.commit(batch).await?;
        }
        if page.len() < TOGETHER_MAX {
            return Ok(());
        }
    }
    Ok(())
}

/// The user behind an account, if they are here.
pub(crate) async fn user_of(
    service: &Service,
    account: Id<Account>,
) -> Result<Option<Id<User>>, Error> {
    let account = service.store.get::<Account>(&account.to_key()).await?;
    Ok(account.and_then(|account| account.user))
}

/// Follows the journal for ever, and goes on where the last run ended. What fails is tried again.
pub async fn follow_journal(service: &Service) {
    let mut news = service.journal.subscribe();
    loop {
        news.mark_unchanged();
        match catch_up(service).await {
            Ok(()) => {
                if news.changed().await.is_err() {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "subscribers hear of new videos later");
                tokio::time::sleep(WAIT).await;
            }
        }
    }
}

/// Reads the journal to its end.
pub(crate) async fn catch_up(service: &Service) -> Result<(), Error> {
    let mut at = service.journal.cursor(CURSOR).await?;
    // What a node did before it notified anybody is not news.
    let tail = service.journal.tail().await?.saturating_sub(1);
    at = at.max(tail);
    loop {
        let page = service.journal.read(at, PAGE).await?;
        let Some(last) = page.last().map(|entry| entry.number) else { return Ok(()) };
        for entry in &page {
            if let Event::VideoPublished { video } = entry.event {
                new_video(service, video).await?;
            }
        }
        let mut batch = Batch::default();
        service.journal.put_cursor(&mut batch, CURSOR, last)?;
        service.store.commit(batch).await?;
        at = last;
    }
}
