//! Follows: who hears of whom.

use kinora_model::actor::{ActorCounts, ActorRef};
use kinora_model::follow;
use kinora_service::actors;
use serde::Serialize;
use utoipa::ToSchema;

use super::actor::{Image, Summary};
use crate::config::Config;

/// The name of our server's own actor, as PeerTube's servers call theirs.
pub const SERVER_NAME: &str = "peertube";

/// One end of a follow: a person, a channel or a server.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FollowActor)]
pub struct Actor {
    /// Its number among those of its kind.
    pub id: u64,
    /// What names it everywhere.
    pub url: String,
    /// The part of the handle before the `@`.
    pub name: String,
    /// The name shown.
    pub display_name: String,
    /// The part of the handle after the `@`.
    pub host: String,
    /// `account`, `channel` or `instance`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Avatars, smallest first.
    pub avatars: Vec<Image>,
    /// Whether its server lets others keep copies of its videos.
    pub host_redundancy_allowed: bool,
    /// How many it follows.
    pub following_count: u64,
    /// How many follow it.
    pub followers_count: u64,
    /// When it began, or was first heard of.
    pub created_at: String,
}

impl Actor {
    /// An actor as it is kept; `name` and `url` are those of a server elsewhere.
    #[must_use]
    pub fn of(
        config: &Config,
        actor: &actors::Actor,
        server: Option<(String, String)>,
        counts: ActorCounts,
    ) -> Self {
        let (kind, summary, created_at) = match actor {
            actors::Actor::Account(row) => {
                ("account", Summary::account(config, row), row.created_at.to_string())
            }
            actors::Actor::Channel(row) => {
                ("channel", Summary::channel(config, row), row.created_at.to_string())
            }
            actors::Actor::Instance(row) => {
                let host = row.host.to_string();
                let unknown = || (SERVER_NAME.to_owned(), format!("https://{host}/"));
                let (name, url) = server.unwrap_or_else(unknown);
                ("instance", plain(row.id.raw(), name, url, host), row.created_at.to_string())
            }
            actors::Actor::Here => {
                let (name, url) = (SERVER_NAME.to_owned(), config.url("/actor"));
                ("instance", plain(0, name, url, config.host()), String::from(LONG_AGO))
            }
        };
        let Summary { id, name, display_name, url, host, avatars } = summary;
        Self {
            id,
            url,
            name,
            display_name,
            host,
            kind,
            avatars,
            host_redundancy_allowed: false,
            following_count: counts.following,
            followers_count: counts.followers,
            created_at,
        }
    }

    /// The handle, `name@host`.
    #[must_use]
    pub fn handle(&self) -> String {
        format!("{}@{}", self.name, self.host)
    }
}

/// When our own server began: it does not say.
const LONG_AGO: &str = "1970-01-01T00:00:00.000Z";

fn plain(id: u64, name: String, url: String, host: String) -> Summary {
    Summary { id, name, display_name: host.clone(), url, host, avatars: Vec::new() }
}

/// A follow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Follow {
    /// Its number.
    pub id: u64,
    /// Who follows.
    pub follower: Actor,
    /// Who is followed.
    pub following: Actor,
    /// How well deliveries arrive; always the same.
    pub score: u64,
    /// `pending`, `accepted` or `rejected`.
    pub state: &'static str,
    /// When it was asked for.
    pub created_at: String,
    /// When it was asked for.
    pub updated_at: String,
}

impl Follow {
    /// A follow between two actors.
    #[must_use]
    pub fn of(follow: &follow::Follow, follower: Actor, following: Actor) -> Self {
        Self {
            id: follow.id.raw(),
            follower,
            following,
            score: SCORE,
            state: state(follow.state),
            created_at: follow.created_at.to_string(),
            updated_at: follow.created_at.to_string(),
        }
    }
}

/// PeerTube's word for the state of a follow.
#[must_use]
pub const fn state(state: follow::FollowState) -> &'static str {
    match state {
        follow::FollowState::Pending => "pending",
        follow::FollowState::Accepted => "accepted",
        follow::FollowState::Rejected => "rejected",
    }
}

/// The score that PeerTube gives to those who are reached without fail.
const SCORE: u64 = 1_000;

/// The word for the kind of an actor.
#[must_use]
pub const fn kind(actor: ActorRef) -> &'static str {
    match actor {
        ActorRef::Account(_) => "account",
        ActorRef::Channel(_) => "channel",
        ActorRef::Instance(_) => "instance",
    }
}
