//! The segments of a rendition.

use kinora_model::rendition::{Rendition, Segment};
use kinora_store::kv::SCAN_MAX;
use kinora_store::table::row_key;
use kinora_store::{Range, Row as _, Store, Stored};

/// The most segments of a rendition: a day of pictures in segments of a second.
pub const SEGMENTS_MAX: usize = 100_000;

/// All segments of a rendition that are in the store, in order.
///
/// # Errors
/// If the store cannot be read.
pub async fn of(store: &Store, rendition: &Rendition) -> Result<Vec<Segment>, kinora_store::Error> {
    let mut found = Vec::new();
    let mut rest = Range::prefix(&row_key::<Segment>(&rendition.id.to_key()));
    while found.len() < SEGMENTS_MAX {
        let page = store.list_range::<Segment>(&rest, SCAN_MAX).await?;
        let Some(last) = page.last() else { break };
        rest = rest.after(&row_key::<Segment>(&last.key()));
        let full = page.len() == SCAN_MAX;
        found.extend(page.into_iter().map(Stored::into_row));
        if !full {
            break;
        }
    }
    found.retain(|segment| segment.index < rendition.segments);
    Ok(found)
}
