//! Documents: what stands at our ids, for other servers.
//!
//! What not everyone may see is answered as if it were not there.

use bytes::Bytes;
use kinora_model::actor::ActorRef;
use kinora_model::host::Host;
use kinora_model::name::Name;
use kinora_model::video::parse_uuid;
use kinora_service::{Error as ServiceError, names};
use serde_json::Value;
use url::Url;

use crate::Federation;
use crate::address::Ours;
use crate::error::Error;
use crate::verify::Request;

mod of_actor;
mod of_video;
mod pages;
mod shelf;
#[cfg(test)]
mod tests;

pub(crate) use pages::Page;
pub(crate) use shelf::Shelf;

/// The longest path that is looked up, in bytes.
const PATH_BYTES_MAX: usize = 3072;

/// What stands at an address of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An ActivityPub document.
    Document(Document),
    /// Nothing of ours: something that lives at this other address.
    Elsewhere(Url),
}

/// An ActivityPub document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its bytes, JSON.
    pub body: Bytes,
    /// True if it says that what stood here was deleted.
    pub gone: bool,
}

impl Document {
    /// The document of something that is there.
    pub(crate) fn of(value: &Value) -> Self {
        Self { body: Bytes::from(value.to_string()), gone: false }
    }

    /// The document of something that was deleted.
    pub(crate) fn tombstone(value: &Value) -> Self {
        Self { gone: true, ..Self::of(value) }
    }
}

impl From<Document> for Answer {
    fn from(document: Document) -> Self {
        Self::Document(document)
    }
}

/// What of an actor everyone may read, whoever asks: enough to check its signatures.
const KEYS: [&str; 8] = [
    "@context",
    "type",
    "id",
    "preferredUsername",
    "inbox",
    "publicKey",
    "assertionMethod",
    "attributedTo",
];

impl Federation {
    /// What stands at the address of a request. If the settings want it, who does not sign gets only the keys of actors,
    /// and who is blocked nothing.
    ///
    /// # Errors
    /// As [`Federation::document`]; [`Error::Unverified`], [`Error::Blocked`].
    pub async fn document_for(&self, request: &Request) -> Result<Answer, Error> {
        let target = request.target.as_str();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if !self.config.authorized_fetch || path == "/actor" {
            return self.document(path, query).await;
        }
        if self.signer(request).await?.is_some() {
            return self.document(path, query).await;
        }
        match self.addresses.read(&self.addresses.url(path)) {
            Some(Ours::Account(_) | Ours::Channel(_)) => {
                Ok(keys_alone(self.document(path, "").await?))
            }
            _ => Err(Error::Unverified("documents are for those who sign".to_owned())),
        }
    }

