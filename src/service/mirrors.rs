//! Copies of our videos that other servers keep: only those that this server follows, or has an agreement with, are
//! believed to.

use kinora_model::actor::ActorRef;
use kinora_model::clock::Timestamp;
use kinora_model::event::Event;
use kinora_model::follow::{Follow, FollowState};
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::mirror::Mirror;
use kinora_model::video::Video;
use kinora_store::tables::follow::follow_key;
use kinora_store::tables::mirror::{mirror_by_uri, mirror_key, mirrors_of};
use kinora_store::{Batch, Stored};
use url::Url;

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, actors, outbound, pacts};

/// The most mirrors of one video.
pub const MIRRORS_MAX: usize = 32;

/// What a server says of its copy.
#[derive(Clone, Debug)]
pub struct NewMirror {
    /// Of which video of ours.
    pub video: Id<Video>,
    /// The id of its `CacheFile`.
    pub uri: Url,
    /// The folder with the HLS files.
    pub base: Url,
    /// Until when it is kept.
    pub expires_at: Option<Timestamp>,
}

/// A server keeps a copy of a video of ours, or goes on to. A second call changes nothing.
///
/// # Errors
/// [`Error::NotFound`] if the video or the server is not known, [`Error::Forbidden`] if this node neither follows
/// the server nor has an agreement with it, the copy is not on it or the video is not for everyone; [`Error::Refused`] if there are enough;
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn receive(service: &Service, server: ActorRef, new: &NewMirror) -> Result<(), Error> {
    let by = actors::get(service, server).await?;
    let host = by.host().cloned().ok_or(Error::NotFound("Server"))?;
    let at = |url: &Url| Host::of(url).as_ref() == Some(&host);
    if !matches!(server, ActorRef::Instance(_)) || !at(&new.uri) || !at(&new.base) {
        return Err(Error::Forbidden("A server speaks for its own copies alone"));
    }
    if service.domains.blocks(&host) || !may_keep(service, server, &host).await? {
        return Err(Error::Forbidden("Only servers that this one trusts may keep copies"));
    }
    let video = service.store.get::<Video>(&new.video.to_key()).await?;
    let video = video.ok_or(Error::NotFound("Video"))?;
    if !outbound::is_told(&video) {
        return Err(Error::Forbidden("Only what everyone may see can be copied"));
    }
    attempt(|| put(service, &host, new)).await
}

/// True if a server may keep copies of our videos: by agreement, or because this one follows it.
async fn may_keep(service: &Service, server: ActorRef, host: &Host) -> Result<bool, Error> {
    if pacts::with(service, host).await?.is_some_and(|pact| pact.may_keep) {
        return Ok(true);
    }
    let follow = service.store.get::<Follow>(&follow_key(server, ActorRef::HERE)).await?;
    Ok(follow.is_some_and(|it| it.state == FollowState::Accepted))
}

async fn put(service: &Service, host: &Host, new: &NewMirror) -> Result<(), Error> {
    let now = service.now();
    let old = service.store.get::<Mirror>(&mirror_key(new.video, host)).await?;
    if old.is_none() && all(service, new.video).await?.len() >= MIRRORS_MAX {
        return Err(Error::Refused("There are copies enough of this video"));
    }
    let row = Mirror {
        video: new.video,
        host: host.clone(),
        uri: new.uri.clone(),
        base: new.base.clone(),
        expires_at: new.expires_at,
        created_at: old.as_ref().map_or(now, |old| old.created_at),
    };
    let mut batch = Batch::default();
    match &old {
        Some(old) if **old == row => return Ok(()),
        Some(old) => batch.replace_row(old, &row)?,
        None => batch.insert_row(&row)?,
    }
    service.journal.record(&mut batch, &Event::VideoUpdated { video: new.video }, now)?;
    service.store.commit(batch).await?;
    Ok(())
}

/// A server keeps a copy no longer; false if none is known under this id.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn receive_undo(service: &Service, host: &Host, uri: &Url) -> Result<bool, Error> {
    attempt(|| async {
        let row = service.store.find::<Mirror>(&mirror_by_uri(uri)).await?;
        let Some(row) = row.filter(|row| row.host == *host) else { return Ok(false) };
        let mut batch = Batch::default();
        batch.delete_row(&row);
        let event = Event::VideoUpdated { video: row.video };
        service.journal.record(&mut batch, &event, service.now())?;
        service.store.commit(batch).await?;
        Ok(true)
    })
    .await
}

