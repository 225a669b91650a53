//! Removing channels, with all that was published in them.

use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::video::Video;
use kinora_store::Batch;
use kinora_store::tables::{Owner, videos_by_channel};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, channels, follows, outbound, pictures, shares, videos};

/// How many videos are removed at a time.
const REMOVE_AT_ONCE: usize = 100;

/// Removes a channel with all its videos. Its name stays held.
///
/// # Errors
/// As [`channels::update`]; [`Error::Refused`] if it is the account's last.
pub async fn delete(service: &Service, who: &Viewer, name: &str) -> Result<(), Error> {
    let channel = channels::editable(service, who, name).await?;
    if channels::of_account(service, channel.account).await?.len() < 2 {
        return Err(Error::Refused("Cannot remove the last channel of this user"));
    }
    remove(service, channel.id).await
}

/// Removes a channel, whoever asks, and whether or not it is the last.
pub(crate) async fn remove(service: &Service, id: Id<Channel>) -> Result<(), Error> {
    loop {
        // Should the node stop in between, whoever asked asks again: what is gone by then stays gone.
        let videos = service.store.follow::<Video>(&videos_by_channel(id), REMOVE_AT_ONCE).await?;
        if videos.is_empty() {
            let actor = ActorRef::Channel(id);
            follows::forget_actor(service, actor).await?;
            if remove_empty(service, id).await? {
                // Whoever followed in this moment did so before the channel was gone, and nobody does afterwards.
                shares::forget_actor(service, actor).await?;
                return follows::forget_actor(service, actor).await;
            }
        }
        for video in videos {
            match videos::remove(service, video.id).await {
                Ok(()) | Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Removes a channel that has no videos; false if it got one meanwhile. Who publishes expects the channel's row, so
/// that one of both gives way.
async fn remove_empty(service: &Service, id: Id<Channel>) -> Result<bool, Error> {
    attempt(|| async {
        let found = service.store.get::<Channel>(&id.to_key()).await?;
        let Some(channel) = found else { return Ok(true) };
        if service.store.count(&videos_by_channel(id)).await? > 0 {
            return Ok(false);
        }
        let now = service.now();
        let mut batch = Batch::default();
        let all = pictures::of_channel(&channel);
        pictures::drop_all(service, &mut batch, Owner::Channel(id), &all)?;
        batch.delete_row(&channel);
        let actor = ActorRef::Channel(id);
        if channel.is_local() {
            outbound::actor_gone(service, &mut batch, actor)?;
        }
        // Two channels removed at once must not both leave the other as the last: the account settles their order.
        if let Some(account) = service.store.get::<Account>(&channel.account.to_key()).await? {
            batch
                .replace_row(&account, &Account { updated_at: now, ..Account::clone(&account) })?;
        }
        service.journal.record(&mut batch, &Event::ChannelDeleted { channel: id }, now)?;
        service.store.commit(batch).await?;
        Ok(true)
    })
    .await
}
