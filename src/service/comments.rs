//! Comments: words under videos, by people here and elsewhere.

use std::time::Duration;

use kinora_model::account::Account;
use kinora_model::clock::Timestamp;
use kinora_model::comment::{Comment, CommentFormat, CommentState, CommentText, DEPTH_MAX};
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::outbound::Outbound;
use kinora_model::video::Video;
use kinora_store::tables::VideoCounts;
use kinora_store::tables::comment::{comment_by_uri, comments_by_account};
use kinora_store::{Batch, Stored};
use url::Url;

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, outbound, videos};

mod decision;
mod lists;
pub mod live;
mod notice;
mod receiving;
mod removal;
mod threads;
pub mod words;

pub use lists::{Asked, Found, all, newest, of_owner};
pub use receiving::{NewRemoteComment, Reception, receive, remove_remote, set_approved_by_origin};
pub use removal::{forget_account, forget_video};
pub use threads::{Order, Seen, Threads, Tree, seen, thread, threads};

use decision::{Decision, Facts, decide};

/// How many comments someone here may write within [`PACE_IN`].
pub const PACE_MAX: usize = 10;

/// The time in which comments are counted.
pub const PACE_IN: Duration = Duration::from_secs(60);

/// The most shown comments of a video; more are refused.
pub const SHOWN_MAX: u64 = 100_000;

/// A comment, whoever asks.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub async fn get(service: &Service, id: Id<Comment>) -> Result<Stored<Comment>, Error> {
    service.store.get(&id.to_key()).await?.ok_or(Error::NotFound("Comment"))
}

/// The comment from elsewhere with this ActivityPub id, in whatever state.
///
/// # Errors
/// [`Error::Store`].
pub async fn find_by_uri(service: &Service, uri: &Url) -> Result<Option<Comment>, Error> {
    Ok(service.store.find(&comment_by_uri(uri)).await?.map(Stored::into_row))
}

/// The video of a comment.
async fn video_of(service: &Service, comment: &Comment) -> Result<Stored<Video>, Error> {
    service.store.get(&comment.video.to_key()).await?.ok_or(Error::NotFound("Video"))
}

/// Comments on a video, or replies to a comment under it.
///
/// # Errors
/// [`Error::NotFound`] if the asker may not see the video, or the parent is not under it; [`Error::Refused`] if nobody
/// may comment there, or the parent is gone; [`Error::TooOften`], [`Error::NoSpace`].
pub async fn add(
    service: &Service,
    who: &Viewer,
    video: &str,
    parent: Option<Id<Comment>>,
    text: CommentText,
) -> Result<Comment, Error> {
    keep_pace(service, who.account).await?;
    let mentioned = notice::mentioned_here(service, text.as_str()).await?;
    attempt(|| async {
        let video = videos::find(service, Some(who), video).await?;
        let place = Place::find(service, video.id, parent).await?;
        let facts = Facts {
            policy: video.words.comments,
            may_edit: who.may_edit(&video) && video.is_local(),
            local_author: true,
            silenced: false,
            parent_held: place.parent.as_ref().is_some_and(|parent| !parent.is_shown()),
            shown: shown(service, video.id).await?,
        };
        let state = match decide(&facts) {
            Decision::Show => CommentState::Shown,
            Decision::Hold => CommentState::Held,
            Decision::Refuse(why) => return Err(Error::Refused(why)),
        };
        let (id, now) = (service.id(), service.now());
        let comment = Comment {
            id,
            video: video.id,
            thread: place.thread.unwrap_or(id),
            parent: place.parent.as_ref().map(|parent| parent.id),
            account: who.account,
            uri: None,
            url: None,
            text: text.as_str().to_owned(),
            format: CommentFormat::Markdown,
            state,
            created_at: now,
            updated_at: now,
        };
        let mut batch = Batch::default();
        batch.expect_row(&video);
        place.expect(&mut batch);
        land(service, &mut batch, None, &comment).await?;
        if is_told(&video, &comment) {
            outbound::tell(service, &mut batch, Outbound::CommentMade { comment: id })?;
        }
        notice::tell(service, &mut batch, &comment, &video, &mentioned).await?;
        service.store.commit(batch).await?;
        Ok(comment)
    })
    .await
}

