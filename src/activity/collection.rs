//! Collections: lists of what somebody did, or of who did something, page by page.

use serde_json::{Value, json};
use url::Url;

use crate::lenient::{self, Unreadable};

/// The most items of one page that are read.
pub const PAGE_ITEMS_MAX: usize = 200;

/// A collection, as its server describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// Its id.
    pub id: Option<Url>,
    /// How many there are, as its server says.
    pub total: Option<u64>,
    /// Its first page, if that is written out.
    pub first: Option<Page>,
    /// Its first page, if that is only named.
    pub first_id: Option<Url>,
    /// Its items, if they stand in it.
    pub items: Vec<Value>,
}

/// A page of a collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Objects, or their ids.
    pub items: Vec<Value>,
    /// The next page.
    pub next: Option<Url>,
}

const COLLECTIONS: [&str; 2] = ["OrderedCollection", "Collection"];
const PAGES: [&str; 2] = ["OrderedCollectionPage", "CollectionPage"];

impl Collection {
    /// Reads a collection.
    ///
    /// # Errors
    /// [`Unreadable`] if it is none.
    pub fn read(value: &Value) -> Result<Self, Unreadable> {
        let map = lenient::object(value)?;
        if !COLLECTIONS.iter().any(|name| lenient::is_a(value, name)) {
            return Err(Unreadable::Type(lenient::types_of(value).join(" ")));
        }
        let first = map.get("first");
        Ok(Self {
            id: lenient::own_id(map).ok(),
            total: lenient::number(map.get("totalItems")),
            // A page within a page would never end: what stands within the first page is not looked at.
            first: first.filter(|it| it.is_object()).and_then(|it| Page::read(it).ok()),
            first_id: first.filter(|it| it.is_string()).and_then(lenient::id_of),
            items: items(value),
        })
    }
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// [`Unreadable`] if it is none.
    pub fn read(value: &Value) -> Result<Self, Unreadable> {
        let map = lenient::object(value)?;
        if !PAGES.iter().any(|name| lenient::is_a(value, name)) {
            return Err(Unreadable::Type(lenient::types_of(value).join(" ")));
        }
        Ok(Self { items: items(value), next: map.get("next").and_then(lenient::id_of) })
    }
}

fn items(value: &Value) -> Vec<Value> {
    let items = value.get("orderedItems").or_else(|| value.get("items"));
    lenient::many(items).take(PAGE_ITEMS_MAX).cloned().collect()
}

/// Writes a collection that begins with a page; without one its members are not told.
#[must_use]
pub fn write(id: &Url, total: u64, first: Option<&Url>) -> Value {
    let mut value = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": id,
        "type": "OrderedCollection",
        "totalItems": total,
    });
    if let (Some(first), Some(map)) = (first, value.as_object_mut()) {
        map.insert("first".to_owned(), json!(first));
    }
    value
}

/// Writes a page of a collection.
#[must_use]
pub fn write_page(
    id: &Url,
    part_of: &Url,
    total: u64,
    neighbours: (Option<&Url>, Option<&Url>),
    items: Vec<Value>,
) -> Value {
    let mut value = json!({
        "@context": crate::context::activity(),
        "id": id,
        "type": "OrderedCollectionPage",
        "partOf": part_of,
        "totalItems": total,
        "orderedItems": items,
    });
    if let Some(map) = value.as_object_mut() {
        for (name, url) in [("prev", neighbours.0), ("next", neighbours.1)] {
            crate::actor::put_url(map, name, url);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let (id, first): (Url, Url) = (
            "https://a.example/outbox".parse().unwrap(),
            "https://a.example/outbox?page=1".parse().unwrap(),
        );
        let read = Collection::read(&write(&id, 7, Some(&first))).unwrap();
        assert_eq!(
            (read.id, read.total, read.first_id),
            (Some(id.clone()), Some(7), Some(first.clone()))
        );
        let page =
            write_page(&first, &id, 7, (None, Some(&id)), vec![json!("https://a.example/1")]);
        let page = Page::read(&page).unwrap();
        assert_eq!((page.items.len(), page.next), (1, Some(id)));
    }

    #[test]
    fn a_page_has_bounds_and_none_within() {
        let many: Vec<_> = (0..100_000).map(Value::from).collect();
        let value = json!({ "type": "Collection", "first": { "type": "CollectionPage", "items": many, "first": { "type": "CollectionPage" } } });
        let read = Collection::read(&value).unwrap();
        assert_eq!(read.first.unwrap().items.len(), PAGE_ITEMS_MAX);
        assert!(Page::read(&json!({ "type": "Note" })).is_err());
    }
}
