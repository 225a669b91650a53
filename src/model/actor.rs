//! An actor: whoever acts on the fediverse, here or elsewhere.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::account::Account;
use crate::channel::Channel;
use crate::clock::Timestamp;
use crate::host::Host;
use crate::id::Id;
use crate::instance::Instance;

/// Which actor: a person, a channel or a whole server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ActorRef {
    /// An account; an ActivityPub `Person`.
    Account(Id<Account>),
    /// A channel; an ActivityPub `Group`.
    Channel(Id<Channel>),
    /// A server itself; an ActivityPub `Application`. [`Instance::HERE`] is ours.
    Instance(Id<Instance>),
}

impl ActorRef {
    /// Our own server.
    pub const HERE: Self = Self::Instance(Instance::HERE);

    /// Nine bytes that stand for it in keys: its kind, then its id.
    #[must_use]
    pub fn to_key(self) -> [u8; 9] {
        let (kind, id) = match self {
            Self::Account(id) => (1, id.to_key()),
            Self::Channel(id) => (2, id.to_key()),
            Self::Instance(id) => (3, id.to_key()),
        };
        let mut key = [kind; 9];
        if let Some(tail) = key.get_mut(1..) {
            tail.copy_from_slice(&id);
        }
        key
    }
}

/// A public key of an actor elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteKey {
    /// Its id, as signatures name it.
    pub id: Url,
    /// PEM (`-----BEGIN`) or multibase (`z…`).
    pub text: String,
}

/// A picture on another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemotePicture {
    /// Where it lies.
    pub url: Url,
    /// Width in pixels, if its server says.
    pub width: Option<u32>,
    /// Height in pixels, if its server says.
    pub height: Option<u32>,
}

/// Where an account or channel lives, if that is elsewhere, and what is shown of it from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its server.
    pub host: Host,
    /// Its ActivityPub id.
    pub uri: Url,
    /// Its page, for people.
    pub url: Option<Url>,
    /// Its avatar.
    pub icon: Option<RemotePicture>,
    /// Its banner.
    pub banner: Option<RemotePicture>,
    /// How many follow it, as its server says.
    pub followers: Option<u64>,
    /// How many it follows, as its server says.
    pub following: Option<u64>,
    /// How many videos it has, as its server says: the total of its outbox.
    pub videos: Option<u64>,
}

/// How many follow an actor and how many it follows, as far as this node knows; pending ones do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorCounts {
    /// Who.
    pub actor: ActorRef,
    /// How many follow it.
    pub followers: u64,
    /// How many it follows.
    pub following: u64,
}

/// An actor elsewhere, as its own server describes it. What is shown of it stands in its [`Account`] or [`Channel`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteActor {
    /// Its ActivityPub id.
    pub uri: Url,
    /// What it is here.
    pub actor: ActorRef,
    /// Its server.
    pub host: Host,
    /// The part of its handle before the `@`.
    pub name: String,
    /// Its page, for people.
    pub url: Option<Url>,
    /// Where activities for it go.
    pub inbox: Url,
    /// Where activities for its whole server go.
    pub shared_inbox: Option<Url>,
    /// What it did.
    pub outbox: Option<Url>,
    /// Who follows it.
    pub followers: Option<Url>,
    /// Its playlists.
    pub playlists: Option<Url>,
    /// The keys that its signatures may be of.
    pub keys: Vec<RemoteKey>,
    /// When it was last fetched.
    pub fetched_at: Timestamp,
    /// True once its server said that it is gone.
    pub gone: bool,
    /// Where it moved to, if it did.
    pub moved_to: Option<Url>,
}

/// The private keys of an actor of this node. Never shown, never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorKeys {
    /// Whose.
    pub actor: ActorRef,
    /// The id that others know the actor by: it signs its own deletion when nothing else of it is left.
    pub uri: Url,
    /// The RSA key, PKCS #8 DER.
    pub rsa_pkcs8: Vec<u8>,
    /// The Ed25519 key, PKCS #8 DER.
    pub ed25519_pkcs8: Vec<u8>,
    /// When they were made.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for ActorKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActorKeys").field("actor", &self.actor).finish_non_exhaustive()
    }
}
