//! Who signed a request: the key that the signature names, from the actor that owns it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kinora_activity::actor::Actor;
use kinora_activity::key::PublicKey;
use kinora_activity::proof;
use kinora_activity::replay::ReplayCache;
use kinora_activity::signature::{self, Claim, Headers, Incoming, Policy};
use kinora_model::actor::RemoteActor;
use kinora_model::clock::Timestamp;
use kinora_model::host::Host;
use kinora_store::tables::remote::remote_actor_by_key;
use quick_cache::sync::Cache;
use serde_json::Value;
use tokio::sync::Semaphore;
use tracing::debug;
use url::Url;

use crate::Federation;
use crate::error::Error;
use crate::fetch::Fetched;
use crate::hosts::Strangers;

/// How often an actor is asked for its keys again because a signature does not fit.
pub const REFETCH_EVERY: Duration = Duration::from_secs(5 * 60);

/// How long a key that was read is used without a look at its actor's row.
const KEY_FOR: Duration = Duration::from_secs(10 * 60);

/// For how long the document of an actor is at hand after it was fetched.
const DOCUMENT_FOR: Duration = Duration::from_secs(60);

/// Keys, and times of asking, that are remembered.
const REMEMBERED_MAX: usize = 16_384;

/// Documents of actors that are at hand.
const DOCUMENTS_MAX: usize = 256;

/// Signers that are looked up at a time.
const LOOKUPS_MAX: usize = 64;

/// A request that came in, as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// In upper case.
    pub method: String,
    /// Path and query as they came.
    pub target: String,
    /// Names in lower case.
    pub headers: Headers,
    /// The bytes as they came.
    pub body: Bytes,
}

/// Who signed a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The actor.
    pub actor: Url,
    /// Stands for the signature in the replay cache.
    pub fingerprint: [u8; 32],
}

/// A public key and whose it is.
#[derive(Debug)]
struct Known {
    actor: Url,
    key: PublicKey,
    read_at: Timestamp,
}

/// What is remembered of signers until the node stops.
#[derive(Debug)]
pub(crate) struct Signers {
    keys: Cache<Url, Arc<Known>>,
    /// When an actor was last asked for because a signature did not fit.
    asked: Cache<Url, Timestamp>,
    documents: Cache<Url, (Timestamp, Arc<Fetched>)>,
    lookups: Semaphore,
    strangers: Strangers,
    pub(crate) replays: ReplayCache,
}

impl Default for Signers {
    fn default() -> Self {
        Self {
            keys: Cache::new(REMEMBERED_MAX),
            asked: Cache::new(REMEMBERED_MAX),
            documents: Cache::new(DOCUMENTS_MAX),
            lookups: Semaphore::new(LOOKUPS_MAX),
            strangers: Strangers::default(),
            replays: ReplayCache::default(),
        }
    }
}

impl Federation {
    /// What a request says about its signer: form, coverage, dates and digest are checked, not the key. `None` if it is
    /// not signed.
    ///
    /// # Errors
    /// [`Error::Unverified`].
    pub(crate) fn claim(&self, request: &Request) -> Result<Option<Claim>, Error> {
        let policy = Policy { now_s: self.service.now().as_ms().div_euclid(1000) };
        signature::read(&self.incoming(request), &policy).map_err(refused)
    }

    fn incoming<'a>(&'a self, request: &'a Request) -> Incoming<'a> {
        Incoming {
            method: &request.method,
            // Never what a proxy or the request itself says.
            origin: self.addresses.origin(),
            target: &request.target,
            headers: &request.headers,
            body: &request.body,
        }
    }

    /// Who signed a request for a document; `None` if nobody did.
    ///
    /// # Errors
    /// [`Error::Unverified`]; [`Error::Blocked`]; [`Error::Store`].
    pub async fn signer(&self, request: &Request) -> Result<Option<Url>, Error> {
        let Some(claim) = self.claim(request)? else { return Ok(None) };
        self.ask_rules(&key_id(&claim)?)?;
        Box::pin(self.verify(claim)).await.map(|signer| Some(signer.actor))
    }

    /// Checks a claim with the key that it names. A key that does not fit is asked for again, now and then: that is how
    /// other servers change theirs.
    pub(crate) async fn verify(&self, claim: Claim) -> Result<Signer, Error> {
        let key_id = key_id(&claim)?;
        let signer =
            |known: &Known| Signer { actor: known.actor.clone(), fingerprint: claim.fingerprint() };
        if let Some(known) = self.known_key(&key_id).await? {
            match claim.verify(&known.key) {
                Ok(()) => return Ok(signer(&known)),
                Err(refusal) if !self.may_ask_again(&key_id) => return Err(refused(refusal)),
                Err(_) => debug!("a signature does not fit the key that is known"),
            }
        }
        let known = self.ask_for_key(&key_id).await?;
        claim.verify(&known.key).map_err(refused)?;
        Ok(signer(&known))
    }

    /// A key from memory, or from the row of its actor.
    async fn known_key(&self, key_id: &Url) -> Result<Option<Arc<Known>>, Error> {
        let now = self.service.now();
        let known = self.signers.keys.get(key_id);
        if let Some(known) = known.filter(|known| now.since(known.read_at) < KEY_FOR) {
            return Ok(Some(known));
        }
        let found = self.service.store.find::<RemoteActor>(&remote_actor_by_key(key_id)).await?;
        let Some(actor) = found.filter(|actor| !actor.gone) else { return Ok(None) };
        let key = actor.keys.iter().find(|key| key.id == *key_id);
        let Some(key) = key.and_then(|key| public_key(&key.text)) else { return Ok(None) };
        let known = Arc::new(Known { actor: actor.uri.clone(), key, read_at: now });
        self.signers.keys.insert(key_id.clone(), Arc::clone(&known));
        Ok(Some(known))
    }

