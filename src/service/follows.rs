//! Follows: who wants to hear of whom, here and across servers.

use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::event::Event;
use kinora_model::follow::{Follow, FollowState};
use kinora_model::instance::DomainLevel;
use kinora_model::job::Job;
use kinora_model::notification::Notice;
use kinora_model::outbound::Outbound;
use kinora_model::user::Role;
use kinora_store::tables::follow::{follow_key, follows_by, follows_of};
use kinora_store::{Batch, Stored};
use url::Url;

use crate::actors::{self, Actor};
use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, notifications, outbound};

mod counts;
mod lists;
mod removal;

pub use counts::counts;
pub use lists::{LISTED_MAX, followers, following, get};
pub(crate) use removal::sever;
pub use removal::{forget_actor, remove_follower};

use counts::Tally;

/// The most that one account follows.
pub const FOLLOWS_MAX: usize = 10_000;

/// The asker follows someone: at once if that one lives here, otherwise once their server agrees. A second call changes
/// nothing.
///
/// # Errors
/// [`Error::NotFound`] if there is no such actor, [`Error::Forbidden`] if its server is blocked, [`Error::Refused`] for
/// oneself and beyond [`FOLLOWS_MAX`]; [`Error::NoSpace`], [`Error::Store`].
pub async fn follow(service: &Service, who: &Viewer, followed: ActorRef) -> Result<Follow, Error> {
    begin(service, ActorRef::Account(who.account), followed).await
}

/// This server follows someone elsewhere.
///
/// # Errors
/// As [`follow`]; [`Error::Forbidden`] if the asker is no administrator.
pub async fn follow_as_instance(
    service: &Service,
    who: &Viewer,
    followed: ActorRef,
) -> Result<Follow, Error> {
    administrates(who)?;
    begin(service, ActorRef::HERE, followed).await
}

pub(super) fn administrates(who: &Viewer) -> Result<(), Error> {
    if who.role < Role::Administrator {
        return Err(Error::Forbidden("Only administrators decide whom this server follows"));
    }
    Ok(())
}

async fn begin(service: &Service, follower: ActorRef, followed: ActorRef) -> Result<Follow, Error> {
    if follower == followed {
        return Err(Error::Refused("Nobody follows themselves"));
    }
    attempt(|| async {
        let target = actors::get(service, followed).await?;
        let host = target.host();
        if host.is_some_and(|host| service.domains.blocks(host)) {
            return Err(Error::Forbidden("The server of this actor is blocked"));
        }
        let old = service.store.get::<Follow>(&follow_key(followed, follower)).await?;
        if let Some(old) = old.as_ref().filter(|old| old.state != FollowState::Rejected) {
            return Ok(Follow::clone(old));
        }
        let range = follows_by(follower);
        if service.store.kv().scan(&range, FOLLOWS_MAX).await?.len() >= FOLLOWS_MAX {
            return Err(Error::Refused("You follow too many"));
        }
        let elsewhere = host.is_some();
        let state = if elsewhere { FollowState::Pending } else { FollowState::Accepted };
        let new = Follow {
            id: old.as_ref().map_or_else(|| service.id(), |old| old.id),
            follower,
            followed,
            state,
            uri: None,
            created_at: service.now(),
        };
        let mut batch = Batch::default();
        target.expect(&mut batch);
        let first = service.store.kv().scan(&follows_of(followed), 1).await?.is_empty();
        land(service, &mut batch, old.as_ref(), Some(&new)).await?;
        if elsewhere {
            let follow = new.id;
            let told = Outbound::Followed { follow, follower, followed };
            outbound::tell(service, &mut batch, told)?;
            if first {
                let job = Job::Backfill { actor: followed, page: None, pages: 0 };
                service.queue.enqueue(&mut batch, &job)?;
            }
        } else if old.is_none() {
            notify(service, &mut batch, &new, &target).await?;
        }
        service.store.commit(batch).await?;
        Ok(new)
    })
    .await
}

/// The asker follows someone no longer.
///
/// # Errors
/// [`Error::NotFound`] if they do not; [`Error::NoSpace`], [`Error::Store`].
pub async fn unfollow(service: &Service, who: &Viewer, followed: ActorRef) -> Result<(), Error> {
    end(service, ActorRef::Account(who.account), followed).await
}

