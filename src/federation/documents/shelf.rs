//! Documents of videos as they were written last: a new video is asked for by hundreds of servers within seconds, and
//! writing it costs more than looking whether it changed.

use std::sync::Arc;

use kinora_service::videos::Details;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::Document;
use crate::mapping::VideoFacts;

/// Documents that are at hand, of some ten kilobytes each.
const AT_HAND_MAX: usize = 512;

/// Documents of videos, by uuid.
pub(crate) struct Shelf(Cache<Uuid, Arc<Kept>>);

/// A document, and what it was written from.
struct Kept {
    facts: VideoFacts,
    document: Document,
}

impl Default for Shelf {
    fn default() -> Self {
        Self(Cache::new(AT_HAND_MAX))
    }
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("documents", &self.0.len()).finish()
    }
}

impl Shelf {
    /// The document of these facts, written anew only if they changed.
    pub(super) fn find(
        &self,
        facts: VideoFacts,
        write: impl FnOnce(&VideoFacts) -> Document,
    ) -> Document {
        let uuid = facts.details.video.uuid;
        if let Some(kept) = self.0.get(&uuid)
            && same(&kept.facts, &facts)
        {
            return kept.document.clone();
        }
        let document = write(&facts);
        self.0.insert(uuid, Arc::new(Kept { facts, document: document.clone() }));
        document
    }
}

/// True if a document of one says what that of the other does.
fn same(one: &VideoFacts, other: &VideoFacts) -> bool {
    let written = |details: &Details| (details.account.name.clone(), details.channel.name.clone());
    one.details.counts == other.details.counts
        && one.details.video == other.details.video
        && one.details.renditions == other.details.renditions
        && one.captions == other.captions
        && written(&one.details) == written(&other.details)
}
