//! Comments that come from other servers.

use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::clock::Timestamp;
use kinora_model::comment::{Comment, CommentFormat, CommentState};
use kinora_model::follow::{Follow, FollowState};
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::instance::DomainLevel;
use kinora_model::outbound::Outbound;
use kinora_model::video::Video;
use kinora_store::tables::comment::{comment_by_uri, held_comments};
use kinora_store::tables::follow::follows_of;
use kinora_store::{Batch, Stored};
use url::Url;

use super::decision::{Decision, Facts, decide};
use super::{Place, bury, get, land, notice, show, shown, video_of, words};
use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, outbound};

/// The most comments from elsewhere that wait for an answer under one video.
const HELD_MAX: usize = 1_000;

/// The longest address that is kept, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// Followers that are looked at to find one who is here.
const FOLLOWERS_MAX: usize = 100;

/// A comment as another server tells it: checked to be of its author, not yet cleaned.
#[derive(Clone, Debug)]
pub struct NewRemoteComment {
    /// Its ActivityPub id.
    pub uri: Url,
    /// Its page on its own server.
    pub url: Option<Url>,
    /// Under which video.
    pub video: Id<Video>,
    /// What it replies to; `None` begins a thread.
    pub parent: Option<Id<Comment>>,
    /// Who wrote it.
    pub account: Id<Account>,
    /// The words, HTML as it came.
    pub html: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its words last changed.
    pub updated_at: Timestamp,
    /// The accounts here that it mentions.
    pub mentions: Vec<Id<Account>>,
    /// The raw activity and where it came from, to be passed on to others if the video is ours.
    pub forward: Option<(String, Host)>,
}

/// What became of a comment from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reception {
    /// It is new, and shown.
    Made(Comment),
    /// It is new, and waits.
    Held(Comment),
    /// Its words changed.
    Changed(Comment),
    /// Nothing new, or it was taken down here.
    Known,
    /// It is not taken.
    Refused(&'static str),
}

/// Takes a comment from elsewhere, or its new words. Whoever calls has looked for a grave.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn receive(service: &Service, new: NewRemoteComment) -> Result<Reception, Error> {
    let urls = [Some(&new.uri), new.url.as_ref()];
    if urls.into_iter().flatten().any(|url| url.as_str().len() > URL_BYTES_MAX) {
        return Ok(Reception::Refused("an address is too long"));
    }
    let Some(html) = words::clean(&new.html) else {
        return Ok(Reception::Refused("there are no words in it, or too many"));
    };
    let made = attempt(|| async {
        match service.store.find::<Comment>(&comment_by_uri(&new.uri)).await? {
            Some(old) => change(service, &new, old, html.clone()).await,
            None => make(service, &new, html.clone()).await,
        }
    });
    match made.await {
        Err(Error::NotFound(_)) => Ok(Reception::Refused("what it speaks of is not here")),
        other => other,
    }
}

async fn make(service: &Service, new: &NewRemoteComment, html: String) -> Result<Reception, Error> {
    let video = service.store.get::<Video>(&new.video.to_key()).await?;
    let video = video.ok_or(Error::NotFound("Video"))?;
    // Nobody elsewhere knows a hidden video: whoever guesses its address learns nothing.
    if video.is_local() && !outbound::is_told(&video) && !is_unlisted(&video) {
        return Err(Error::NotFound("Video"));
    }
    let author = service.store.get::<Account>(&new.account.to_key()).await?;
    let author = author.ok_or(Error::NotFound("Account"))?;
    let Some(silenced) = standing(service, &author).await? else {
        return Ok(Reception::Refused("its server is blocked"));
    };
    let place = Place::find(service, video.id, new.parent).await?;
    let facts = Facts {
        policy: video.words.comments,
        may_edit: video.account == author.id,
        local_author: false,
        silenced,
        parent_held: place.parent.as_ref().is_some_and(|it| it.state == CommentState::Held),
        shown: shown(service, video.id).await?,
    };
    let state = match decide(&facts) {
        Decision::Show => CommentState::Shown,
        Decision::Hold => CommentState::Held,
        Decision::Refuse(why) => return Ok(Reception::Refused(why)),
    };
    if state == CommentState::Held {
        let held = service.store.kv().scan(&held_comments(video.id), HELD_MAX).await?;
        if held.len() >= HELD_MAX {
            return Ok(Reception::Refused("too many comments wait for an answer"));
        }
    }
    let (id, now) = (service.id(), service.now());
    let created_at = new.created_at.min(now);
    let comment = Comment {
        id,
        video: video.id,
        thread: place.thread.unwrap_or(id),
        parent: place.parent.as_ref().map(|parent| parent.id),
        account: author.id,
        uri: Some(new.uri.clone()),
        url: new.url.clone(),
        text: html,
        format: CommentFormat::Html,
        state,
        created_at,
        updated_at: new.updated_at.clamp(created_at, now),
    };
    let mut batch = Batch::default();
    batch.expect_row(&video);
    batch.expect_row(&author);
    place.expect(&mut batch);
    land(service, &mut batch, None, &comment).await?;
    pass_on(service, &mut batch, &comment, &video, new.forward.as_ref())?;
    if !silenced {
        notice::tell(service, &mut batch, &comment, &video, &new.mentions).await?;
    }
    service.store.commit(batch).await?;
    Ok(match state {
        CommentState::Held => Reception::Held(comment),
        _ => Reception::Made(comment),
    })
}