/// Changes the words of the asker's own comment.
///
/// # Errors
/// [`Error::NotFound`] if there is none, [`Error::Forbidden`] if it is not theirs; [`Error::NoSpace`].
pub async fn edit(
    service: &Service,
    who: &Viewer,
    id: Id<Comment>,
    text: CommentText,
) -> Result<Comment, Error> {
    let mentioned = notice::mentioned_here(service, text.as_str()).await?;
    attempt(|| async {
        let old = get(service, id).await?;
        let video = video_of(service, &old).await?;
        if old.is_deleted() {
            return Err(Error::NotFound("Comment"));
        }
        if old.account != who.account {
            return Err(Error::Forbidden("Cannot change a comment of another user."));
        }
        if old.text == text.as_str() {
            return Ok(old.into_row());
        }
        let mut new = Comment::clone(&old);
        text.as_str().clone_into(&mut new.text);
        new.updated_at = service.now();
        let mut batch = Batch::default();
        land(service, &mut batch, Some(&old), &new).await?;
        if is_told(&video, &new) {
            outbound::tell(service, &mut batch, Outbound::CommentUpdated { comment: id })?;
        }
        notice::tell(service, &mut batch, &new, &video, &mentioned).await?;
        service.store.commit(batch).await?;
        Ok(new)
    })
    .await
}

