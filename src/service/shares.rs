//! Shares: someone spreads a video, here or elsewhere.

use kinora_model::actor::ActorRef;
use kinora_model::event::Event;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::outbound::Outbound;
use kinora_model::share::Share;
use kinora_model::video::{Privacy, Video, VideoState};
use kinora_store::table::row_key;
use kinora_store::tables::VideoCounts;
use kinora_store::tables::follow::{share_key, shares_by, shares_of};
use kinora_store::{Batch, Row as _, Stored};
use url::Url;

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, actors, outbound, videos};

/// Shares that are removed together.
const TOGETHER_MAX: usize = 200;

/// The asker spreads a video to those who follow them. A second call changes nothing.
///
/// # Errors
/// [`Error::NotFound`] if they may not see it, [`Error::Refused`] if not everyone may see it; [`Error::NoSpace`],
/// [`Error::Store`].
pub async fn share(service: &Service, who: &Viewer, video: &str) -> Result<Share, Error> {
    let video = videos::find(service, Some(who), video).await?;
    if !is_public(&video) {
        return Err(Error::Refused("Only what everyone may see can be shared"));
    }
    let actor = ActorRef::Account(who.account);
    let made = attempt(|| make(service, video.id, actor, None, &Told::Here)).await?;
    Ok(made.0)
}

/// The asker spreads a video no longer.
///
/// # Errors
/// [`Error::NotFound`] if they do not, or may not see it; [`Error::NoSpace`], [`Error::Store`].
pub async fn unshare(service: &Service, who: &Viewer, video: &str) -> Result<(), Error> {
    let video = videos::find(service, Some(who), video).await?.id;
    let actor = ActorRef::Account(who.account);
    if attempt(|| take_back(service, video, actor, true)).await? {
        Ok(())
    } else {
        Err(Error::NotFound("Share"))
    }
}

/// True if an account spreads a video.
///
/// # Errors
/// [`Error::Store`].
pub async fn is_shared(service: &Service, who: &Viewer, video: Id<Video>) -> Result<bool, Error> {
    let key = share_key(video, ActorRef::Account(who.account));
    Ok(service.store.get::<Share>(&key).await?.is_some())
}

/// The shares of a video, by who made them; at most `limit`.
///
/// # Errors
/// [`Error::Store`].
pub async fn of_video(
    service: &Service,
    video: Id<Video>,
    limit: usize,
) -> Result<Vec<Share>, Error> {
    let rows = service.store.list_range::<Share>(&shares_of(video), limit).await?;
    Ok(rows.into_iter().map(Stored::into_row).collect())
}

/// Someone elsewhere spreads a video; `uri` is the id of their `Announce`. False if that is known. With `forward`, the body
/// as it came and the server that it came from, the followers of a video of ours hear of it.
///
/// # Errors
/// [`Error::NotFound`] if the video or the actor is not known, or not everyone may see the video; [`Error::Forbidden`] if the
/// actor is not elsewhere, or on a server that is blocked; [`Error::NoSpace`], [`Error::Store`].
pub async fn receive(
    service: &Service,
    video: Id<Video>,
    actor: ActorRef,
    uri: Option<Url>,
    forward: Option<(String, Host)>,
) -> Result<bool, Error> {
    let row = service.store.get::<Video>(&video.to_key()).await?;
    row.filter(|row| is_public(row)).ok_or(Error::NotFound("Video"))?;
    let by = actors::get(service, actor).await?;
    if by.host().is_none_or(|host| service.domains.blocks(host)) {
        return Err(Error::Forbidden("The server of this actor is blocked"));
    }
    let told = Told::There(forward.as_ref());
    Ok(attempt(|| make(service, video, actor, uri.clone(), &told)).await?.1)
}

/// Someone elsewhere spreads a video no longer; false if they did not.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn receive_undo(
    service: &Service,
    video: Id<Video>,
    actor: ActorRef,
) -> Result<bool, Error> {
    attempt(|| take_back(service, video, actor, false)).await
}

fn is_public(video: &Video) -> bool {
    video.state == VideoState::Published
        && matches!(video.words.privacy, Privacy::Public | Privacy::Unlisted)
}

/// Whence a share comes, and so who is to hear of it.
enum Told<'a> {
    Here,
    There(Option<&'a (String, Host)>),
}

/// Makes a share, if there is none; true if it is new.
async fn make(
    service: &Service,
    video: Id<Video>,
    actor: ActorRef,
    uri: Option<Url>,
    told: &Told<'_>,
) -> Result<(Share, bool), Error> {
    if let Some(known) = service.store.get::<Share>(&share_key(video, actor)).await? {
        return Ok((known.into_row(), false));
    }
    let row = service.store.get::<Video>(&video.to_key()).await?;
    let row = row.ok_or(Error::NotFound("Video"))?;
    let share = Share { id: service.id(), video, actor, uri, created_at: service.now() };
    let mut batch = Batch::default();
    batch.insert_row(&share)?;
    // A deletion of the video in the same moment must not leave a share behind.
    batch.expect_row(&row);
    count(service, &mut batch, video, 1).await?;
    match told {
        Told::Here => {
            outbound::tell(
                service,
                &mut batch,
                Outbound::Shared { share: share.id, video, actor },
            )?;
        }
        Told::There(Some((body, from))) if outbound::is_told(&row) => {
            let (body, from) = (body.clone(), from.clone());
            outbound::tell(service, &mut batch, Outbound::Forward { body, video, from })?;
        }
        Told::There(_) => {}
    }
    service.store.commit(batch).await?;
    Ok((share, true))
}

