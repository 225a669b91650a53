//! Audience: which inboxes hear of an activity.

use std::collections::{BTreeMap, BTreeSet};

use kinora_model::actor::{ActorRef, RemoteActor};
use kinora_model::follow::{Follow, FollowState};
use kinora_model::host::Host;
use kinora_model::instance::Instance;
use kinora_store::Stored;
use kinora_store::kv::SCAN_MAX;
use kinora_store::tables::follow::follows_of;
use kinora_store::tables::remote::remote_actor_by_ref;
use url::Url;

use crate::Federation;
use crate::error::Error;

/// The most followers of one actor that are told; those beyond find its outbox.
const FOLLOWERS_MAX: usize = 1_000_000;

/// Software whose groups speak of activities (FEP-1b12) and not of objects, as its NodeInfo names it.
const THREADS: [&str; 4] = ["lemmy", "mbin", "piefed", "nodebb"];

/// The inboxes that hear of something, each once. Many followers on one server share an inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Of servers that are told by who did it.
    pub inboxes: BTreeSet<Url>,
    /// Of servers that are told by the channel, which announces the activity of who did it (FEP-1b12).
    pub threads: BTreeSet<Url>,
}

impl Audience {
    /// Adds the inbox of one actor for something that everyone may know.
    pub fn add(&mut self, actor: &RemoteActor) {
        let inbox = actor.shared_inbox.as_ref().unwrap_or(&actor.inbox).clone();
        if !self.threads.contains(&inbox) {
            self.inboxes.insert(inbox);
        }
    }

    /// Takes out whatever is on a server.
    pub fn without(mut self, host: &Host) -> Self {
        let elsewhere = |url: &Url| Host::of(url).as_ref() != Some(host);
        self.inboxes.retain(elsewhere);
        self.threads.retain(elsewhere);
        self
    }

    /// All inboxes.
    pub fn all(&self) -> impl Iterator<Item = &Url> {
        self.inboxes.iter().chain(&self.threads)
    }
}

impl Federation {
    /// The inboxes of all who follow one of these actors and live elsewhere, without those of blocked servers.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn followers(&self, followed: &[ActorRef]) -> Result<Audience, Error> {
        let mut followers = BTreeSet::new();
        for actor in followed {
            self.gather(*actor, &mut followers).await?;
        }
        let followers: Vec<_> = followers.into_iter().collect();
        let mut audience = Audience::default();
        let mut software = BTreeMap::new();
        for part in followers.chunks(SCAN_MAX) {
            for actor in self.remote_actors(part).await? {
                if actor.gone || self.service.domains.blocks(&actor.host) {
                    continue;
                }
                let threads = match software.get(&actor.host) {
                    Some(known) => *known,
                    None => {
                        let threads = self.speaks_threads(&actor.host).await?;
                        software.insert(actor.host.clone(), threads);
                        threads
                    }
                };
                let inbox = actor.shared_inbox.as_ref().unwrap_or(&actor.inbox).clone();
                if threads {
                    audience.threads.insert(inbox);
                } else {
                    audience.inboxes.insert(inbox);
                }
            }
        }
        Ok(audience)
    }

    /// Adds who follows an actor; servers here and those who wait for an answer do not count.
    async fn gather(
        &self,
        followed: ActorRef,
        followers: &mut BTreeSet<ActorRef>,
    ) -> Result<(), Error> {
        let mut rest = follows_of(followed);
        while followers.len() < FOLLOWERS_MAX {
            let page = self.service.store.list_range::<Follow>(&rest, SCAN_MAX).await?;
            let Some(last) = page.last() else { break };
            rest = rest
                .after(&kinora_store::table::row_key::<Follow>(&kinora_store::Row::key(&**last)));
            let full = page.len() == SCAN_MAX;
            let accepted = page.iter().filter(|follow| follow.state == FollowState::Accepted);
            followers.extend(accepted.map(|follow| follow.follower));
            if !full {
                break;
            }
        }
        Ok(())
    }

    /// What is known of these actors as far as they live elsewhere, in no order.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remote_actors(
        &self,
        actors: &[ActorRef],
    ) -> Result<Vec<Stored<RemoteActor>>, Error> {
        let entries: Vec<_> = actors.iter().map(|actor| remote_actor_by_ref(*actor)).collect();
        let keys = self.service.store.kv().get_many(&entries).await?;
        let keys: Vec<_> = keys.into_iter().flatten().map(|key| key.to_vec()).collect();
        Ok(self.service.store.get_many(&keys).await?.into_iter().flatten().collect())
    }

    /// What is known of an actor elsewhere; `None` if it lives here or its server said that it is gone.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remote_actor(&self, actor: ActorRef) -> Result<Option<RemoteActor>, Error> {
        let found = self.service.store.find::<RemoteActor>(&remote_actor_by_ref(actor)).await?;
        Ok(found.map(Stored::into_row).filter(|actor| !actor.gone))
    }

    async fn speaks_threads(&self, host: &Host) -> Result<bool, Error> {
        let instance = self.service.store.get::<Instance>(host.as_str().as_bytes()).await?;
        let software = instance.and_then(|instance| instance.into_row().software);
        Ok(software.is_some_and(|name| THREADS.contains(&name.as_str())))
    }
}
