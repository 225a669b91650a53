//! Follows that end because an actor or a server is gone, or is not wanted.

use kinora_model::actor::ActorRef;
use kinora_model::event::Event;
use kinora_model::follow::Follow;
use kinora_model::host::Host;
use kinora_model::outbound::Outbound;
use kinora_store::table::row_key;
use kinora_store::tables::follow::{follow_key, follows_by, follows_of};
use kinora_store::{Batch, Range, Row as _, Stored};

use super::counts::Tally;
use super::land;
use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, actors, channels, outbound};

/// Follows that end in one batch.
const TOGETHER_MAX: usize = 100;

/// Ends all follows of an actor who is gone, in both directions; nobody is told. May run twice.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget_actor(service: &Service, actor: ActorRef) -> Result<(), Error> {
    loop {
        let done = attempt(|| async {
            let mut rows =
                service.store.list_range::<Follow>(&follows_of(actor), TOGETHER_MAX).await?;
            if rows.is_empty() {
                rows = service.store.follow::<Follow>(&follows_by(actor), TOGETHER_MAX).await?;
            }
            end_all(service, &rows).await?;
            Ok(rows.is_empty())
        });
        if done.await? {
            return Ok(());
        }
    }
}

async fn end_all(service: &Service, rows: &[Stored<Follow>]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (mut batch, mut tally) = (Batch::default(), Tally::default());
    for row in rows {
        batch.delete_row(row);
        tally.change(Some(row), None);
        let event = Event::FollowChanged { follower: row.follower, followed: row.followed };
        service.journal.record(&mut batch, &event, service.now())?;
    }
    tally.add_to(service, &mut batch).await?;
    service.store.commit(batch).await?;
    Ok(())
}

/// Ends all follows, in both directions, between here and servers that are not wanted; nobody is told. How many ended.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub(crate) async fn sever(
    service: &Service,
    unwanted: impl Fn(&Host) -> bool,
) -> Result<u64, Error> {
    let mut ended: u64 = 0;
    let mut rest = Range::prefix(&row_key::<Follow>(&[]));
    loop {
        let page = service.store.list_range::<Follow>(&rest, TOGETHER_MAX).await?;
        let Some(last) = page.last() else { return Ok(ended) };
        rest = rest.after(&row_key::<Follow>(&last.key()));
        let ends = page.iter().flat_map(|follow| [follow.follower, follow.followed]);
        let known = actors::find_many(service, ends).await?;
        let there = |actor: &ActorRef| {
            known.get(actor).and_then(actors::Actor::host).is_some_and(&unwanted)
        };
        for follow in page.iter().filter(|it| there(&it.follower) || there(&it.followed)) {
            let key = follow.key();
            let gone = attempt(|| async {
                let Some(row) = service.store.get::<Follow>(&key).await? else { return Ok(0) };
                end_all(service, std::slice::from_ref(&row)).await?;
                Ok(1)
            });
            ended = ended.saturating_add(gone.await?);
        }
    }
}

/// The asker takes a follower away from themselves, from a channel of theirs or, as an administrator, from this server;
/// their server is told.
///
/// # Errors
/// [`Error::Forbidden`] if who is followed is not the asker's, [`Error::NotFound`] if there is no such follower;
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn remove_follower(
    service: &Service,
    who: &Viewer,
    followed: ActorRef,
    follower: ActorRef,
) -> Result<(), Error> {
    match followed {
        ActorRef::Account(account) if account == who.account => {}
        ActorRef::Channel(channel) => {
            let own = channels::of_account(service, who.account).await?;
            if !own.iter().any(|own| own.id == channel) {
                return Err(Error::Forbidden("Only the owner of this channel may do this"));
            }
        }
        ActorRef::Instance(_) => super::administrates(who)?,
        ActorRef::Account(_) => return Err(Error::Forbidden("Only they themselves may do this")),
    }
    attempt(|| async {
        let old = service.store.get::<Follow>(&follow_key(followed, follower)).await?;
        let old = old.ok_or(Error::NotFound("Follower"))?;
        let mut batch = Batch::default();
        land(service, &mut batch, Some(&old), None).await?;
        let by = actors::find(service, follower).await?;
        if by.is_some_and(|by| by.host().is_some()) {
            let (uri, accepted) = (old.uri.clone(), false);
            let told = Outbound::FollowAnswered { follower, followed, uri, accepted };
            outbound::tell(service, &mut batch, told)?;
        }
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}
