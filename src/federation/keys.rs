//! The keys of our actors: made when they are first needed, kept in the store, at hand in memory.

use std::sync::Arc;

use bytes::Bytes;
use kinora_activity::key::{KeyPair, StoredKeys};
use kinora_activity::signature::{self, Outgoing, Scheme};
use kinora_model::account::Account;
use kinora_model::actor::{ActorKeys, ActorRef};
use kinora_model::channel::Channel;
use kinora_service::Service;
use kinora_store::Batch;
use quick_cache::sync::Cache;
use url::Url;

use crate::address::{Addresses, Ours};
use crate::error::Error;

/// What stands behind the id of an actor to name its RSA key.
pub const RSA_KEY: &str = "#main-key";

/// What stands behind the id of an actor to name its Ed25519 key.
pub const ED25519_KEY: &str = "#ed25519-key";

/// Actors whose keys are at hand.
const AT_HAND_MAX: usize = 1024;

/// The keys of an actor of ours, and what others know it as.
#[derive(Debug)]
pub struct Signing {
    /// The id of the actor.
    pub actor: Url,
    /// Its keys.
    pub keys: KeyPair,
}

/// The keys of our actors.
#[derive(Clone, Debug)]
pub struct Keys {
    service: Arc<Service>,
    addresses: Addresses,
    at_hand: Arc<Cache<ActorRef, Arc<Signing>>>,
}

impl Keys {
    pub(crate) fn new(service: Arc<Service>, addresses: Addresses) -> Self {
        Self { service, addresses, at_hand: Arc::new(Cache::new(AT_HAND_MAX)) }
    }

    /// The keys of an actor of ours; made if it has none yet, which takes a good part of a second. One that was deleted
    /// keeps its keys: others are told of it in its own name.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there never was such an actor or it is not ours; [`Error::Keys`], [`Error::Store`].
    pub async fn of(&self, actor: ActorRef) -> Result<Arc<Signing>, Error> {
        self.at_hand.get_or_insert_async(&actor, self.load(actor)).await
    }

    async fn load(&self, actor: ActorRef) -> Result<Arc<Signing>, Error> {
        let store = &self.service.store;
        let stored = store.get::<ActorKeys>(&actor.to_key()).await?;
        let id = match (self.ours(actor).await, &stored) {
            (Err(Error::NotFound(_)), Some(stored)) => stored.uri.clone(),
            (ours, _) => self.addresses.of(&ours?),
        };
        if let Some(stored) = stored {
            return Ok(Arc::new(Signing { actor: id, keys: read(&stored)? }));
        }
        let made = tokio::task::spawn_blocking(KeyPair::generate).await;
        let made = made.map_err(|_ended| Error::Keys)?.map_err(|_fail| Error::Keys)?;
        let StoredKeys { rsa_pkcs8, ed25519_pkcs8 } =
            made.to_stored().map_err(|_fail| Error::Keys)?;
        let created_at = self.service.now();
        let uri = id.clone();
        let row = ActorKeys { actor, uri, rsa_pkcs8, ed25519_pkcs8, created_at };
        let mut batch = Batch::default();
        batch.insert_row(&row)?;
        match store.commit(batch).await {
            Ok(()) => Ok(Arc::new(Signing { actor: id, keys: made })),
            // Somebody else made them a moment ago: those count.
            Err(kinora_store::Error::Conflict) => {
                let stored = store.get::<ActorKeys>(&actor.to_key()).await?.ok_or(Error::Keys)?;
                Ok(Arc::new(Signing { actor: id, keys: read(&stored)? }))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What an actor of ours is called in addresses.
    async fn ours(&self, actor: ActorRef) -> Result<Ours, Error> {
        let missing = Error::NotFound("actor");
        let store = &self.service.store;
        match actor {
            actor if actor == ActorRef::HERE => Ok(Ours::Instance),
            ActorRef::Account(id) => {
                let row = store.get::<Account>(&id.to_key()).await?.ok_or(missing)?;
                if row.origin.is_some() {
                    return Err(Error::NotFound("actor"));
                }
                Ok(Ours::Account(row.name.clone()))
            }
            ActorRef::Channel(id) => {
                let row = store.get::<Channel>(&id.to_key()).await?.ok_or(missing)?;
                if row.origin.is_some() {
                    return Err(Error::NotFound("actor"));
                }
                Ok(Ours::Channel(row.name.clone()))
            }
            ActorRef::Instance(_) => Err(missing),
        }
    }

    /// The headers that sign a request as an actor of ours, now.
    pub(crate) async fn sign(
        &self,
        actor: ActorRef,
        scheme: Scheme,
        url: &Url,
        body: Option<&Bytes>,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        let signing = self.of(actor).await?;
        let key_id = format!("{}{RSA_KEY}", signing.actor);
        let method = if body.is_some() { "POST" } else { "GET" };
        let now_s = self.service.now().as_ms().div_euclid(1000);
        let body = body.map(|body| &body[..]);
        let request = Outgoing { method, url, body, now_s };
        signature::sign(scheme, &signing.keys, &key_id, &request).map_err(|_fail| Error::Keys)
    }
}

fn read(stored: &ActorKeys) -> Result<KeyPair, Error> {
    let stored = StoredKeys {
        rsa_pkcs8: stored.rsa_pkcs8.clone(),
        ed25519_pkcs8: stored.ed25519_pkcs8.clone(),
    };
    KeyPair::from_stored(&stored).map_err(|_bad| Error::Keys)
}