async fn change(
    service: &Service,
    new: &NewRemoteComment,
    old: Stored<Comment>,
    html: String,
) -> Result<Reception, Error> {
    if old.account != new.account {
        return Ok(Reception::Refused("it is someone else's"));
    }
    let now = service.now();
    let later = new.updated_at.min(now).max(old.updated_at);
    if old.is_deleted() || old.text == html || new.updated_at < old.updated_at {
        return Ok(Reception::Known);
    }
    let video = video_of(service, &old).await?;
    let changed = Comment {
        text: html,
        updated_at: later,
        url: new.url.clone().or_else(|| old.url.clone()),
        ..Comment::clone(&old)
    };
    let mut batch = Batch::default();
    land(service, &mut batch, Some(&old), &changed).await?;
    pass_on(service, &mut batch, &changed, &video, new.forward.as_ref())?;
    service.store.commit(batch).await?;
    Ok(Reception::Changed(changed))
}

/// Whether someone from elsewhere is heard only by those who follow them; `None` if they are not heard at all.
async fn standing(service: &Service, author: &Account) -> Result<Option<bool>, Error> {
    let Some(origin) = &author.origin else { return Ok(Some(false)) };
    match service.domains.level(&origin.host) {
        DomainLevel::Block => Ok(None),
        DomainLevel::Silence => Ok(Some(!is_followed_here(service, author.id).await?)),
        DomainLevel::Allow | DomainLevel::RejectMedia => Ok(Some(false)),
    }
}

/// True if someone here follows an account.
async fn is_followed_here(service: &Service, account: Id<Account>) -> Result<bool, Error> {
    let range = follows_of(ActorRef::Account(account));
    for follow in service.store.list_range::<Follow>(&range, FOLLOWERS_MAX).await? {
        if follow.state == FollowState::Accepted
            && let ActorRef::Account(follower) = follow.follower
            && crate::notifications::user_of(service, follower).await?.is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_unlisted(video: &Video) -> bool {
    use kinora_model::video::{Privacy, VideoState};
    video.words.privacy == Privacy::Unlisted && video.state == VideoState::Published
}

/// Adds to a batch that an activity is passed on to those who follow a video of ours.
fn pass_on(
    service: &Service,
    batch: &mut Batch,
    comment: &Comment,
    video: &Video,
    forward: Option<&(String, Host)>,
) -> Result<(), Error> {
    if let Some((body, from)) = forward
        && comment.state != CommentState::Held
        && outbound::is_told(video)
    {
        let (body, from) = (body.clone(), from.clone());
        outbound::tell(service, batch, Outbound::Forward { body, video: video.id, from })?;
    }
    Ok(())
}

/// Takes away a comment from elsewhere because its author did; false if there is none of theirs.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn remove_remote(
    service: &Service,
    uri: &Url,
    author: Id<Account>,
    forward: Option<(String, Host)>,
) -> Result<bool, Error> {
    attempt(|| async {
        let found = service.store.find::<Comment>(&comment_by_uri(uri)).await?;
        let Some(old) = found.filter(|old| old.account == author && !old.is_deleted()) else {
            return Ok(false);
        };
        let video = video_of(service, &old).await?;
        let mut batch = Batch::default();
        pass_on(service, &mut batch, &old, &video, forward.as_ref())?;
        bury(service, &mut batch, &old, &video).await?;
        service.store.commit(batch).await?;
        Ok(true)
    })
    .await
}

/// The server of a video decided about a comment under it that waits here: it is shown, or its words are gone. False if
/// it does not wait.
///
/// # Errors
/// [`Error::NotFound`] if there is none; [`Error::NoSpace`], [`Error::Store`].
pub async fn set_approved_by_origin(
    service: &Service,
    id: Id<Comment>,
    approved: bool,
) -> Result<bool, Error> {
    attempt(|| async {
        let old = get(service, id).await?;
        let video = video_of(service, &old).await?;
        if video.is_local() || old.is_deleted() || (approved && old.is_shown()) {
            return Ok(false);
        }
        let mut batch = Batch::default();
        if approved {
            let author = service.store.get::<Account>(&old.account.to_key()).await?;
            let author = author.ok_or(Error::NotFound("Account"))?;
            if standing(service, &author).await? != Some(false) {
                return Ok(false);
            }
            let new = Comment { state: CommentState::Shown, ..Comment::clone(&old) };
            show(service, &mut batch, &old, &new, &video).await?;
        } else {
            bury(service, &mut batch, &old, &video).await?;
        }
        service.store.commit(batch).await?;
        Ok(true)
    })
    .await
}
