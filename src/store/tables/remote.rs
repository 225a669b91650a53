//! What is kept of other servers: their actors, their keys and ours, rules for their domains.

use kinora_model::actor::{ActorKeys, ActorRef, RemoteActor};
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::instance::{DomainRule, Instance};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{
    ACTOR_KEYS, DOMAIN_RULES, INSTANCES, INSTANCES_BY_ID, REMOTE_ACTORS, REMOTE_ACTORS_BY_HANDLE,
    REMOTE_ACTORS_BY_KEY, REMOTE_ACTORS_BY_REF, entry, unique,
};
use crate::table::{Entry, Row, Table};

/// The SHA-256 of an address: stands for it in keys, since addresses can be long.
#[must_use]
pub fn digest(uri: &Url) -> [u8; 32] {
    Sha256::digest(uri.as_str().as_bytes()).into()
}

/// The entry that leads to an actor elsewhere by what it is here.
#[must_use]
pub fn remote_actor_by_ref(actor: ActorRef) -> Vec<u8> {
    REMOTE_ACTORS_BY_REF.key(&[&actor.to_key()])
}

/// The span of entries that lead to the actors elsewhere of a handle (an account and a channel may share one), by name in lower case and host.
#[must_use]
pub fn remote_actors_by_handle(name: &str, host: &Host) -> crate::kv::Range {
    crate::kv::Range::prefix(&handle_key(name, host, &[]))
}

fn handle_key(name: &str, host: &Host, id: &[u8]) -> Vec<u8> {
    let name = name.to_lowercase();
    REMOTE_ACTORS_BY_HANDLE.key(&[name.as_bytes(), b"@", host.as_str().as_bytes(), b"\0", id])
}

/// The entry that leads to an actor elsewhere by the id of one of its public keys.
#[must_use]
pub fn remote_actor_by_key(key_id: &Url) -> Vec<u8> {
    REMOTE_ACTORS_BY_KEY.key(&[&digest(key_id)])
}

impl Row for RemoteActor {
    const TABLE: Table = REMOTE_ACTORS;
    fn key(&self) -> Vec<u8> {
        digest(&self.uri).to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        let key = digest(&self.uri);
        let mut entries = vec![
            unique(remote_actor_by_ref(self.actor), &key),
            entry(handle_key(&self.name, &self.host, &key), &key),
        ];
        // Keys lie on the host of their actor: nobody else can take their place.
        entries.extend(self.keys.iter().map(|it| entry(remote_actor_by_key(&it.id), &key)));
        entries
    }
}

impl Row for ActorKeys {
    const TABLE: Table = ACTOR_KEYS;
    fn key(&self) -> Vec<u8> {
        self.actor.to_key().to_vec()
    }
}

/// The entry that leads to a server by its number.
#[must_use]
pub fn instance_by_id(id: Id<Instance>) -> Vec<u8> {
    INSTANCES_BY_ID.key(&[&id.to_key()])
}

impl Row for Instance {
    const TABLE: Table = INSTANCES;
    fn key(&self) -> Vec<u8> {
        self.host.as_str().as_bytes().to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        vec![unique(instance_by_id(self.id), self.host.as_str().as_bytes())]
    }
}

impl Row for DomainRule {
    const TABLE: Table = DOMAIN_RULES;
    fn key(&self) -> Vec<u8> {
        self.domain.as_bytes().to_vec()
    }
}