async fn take_back(
    service: &Service,
    video: Id<Video>,
    actor: ActorRef,
    tell: bool,
) -> Result<bool, Error> {
    let Some(old) = service.store.get::<Share>(&share_key(video, actor)).await? else {
        return Ok(false);
    };
    let mut batch = Batch::default();
    batch.delete_row(&old);
    count(service, &mut batch, video, -1).await?;
    if tell {
        outbound::tell(service, &mut batch, Outbound::Unshared { share: old.id, video, actor })?;
    }
    service.store.commit(batch).await?;
    Ok(true)
}

async fn count(
    service: &Service,
    batch: &mut Batch,
    video: Id<Video>,
    by: i64,
) -> Result<(), Error> {
    let Some(stored) = service.store.get::<VideoCounts>(&video.to_key()).await? else {
        return Ok(());
    };
    let mut counts = stored.counts;
    counts.shares = counts.shares.saturating_add_signed(by);
    batch.replace_row(&stored, &VideoCounts { video, counts })?;
    service.journal.record(batch, &Event::VideoUpdated { video }, service.now())?;
    Ok(())
}

/// Removes all shares of a video that is gone. May run twice.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget_video(service: &Service, video: Id<Video>) -> Result<(), Error> {
    loop {
        let page = service.store.list_range::<Share>(&shares_of(video), TOGETHER_MAX).await?;
        if page.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for share in &page {
            batch.delete(row_key::<Share>(&share.key()));
            share.entries().into_iter().for_each(|entry| batch.delete(entry.key));
        }
        service.store.commit(batch).await?;
    }
}

/// Takes back all that an actor spread, so that the counts of videos stay exact when it is gone; nobody is told. May run
/// twice.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget_actor(service: &Service, actor: ActorRef) -> Result<(), Error> {
    loop {
        let page = service.store.follow::<Share>(&shares_by(actor), TOGETHER_MAX).await?;
        if page.is_empty() {
            return Ok(());
        }
        for share in page {
            attempt(|| take_back(service, share.video, actor, false)).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::stage::Stage;

    async fn counted(stage: &Stage, video: &Video) -> u64 {
        let row = stage.service.store.get::<VideoCounts>(&video.id.to_key()).await.unwrap();
        row.unwrap().counts.shares
    }

    #[tokio::test]
    async fn a_share_from_here_is_counted_and_told_once() {
        let stage = Stage::new().await;
        let video = stage.video("Shared", |_| {}).await;
        let name = video.id.to_string();
        let (service, who) = (&stage.service, &stage.stranger);
        let made = share(service, who, &name).await.unwrap();
        assert_eq!(share(service, who, &name).await.unwrap(), made);
        assert_eq!(counted(&stage, &video).await, 1);
        assert!(is_shared(service, who, video.id).await.unwrap());
        unshare(service, who, &name).await.unwrap();
        assert!(matches!(unshare(service, who, &name).await, Err(Error::NotFound("Share"))));
        assert_eq!(counted(&stage, &video).await, 0);
        let (id, video, actor) = (made.id, video.id, ActorRef::Account(who.account));
        let shared = Outbound::Shared { share: id, video, actor };
        let unshared = Outbound::Unshared { share: id, video, actor };
        assert_eq!(stage.told().await, [shared, unshared]);
        let hidden = stage.video("Hidden", |it| it.words.privacy = Privacy::Internal).await;
        let refused = share(service, who, &hidden.id.to_string()).await;
        assert!(matches!(refused, Err(Error::Refused(_))));
    }

    #[tokio::test]
    async fn shares_from_elsewhere_are_passed_on_and_go_with_their_actor() {
        let stage = Stage::new().await;
        let video = stage.video("Shared", |_| {}).await;
        let (ann, _) = stage.elsewhere("ann", "b.example").await;
        let (host, actor) = (Host::parse("b.example").unwrap(), ActorRef::Account(ann.id));
        let uri = Url::parse("https://b.example/announces/1").unwrap();
        let announce = || {
            let forward = Some(("{}".to_owned(), host.clone()));
            receive(&stage.service, video.id, actor, Some(uri.clone()), forward)
        };
        assert!(announce().await.unwrap());
        assert!(!announce().await.unwrap());
        let passed =
            Outbound::Forward { body: "{}".to_owned(), video: video.id, from: host.clone() };
        assert_eq!(stage.told().await, [passed]);
        assert_eq!(of_video(&stage.service, video.id, 10).await.unwrap()[0].uri, Some(uri.clone()));
        forget_actor(&stage.service, actor).await.unwrap();
        assert_eq!(counted(&stage, &video).await, 0);
        assert!(announce().await.unwrap());
        assert!(receive_undo(&stage.service, video.id, actor).await.unwrap());
        assert!(!receive_undo(&stage.service, video.id, actor).await.unwrap());
        announce().await.unwrap();
        forget_video(&stage.service, video.id).await.unwrap();
        assert_eq!(of_video(&stage.service, video.id, 10).await.unwrap(), []);
    }
}
