//! Who follows an actor, and whom it follows.

use kinora_model::actor::ActorRef;
use kinora_model::follow::Follow;
use kinora_store::kv::SCAN_MAX;
use kinora_store::table::row_key;
use kinora_store::tables::follow::{follow_key, follows_by, follows_of};
use kinora_store::{Range, Row as _, Stored};

use crate::Service;
use crate::error::Error;

/// The most follows of one actor that a list looks at.
pub const LISTED_MAX: usize = 20_000;

/// Who follows an actor, in whatever state, the latest first; at most [`LISTED_MAX`].
///
/// # Errors
/// [`Error::Store`].
pub async fn followers(service: &Service, followed: ActorRef) -> Result<Vec<Follow>, Error> {
    let mut all: Vec<Stored<Follow>> = Vec::new();
    let mut rest = follows_of(followed);
    while all.len() < LISTED_MAX {
        let page = service.store.list_range::<Follow>(&rest, SCAN_MAX).await?;
        let Some(last) = page.last() else { break };
        rest = rest.after(&row_key::<Follow>(&last.key()));
        all.extend(page);
    }
    Ok(latest_first(all))
}

/// Whom an actor follows, in whatever state, the latest first; at most [`LISTED_MAX`].
///
/// # Errors
/// [`Error::Store`].
pub async fn following(service: &Service, follower: ActorRef) -> Result<Vec<Follow>, Error> {
    let mut all: Vec<Stored<Follow>> = Vec::new();
    let mut rest: Range = follows_by(follower);
    while all.len() < LISTED_MAX {
        let entries = service.store.kv().scan(&rest, SCAN_MAX).await?;
        let Some((last, _)) = entries.last() else { break };
        rest = rest.after(last);
        let keys: Vec<_> = entries.into_iter().map(|(_, key)| key.to_vec()).collect();
        all.extend(service.store.get_many::<Follow>(&keys).await?.into_iter().flatten());
    }
    Ok(latest_first(all))
}

fn latest_first(rows: Vec<Stored<Follow>>) -> Vec<Follow> {
    let mut rows: Vec<_> = rows.into_iter().map(Stored::into_row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
    rows.truncate(LISTED_MAX);
    rows
}

/// The follow of a pair, in whatever state.
///
/// # Errors
/// [`Error::Store`].
pub async fn get(
    service: &Service,
    follower: ActorRef,
    followed: ActorRef,
) -> Result<Option<Follow>, Error> {
    let row = service.store.get::<Follow>(&follow_key(followed, follower)).await?;
    Ok(row.map(Stored::into_row))
}
