//! Use cases, one verb at a time: each writes its rows, its event and its jobs in one batch.
//!
//! **Never:** speaks HTTP or ActivityPub, opens media, knows which engine keeps the rows.

use std::sync::{Arc, OnceLock};

use kinora_model::clock::{Clock, Timestamp};
use kinora_model::id::{Id, IdMint};
use kinora_store::Store;
use kinora_store::blob::Blobs;
use kinora_store::journal::Journal;
use kinora_store::queue::Queue;

pub mod access;
pub mod actors;
pub mod attempt;
pub mod captions;
pub mod channels;
pub mod comments;
pub mod config;
pub mod error;
pub mod follows;
pub mod limits;
pub mod listing;
pub mod manifest;
pub mod markdown;
pub mod mentions;
pub mod mirrors;
pub mod names;
pub mod notifications;
pub mod outbound;
pub mod pacts;
pub mod passwords;
pub mod pictures;
pub mod policy;
pub mod progress;
pub mod providers;
pub mod publishing;
pub mod quota;
pub mod reactions;
pub mod registrations;
pub mod remote;
pub mod replicas;
pub mod reports;
pub mod secret;
pub mod segments;
pub mod sessions;
pub mod shares;
pub mod statistics;
pub mod subscriptions;
pub mod traffic;
pub mod uploads;
pub mod users;
pub mod video_tokens;
pub mod videos;
pub mod views;
pub mod worker;

#[cfg(test)]
mod stage;

pub use access::Viewer;
pub use config::Config;
pub use error::Error;

/// What every use case works with: one a node, shared by all rooms.
#[derive(Debug)]
pub struct Service {
    /// The typed tables.
    pub store: Store,
    /// Work that survives a restart.
    pub queue: Queue,
    /// What happened.
    pub journal: Journal,
    /// Segments, pictures, originals.
    pub blobs: Blobs,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<IdMint>,
    /// The settings of this room.
    pub config: Config,
    /// What is being made right now, for those who watch it.
    pub progress: progress::Board,
    /// The catalogue that lists are answered from.
    pub listing: listing::Listing,
    /// Who watches what, until it is written down.
    pub views: views::Tally,
    /// Which way bytes went, counted and to be written down.
    pub traffic: traffic::Tally,
    /// What tokens for the media of one video are signed with.
    pub video_tokens: video_tokens::Key,
    /// Files on their way in.
    pub parts: uploads::Parts,
    /// What may come from other servers and go to them.
    pub domains: policy::Domains,
    /// Manifests that were written lately.
    pub manifests: manifest::Manifests,
    /// What happens under videos right now.
    pub live: comments::live::Live,
    /// Who else has videos, once the network of peers is open.
    pub providers: OnceLock<Arc<dyn providers::Providers>>,
}

impl Service {
    /// The use cases over these tables and blobs, with nothing under way.
    #[must_use]
    pub fn new(store: Store, blobs: Blobs, clock: Arc<dyn Clock>, config: Config) -> Self {
        let ids = Arc::new(IdMint::default());
        let journal = Journal::new(store.clone());
        Self {
            queue: Queue::new(store.clone(), Arc::clone(&clock), Arc::clone(&ids)),
            listing: listing::Listing::new(&journal),
            journal,
            parts: uploads::Parts::beside(&blobs),
            store,
            domains: policy::Domains::new(config.host.clone()),
            blobs,
            clock,
            ids,
            config,
            progress: progress::Board::default(),
            views: views::Tally::default(),
            traffic: traffic::Tally::default(),
            video_tokens: video_tokens::Key::random(),
            manifests: manifest::Manifests::default(),
            live: comments::live::Live::default(),
            providers: OnceLock::new(),
        }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new id.
    #[must_use]
    pub fn id<T>(&self) -> Id<T> {
        self.ids.next(self.clock.as_ref())
    }
}
