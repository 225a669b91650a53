//! Removing users, with all they published.

use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::upload::Upload;
use kinora_model::user::User;
use kinora_store::Batch;
use kinora_store::tables::{Owner, uploads_by_user};

use super::change::{is_root, may_touch};
use crate::attempt::attempt;
use crate::error::Error;
use crate::{
    Service, Viewer, channels, comments, follows, notifications, outbound, pictures, reactions,
    sessions, shares, uploads, users,
};

/// Removes the asker, with all their channels and videos. Their names stay held.
///
/// # Errors
/// [`Error::Forbidden`] for the first administrator.
pub async fn delete_me(service: &Service, who: &Viewer) -> Result<(), Error> {
    let user = users::existing(service, who.user).await?;
    if is_root(service, &user).await? {
        return Err(Error::Forbidden("You cannot delete your root account."));
    }
    remove(service, who.user).await
}

/// Removes another user, with all their channels and videos. Their names stay held.
///
/// # Errors
/// [`Error::Forbidden`] if the asker may not, [`Error::NotFound`].
pub async fn delete(service: &Service, who: &Viewer, user: Id<User>) -> Result<(), Error> {
    let found = users::existing(service, user).await?;
    may_touch(service, who, &found).await?;
    if is_root(service, &found).await? {
        return Err(Error::Forbidden("Cannot remove the root user"));
    }
    remove(service, user).await
}

async fn remove(service: &Service, user: Id<User>) -> Result<(), Error> {
    shut_out(service, user).await?;
    let gone = users::existing(service, user).await?;
    let (account, role) = (gone.account, gone.role);
    // Should the node stop in between, whoever asked asks again: what is gone by then stays gone.
    for channel in channels::of_account(service, account).await? {
        channels::remove(service, channel.id).await?;
    }
    reactions::forget_account(service, account).await?;
    comments::forget_account(service, account).await?;
    let actor = ActorRef::Account(account);
    shares::forget_actor(service, actor).await?;
    follows::forget_actor(service, actor).await?;
    cancel_uploads(service, &Viewer { user, account, role }).await?;
    attempt(|| async {
        let stored = users::existing(service, user).await?;
        let account = service.store.get::<Account>(&stored.account.to_key()).await?;
        let mut batch = Batch::default();
        batch.delete_row(&stored);
        sessions::end_all(service, &mut batch, user, None).await?;
        if let Some(account) = account {
            pictures::drop_all(service, &mut batch, Owner::Account(account.id), &account.avatars)?;
            batch.delete_row(&account);
            let actor = ActorRef::Account(account.id);
            outbound::actor_gone(service, &mut batch, actor)?;
            let event = Event::AccountDeleted { account: account.id };
            service.journal.record(&mut batch, &event, service.now())?;
        }
        service.store.commit(batch).await?;
        Ok(())
    })
    .await?;
    // Whoever followed in this moment did so before the account was gone, and nobody does afterwards.
    follows::forget_actor(service, actor).await?;
    notifications::forget_user(service, user).await
}

/// Frees what came of uploads under way. One that is being written to is collected once it is stale.
async fn cancel_uploads(service: &Service, who: &Viewer) -> Result<(), Error> {
    for upload in service.store.follow::<Upload>(&uploads_by_user(who.user), UPLOADS_MAX).await? {
        match uploads::cancel(service, who, &upload.token).await {
            Ok(()) | Err(Error::UploadBusy | Error::NotFound(_) | Error::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The most uploads that are looked at; there are never more under way.
const UPLOADS_MAX: usize = 1_000;

/// Ends all sessions of a user and lets no new one begin, so that nothing is published while all is removed.
async fn shut_out(service: &Service, user: Id<User>) -> Result<(), Error> {
    attempt(|| async {
        let stored = users::existing(service, user).await?;
        let mut batch = Batch::default();
        batch.replace_row(
            &stored,
            &User { blocked: Some(LEAVING.to_owned()), ..User::clone(&stored) },
        )?;
        sessions::end_all(service, &mut batch, user, None).await?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Why someone who is being removed cannot log in.
const LEAVING: &str = "the account is being deleted";
