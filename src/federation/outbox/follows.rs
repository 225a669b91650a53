//! What is told of follows, to the one who is followed or follows.

use kinora_model::actor::ActorRef;
use kinora_model::follow::Follow;
use kinora_model::id::Id;
use kinora_store::tables::follow::follow_key;
use url::Url;

use super::Letter;
use crate::Federation;
use crate::error::Error;
use crate::mapping;

impl Federation {
    /// `Follow`, or its `Undo`.
    pub(super) async fn tell_follow(
        &self,
        follow: Id<Follow>,
        follower: ActorRef,
        followed: ActorRef,
        taken_back: bool,
    ) -> Result<Vec<Letter>, Error> {
        let Some(whom) = self.remote_actor(followed).await? else { return Ok(Vec::new()) };
        let mut activity = self.follow_value(follow, follower, followed).await?;
        if taken_back {
            let by = self.actor_id(follower).await?.ok_or(Error::NotFound("Actor"))?;
            let id = self.addresses.below(&by, &format!("follows/{follow}/undo"));
            activity = mapping::undo(&id, &by, &activity);
        }
        Ok(vec![Letter::quiet(follower, activity, whom.inbox)])
    }

    /// `Accept` or `Reject`.
    pub(super) async fn tell_answer(
        &self,
        follower: ActorRef,
        followed: ActorRef,
        uri: Option<&Url>,
        accepted: bool,
    ) -> Result<Vec<Letter>, Error> {
        let Some(whom) = self.remote_actor(follower).await? else { return Ok(Vec::new()) };
        let by = self.actor_id(followed).await?.ok_or(Error::NotFound("Actor"))?;
        let row = self.service.store.get::<Follow>(&follow_key(followed, follower)).await?;
        let number = match row {
            Some(row) => row.id.to_string(),
            None => format!("to-{}", self.service.now().as_ms()),
        };
        let folder = if accepted { "accepts" } else { "rejects" };
        let id = self.addresses.below(&by, &format!("{folder}/follows/{number}"));
        let answer = mapping::answer_to_follow(&id, accepted, uri, &whom.uri, &by);
        Ok(vec![Letter::quiet(followed, answer, whom.inbox)])
    }
}