/// The mirrors of a video that can be asked now.
///
/// # Errors
/// [`Error::Store`].
pub async fn of_video(service: &Service, video: Id<Video>) -> Result<Vec<Mirror>, Error> {
    let now = service.now();
    let mut rows: Vec<_> = all(service, video).await?.into_iter().map(Stored::into_row).collect();
    rows.retain(|row| row.is_kept(now) && !service.domains.blocks(&row.host));
    Ok(rows)
}

async fn all(service: &Service, video: Id<Video>) -> Result<Vec<Stored<Mirror>>, Error> {
    Ok(service.store.list_range::<Mirror>(&mirrors_of(video), MIRRORS_MAX).await?)
}

/// Forgets the mirrors of a video that is gone. May run twice.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget_video(service: &Service, video: Id<Video>) -> Result<(), Error> {
    let mut batch = Batch::default();
    for row in all(service, video).await? {
        batch.delete_row(&row);
    }
    if !batch.is_empty() {
        service.store.commit(batch).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::stage::Stage;
    use kinora_model::instance::Instance;
    use kinora_model::video::Privacy;
    use std::time::Duration;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    /// A server that keeps copies, followed from here or not.
    async fn server(stage: &Stage, host: &str, state: Option<FollowState>) -> ActorRef {
        let service = &stage.service;
        let host = Host::parse(host).unwrap();
        let row = Instance {
            id: service.id(),
            host,
            software: None,
            software_version: None,
            asked_at: None,
            created_at: service.now(),
        };
        let actor = ActorRef::Instance(row.id);
        let mut batch = Batch::default();
        batch.insert_row(&row).unwrap();
        if let Some(state) = state {
            let follow = Follow {
                id: service.id(),
                follower: ActorRef::HERE,
                followed: actor,
                state,
                uri: None,
                created_at: service.now(),
            };
            batch.insert_row(&follow).unwrap();
        }
        service.store.commit(batch).await.unwrap();
        actor
    }

    #[tokio::test]
    async fn a_copy_is_known_until_it_is_taken_back_or_ends() {
        let stage = Stage::new().await;
        let service = &stage.service;
        let video = stage.video("Copied", |_| {}).await;
        let mut new = NewMirror {
            video: video.id,
            uri: url("https://b.example/redundancy/1"),
            base: url("https://b.example/static/1"),
            expires_at: None,
        };
        let friend = server(&stage, "b.example", Some(FollowState::Accepted)).await;
        receive(service, friend, &new).await.unwrap();
        receive(service, friend, &new).await.unwrap();
        assert_eq!(of_video(service, video.id).await.unwrap()[0].base, new.base);
        let (host, other) = (Host::parse("b.example").unwrap(), Host::parse("c.example").unwrap());
        assert!(!receive_undo(service, &other, &new.uri).await.unwrap(), "it is not theirs");
        assert!(receive_undo(service, &host, &new.uri).await.unwrap());
        assert_eq!(of_video(service, video.id).await.unwrap(), []);

        new.expires_at = Some(service.now().after(Duration::from_secs(60)));
        receive(service, friend, &new).await.unwrap();
        assert_eq!(of_video(service, video.id).await.unwrap().len(), 1);
        stage.clock.advance(Duration::from_secs(60));
        assert_eq!(of_video(service, video.id).await.unwrap(), []);
        forget_video(service, video.id).await.unwrap();
        assert!(all(service, video.id).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn who_is_not_followed_keeps_no_copies() {
        let stage = Stage::new().await;
        let service = &stage.service;
        let video = stage.video("Copied", |_| {}).await;
        let hidden = stage.video("Hidden", |it| it.words.privacy = Privacy::Unlisted).await;
        let friend = server(&stage, "b.example", Some(FollowState::Accepted)).await;
        let stranger = server(&stage, "c.example", None).await;
        let asked = server(&stage, "d.example", Some(FollowState::Pending)).await;
        let refused = async |by: ActorRef, video: Id<Video>, uri: &str, base: &str| {
            let new = NewMirror { video, uri: url(uri), base: url(base), expires_at: None };
            matches!(receive(service, by, &new).await, Err(Error::Forbidden(_)))
        };
        let (b, c) = ("https://b.example/1", "https://c.example/1");
        assert!(refused(stranger, video.id, c, c).await);
        assert!(refused(asked, video.id, "https://d.example/1", "https://d.example/1").await);
        assert!(refused(friend, video.id, c, b).await);
        assert!(refused(friend, video.id, b, c).await);
        assert!(refused(friend, hidden.id, b, b).await);
        assert_eq!(of_video(service, video.id).await.unwrap(), []);
    }
}
