//! The outbox: what happened here becomes activities, and each of them deliveries.
//!
//! A job that runs twice writes the same activities with the same ids: whoever got them before takes no notice.

use std::collections::BTreeSet;

use kinora_activity::proof;
use kinora_activity::verb::Verb;
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::delivery::Grave;
use kinora_model::id::Id;
use kinora_model::outbound::Outbound;
use kinora_model::video::Video;
use kinora_service::outbound::is_told;
use kinora_store::{Batch, Row as _, Stored};
use serde_json::Value;
use url::Url;

use crate::Federation;
use crate::audience::Audience;
use crate::error::Error;
use crate::keys::ED25519_KEY;
use crate::mapping;

mod comments;
mod follows;
mod people;
mod replicas;
#[cfg(test)]
mod tests;
mod videos;

/// An activity that is ready to go, and where it goes.
#[derive(Debug)]
pub(crate) struct Letter {
    /// Who signs.
    signer: ActorRef,
    /// What is said.
    said: Said,
    /// To whom.
    inboxes: BTreeSet<Url>,
}

/// What a letter says.
#[derive(Debug)]
enum Said {
    /// An activity of ours that everyone may know: it carries a proof of its actor (FEP-8b32).
    Openly(Value),
    /// An activity of ours between two.
    Quietly(Value),
    /// The words of somebody else, byte for byte.
    Passed(String),
}

impl Letter {
    /// An activity of ours that everyone may know.
    fn open(signer: ActorRef, activity: Value, inboxes: BTreeSet<Url>) -> Self {
        Self { signer, said: Said::Openly(activity), inboxes }
    }

    /// An activity of ours for one inbox alone.
    pub(crate) fn quiet(signer: ActorRef, activity: Value, inbox: Url) -> Self {
        Self { signer, said: Said::Quietly(activity), inboxes: BTreeSet::from([inbox]) }
    }

    /// The words of somebody else, passed on.
    fn passed(signer: ActorRef, body: String, inboxes: BTreeSet<Url>) -> Self {
        Self { signer, said: Said::Passed(body), inboxes }
    }
}

