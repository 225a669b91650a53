//! What is told of people, channels and this server, and what moderators here ask of others.

use std::collections::BTreeSet;

use kinora_model::actor::{ActorRef, RemoteActor};
use kinora_model::comment::Comment;
use kinora_model::id::Id;
use kinora_model::report::{Report, ReportTarget};
use kinora_model::video::Video;
use kinora_service::channels;
use kinora_store::kv::SCAN_MAX;
use kinora_store::table::row_key;
use kinora_store::{Range, Row as _, Stored};
use url::Url;

use super::Letter;
use crate::Federation;
use crate::address::Ours;
use crate::deliver::INBOXES_MAX;
use crate::error::Error;
use crate::mapping::{self, Flagged};

/// `PeerTube`'s words for why something is reported, from number 1 on.
const REASONS: [&str; 8] = [
    "violentOrRepulsive",
    "hatefulOrAbusive",
    "spamOrMisleading",
    "privacy",
    "rights",
    "serverRules",
    "thumbnails",
    "captions",
];

impl Federation {
    /// `Update` of an actor of ours, to all who follow it; of a person, also to those who follow their channels.
    pub(super) async fn tell_actor(&self, actor: ActorRef) -> Result<Vec<Letter>, Error> {
        let object = self.actor_value(actor).await?;
        let id = self.actor_id(actor).await?.ok_or(Error::NotFound("Actor"))?;
        let path = format!("updates/{}", self.service.now().as_ms());
        let followers = self.addresses.below(&id, "followers");
        let update =
            mapping::update_actor(&self.addresses.below(&id, &path), &id, object, &[&followers]);
        let mut followed = vec![actor];
        if let ActorRef::Account(account) = actor {
            let of_account = channels::of_account(&self.service, account).await?;
            followed.extend(of_account.iter().map(|channel| ActorRef::Channel(channel.id)));
        }
        let inboxes = self.followers(&followed).await?.all().cloned().collect();
        Ok(vec![Letter::open(actor, update, inboxes)])
    }

    /// `Delete` of an actor of ours, to every server known.
    pub(super) async fn tell_actor_gone(&self, actor: ActorRef) -> Result<Vec<Letter>, Error> {
        let id = match self.keys.of(actor).await {
            Ok(signing) => signing.actor.clone(),
            // Without keys it never spoke to anybody.
            Err(Error::NotFound(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let now = self.service.now();
        let delete = mapping::delete(&self.addresses.below(&id, "delete"), &id, &id, &[], now);
        Ok(vec![Letter::open(actor, delete, self.every_server().await?)])
    }

    /// One inbox for each server that an actor is known of.
    async fn every_server(&self) -> Result<BTreeSet<Url>, Error> {
        let mut inboxes = BTreeSet::new();
        let mut rest = Range::prefix(&row_key::<RemoteActor>(&[]));
        while inboxes.len() < INBOXES_MAX {
            let page = self.service.store.list_range::<RemoteActor>(&rest, SCAN_MAX).await?;
            let Some(last) = page.last() else { break };
            rest = rest.after(&row_key::<RemoteActor>(&last.key()));
            // Servers without a shared inbox hear of it where they follow someone.
            let shared = page.iter().filter(|actor| !actor.gone);
            inboxes.extend(shared.filter_map(|actor| actor.shared_inbox.clone()));
            if page.len() < SCAN_MAX {
                break;
            }
        }
        Ok(inboxes)
    }

    /// `Flag` by this server, to who is responsible for what was reported.
    pub(super) async fn tell_report(&self, id: Id<Report>) -> Result<Vec<Letter>, Error> {
        let store = &self.service.store;
        let report = store.get::<Report>(&id.to_key()).await?.map(Stored::into_row);
        let report = report.ok_or(Error::NotFound("Report"))?;
        let (account, object) = match report.target {
            ReportTarget::Account(account) => (account, None),
            ReportTarget::Comment(comment) => {
                let comment = store.get::<Comment>(&comment.to_key()).await?;
                let comment = comment.ok_or(Error::NotFound("Comment"))?;
                (comment.account, comment.uri.clone())
            }
            ReportTarget::Video(video) => {
                let video = store.get::<Video>(&video.to_key()).await?;
                let video = video.ok_or(Error::NotFound("Video"))?;
                (video.account, video.remote.as_ref().map(|remote| remote.uri.clone()))
            }
        };
        let Some(owner) = self.remote_actor(ActorRef::Account(account)).await? else {
            return Ok(Vec::new());
        };
        // Mastodon wants to know whose post it is.
        let objects = match object {
            Some(object) if self.is_peertube(&owner).await? => vec![object],
            Some(object) => vec![owner.uri.clone(), object],
            None => vec![owner.uri.clone()],
        };
        let number = |number: &u8| REASONS.get(usize::from(*number).saturating_sub(1)).copied();
        let tags: Vec<_> = report.predefined.iter().filter_map(number).collect();
        let here = self.addresses.of(&Ours::Instance);
        let id = self.addresses.below(&here, &format!("flags/{}", report.id));
        let flagged = Flagged {
            objects: &objects,
            reason: &report.reason,
            tags: &tags,
            span_s: (report.starts_at_s, report.ends_at_s),
        };
        let flag = mapping::flag(&id, &here, &owner.uri, &flagged);
        let inbox = owner.shared_inbox.unwrap_or(owner.inbox);
        Ok(vec![Letter::quiet(ActorRef::HERE, flag, inbox)])
    }

    async fn is_peertube(&self, actor: &RemoteActor) -> Result<bool, Error> {
        use kinora_model::instance::Instance;
        let key = actor.host.as_str().as_bytes();
        let instance = self.service.store.get::<Instance>(key).await?;
        let software = instance.and_then(|instance| instance.into_row().software);
        Ok(matches!(software.as_deref(), Some("peertube" | "kinora")))
    }
}
