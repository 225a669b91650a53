//! The inbox: takes what other servers say, once it is sure who says it, and answers when it is on disk.

use bytes::Bytes;
use kinora_activity::verb::{Activity, Verb};
use kinora_model::actor::RemoteActor;
use kinora_model::delivery::Received;
use kinora_model::host::Host;
use kinora_model::job::Job;
use kinora_store::Batch;
use kinora_store::tables::remote::digest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tracing::debug;
use url::Url;

use crate::Federation;
use crate::error::Error;
use crate::verify::{Request, Signer, key_id};

/// The largest activity that is taken, in bytes.
pub const ACTIVITY_BYTES_MAX: usize = 1 << 20;

impl Federation {
    /// Takes an activity that was posted to an inbox. When this returns it is on disk, or nothing needs to be done for it.
    /// Each activity is handled once, however often it comes.
    ///
    /// # Errors
    /// [`Error::Limit`] if it is too large, [`Error::Unverified`] if it is not signed as it must be, [`Error::Blocked`],
    /// [`Error::Unreadable`]; [`Error::Store`].
    pub async fn receive(&self, request: &Request) -> Result<(), Error> {
        let taken = Box::pin(self.take(request)).await;
        self.metrics.received(match &taken {
            Ok(outcome) => outcome,
            Err(_) => "refused",
        });
        taken.map(|_outcome| ())
    }

    async fn take(&self, request: &Request) -> Result<&'static str, Error> {
        if !self.config.enabled {
            return Err(Error::NotFound("inbox"));
        }
        if request.body.len() > ACTIVITY_BYTES_MAX {
            return Err(Error::Limit("the bytes of an activity"));
        }
        let claim = self.claim(request)?.ok_or_else(unsigned)?;
        self.ask_rules(&key_id(&claim)?)?;
        let (json, activity) = read(&request.body)?;
        self.ask_rules(&activity.actor)?;
        if self.says_farewell_unknown(&activity).await? {
            // Nothing of a stranger is here: to look up who it was would make a storm of every deletion.
            return Ok("dropped");
        }
        let signer = Box::pin(self.verify(claim)).await?;
        let now_s = self.service.now().as_ms().div_euclid(1000);
        if !self.signers.replays.is_new(signer.fingerprint, now_s) {
            return Ok("known");
        }
        if let Some(host) = Host::of(&signer.actor) {
            self.wake(&host);
            self.meet(&host);
        }
        self.keep(&json, &activity, &signer, &request.body).await
    }

    /// Refuses what comes from a domain that is blocked, and what claims to come from here.
    pub(crate) fn ask_rules(&self, url: &Url) -> Result<(), Error> {
        let host =
            Host::of(url).ok_or_else(|| Error::Unverified("it names no server".to_owned()))?;
        if host == *self.addresses.host() {
            return Err(Error::Unverified("it claims to come from here".to_owned()));
        }
        if self.service.domains.blocks(&host) {
            return Err(Error::Blocked(host));
        }
        Ok(())
    }

    /// True for a deletion by an actor that this node does not know.
    async fn says_farewell_unknown(&self, activity: &Activity) -> Result<bool, Error> {
        if activity.verb != Verb::Delete {
            return Ok(false);
        }
        let known = self.service.store.get::<RemoteActor>(&digest(&activity.actor)).await?;
        Ok(known.is_none_or(|actor| actor.gone))
    }

    /// Writes an activity down with the job that handles it.
    async fn keep(
        &self,
        json: &Value,
        activity: &Activity,
        signer: &Signer,
        body: &Bytes,
    ) -> Result<&'static str, Error> {
        let by_itself = signer.actor == activity.actor;
        // What is passed on is its author's only with a proof of theirs; else whoever handles it believes only ids.
        let proven = !by_itself && self.is_proven(json, &activity.actor).await;
        let author = if proven { &activity.actor } else { &signer.actor };
        let uri = known_as(activity, by_itself || proven, author, body)?;
        let received = Received { uri, at: self.service.now(), made: None };
        if self.service.store.get::<Received>(&digest(&received.uri)).await?.is_some() {
            debug!("an activity came once more");
            return Ok("known");
        }
        let text = String::from_utf8(body.to_vec())
            .map_err(|_bad| Error::Unreadable("it is not UTF-8".to_owned()))?;
        let mut batch = Batch::default();
        batch.insert_row(&received)?;
        let job = Job::Receive { activity: text, signer: author.clone() };
        self.service.queue.enqueue(&mut batch, &job)?;
        match self.service.store.commit(batch).await {
            // The same activity came in twice at once.
            Err(kinora_store::Error::Conflict) => Ok("known"),
            Ok(()) => Ok("taken"),
            Err(error) => Err(error.into()),
        }
    }
}

/// By what an activity is known when it comes again: its id, if its author said it; else its words as they came, so that
/// nobody takes the place of somebody else's activity.
fn known_as(activity: &Activity, believed: bool, author: &Url, body: &[u8]) -> Result<Url, Error> {
    match &activity.id {
        Some(id) if believed => {
            if Host::of(id) != Host::of(&activity.actor) {
                return Err(Error::Unreadable("its id is not on its actor's server".to_owned()));
            }
            Ok(id.clone())
        }
        _ => {
            let hash: String =
                Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
            let mut uri = author.clone();
            uri.set_fragment(Some(&format!("received-{hash}")));
            Ok(uri)
        }
    }
}

fn read(body: &[u8]) -> Result<(Value, Activity), Error> {
    let json: Value = serde_json::from_slice(body)
        .map_err(|error| Error::Unreadable(format!("not JSON: {error}")))?;
    let activity = Activity::read(&json).map_err(|error| Error::Unreadable(error.to_string()))?;
    Ok((json, activity))
}

fn unsigned() -> Error {
    Error::Unverified("there is no signature".to_owned())
}