    /// What stands at a path of ours, percent-encoded as it was asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`] if nothing does, or nothing that everyone may see; [`Error::Store`].
    pub async fn document(&self, path: &str, query: &str) -> Result<Answer, Error> {
        let nothing = Error::NotFound("Object");
        if path.len() > PATH_BYTES_MAX || !self.config.enabled {
            return Err(nothing);
        }
        let page = Page::parse(query);
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            ["actor" | "about"] => self.of_actor(ActorRef::HERE).await,
            ["actor", rest @ ..] => self.below_actor(ActorRef::HERE, rest, &page).await,
            ["a", handle, "video-channels"] | ["accounts" | "a", handle] => {
                match self.account(handle).await? {
                    Lookup::Here(actor) => self.of_actor(actor).await,
                    Lookup::Elsewhere(url) => Ok(Answer::Elsewhere(url)),
                    Lookup::Gone(name) => Ok(self.gone_actor("accounts", &name)),
                }
            }
            ["c", handle, "videos"] | ["video-channels" | "c", handle] => {
                match self.channel(handle).await? {
                    Lookup::Here(actor) => self.of_actor(actor).await,
                    Lookup::Elsewhere(url) => Ok(Answer::Elsewhere(url)),
                    Lookup::Gone(name) => Ok(self.gone_actor("video-channels", &name)),
                }
            }
            ["accounts", handle, rest @ ..] => match self.account(handle).await? {
                Lookup::Here(actor) => self.below_actor(actor, rest, &page).await,
                _ => Err(nothing),
            },
            ["video-channels", handle, rest @ ..] => match self.channel(handle).await? {
                Lookup::Here(actor) => self.below_actor(actor, rest, &page).await,
                _ => Err(nothing),
            },
            ["redundancy", "streaming-playlists", "hls", id] => {
                let value = self.replica_value(parse_uuid(id).ok_or(nothing)?).await?;
                Ok(Document::of(&value).into())
            }
            ["videos", "watch", id] | ["w", id] => {
                self.of_video(parse_uuid(id).ok_or(nothing)?).await
            }
            ["videos", "watch", id, rest @ ..] => {
                self.below_video(parse_uuid(id).ok_or(nothing)?, rest, &page).await
            }
            _ => Err(nothing),
        }
    }

    async fn account(&self, handle: &str) -> Result<Lookup, Error> {
        let (name, host) = self.split(handle)?;
        let service = &self.service;
        let found = match &host {
            None if name == "peertube" => return Ok(Lookup::Here(ActorRef::HERE)),
            None => names::account(service, &name).await,
            Some(host) => names::remote_account(service, &name, host).await,
        };
        match found {
            Ok(account) => Ok(match &account.origin {
                Some(origin) => Lookup::Elsewhere(origin.uri.clone()),
                None => Lookup::Here(ActorRef::Account(account.id)),
            }),
            Err(ServiceError::NotFound(what)) => self.gone(&name, host.is_none(), what).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn channel(&self, handle: &str) -> Result<Lookup, Error> {
        let (name, host) = self.split(handle)?;
        let service = &self.service;
        let found = match &host {
            None => names::channel(service, &name).await,
            Some(host) => names::remote_channel(service, &name, host).await,
        };
        match found {
            Ok(channel) => Ok(match &channel.origin {
                Some(origin) => Lookup::Elsewhere(origin.uri.clone()),
                None => Lookup::Here(ActorRef::Channel(channel.id)),
            }),
            Err(ServiceError::NotFound(what)) => self.gone(&name, host.is_none(), what).await,
            Err(error) => Err(error.into()),
        }
    }

    /// A name is held for ever: who held it and is not there any more is gone.
    async fn gone(&self, name: &str, ours: bool, what: &'static str) -> Result<Lookup, Error> {
        use kinora_model::channel::Handle;
        let missing = Error::NotFound(what);
        if !ours {
            return Err(missing);
        }
        let holder = names::holder(&self.service, name).await?.ok_or(missing)?;
        let store = &self.service.store;
        let there = match (holder.handle, what) {
            (Some(Handle::Account(id)), "Account") => {
                store.get::<kinora_model::account::Account>(&id.to_key()).await?.is_some()
            }
            (Some(Handle::Channel(id)), "Video channel") => {
                store.get::<kinora_model::channel::Channel>(&id.to_key()).await?.is_some()
            }
            _ => true,
        };
        if there { Err(Error::NotFound(what)) } else { Ok(Lookup::Gone(holder.name.clone())) }
    }

    /// A handle's name, and its server if that is another than ours.
    fn split(&self, handle: &str) -> Result<(String, Option<Host>), Error> {
        let nothing = || Error::NotFound("Actor");
        let (name, host) = handle.split_once('@').map_or((handle, None), |(a, b)| (a, Some(b)));
        let host = host.map(|host| Host::parse(host).ok_or_else(nothing)).transpose()?;
        let host = host.filter(|host| host != self.addresses.host());
        Ok((name.to_lowercase(), host))
    }
}

fn keys_alone(answer: Answer) -> Answer {
    match answer {
        Answer::Document(document) if !document.gone => {
            let mut value: Value = serde_json::from_slice(&document.body).unwrap_or_default();
            if let Some(fields) = value.as_object_mut() {
                fields.retain(|name, _| KEYS.contains(&name.as_str()));
            }
            Document::of(&value).into()
        }
        other => other,
    }
}

/// Whom a handle in a path means.
enum Lookup {
    Here(ActorRef),
    Elsewhere(Url),
    Gone(Name),
}
