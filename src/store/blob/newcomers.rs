//! What was brought lately, and may have stayed without an owner: its video was deleted in the same moment, or whoever
//! brought it gave up.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::video::Video;

/// How many newcomers are remembered; others are left to the sweep of all blobs.
const NEWCOMERS_MAX: usize = 100_000;

/// Blobs and originals that were brought since they were last asked for. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Newcomers(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    blobs: HashSet<BlobName>,
    /// Nobody holds originals: those brought since the last time are too young to be looked at.
    young: HashSet<Id<Video>>,
    grown: HashSet<Id<Video>>,
}

impl Newcomers {
    pub(super) fn add(&self, name: BlobName) {
        self.with(|known| {
            if known.blobs.len() < NEWCOMERS_MAX {
                known.blobs.insert(name);
            }
        });
    }

    pub(super) fn add_original(&self, id: Id<Video>) {
        self.with(|known| {
            if known.young.len() < NEWCOMERS_MAX {
                known.young.insert(id);
            }
        });
    }

    /// All blobs since the last time, and the originals that were there already the last time.
    pub(super) fn take(&self) -> (HashSet<BlobName>, HashSet<Id<Video>>) {
        self.with(|known| {
            let young = std::mem::take(&mut known.young);
            (std::mem::take(&mut known.blobs), std::mem::replace(&mut known.grown, young))
        })
    }

    fn with<R>(&self, work: impl FnOnce(&mut Known) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
