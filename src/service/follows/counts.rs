//! How many follow an actor and how many it follows: counted in the batch that changes a follow.

use std::collections::BTreeMap;

use kinora_model::actor::{ActorCounts, ActorRef};
use kinora_model::follow::{Follow, FollowState};
use kinora_store::Batch;

use crate::Service;
use crate::error::Error;

/// What changes of the counts of some actors.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<ActorRef, Change>);

#[derive(Clone, Copy, Debug, Default)]
struct Change {
    followers: i64,
    following: i64,
}

impl Tally {
    /// A follow was as `old` says and is as `new` says.
    pub(super) fn change(&mut self, old: Option<&Follow>, new: Option<&Follow>) {
        let counts = |follow: &&Follow| follow.state == FollowState::Accepted;
        for (follow, by) in [(old.filter(counts), -1), (new.filter(counts), 1)] {
            let Some(follow) = follow else { continue };
            let followed = self.0.entry(follow.followed).or_default();
            followed.followers = followed.followers.saturating_add(by);
            let follower = self.0.entry(follow.follower).or_default();
            follower.following = follower.following.saturating_add(by);
        }
    }

    /// Adds the changes to a batch.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(super) async fn add_to(self, service: &Service, batch: &mut Batch) -> Result<(), Error> {
        for (actor, change) in self.0 {
            if change.followers == 0 && change.following == 0 {
                continue;
            }
            let old = service.store.get::<ActorCounts>(&actor.to_key()).await?;
            let (followers, following) =
                old.as_ref().map_or((0, 0), |old| (old.followers, old.following));
            let new = ActorCounts {
                actor,
                followers: followers.saturating_add_signed(change.followers),
                following: following.saturating_add_signed(change.following),
            };
            match (&old, new.followers == 0 && new.following == 0) {
                (Some(old), true) => batch.delete_row(old),
                (Some(old), false) => batch.replace_row(old, &new)?,
                (None, true) => {}
                (None, false) => batch.insert_row(&new)?,
            }
        }
        Ok(())
    }
}

/// How many follow these actors and how many they follow, as far as this node knows; in their order.
///
/// # Errors
/// [`Error::Store`].
pub async fn counts(service: &Service, actors: &[ActorRef]) -> Result<Vec<ActorCounts>, Error> {
    let keys: Vec<_> = actors.iter().map(|actor| actor.to_key().to_vec()).collect();
    let rows = service.store.get_many::<ActorCounts>(&keys).await?;
    let none = |actor: &ActorRef| ActorCounts { actor: *actor, followers: 0, following: 0 };
    let all = rows.into_iter().zip(actors);
    Ok(all.map(|(row, actor)| row.map_or_else(|| none(actor), |row| row.into_row())).collect())
}
