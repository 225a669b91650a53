//! Reactions: likes and dislikes, counted exactly.

use kinora_model::account::Account;
use kinora_model::event::Event;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::outbound::Outbound;
use kinora_model::reaction::{Rating, Reaction};
use kinora_model::video::{Counts, Video};
use kinora_store::tables::{REACTIONS_BY_ACCOUNT, VideoCounts, reaction_key};
use kinora_store::{Batch, Range, Stored};

use crate::access::may_see;
use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, outbound, videos};

/// Ratings that are removed in one batch.
const TOGETHER_MAX: usize = 500;

/// Says what the asker thinks of a video; `None` takes back what they said.
///
/// # Errors
/// [`Error::NotFound`] if they may not see it; [`Error::NoSpace`], [`Error::Store`].
pub async fn rate(
    service: &Service,
    who: &Viewer,
    name: &str,
    rating: Option<Rating>,
) -> Result<(), Error> {
    let video = videos::find(service, Some(who), name).await?.id;
    attempt(|| change(service, video, who.account, rating, &Told::Here)).await?;
    Ok(())
}

/// Someone elsewhere says what they think of a video, or takes it back with `None`; false if that is known. With `forward`,
/// the body as it came and the server that it came from, the followers of a video of ours hear of it.
///
/// # Errors
/// [`Error::NotFound`] if the video or the account is not known, or not everyone may see the video; [`Error::Forbidden`] if
/// the account is not elsewhere, or on a server that is blocked; [`Error::NoSpace`], [`Error::Store`].
pub async fn rate_remote(
    service: &Service,
    video: Id<Video>,
    account: Id<Account>,
    rating: Option<Rating>,
    forward: Option<(String, Host)>,
) -> Result<bool, Error> {
    let row = service.store.get::<Video>(&video.to_key()).await?;
    row.filter(|row| may_see(row, None)).ok_or(Error::NotFound("Video"))?;
    let row = service.store.get::<Account>(&account.to_key()).await?;
    let row = row.ok_or(Error::NotFound("Account"))?;
    let host = row.origin.as_ref().map(|origin| &origin.host);
    if host.is_none_or(|host| service.domains.blocks(host)) {
        return Err(Error::Forbidden("The server of this account is blocked"));
    }
    let told = Told::There(forward.as_ref());
    attempt(|| change(service, video, account, rating, &told)).await
}

/// Whence a rating comes, and so who is to hear of it.
enum Told<'a> {
    /// From someone here.
    Here,
    /// From someone elsewhere: the activity is passed on.
    There(Option<&'a (String, Host)>),
    /// It ends with its account, of which others are told.
    Gone,
}

fn tell(
    service: &Service,
    batch: &mut Batch,
    video: &Video,
    rated: Outbound,
    told: &Told<'_>,
) -> Result<(), Error> {
    let public = outbound::is_told(video);
    match told {
        Told::Here if public || !video.is_local() => outbound::tell(service, batch, rated),
        Told::There(Some((body, from))) if public => {
            let (body, from) = (body.clone(), from.clone());
            outbound::tell(service, batch, Outbound::Forward { body, video: video.id, from })
        }
        _ => Ok(()),
    }
}

