//! The index in memory: bitmaps for filters, sorted places for orders.

use std::cmp::Ordering;
use std::collections::HashMap;

use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::id::Id;
use kinora_model::video::{Counts, Video};
use roaring::RoaringBitmap;

use super::Query;
use super::filter::{Filter, fold};
use super::order::Order;

/// Up to so many candidates are sorted for a page; for more, the order is walked until the page is full.
const SORT_MAX: u64 = 512;

/// A place in the index: small numbers make small bitmaps.
type Place = u32;

/// What lists ask of a video.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: Id<Video>,
    pub(super) channel: Id<Channel>,
    pub(super) account: Id<Account>,
    pub(super) published_ms: i64,
    pub(super) original_ms: i64,
    pub(super) duration_ms: u64,
    pub(super) counts: Counts,
    /// The title, folded.
    pub(super) name: Box<str>,
    attributes: Box<[Attribute]>,
}

/// Something that a filter can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Attribute {
    Privacy(u8),
    State(u8),
    Sensitive,
    Category(u8),
    Licence(u8),
    Language(Option<Box<str>>),
    Tag(Box<str>),
    Channel(Id<Channel>),
    Account(Id<Account>),
}

fn attributes(video: &Video) -> Box<[Attribute]> {
    let words = &video.words;
    let mut all = vec![
        Attribute::Privacy(words.privacy.number()),
        Attribute::State(state_number(video.state)),
        Attribute::Language(words.language.as_deref().map(Box::from)),
        Attribute::Channel(video.channel),
        Attribute::Account(video.account),
    ];
    all.extend(words.sensitive.then_some(Attribute::Sensitive));
    all.extend(words.category.map(Attribute::Category));
    all.extend(words.licence.map(Attribute::Licence));
    all.extend(words.tags.iter().map(|tag| Attribute::Tag(fold(tag.as_str()).into())));
    all.into()
}

const fn state_number(state: kinora_model::video::VideoState) -> u8 {
    use kinora_model::video::VideoState as State;
    match state {
        State::Processing => 0,
        State::Published => 1,
        State::Failed => 2,
    }
}

impl Entry {
    fn of(video: &Video, counts: Counts) -> Self {
        let published = video.published_at.unwrap_or(video.created_at);
        Self {
            id: video.id,
            channel: video.channel,
            account: video.account,
            published_ms: published.as_ms(),
            original_ms: video.words.originally_published_at.unwrap_or(published).as_ms(),
            duration_ms: video.footage.as_ref().map_or(0, |footage| footage.duration_ms),
            counts,
            name: fold(video.words.title.as_str()).into(),
            attributes: attributes(video),
        }
    }
}

/// All videos of a node, ready to be filtered and ordered.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<Option<Entry>>,
    free: Vec<Place>,
    places: HashMap<Id<Video>, Place>,
    all: RoaringBitmap,
    bitmaps: HashMap<Attribute, RoaringBitmap>,
    /// For each order the places of all videos, upwards.
    orders: HashMap<Order, Vec<Place>>,
}

impl Index {
    /// Adds a video while the index is being built; [`Index::sort`] must follow.
    pub(super) fn load(&mut self, video: &Video, counts: Counts) {
        self.occupy(Entry::of(video, counts));
    }

    /// Puts everything that was loaded in order.
    pub(super) fn sort(&mut self) {
        let entries = &self.entries;
        for order in Order::ALL {
            let mut places: Vec<Place> = self.all.iter().collect();
            places.sort_unstable_by(|one, other| compare(entries, order, *one, *other));
            self.orders.insert(order, places);
        }
    }

    /// Adds a video, or takes account of its change.
    pub(super) fn put(&mut self, video: &Video, counts: Counts) {
        self.remove(video.id);
        let place = self.occupy(Entry::of(video, counts));
        for order in Order::ALL {
            let entries = &self.entries;
            let places = self.orders.entry(order).or_default();
            let at = places
                .partition_point(|known| compare(entries, order, *known, place) == Ordering::Less);
            places.insert(at, place);
        }
    }

    /// Takes a video out, if it is there.
    pub(super) fn remove(&mut self, id: Id<Video>) {
        let Some(place) = self.places.remove(&id) else { return };
        for order in Order::ALL {
            let entries = &self.entries;
            let places = self.orders.entry(order).or_default();
            let at = places
                .partition_point(|known| compare(entries, order, *known, place) == Ordering::Less);
            if places.get(at) == Some(&place) {
                places.remove(at);
            }
        }
        let entry = self.entries.get_mut(index(place)).and_then(Option::take);
        for attribute in entry.into_iter().flat_map(|entry| entry.attributes) {
            if let Some(bitmap) = self.bitmaps.get_mut(&attribute) {
                bitmap.remove(place);
                if bitmap.is_empty() {
                    self.bitmaps.remove(&attribute);
                }
            }
        }
        self.all.remove(place);
        self.free.push(place);
    }

    /// Takes out all videos that are like this.
    pub(super) fn remove_where(&mut self, gone: impl Fn(&Entry) -> bool) {
        let ids: Vec<_> =
            self.entries.iter().flatten().filter(|it| gone(it)).map(|it| it.id).collect();
        ids.into_iter().for_each(|id| self.remove(id));
    }