    /// True if the owner of a key may be asked for it once more; from then on it was.
    fn may_ask_again(&self, key_id: &Url) -> bool {
        let (place, now) = (without_fragment(key_id), self.service.now());
        if self.signers.asked.get(&place).is_some_and(|at| now.since(at) < REFETCH_EVERY) {
            return false;
        }
        self.signers.asked.insert(place, now);
        true
    }

    /// Asks for a key where its id says that it lies. The actor that it names must name it, too (FEP-fe34).
    async fn ask_for_key(&self, key_id: &Url) -> Result<Arc<Known>, Error> {
        let busy = || Error::Limit("signers that are looked up at a time");
        let _turn = self.signers.lookups.try_acquire().map_err(|_busy| busy())?;
        let host = Host::of(key_id).ok_or(Error::Refused("its key has no address"))?;
        if !self.signers.strangers.may_ask(&host, self.service.now()) {
            return Err(Error::Limit("unknown servers of one domain"));
        }
        let place = without_fragment(key_id);
        let document = self.client.get(&place).await.map_err(unknown_signer)?;
        let document = match owner_of(&document.json) {
            // It is a key alone: who owns it says so itself.
            Some(owner) if Host::of(&owner) == Some(host) => {
                self.client.get(&owner).await.map_err(unknown_signer)?
            }
            Some(_) => return Err(Error::Unverified("its key has an owner elsewhere".to_owned())),
            None => document,
        };
        let actor = Actor::read(&document.json)
            .map_err(|error| Error::Unverified(format!("its signer is no actor: {error}")))?;
        if actor.id != document.id {
            return Err(Error::Unverified("its signer lies elsewhere".to_owned()));
        }
        let now = self.service.now();
        self.signers.documents.insert(actor.id.clone(), (now, Arc::new(document)));
        let mut wanted = None;
        for key in actor.keys().filter(|key| key.owner == actor.id) {
            let Some(public) = public_key(&key.text) else { continue };
            let known = Arc::new(Known { actor: actor.id.clone(), key: public, read_at: now });
            self.signers.keys.insert(key.id.clone(), Arc::clone(&known));
            if key.id == *key_id {
                wanted = Some(known);
            }
        }
        wanted.ok_or_else(|| Error::Unverified("its signer has no such key".to_owned()))
    }

    /// The document of an actor, fetched now or a moment ago.
    ///
    /// # Errors
    /// As [`crate::fetch::Client::get`].
    pub async fn actor_document(&self, actor: &Url) -> Result<Arc<Fetched>, Error> {
        let now = self.service.now();
        let document = self.signers.documents.get(actor);
        if let Some((_, document)) = document.filter(|(at, _)| now.since(*at) < DOCUMENT_FOR) {
            return Ok(document);
        }
        let document = Arc::new(self.client.get(actor).await?);
        self.signers.documents.insert(document.id.clone(), (now, Arc::clone(&document)));
        Ok(document)
    }

    /// Forgets the keys of an actor: they changed or it is gone.
    pub fn forget_signer(&self, actor: &Url) {
        self.signers.keys.retain(|_, known| known.actor != *actor);
        self.signers.documents.remove(actor);
    }

    /// True if an activity carries a valid proof of its actor (FEP-8b32).
    pub(crate) async fn is_proven(&self, json: &Value, actor: &Url) -> bool {
        let Some(key_id) = proof::proof_key_id(json).and_then(|id| Url::parse(&id).ok()) else {
            return false;
        };
        if Host::of(&key_id) != Host::of(actor) {
            return false;
        }
        let known = match self.known_key(&key_id).await {
            Ok(Some(known)) => Ok(known),
            Ok(None) if self.may_ask_again(&key_id) => Box::pin(self.ask_for_key(&key_id)).await,
            _ => return false,
        };
        known.is_ok_and(|known| {
            known.actor == *actor && proof::check_proof(json, &known.key).is_ok()
        })
    }
}

/// The address of the key that a signature names.
pub(crate) fn key_id(claim: &Claim) -> Result<Url, Error> {
    Url::parse(&claim.key_id).map_err(|_bad| Error::Unverified("its key has no address".to_owned()))
}

/// The owner of a document that is a key alone.
fn owner_of(json: &Value) -> Option<Url> {
    if json.get("inbox").is_some() {
        return None;
    }
    let key = match json.get("publicKey") {
        // GoToSocial gives a stub of the actor with its key.
        Some(key @ Value::Object(_)) => key,
        _ => json,
    };
    let owner = key.get("owner").or_else(|| key.get("controller"))?.as_str()?;
    Url::parse(owner).ok()
}

fn public_key(text: &str) -> Option<PublicKey> {
    let key = if text.trim_start().starts_with("-----BEGIN") {
        PublicKey::from_pem(text)
    } else {
        PublicKey::from_multibase(text)
    };
    key.ok()
}

fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

fn refused(refusal: impl std::fmt::Display) -> Error {
    Error::Unverified(refusal.to_string())
}

/// A signer that cannot be asked for its key is not verified; what may pass is said as it is.
fn unknown_signer(error: Error) -> Error {
    match error {
        Error::NotFound(_) | Error::Gone | Error::Unreadable(_) | Error::Status { .. } => {
            Error::Unverified(format!("its key cannot be had: {error}"))
        }
        error => error,
    }
}