async fn change(
    service: &Service,
    video: Id<Video>,
    account: Id<Account>,
    rating: Option<Rating>,
    told: &Told<'_>,
) -> Result<bool, Error> {
    let row = service.store.get::<Video>(&video.to_key()).await?;
    let row = row.ok_or(Error::NotFound("Video"))?;
    let old = service.store.get::<Reaction>(&reaction_key(video, account)).await?;
    let before = old.as_ref().map(|old| old.rating);
    if before == rating {
        return Ok(false);
    }
    let stored = service.store.get::<VideoCounts>(&video.to_key()).await?;
    let stored = stored.ok_or(Error::NotFound("Video"))?;
    let mut counts = stored.counts;
    if let Some(count) = count_of(&mut counts, before) {
        *count = count.saturating_sub(1);
    }
    if let Some(count) = count_of(&mut counts, rating) {
        *count = count.saturating_add(1);
    }
    let now = service.now();
    let mut batch = Batch::default();
    let new = rating.map(|rating| Reaction { video, account, rating, created_at: now });
    match (&old, &new) {
        (Some(old), Some(new)) => batch.replace_row(old, new)?,
        (Some(old), None) => batch.delete_row(old),
        (None, Some(new)) => batch.insert_row(new)?,
        (None, None) => {}
    }
    // A deletion of the video in the same moment must not leave a rating behind.
    batch.expect_row(&row);
    batch.replace_row(&stored, &VideoCounts { video, counts })?;
    let rated = Outbound::Rated { video, account, before, now: rating };
    tell(service, &mut batch, &row, rated, told)?;
    service.journal.record(&mut batch, &Event::VideoUpdated { video }, now)?;
    service.store.commit(batch).await?;
    Ok(true)
}

fn count_of(counts: &mut Counts, rating: Option<Rating>) -> Option<&mut u64> {
    match rating? {
        Rating::Like => Some(&mut counts.likes),
        Rating::Dislike => Some(&mut counts.dislikes),
    }
}

/// What the asker said of a video.
///
/// # Errors
/// As [`rate`].
pub async fn mine(service: &Service, who: &Viewer, name: &str) -> Result<Option<Rating>, Error> {
    let video = videos::find(service, Some(who), name).await?;
    let found = service.store.get::<Reaction>(&reaction_key(video.id, who.account)).await?;
    Ok(found.map(|reaction| reaction.rating))
}

/// The most ratings of one account that are looked at.
pub const OF_ACCOUNT_MAX: usize = 10_000;

/// What the asker said of videos that they may still see, the latest first; of one kind, if `rating` says so. At most
/// [`OF_ACCOUNT_MAX`] are looked at.
///
/// # Errors
/// [`Error::Store`].
pub async fn all_mine(
    service: &Service,
    who: &Viewer,
    rating: Option<Rating>,
) -> Result<Vec<Reaction>, Error> {
    let range = Range::prefix(&REACTIONS_BY_ACCOUNT.key(&[&who.account.to_key()]));
    let rows = service.store.follow::<Reaction>(&range, OF_ACCOUNT_MAX).await?;
    let keys: Vec<_> = rows.iter().map(|row| row.video.to_key().to_vec()).collect();
    let videos = service.store.get_many::<Video>(&keys).await?;
    let seen = |video: &Option<Stored<Video>>| {
        video.as_ref().is_some_and(|video| may_see(video, Some(who)))
    };
    let kept = rows.into_iter().zip(&videos).filter(|(_, video)| seen(video));
    let mut said: Vec<_> = kept.map(|(row, _)| row.into_row()).collect();
    said.retain(|said| rating.is_none_or(|rating| said.rating == rating));
    said.sort_by_key(|said| std::cmp::Reverse(said.created_at));
    Ok(said)
}

/// Removes all ratings of a video that is gone. May run twice.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget_video(service: &Service, video: Id<Video>) -> Result<(), Error> {
    loop {
        let page = service.store.list::<Reaction>(&video.to_key(), TOGETHER_MAX).await?;
        if page.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        page.iter().for_each(|reaction| batch.delete_row(reaction));
        match service.store.commit(batch).await {
            Err(kinora_store::Error::Conflict) => {}
            other => other?,
        }
    }
}