    /// How many videos are like this.
    pub(super) fn count(&self, filter: &Filter) -> u64 {
        self.matching(filter).len()
    }

    /// How many videos there are, and those of the page.
    pub(super) fn find(&self, query: &Query) -> (u64, Vec<Id<Video>>) {
        let matching = self.matching(&query.filter);
        let total = matching.len();
        let page = |places: &mut dyn Iterator<Item = Place>| -> Vec<Id<Video>> {
            let page = places.skip(query.start).take(query.count);
            page.filter_map(|place| self.entry(place)).map(|entry| entry.id).collect()
        };
        if total <= SORT_MAX {
            let mut places: Vec<_> = matching.iter().collect();
            places.sort_unstable_by(|one, other| {
                let upwards = compare(&self.entries, query.order, *one, *other);
                if query.descending { upwards.reverse() } else { upwards }
            });
            return (total, page(&mut places.into_iter()));
        }
        let order = self.orders.get(&query.order).map_or(&[][..], Vec::as_slice);
        let mut upwards = order.iter().copied();
        let mut downwards = order.iter().rev().copied();
        let places: &mut dyn Iterator<Item = Place> =
            if query.descending { &mut downwards } else { &mut upwards };
        (total, page(&mut places.filter(|place| matching.contains(*place))))
    }

    fn entry(&self, place: Place) -> Option<&Entry> {
        self.entries.get(index(place))?.as_ref()
    }

    fn occupy(&mut self, entry: Entry) -> Place {
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            // Four billion videos do not fit into memory.
            Place::try_from(self.entries.len().saturating_sub(1)).unwrap_or(Place::MAX)
        });
        for attribute in &entry.attributes {
            self.bitmaps.entry(attribute.clone()).or_default().insert(place);
        }
        self.all.insert(place);
        self.places.insert(entry.id, place);
        if let Some(slot) = self.entries.get_mut(index(place)) {
            *slot = Some(entry);
        }
        place
    }

    fn matching(&self, filter: &Filter) -> RoaringBitmap {
        if filter.nothing {
            return RoaringBitmap::new();
        }
        let mut wanted: Vec<Vec<Attribute>> = Vec::new();
        let mut any = |attributes: Vec<Attribute>| {
            if !attributes.is_empty() {
                wanted.push(attributes);
            }
        };
        let tag = |tag: &String| Attribute::Tag(fold(tag).into());
        let language = |code: &Option<String>| Attribute::Language(code.as_deref().map(Box::from));
        any(filter.privacies.iter().map(|it| Attribute::Privacy(it.number())).collect());
        any(filter.states.iter().map(|it| Attribute::State(state_number(*it))).collect());
        any(filter.categories.iter().copied().map(Attribute::Category).collect());
        any(filter.licences.iter().copied().map(Attribute::Licence).collect());
        any(filter.languages.iter().map(language).collect());
        any(filter.tags_one_of.iter().map(tag).collect());
        any(filter.channels.iter().copied().map(Attribute::Channel).collect());
        any(filter.account.iter().copied().map(Attribute::Account).collect());
        filter.tags_all_of.iter().for_each(|it| any(vec![tag(it)]));

        let mut sets: Vec<RoaringBitmap> = wanted.iter().map(|any| self.union(any)).collect();
        // The smallest set first: what is left of it bounds the work of all others.
        sets.sort_by_key(RoaringBitmap::len);
        let mut sets = sets.into_iter();
        let mut matching = sets.next().unwrap_or_else(|| self.all.clone());
        sets.for_each(|set| matching &= set);
        let sensitive = self.bitmaps.get(&Attribute::Sensitive);
        match (filter.sensitive, sensitive) {
            (Some(true), Some(sensitive)) => matching &= sensitive,
            (Some(true), None) => matching.clear(),
            (Some(false), Some(sensitive)) => matching -= sensitive,
            (Some(false), None) | (None, _) => {}
        }
        match &filter.search {
            Some(search) => self.search(&matching, search),
            None => matching,
        }
    }

    fn union(&self, any: &[Attribute]) -> RoaringBitmap {
        let mut sets = any.iter().filter_map(|attribute| self.bitmaps.get(attribute));
        let mut union = sets.next().cloned().unwrap_or_default();
        sets.for_each(|set| union |= set);
        union
    }

    fn search(&self, within: &RoaringBitmap, search: &str) -> RoaringBitmap {
        let search = fold(search);
        let words: Vec<&str> = search.split_whitespace().collect();
        let tagged: Vec<_> =
            words.iter().map(|word| self.bitmaps.get(&Attribute::Tag((*word).into()))).collect();
        let found = |place: &Place| {
            let Some(entry) = self.entry(*place) else { return false };
            words.iter().zip(&tagged).all(|(word, tagged)| {
                entry.name.contains(word) || tagged.is_some_and(|tagged| tagged.contains(*place))
            })
        };
        within.iter().filter(found).collect()
    }
}

fn index(place: Place) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

fn compare(entries: &[Option<Entry>], order: Order, one: Place, other: Place) -> Ordering {
    let entry = |place| entries.get(index(place)).and_then(Option::as_ref);
    match (entry(one), entry(other)) {
        (Some(one), Some(other)) => order.compare(one, other),
        _ => one.cmp(&other),
    }
}
