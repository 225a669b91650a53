//! Videos: found, shown, changed, deleted.

use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::mirror::{Mirror, ReplicaState};
use kinora_model::rendition::Rendition;
use kinora_model::video::{Counts, Video, VideoState, parse_uuid};
use kinora_store::tables::{VideoCounts, video_by_uuid};
use kinora_store::{Batch, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::publishing::{self, RENDITIONS_MAX, own_pictures};
use crate::{Service, Viewer, access, captions, mirrors, outbound, replicas};

mod change;
mod picture;

pub use change::Change;
pub use picture::{LARGE, SMALL, pick_thumbnail, set_thumbnail};

/// All that the page of a video shows.
#[derive(Clone, Debug)]
pub struct Details {
    /// The video.
    pub video: Video,
    /// What is counted of it, views of this moment included.
    pub counts: Counts,
    /// What was made of it so far, or will be.
    pub renditions: Vec<Rendition>,
    /// Copies of it on other servers.
    pub mirrors: Vec<Mirror>,
    /// Where it is published.
    pub channel: Channel,
    /// Whose channel that is.
    pub account: Account,
    /// How many watch it right now.
    pub viewers: usize,
}

/// The video of a name: its number, its uuid, or that in its short form; whoever asks.
async fn named(service: &Service, name: &str) -> Result<Stored<Video>, Error> {
    let row = match name.parse::<Id<Video>>() {
        Ok(id) => service.store.get(&id.to_key()).await?,
        Err(_) => match parse_uuid(name) {
            Some(uuid) => service.store.find(&video_by_uuid(uuid)).await?,
            None => None,
        },
    };
    row.ok_or(Error::NotFound("Video"))
}

/// The video of a name (its number, or its uuid in either form), if the asker may see it.
///
/// # Errors
/// [`Error::NotFound`], the same if there is none and if it is not theirs to see; [`Error::Store`].
pub async fn find(
    service: &Service,
    who: Option<&Viewer>,
    name: &str,
) -> Result<Stored<Video>, Error> {
    let video = named(service, name).await?;
    let hidden = |host| service.domains.hides_videos(host);
    if !access::may_see(&video, who) || video.remote.as_ref().map(|it| &it.host).is_some_and(hidden)
    {
        return Err(Error::NotFound("Video"));
    }
    Ok(video)
}

/// The video of a name, if the asker may change it.
///
/// # Errors
/// As [`find`]; [`Error::Forbidden`] if they may see it but not change it.
pub async fn editable(service: &Service, who: &Viewer, name: &str) -> Result<Stored<Video>, Error> {
    let video = find(service, Some(who), name).await?;
    if !video.is_local() {
        return Err(Error::Forbidden("Cannot manage a video of another server."));
    }
    if !who.may_edit(&video) {
        return Err(Error::Forbidden("Cannot manage a video of another user."));
    }
    Ok(video)
}

/// All that the page of a video shows.
///
/// # Errors
/// As [`find`].
pub async fn details(
    service: &Service,
    who: Option<&Viewer>,
    name: &str,
) -> Result<Details, Error> {
    let video = find(service, who, name).await?.into_row();
    let key = video.id.to_key();
    let counts = service.store.get::<VideoCounts>(&key).await?;
    let mut counts = counts.map(|row| row.counts).unwrap_or_default();
    counts.views = counts.views.saturating_add(service.views.unwritten(video.id));
    let renditions = if is_here(service, &video).await? {
        renditions(service, video.id).await?
    } else {
        Vec::new()
    };
    let channel = service.store.get::<Channel>(&video.channel.to_key()).await?;
    let account = service.store.get::<Account>(&video.account.to_key()).await?;
    // Its channel goes in the same moment as it does.
    let gone = || Error::NotFound("Video");
    let channel = channel.ok_or_else(gone)?.into_row();
    let account = account.ok_or_else(gone)?.into_row();
    let viewers = service.views.present(video.id, service.now());
    let mirrors = mirrors::of_video(service, video.id).await?;
    Ok(Details { video, counts, renditions, mirrors, channel, account, viewers })
}

/// True if a video is served from here: it lives here, or this node keeps a whole copy of it.
async fn is_here(service: &Service, video: &Video) -> Result<bool, Error> {
    if video.is_local() {
        return Ok(true);
    }
    let replica = replicas::of_video(service, video.id).await?;
    Ok(replica.is_some_and(|it| it.state == ReplicaState::Whole))
}

/// What was made of a video so far, or will be.
///
/// # Errors
/// [`Error::Store`].
pub async fn renditions(service: &Service, video: Id<Video>) -> Result<Vec<Rendition>, Error> {
    let rows = service.store.list::<Rendition>(&video.to_key(), RENDITIONS_MAX).await?;
    Ok(rows.into_iter().map(Stored::into_row).collect())
}

/// Changes what is said of a video.
///
/// # Errors
/// As [`editable`]; [`Error::Invalid`] if a word is not as it must be, or the channel is not of the video's account;
/// [`Error::NoSpace`].
pub async fn update(
    service: &Service,
    who: &Viewer,
    name: &str,
    change: &Change,
) -> Result<(), Error> {
    let (id, hurried) = attempt(|| async {
        let old = editable(service, who, name).await?;
        let mut new = Video::clone(&old);
        let mut batch = Batch::default();
        change.apply(&mut new.words)?;
        if let Some(channel) = change.channel.filter(|channel| *channel != old.channel) {
            let row = service.store.get::<Channel>(&channel.to_key()).await?;
            let row = row.filter(|row| row.account == old.account);
            let unknown = "Unknown video \"channelId\" for this account";
            let row = row.ok_or_else(|| Error::invalid("channelId", unknown))?;
            // A deletion of the channel in the same moment must see the video.
            batch.expect_row(&row);
            new.channel = channel;
        }
        let now = service.now();
        new.updated_at = now;
        batch.replace_row(&old, &new)?;
        outbound::video_changed(service, &mut batch, Some(&old), Some(&new))?;
        service.journal.record(&mut batch, &Event::VideoUpdated { video: old.id }, now)?;
        if outbound::is_told(&new) && !outbound::is_told(&old) {
            // Those who follow the channel can see it only now.
            service.journal.record(&mut batch, &Event::VideoPublished { video: old.id }, now)?;
        }
        service.store.commit(batch).await?;
        let hurried = old.words.wait_transcoding && !new.words.wait_transcoding;
        Ok((old.id, hurried && new.state == VideoState::Processing))
    })
    .await?;
    if hurried {
        publishing::reconsider(service, id).await?;
    }
    service.progress.changed(id);
    Ok(())
}

/// Deletes a video.
///
/// # Errors
/// As [`editable`]; [`Error::NoSpace`].
pub async fn delete(service: &Service, who: &Viewer, name: &str) -> Result<(), Error> {
    let video = editable(service, who, name).await?;
    remove(service, video.id).await
}

/// Removes a video whoever asks: lists and pages lose it at once, its disk is freed by a job.
///
/// # Errors
/// [`Error::NotFound`] if it is gone; [`Error::NoSpace`], [`Error::Store`].
pub async fn remove(service: &Service, video: Id<Video>) -> Result<(), Error> {
    attempt(|| async {
        let row = service.store.get::<Video>(&video.to_key()).await?;
        let row = row.ok_or(Error::NotFound("Video"))?;
        let counts = service.store.get::<VideoCounts>(&video.to_key()).await?;
        let mut batch = Batch::default();
        service.queue.cancel(&mut batch, video).await?;
        captions::drop_all(service, &mut batch, video).await?;
        own_pictures(service, &mut batch, Some(&row), None)?;
        if let Some(counts) = &counts {
            batch.delete_row(counts);
        }
        batch.delete_row(&row);
        outbound::video_changed(service, &mut batch, Some(&row), None)?;
        service.queue.enqueue(&mut batch, &Job::RemoveVideo { video })?;
        service.journal.record(&mut batch, &Event::VideoDeleted { video }, service.now())?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await?;
    service.progress.changed(video);
    Ok(())
}

#[cfg(test)]
mod tests;
