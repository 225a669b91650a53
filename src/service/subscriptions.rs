//! Subscriptions: the channels that a user follows.

use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::follow::FollowState;
use kinora_model::id::Id;

use crate::error::Error;
use crate::{Service, Viewer, follows};

/// The numbers of all channels that the asker follows, answered or not, the latest follow first; at most
/// [`follows::LISTED_MAX`].
///
/// # Errors
/// [`Error::Store`].
pub async fn ids(service: &Service, who: &Viewer) -> Result<Vec<Id<Channel>>, Error> {
    let rows = follows::following(service, ActorRef::Account(who.account)).await?;
    let channel = |row: kinora_model::follow::Follow| match row.followed {
        ActorRef::Channel(id) if row.state != FollowState::Rejected => Some(id),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(channel).collect())
}

/// The channels that the asker follows, answered or not, the latest follow first; those of blocked servers are left out.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(service: &Service, who: &Viewer) -> Result<Vec<Channel>, Error> {
    let keys: Vec<_> = ids(service, who).await?.iter().map(|id| id.to_key().to_vec()).collect();
    let rows = service.store.get_many::<Channel>(&keys).await?;
    let mut channels: Vec<_> =
        rows.into_iter().flatten().map(kinora_store::Stored::into_row).collect();
    channels.retain(|channel| {
        channel.origin.as_ref().is_none_or(|origin| !service.domains.blocks(&origin.host))
    });
    Ok(channels)
}

/// True if the asker follows a channel, answered or not.
///
/// # Errors
/// [`Error::Store`].
pub async fn has(service: &Service, who: &Viewer, channel: Id<Channel>) -> Result<bool, Error> {
    follows::follows(service, who.account, ActorRef::Channel(channel)).await
}