/// Takes a comment away: its author, the owner of the video and moderators may. Its place stays for the replies.
///
/// # Errors
/// [`Error::NotFound`] if there is none, [`Error::Forbidden`]; [`Error::NoSpace`].
pub async fn delete(service: &Service, who: &Viewer, id: Id<Comment>) -> Result<(), Error> {
    attempt(|| async {
        let old = get(service, id).await?;
        let video = video_of(service, &old).await?;
        if old.is_deleted() {
            return Err(Error::NotFound("Comment"));
        }
        if old.account != who.account && !who.may_edit(&video) {
            return Err(Error::Forbidden("Cannot remove video comment of another user"));
        }
        let mut batch = Batch::default();
        let told = match (&old.uri, old.state) {
            (None, _) => is_told(&video, &old).then_some(Outbound::CommentDeleted { comment: id }),
            (Some(_), _) if !outbound::is_told(&video) => None,
            (Some(_), CommentState::Held) => Some(Outbound::CommentRejected { comment: id }),
            (Some(_), _) => Some(Outbound::CommentDeleted { comment: id }),
        };
        bury(service, &mut batch, &old, &video).await?;
        if let Some(told) = told {
            outbound::tell(service, &mut batch, told)?;
        }
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Shows a held comment to everyone: the owner of the video and moderators may.
///
/// # Errors
/// [`Error::NotFound`] if there is none, [`Error::Forbidden`]; [`Error::Refused`] if the comment that it replies to waits
/// as well, or the video is of another server; [`Error::NoSpace`].
pub async fn approve(service: &Service, who: &Viewer, id: Id<Comment>) -> Result<Comment, Error> {
    attempt(|| async {
        let old = get(service, id).await?;
        let video = video_of(service, &old).await?;
        if old.is_deleted() {
            return Err(Error::NotFound("Comment"));
        }
        if !who.may_edit(&video) {
            return Err(Error::Forbidden("Cannot approve a comment of a video of another user."));
        }
        if old.is_shown() {
            return Ok(old.into_row());
        }
        // Comments under videos of other servers wait here for those who run this node only if they hold their author;
        // else for the owner of the video, who is asked by their own server.
        if !video.is_local() && old.uri.is_none() {
            return Err(Error::Refused("The server of this video decides about its comments"));
        }
        let place = Place::find(service, video.id, old.parent).await?;
        if place.parent.as_ref().is_some_and(|parent| parent.state == CommentState::Held) {
            return Err(Error::Refused(
                "The comment that it replies to waits for an answer as well",
            ));
        }
        let new = Comment { state: CommentState::Shown, ..Comment::clone(&old) };
        let mut batch = Batch::default();
        place.expect(&mut batch);
        show(service, &mut batch, &old, &new, &video).await?;
        if outbound::is_told(&video) {
            let told = match new.uri {
                None => Outbound::CommentMade { comment: id },
                Some(_) => Outbound::CommentApproved { comment: id },
            };
            outbound::tell(service, &mut batch, told)?;
        }
        service.store.commit(batch).await?;
        Ok(new)
    })
    .await
}

/// Adds to a batch that a held comment is shown, and that those are notified who were not yet.
async fn show(
    service: &Service,
    batch: &mut Batch,
    old: &Stored<Comment>,
    new: &Comment,
    video: &Video,
) -> Result<(), Error> {
    land(service, batch, Some(old), new).await?;
    let mentioned = match new.format {
        CommentFormat::Markdown => notice::mentioned_here(service, &new.text).await?,
        CommentFormat::Html => Vec::new(),
    };
    notice::tell(service, batch, new, video, &mentioned).await
}

/// Adds to a batch that the words of a comment are gone.
async fn bury(
    service: &Service,
    batch: &mut Batch,
    old: &Stored<Comment>,
    video: &Video,
) -> Result<(), Error> {
    let now = service.now();
    let state = CommentState::Deleted { at: now };
    let new = Comment { state, text: String::new(), updated_at: now, ..Comment::clone(old) };
    notice::take_back(service, batch, old, video).await?;
    land(service, batch, Some(old), &new).await
}

/// Adds a comment to a batch as it is now, with the count of shown ones and the event.
async fn land(
    service: &Service,
    batch: &mut Batch,
    old: Option<&Stored<Comment>>,
    new: &Comment,
) -> Result<(), Error> {
    match old {
        Some(old) => batch.replace_row(old, new)?,
        None => batch.insert_row(new)?,
    }
    let (was, is) = (old.is_some_and(|old| old.is_shown()), new.is_shown());
    let (comment, video, now) = (new.id, new.video, service.now());
    if was != is {
        count(service, batch, video, is).await?;
    }
    let event = match old {
        _ if new.is_deleted() => Event::CommentDeleted { comment, video },
        None => Event::CommentMade { comment, video },
        Some(_) => Event::CommentUpdated { comment, video },
    };
    service.journal.record(batch, &event, now)?;
    if was != is {
        // Lists show how many comments there are.
        service.journal.record(batch, &Event::VideoUpdated { video }, now)?;
    }
    Ok(())
}

async fn count(
    service: &Service,
    batch: &mut Batch,
    video: Id<Video>,
    more: bool,
) -> Result<(), Error> {
    let Some(stored) = service.store.get::<VideoCounts>(&video.to_key()).await? else {
        return Ok(());
    };
    let mut counts = stored.counts;
    counts.comments =
        if more { counts.comments.saturating_add(1) } else { counts.comments.saturating_sub(1) };
    batch.replace_row(&stored, &VideoCounts { video, counts })?;
    Ok(())
}

/// How many comments of a video are shown.
async fn shown(service: &Service, video: Id<Video>) -> Result<u64, Error> {
    let counts = service.store.get::<VideoCounts>(&video.to_key()).await?;
    Ok(counts.map_or(0, |row| row.counts.comments))
}

/// True if other servers hear of a comment by someone here: under a video that they know from us, once it is shown; under
/// one of theirs always, since they decide.
fn is_told(video: &Video, comment: &Comment) -> bool {
    !comment.is_deleted() && (!video.is_local() || (comment.is_shown() && outbound::is_told(video)))
}

/// Where a new comment goes within its thread.
struct Place {
    parent: Option<Stored<Comment>>,
    thread: Option<Id<Comment>>,
}

impl Place {
    /// The place of a reply to `parent`; beyond [`DEPTH_MAX`] the nearest one above that is left.
    async fn find(
        service: &Service,
        video: Id<Video>,
        parent: Option<Id<Comment>>,
    ) -> Result<Self, Error> {
        let Some(parent) = parent else { return Ok(Self { parent: None, thread: None }) };
        let parent = get(service, parent).await?;
        if parent.video != video {
            return Err(Error::NotFound("Comment"));
        }
        let thread = Some(parent.thread);
        let mut above = parent.parent;
        for _ in 1..DEPTH_MAX {
            match above {
                None => return Ok(Self { parent: Some(parent), thread }),
                Some(id) => above = get(service, id).await?.parent,
            }
        }
        match parent.parent.filter(|_| above.is_some()) {
            None => Ok(Self { parent: Some(parent), thread }),
            Some(id) => Ok(Self { parent: Some(get(service, id).await?), thread }),
        }
    }

    /// The parent must not change in the same moment: nothing is added to what was just taken away.
    fn expect(&self, batch: &mut Batch) {
        if let Some(parent) = &self.parent {
            batch.expect_row(parent);
        }
    }
}

/// Refuses what comes too fast from one account.
async fn keep_pace(service: &Service, account: Id<Account>) -> Result<(), Error> {
    let latest = comments_by_account(account).reversed();
    let latest = service.store.follow::<Comment>(&latest, PACE_MAX).await?;
    let Some(first) = latest.get(PACE_MAX.saturating_sub(1)) else { return Ok(()) };
    let now: Timestamp = service.now();
    let passed = now.since(first.created_at);
    if passed >= PACE_IN {
        return Ok(());
    }
    let wait = PACE_IN.saturating_sub(passed).as_secs().saturating_add(1);
    Err(Error::TooOften { retry_after_s: wait })
}

#[cfg(test)]
mod tests;
