//! The index in memory: bitmaps for filters, sorted places for orders.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::host::Host;
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

/// What lists ask of a video, in as few bytes as will do.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: Id<Video>,
    pub(super) published_ms: i64,
    pub(super) original_ms: i64,
    pub(super) views: u64,
    pub(super) likes: u32,
    pub(super) comments: u32,
    pub(super) duration_ms: u32,
    /// The title, folded.
    pub(super) name: Box<str>,
    /// Numbers of its attributes, upwards.
    attributes: Box<[u32]>,
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
    /// Where it lives; `None` is here.
    Host(Option<Box<str>>),
}

fn attributes(video: &Video) -> Vec<Attribute> {
    let words = &video.words;
    let mut all = vec![
        Attribute::Privacy(words.privacy.number()),
        Attribute::State(state_number(video.state)),
        Attribute::Language(words.language.as_deref().map(Box::from)),
        Attribute::Channel(video.channel),
        Attribute::Account(video.account),
        Attribute::Host(video.remote.as_ref().map(|remote| remote.host.as_str().into())),
    ];
    all.extend(words.sensitive.then_some(Attribute::Sensitive));
    all.extend(words.category.map(Attribute::Category));
    all.extend(words.licence.map(Attribute::Licence));
    all.extend(words.tags.iter().map(|tag| Attribute::Tag(fold(tag.as_str()).into())));
    all
}

/// Where a video lives.
fn at(host: Option<&Host>) -> Attribute {
    Attribute::Host(host.map(|host| host.as_str().into()))
}