impl Federation {
    /// Tells other servers something: all deliveries of it land in one batch.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Keys`] if it cannot be signed. What is not there any more is told to nobody.
    pub async fn tell(&self, outbound: &Outbound) -> Result<(), Error> {
        if !self.config.enabled {
            return Ok(());
        }
        let letters = match self.letters(outbound).await {
            // Whatever it was about is gone; its end is told by itself.
            Err(Error::NotFound(_) | Error::Service(kinora_service::Error::NotFound(_))) => {
                return Ok(());
            }
            letters => letters?,
        };
        let mut batch = Batch::default();
        let mut queued = Vec::new();
        for letter in letters {
            if letter.inboxes.is_empty() {
                continue;
            }
            let body = self.body(letter.signer, letter.said).await?;
            let inboxes: Vec<_> = letter.inboxes.into_iter().collect();
            queued.push(self.enqueue(&mut batch, letter.signer, body, &inboxes)?);
        }
        if let Some(grave) = self.grave_of(outbound).await? {
            batch.put_row(&grave)?;
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.service.store.commit(batch).await?;
        queued.into_iter().for_each(|queued| self.send(queued));
        Ok(())
    }

    async fn letters(&self, outbound: &Outbound) -> Result<Vec<Letter>, Error> {
        match outbound {
            Outbound::VideoPublished { video } => self.tell_published(*video).await,
            Outbound::VideoUpdated { video } => self.tell_updated(*video).await,
            Outbound::VideoWithdrawn { uuid, channel, account } => {
                self.tell_withdrawn(*uuid, *channel, *account).await
            }
            Outbound::ActorUpdated { actor } => self.tell_actor(*actor).await,
            Outbound::ActorDeleted { actor } => self.tell_actor_gone(*actor).await,
            Outbound::CommentMade { comment } => self.tell_comment(*comment, &Verb::Create).await,
            Outbound::CommentUpdated { comment } => {
                self.tell_comment(*comment, &Verb::Update).await
            }
            Outbound::CommentDeleted { comment } => self.tell_comment_gone(*comment).await,
            Outbound::CommentApproved { comment } => self.tell_reply(*comment, true).await,
            Outbound::CommentRejected { comment } => self.tell_reply(*comment, false).await,
            Outbound::Rated { video, account, before, now } => {
                self.tell_rating(*video, *account, *before, *now).await
            }
            Outbound::Shared { share, video, actor } => {
                self.tell_share(*share, *video, *actor, false).await
            }
            Outbound::Unshared { share, video, actor } => {
                self.tell_share(*share, *video, *actor, true).await
            }
            Outbound::Followed { follow, follower, followed } => {
                self.tell_follow(*follow, *follower, *followed, false).await
            }
            Outbound::Unfollowed { follow, follower, followed } => {
                self.tell_follow(*follow, *follower, *followed, true).await
            }
            Outbound::FollowAnswered { follower, followed, uri, accepted } => {
                self.tell_answer(*follower, *followed, uri.as_ref(), *accepted).await
            }
            Outbound::QuoteAnswered { video, request, by, post } => {
                self.tell_quote_answer(*video, request, by, post).await
            }
            Outbound::ReplicaKept { video } => self.tell_replica(*video, true).await,
            Outbound::ReplicaDropped { video } => self.tell_replica(*video, false).await,
            Outbound::Reported { report } => self.tell_report(*report).await,
            Outbound::Viewed { video, views } => self.tell_views(*video, *views).await,
            Outbound::Forward { body, video, from } => self.pass_on(body, *video, from).await,
        }
    }

    /// The bytes of a letter.
    async fn body(&self, signer: ActorRef, said: Said) -> Result<String, Error> {
        Ok(match said {
            Said::Openly(activity) => self.sealed(signer, activity).await?,
            Said::Quietly(activity) => activity.to_string(),
            Said::Passed(body) => body,
        })
    }

    /// An activity with the proof of its actor.
    async fn sealed(&self, signer: ActorRef, mut activity: Value) -> Result<String, Error> {
        let signing = self.keys.of(signer).await?;
        let key_id = self.addresses.below(&signing.actor, ED25519_KEY);
        let created = self.service.now().to_string();
        proof::add_proof(&mut activity, &signing.keys, key_id.as_str(), &created);
        Ok(activity.to_string())
    }

    /// A letter to an audience: servers of threads get it from the channel, which announces it (FEP-1b12).
    fn spread(
        &self,
        signer: ActorRef,
        activity: Value,
        audience: Audience,
        channel: Option<(ActorRef, Url)>,
    ) -> Vec<Letter> {
        let mut letters = Vec::new();
        if let (Some((group, id)), false) = (channel, audience.threads.is_empty()) {
            let announce = self.group_announce(&id, &activity);
            letters.push(Letter::open(signer, activity, audience.inboxes));
            letters.push(Letter::open(group, announce, audience.threads));
        } else {
            let all = audience.all().cloned().collect();
            letters.push(Letter::open(signer, activity, all));
        }
        letters
    }

    /// A channel announces what someone did in it (FEP-1b12).
    fn group_announce(&self, channel: &Url, activity: &Value) -> Value {
        use sha2::Digest as _;
        let named = activity.get("id").and_then(Value::as_str).unwrap_or_default();
        let digest = sha2::Sha256::digest(named.as_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let id = self.addresses.below(channel, &format!("announces/{name}"));
        let followers = self.addresses.below(channel, "followers");
        mapping::announce(&id, channel, activity.clone(), &[&followers], self.service.now())
    }

    /// A video that others may know of because of us.
    async fn told_video(&self, id: Id<Video>) -> Result<Video, Error> {
        let video = self.service.store.get::<Video>(&id.to_key()).await?;
        let video = video.map(Stored::into_row).filter(is_told);
        video.ok_or(Error::NotFound("Video"))
    }

    async fn account_row(&self, id: Id<Account>) -> Result<Account, Error> {
        let row = self.service.store.get::<Account>(&id.to_key()).await?;
        row.map(Stored::into_row).ok_or(Error::NotFound("Account"))
    }

    /// What is never to come back: a video that was deleted, not only hidden.
    async fn grave_of(&self, outbound: &Outbound) -> Result<Option<Grave>, Error> {
        let Outbound::VideoWithdrawn { uuid, .. } = outbound else { return Ok(None) };
        let entry = kinora_store::tables::video_by_uuid(*uuid);
        if self.service.store.find::<Video>(&entry).await?.is_some() {
            return Ok(None);
        }
        let uri = self.addresses.of(&crate::address::Ours::Video(*uuid));
        let grave = Grave { uri, at: self.service.now() };
        let known = self.service.store.get::<Grave>(&grave.key()).await?;
        Ok(known.is_none().then_some(grave))
    }
}