/// Takes back all that an account said, so that the counts of videos stay exact when it is gone. May run twice.
///
/// # Errors
/// As [`forget_video`].
pub async fn forget_account(service: &Service, account: Id<Account>) -> Result<(), Error> {
    loop {
        let range = Range::prefix(&REACTIONS_BY_ACCOUNT.key(&[&account.to_key()]));
        let page = service.store.follow::<Reaction>(&range, TOGETHER_MAX).await?;
        if page.is_empty() {
            return Ok(());
        }
        for reaction in page {
            let video = reaction.video;
            match attempt(|| change(service, video, account, None, &Told::Gone)).await {
                Err(Error::NotFound(_)) => forget_video(service, video).await?,
                other => {
                    other?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::stage::Stage;
    use kinora_model::video::Privacy;

    async fn counted(stage: &Stage, video: &Video) -> (u64, u64) {
        let row = stage.service.store.get::<VideoCounts>(&video.id.to_key()).await.unwrap();
        let counts = row.unwrap().counts;
        (counts.likes, counts.dislikes)
    }

    #[tokio::test]
    async fn a_change_of_mind_is_counted_once() {
        let stage = Stage::new().await;
        let video = stage.video("Rated", |_| {}).await;
        let name = video.id.to_string();
        let rate = async |rating| rate(&stage.service, &stage.owner, &name, rating).await.unwrap();
        rate(Some(Rating::Like)).await;
        rate(Some(Rating::Like)).await;
        assert_eq!(counted(&stage, &video).await, (1, 0));
        rate(Some(Rating::Dislike)).await;
        assert_eq!(counted(&stage, &video).await, (0, 1));
        let said = mine(&stage.service, &stage.owner, &name).await.unwrap();
        assert_eq!(said, Some(Rating::Dislike));
        rate(None).await;
        assert_eq!(counted(&stage, &video).await, (0, 0));
    }

    #[tokio::test]
    async fn ratings_at_once_are_all_counted() {
        let stage = Stage::new().await;
        let video = stage.video("Rated", |_| {}).await;
        let name = video.id.to_string();
        let raters = (0..8).map(|number| {
            let who = Viewer { account: Id::from_raw(1_000 + number), ..stage.stranger };
            let (name, service) = (&name, &stage.service);
            async move { super::rate(service, &who, name, Some(Rating::Like)).await }
        });
        for done in futures::future::join_all(raters).await {
            done.unwrap();
        }
        assert_eq!(counted(&stage, &video).await, (8, 0));
        forget_account(&stage.service, Id::from_raw(1_003)).await.unwrap();
        assert_eq!(counted(&stage, &video).await, (7, 0));
    }

    #[tokio::test]
    async fn ratings_from_here_are_told_and_those_from_elsewhere_passed_on() {
        let stage = Stage::new().await;
        let video = stage.video("Rated", |_| {}).await;
        let name = video.id.to_string();
        rate(&stage.service, &stage.owner, &name, Some(Rating::Like)).await.unwrap();
        rate(&stage.service, &stage.owner, &name, None).await.unwrap();
        let told = |before, now| {
            let (video, account) = (video.id, stage.owner.account);
            Outbound::Rated { video, account, before, now }
        };
        let like = Some(Rating::Like);
        assert_eq!(stage.told().await, [told(None, like), told(like, None)]);

        let (ann, _) = stage.elsewhere("ann", "b.example").await;
        let host = Host::parse("b.example").unwrap();
        let rate_there = |rating| {
            let forward = Some(("{}".to_owned(), host.clone()));
            rate_remote(&stage.service, video.id, ann.id, rating, forward)
        };
        assert!(rate_there(like).await.unwrap());
        assert!(!rate_there(like).await.unwrap());
        assert_eq!(counted(&stage, &video).await, (1, 0));
        let passed =
            Outbound::Forward { body: "{}".to_owned(), video: video.id, from: host.clone() };
        assert_eq!(stage.told().await, [passed]);
        assert!(rate_there(None).await.unwrap());
        assert_eq!(counted(&stage, &video).await, (0, 0));
        let here = rate_remote(&stage.service, video.id, stage.owner.account, like, None).await;
        assert!(matches!(here, Err(Error::Forbidden(_))));
        let hidden = stage.video("Hidden", |it| it.words.privacy = Privacy::Private).await;
        let unseen = rate_remote(&stage.service, hidden.id, ann.id, like, None).await;
        assert!(matches!(unseen, Err(Error::NotFound(_))));
        stage.told().await;
        rate(&stage.service, &stage.owner, &hidden.id.to_string(), like).await.unwrap();
        assert_eq!(stage.told().await, []);
    }
}