const fn state_number(state: kinora_model::video::VideoState) -> u8 {
    use kinora_model::video::VideoState as State;
    match state {
        State::Processing => 0,
        State::Published => 1,
        State::Failed => 2,
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Entry {
    fn of(video: &Video, counts: Counts, attributes: Box<[u32]>) -> Self {
        let published = video.published_at.unwrap_or(video.created_at);
        Self {
            id: video.id,
            published_ms: published.as_ms(),
            original_ms: video.words.originally_published_at.unwrap_or(published).as_ms(),
            views: counts.views,
            likes: small(counts.likes),
            comments: small(counts.comments),
            duration_ms: small(video.footage.as_ref().map_or(0, |footage| footage.duration_ms)),
            name: fold(video.words.title.as_str()).into(),
            attributes,
        }
    }
}

/// The videos that have each attribute. Attributes are numbered, so that a video remembers its own in four bytes each.
#[derive(Debug, Default)]
struct Bitmaps {
    numbers: HashMap<Attribute, u32>,
    sets: Vec<(Option<Attribute>, RoaringBitmap)>,
    free: Vec<u32>,
    /// The servers that videos live on, beside our own.
    hosts: BTreeSet<Host>,
}

impl Bitmaps {
    fn get(&self, attribute: &Attribute) -> Option<&RoaringBitmap> {
        let number = self.numbers.get(attribute)?;
        self.sets.get(index(*number)).map(|(_, set)| set)
    }

    /// The numbers of attributes, upwards; new ones get one.
    fn number(&mut self, attributes: Vec<Attribute>) -> Box<[u32]> {
        let mut numbers: Vec<u32> = Vec::with_capacity(attributes.len());
        for attribute in attributes {
            let number = match self.numbers.get(&attribute) {
                Some(number) => *number,
                None => self.begin(attribute),
            };
            numbers.push(number);
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into()
    }

    fn begin(&mut self, attribute: Attribute) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.sets.push((None, RoaringBitmap::new()));
            // Four billion attributes do not fit into memory.
            u32::try_from(self.sets.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        self.numbers.insert(attribute.clone(), number);
        if let Attribute::Host(Some(host)) = &attribute {
            self.hosts.extend(Host::parse(host));
        }
        if let Some(set) = self.sets.get_mut(index(number)) {
            set.0 = Some(attribute);
        }
        number
    }

    fn insert(&mut self, number: u32, place: Place) {
        if let Some((_, set)) = self.sets.get_mut(index(number)) {
            set.insert(place);
        }
    }

    /// Takes a video out; an attribute that no video has any more is forgotten.
    fn remove(&mut self, number: u32, place: Place) {
        let Some((attribute, set)) = self.sets.get_mut(index(number)) else { return };
        set.remove(place);
        if set.is_empty()
            && let Some(attribute) = attribute.take()
        {
            self.numbers.remove(&attribute);
            self.free.push(number);
            if let Attribute::Host(Some(host)) = &attribute
                && let Some(host) = Host::parse(host)
            {
                self.hosts.remove(&host);
            }
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
    bitmaps: Bitmaps,
    /// For each order the places of all videos, upwards.
    orders: HashMap<Order, Vec<Place>>,
}

impl Index {
    /// Adds a video while the index is being built; [`Index::sort`] must follow.
    pub(super) fn load(&mut self, video: &Video, counts: Counts) {
        let numbers = self.bitmaps.number(attributes(video));
        self.occupy(Entry::of(video, counts, numbers));
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
        let numbers = self.bitmaps.number(attributes(video));
        let new = Entry::of(video, counts, numbers);
        if let Some(place) = self.places.get(&video.id).copied() {
            return self.change(place, new);
        }
        let place = self.occupy(new);
        for order in Order::ALL {
            let entries = &self.entries;
            let places = self.orders.entry(order).or_default();
            let at = places
                .partition_point(|known| compare(entries, order, *known, place) == Ordering::Less);
            places.insert(at, place);
        }
    }

    /// Changes a video where it stands: only orders in which it moves are touched, and only between its old place and
    /// its new one. Most changes are views and likes.
    fn change(&mut self, place: Place, new: Entry) {
        let Some(old) = self.entries.get(index(place)).and_then(Option::clone) else { return };
        let entries = &self.entries;
        for order in Order::ALL {
            if order.compare(&old, &new) == Ordering::Equal {
                continue;
            }
            let Some(places) = self.orders.get_mut(&order) else { continue };
            let before = |than: &Entry| {
                let less = |known: &Place| {
                    let known = entries.get(index(*known)).and_then(Option::as_ref);
                    known.is_some_and(|known| order.compare(known, than) == Ordering::Less)
                };
                places.partition_point(less)
            };
            let (from, to) = (before(&old), before(&new));
            if to > from {
                // The place itself stood among those before it.
                if let Some(between) = places.get_mut(from..to) {
                    between.rotate_left(1);
                }
            } else if let Some(between) = places.get_mut(to..from.saturating_add(1)) {
                between.rotate_right(1);
            }
        }
        for number in old.attributes.iter().filter(|it| !new.attributes.contains(it)) {
            self.bitmaps.remove(*number, place);
        }
        for number in new.attributes.iter().filter(|it| !old.attributes.contains(it)) {
            self.bitmaps.insert(*number, place);
        }
        if let Some(slot) = self.entries.get_mut(index(place)) {
            *slot = Some(new);
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
        for number in entry.iter().flat_map(|entry| entry.attributes.iter()) {
            self.bitmaps.remove(*number, place);
        }
        self.all.remove(place);
        self.free.push(place);
    }

    /// Takes out all videos of a channel.
    pub(super) fn remove_channel(&mut self, channel: Id<Channel>) {
        self.remove_all(&Attribute::Channel(channel));
    }

    /// Takes out all videos of an account.
    pub(super) fn remove_account(&mut self, account: Id<Account>) {
        self.remove_all(&Attribute::Account(account));
    }

    fn remove_all(&mut self, attribute: &Attribute) {
        let places = self.bitmaps.get(attribute).cloned().unwrap_or_default();
        let ids: Vec<_> =
            places.iter().filter_map(|place| self.entry(place)).map(|it| it.id).collect();
        ids.into_iter().for_each(|id| self.remove(id));
    }

    /// The servers that videos live on, beside our own.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.bitmaps.hosts.iter()
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
        for number in &entry.attributes {
            self.bitmaps.insert(*number, place);
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
        any(filter.host.iter().map(|host| at(Some(host))).collect());
        any(filter.local.filter(|local| *local).iter().map(|_| at(None)).collect());

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
        if filter.local == Some(false)
            && let Some(here) = self.bitmaps.get(&at(None))
        {
            matching -= here;
        }
        for host in &filter.except_hosts {
            if let Some(there) = self.bitmaps.get(&at(Some(host))) {
                matching -= there;
            }
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
