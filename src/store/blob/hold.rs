//! Striped locks over blob names.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinora_model::picture::BlobName;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How many locks stand for all names.
const STRIPES: usize = 256;

/// Some blobs that nobody else may bring or remove while this lives.
#[derive(Debug)]
pub struct Hold {
    _guards: Vec<OwnedMutexGuard<()>>,
}

/// The locks.
#[derive(Clone, Debug)]
pub(super) struct Stripes(Arc<[Arc<Mutex<()>>]>);

impl Default for Stripes {
    fn default() -> Self {
        Self((0..STRIPES).map(|_| Arc::default()).collect())
    }
}

impl Stripes {
    /// Takes the locks of these names in one order for all, so that two who want several never wait for each other.
    pub(super) async fn hold<'a>(&self, names: impl IntoIterator<Item = &'a BlobName>) -> Hold {
        let stripe = |name: &BlobName| name.digest().first().copied().map_or(0, usize::from);
        let wanted: BTreeSet<usize> = names.into_iter().map(stripe).collect();
        let mut guards = Vec::with_capacity(wanted.len());
        for stripe in wanted {
            if let Some(lock) = self.0.get(stripe) {
                guards.push(Arc::clone(lock).lock_owned().await);
            }
        }
        Hold { _guards: guards }
    }
}
