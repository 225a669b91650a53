//! Inboxes that are gone for good.

use kinora_model::actor::{ActorRef, RemoteActor};
use kinora_service::follows;
use kinora_store::tables::remote::remote_actor_by_ref;
use tracing::info;
use url::Url;

use crate::Federation;
use crate::error::Error;

/// Followers that are looked through for the owner of an inbox; more are told so at their next delivery.
const LOOKED_AT_MAX: usize = 10_000;

impl Federation {
    /// An inbox is gone: whoever it belonged to follows `signer` no more. One for a whole server stays: it says nothing
    /// of those who live there.
    pub(super) async fn drop_inbox(&self, signer: ActorRef, inbox: &Url) -> Result<(), Error> {
        let followers = follows::followers(&self.service, signer).await?;
        for follow in followers.into_iter().take(LOOKED_AT_MAX) {
            let entry = remote_actor_by_ref(follow.follower);
            let actor = self.service.store.find::<RemoteActor>(&entry).await?;
            if actor.is_some_and(|actor| actor.inbox == *inbox) {
                info!(follow.id = %follow.id, "a follower is gone");
                follows::receive_undo(&self.service, follow.follower, signer).await?;
                return Ok(());
            }
        }
        Ok(())
    }
}
