//! Copies that this node keeps of videos that live elsewhere, as agreements want it.

use kinora_model::actor::ActorRef;
use kinora_model::actor::RemoteActor;
use kinora_model::event::Event;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::instance::DomainLevel;
use kinora_model::job::Job;
use kinora_model::mirror::{Keeping, Replica, ReplicaState};
use kinora_model::outbound::Outbound;
use kinora_model::video::{Privacy, Video, VideoState};
use kinora_store::table::row_key;
use kinora_store::tables::mirror::replicas_of;
use kinora_store::tables::videos_by_channel;
use kinora_store::{Batch, Range, Row as _, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, outbound, pacts};

/// Rows that are read at a time.
const READ_AT_ONCE: usize = 500;

/// The most copies of one server's videos.
pub const REPLICAS_MAX: usize = 50_000;

/// The agreement that wants a copy of a video, if one does.
///
/// # Errors
/// [`Error::Store`].
pub async fn wanted(service: &Service, video: &Video) -> Result<Option<Keeping>, Error> {
    let Some(remote) = &video.remote else { return Ok(None) };
    let open = video.words.privacy == Privacy::Public && video.state == VideoState::Published;
    let kept_out = service.domains.level(&remote.host) >= DomainLevel::RejectMedia;
    // Without hashes a copy could not be told from another film: only nodes of this kind have them.
    let known = remote.hls.is_some() && remote.manifest.is_some();
    if !open || kept_out || remote.live || !known {
        return Ok(None);
    }
    let keeps = pacts::with(service, &remote.host).await?.and_then(|pact| pact.keeps);
    Ok(keeps.filter(|keeps| keeps.covers(video.channel)))
}

/// Adds to a batch that a video that came or changed is looked at: its copy may be wanted, or another one than there is.
pub(crate) async fn look_at(
    service: &Service,
    batch: &mut Batch,
    video: &Video,
) -> Result<(), Error> {
    let kept = of_video(service, video.id).await?.is_some();
    if kept || wanted(service, video).await?.is_some() {
        service.queue.enqueue(batch, &Job::Replicate { video: video.id })?;
    }
    Ok(())
}

/// The copy of a video, if there is one or will be.
///
/// # Errors
/// [`Error::Store`].
pub async fn of_video(
    service: &Service,
    video: Id<Video>,
) -> Result<Option<Stored<Replica>>, Error> {
    Ok(service.store.get::<Replica>(&video.to_key()).await?)
}

/// All copies of a server's videos.
///
/// # Errors
/// [`Error::Store`].
pub async fn of_host(service: &Service, host: &Host) -> Result<Vec<Replica>, Error> {
    let rows = service.store.follow::<Replica>(&replicas_of(host), REPLICAS_MAX).await?;
    Ok(rows.into_iter().map(Stored::into_row).collect())
}

/// Writes down how far a copy is. Others hear of one that is whole, once; it stays so while more of it comes, or cannot
/// come.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn note(
    service: &Service,
    video: &Video,
    state: &ReplicaState,
    (bytes, bytes_wanted): (u64, u64),
) -> Result<(), Error> {
    let Some(remote) = &video.remote else { return Ok(()) };
    attempt(|| async {
        let old = of_video(service, video.id).await?;
        let now = service.now();
        let was_whole = old.as_ref().is_some_and(|old| old.state == ReplicaState::Whole);
        let row = Replica {
            video: video.id,
            host: remote.host.clone(),
            state: if was_whole { ReplicaState::Whole } else { state.clone() },
            bytes,
            bytes_wanted,
            created_at: old.as_ref().map_or(now, |old| old.created_at),
            updated_at: now,
        };
        let mut batch = Batch::default();
        match &old {
            Some(old) => batch.replace_row(old, &row)?,
            None => batch.insert_row(&row)?,
        }
        if *state == ReplicaState::Whole && !was_whole {
            let outbound = Outbound::ReplicaKept { video: video.id };
            outbound::tell(service, &mut batch, outbound)?;
            let event = Event::VideoUpdated { video: video.id };
            service.journal.record(&mut batch, &event, now)?;
        }
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Lets a copy go: its origin hears of it, and its bytes are freed by a job. False if there is none.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn drop(service: &Service, video: Id<Video>) -> Result<bool, Error> {
    if let Some(others) = service.providers.get() {
        others.withdraw(video).await;
    }
    attempt(|| async {
        let Some(row) = of_video(service, video).await? else { return Ok(false) };
        let mut batch = Batch::default();
        batch.delete_row(&row);
        if row.state == ReplicaState::Whole {
            outbound::tell(service, &mut batch, Outbound::ReplicaDropped { video })?;
        }
        service.queue.enqueue(&mut batch, &Job::RemoveReplica { video })?;
        let event = Event::VideoUpdated { video };
        service.journal.record(&mut batch, &event, service.now())?;
        service.store.commit(batch).await?;
        Ok(true)
    })
    .await
}

/// Forgets the copy of a video that is gone, with all that was made of it. May run twice.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget_video(service: &Service, video: Id<Video>) -> Result<(), Error> {
    attempt(|| async {
        let Some(row) = of_video(service, video).await? else { return Ok(()) };
        let mut batch = Batch::default();
        batch.delete_row(&row);
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Looks through the videos of a server that are known here, for those whose copies an agreement wants, and through the
/// copies for those that none wants any more; each gets a job of its own.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn review(service: &Service, host: &Host) -> Result<(), Error> {
    for replica in of_host(service, host).await? {
        enqueue(service, &[replica.video]).await?;
    }
    let mut range = Range::prefix(&row_key::<RemoteActor>(&[]));
    loop {
        let page = service.store.list_range::<RemoteActor>(&range, READ_AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        range = range.after(&row_key::<RemoteActor>(&last.key()));
        for actor in page.iter().filter(|actor| actor.host == *host && !actor.gone) {
            if let ActorRef::Channel(channel) = actor.actor {
                let videos = videos_by_channel(channel).reversed();
                let videos = service.store.follow::<Video>(&videos, REPLICAS_MAX).await?;
                let mut fresh = Vec::new();
                for video in &videos {
                    if of_video(service, video.id).await?.is_none()
                        && wanted(service, video).await?.is_some()
                    {
                        fresh.push(video.id);
                    }
                }
                enqueue(service, &fresh).await?;
            }
        }
    }
}

async fn enqueue(service: &Service, videos: &[Id<Video>]) -> Result<(), Error> {
    for page in videos.chunks(READ_AT_ONCE) {
        let mut batch = Batch::default();
        for video in page {
            service.queue.enqueue(&mut batch, &Job::Replicate { video: *video })?;
        }
        service.store.commit(batch).await?;
    }
    Ok(())
}