/// This server follows someone no longer.
///
/// # Errors
/// As [`unfollow`]; [`Error::Forbidden`] if the asker is no administrator.
pub async fn unfollow_as_instance(
    service: &Service,
    who: &Viewer,
    followed: ActorRef,
) -> Result<(), Error> {
    administrates(who)?;
    end(service, ActorRef::HERE, followed).await
}

async fn end(service: &Service, follower: ActorRef, followed: ActorRef) -> Result<(), Error> {
    attempt(|| async {
        let old = service.store.get::<Follow>(&follow_key(followed, follower)).await?;
        let old = old.ok_or(Error::NotFound("Follow"))?;
        let mut batch = Batch::default();
        land(service, &mut batch, Some(&old), None).await?;
        let target = actors::find(service, followed).await?;
        if target.is_some_and(|target| target.host().is_some()) {
            let told = Outbound::Unfollowed { follow: old.id, follower, followed };
            outbound::tell(service, &mut batch, told)?;
        }
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Someone elsewhere asks to follow someone here; `uri` is the id of their `Follow`. Accounts and channels agree at once;
/// our server does, unless `approval` says that an administrator answers. What was answered before is answered again.
///
/// # Errors
/// [`Error::NotFound`] if one of both is not known; [`Error::Forbidden`] if their server is blocked, or who is followed
/// does not live here; [`Error::NoSpace`], [`Error::Store`].
pub async fn receive(
    service: &Service,
    follower: ActorRef,
    followed: ActorRef,
    uri: Option<Url>,
    approval: bool,
) -> Result<Follow, Error> {
    attempt(|| async {
        let (by, target) =
            (actors::get(service, follower).await?, actors::get(service, followed).await?);
        let refused = match (by.host(), target.host()) {
            (_, Some(_)) => Some("Who is followed does not live here"),
            (None, _) => Some("The follower lives here"),
            (Some(host), None) => {
                service.domains.blocks(host).then_some("The server of the follower is blocked")
            }
        };
        if let Some(refused) = refused {
            return Err(Error::Forbidden(refused));
        }
        let old = service.store.get::<Follow>(&follow_key(followed, follower)).await?;
        let waits = approval && followed == ActorRef::HERE;
        let state = match old.as_ref().map(|old| old.state) {
            Some(state) if waits || state == FollowState::Rejected => state,
            None if waits => FollowState::Pending,
            _ => FollowState::Accepted,
        };
        let new = Follow {
            id: old.as_ref().map_or_else(|| service.id(), |old| old.id),
            follower,
            followed,
            state,
            uri: uri.clone().or_else(|| old.as_ref().and_then(|old| old.uri.clone())),
            created_at: old.as_ref().map_or_else(|| service.now(), |old| old.created_at),
        };
        let mut batch = Batch::default();
        by.expect(&mut batch);
        target.expect(&mut batch);
        land(service, &mut batch, old.as_ref(), Some(&new)).await?;
        if state != FollowState::Pending {
            let (uri, accepted) = (new.uri.clone(), state == FollowState::Accepted);
            let told = Outbound::FollowAnswered { follower, followed, uri, accepted };
            outbound::tell(service, &mut batch, told)?;
        }
        let silenced =
            by.host().is_some_and(|host| service.domains.level(host) == DomainLevel::Silence);
        if old.is_none() && !silenced {
            notify(service, &mut batch, &new, &target).await?;
        }
        service.store.commit(batch).await?;
        Ok(new)
    })
    .await
}

/// Someone elsewhere answers a follow of someone here; false if nobody asked them.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn receive_answer(
    service: &Service,
    followed: ActorRef,
    follower: ActorRef,
    accepted: bool,
) -> Result<bool, Error> {
    attempt(|| async {
        let old = service.store.get::<Follow>(&follow_key(followed, follower)).await?;
        let Some(old) = old else { return Ok(false) };
        let target = actors::find(service, followed).await?;
        if target.is_none_or(|target| target.host().is_none()) {
            return Ok(false);
        }
        set_state(service, &old, accepted, Batch::default()).await?;
        Ok(true)
    })
    .await
}

/// Someone elsewhere follows someone here no longer; false if they did not.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn receive_undo(
    service: &Service,
    follower: ActorRef,
    followed: ActorRef,
) -> Result<bool, Error> {
    attempt(|| async {
        let old = service.store.get::<Follow>(&follow_key(followed, follower)).await?;
        let Some(old) = old else { return Ok(false) };
        let mut batch = Batch::default();
        land(service, &mut batch, Some(&old), None).await?;
        service.store.commit(batch).await?;
        Ok(true)
    })
    .await
}

/// An administrator answers who asked to follow this server.
///
/// # Errors
/// [`Error::Forbidden`] if the asker is none, [`Error::NotFound`] if nobody asked; [`Error::NoSpace`], [`Error::Store`].
pub async fn answer(
    service: &Service,
    who: &Viewer,
    follower: ActorRef,
    accepted: bool,
) -> Result<(), Error> {
    administrates(who)?;
    attempt(|| async {
        let key = follow_key(ActorRef::HERE, follower);
        let old = service.store.get::<Follow>(&key).await?.ok_or(Error::NotFound("Follower"))?;
        let mut batch = Batch::default();
        let (followed, uri) = (old.followed, old.uri.clone());
        let told = Outbound::FollowAnswered { follower, followed, uri, accepted };
        outbound::tell(service, &mut batch, told)?;
        set_state(service, &old, accepted, batch).await
    })
    .await
}

async fn set_state(
    service: &Service,
    old: &Stored<Follow>,
    accepted: bool,
    mut batch: Batch,
) -> Result<(), Error> {
    let state = if accepted { FollowState::Accepted } else { FollowState::Rejected };
    if old.state != state {
        let new = Follow { state, ..Follow::clone(old) };
        land(service, &mut batch, Some(old), Some(&new)).await?;
    }
    if !batch.is_empty() {
        service.store.commit(batch).await?;
    }
    Ok(())
}

/// Adds to a batch that a follow is as `new` says, with what is counted of both ends.
async fn land(
    service: &Service,
    batch: &mut Batch,
    old: Option<&Stored<Follow>>,
    new: Option<&Follow>,
) -> Result<(), Error> {
    match (old, new) {
        (Some(old), Some(new)) => batch.replace_row(old, new)?,
        (Some(old), None) => batch.delete_row(old),
        (None, Some(new)) => batch.insert_row(new)?,
        (None, None) => return Ok(()),
    }
    let mut tally = Tally::default();
    tally.change(old.map(|old| &**old), new);
    tally.add_to(service, batch).await?;
    if let Some(Follow { follower, followed, .. }) = new.or(old.map(|old| &**old)) {
        let event = Event::FollowChanged { follower: *follower, followed: *followed };
        service.journal.record(batch, &event, service.now())?;
    }
    Ok(())
}

/// Adds to a batch that whoever is followed, or runs this server, hears of a new follower.
async fn notify(
    service: &Service,
    batch: &mut Batch,
    new: &Follow,
    target: &Actor,
) -> Result<(), Error> {
    let (follower, followed) = (new.follower, new.followed);
    if followed == ActorRef::HERE {
        for user in actors::staff(service, Role::Administrator).await? {
            let notice = Notice::NewInstanceFollower { follower };
            notifications::add(service, batch, user, notice).await?;
        }
        return Ok(());
    }
    // Who follows their own channel knows.
    if target.account().map(ActorRef::Account) == Some(follower) {
        return Ok(());
    }
    if let Some(user) = actors::user_behind(service, target).await? {
        let notice = Notice::NewFollower { follower, followed };
        notifications::add(service, batch, user, notice).await?;
    }
    Ok(())
}

/// True if an account here follows someone, answered or not.
///
/// # Errors
/// [`Error::Store`].
pub async fn follows(
    service: &Service,
    follower: kinora_model::id::Id<Account>,
    followed: ActorRef,
) -> Result<bool, Error> {
    let key = follow_key(followed, ActorRef::Account(follower));
    let row = service.store.get::<Follow>(&key).await?;
    Ok(row.is_some_and(|row| row.state != FollowState::Rejected))
}

#[cfg(test)]
mod tests;
