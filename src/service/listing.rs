//! Lists of videos: every filter, every order, the right total, at a cost that does not grow with the store.
//!
//! What lists ask about stands in memory, built by one scan and kept current by the journal. Before an answer the journal
//! is followed to its end, so that a write is seen by the next read.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::event::Event;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::instance::DomainLevel;
use kinora_model::video::{Counts, Video};
use kinora_store::journal::Journal;
use kinora_store::table::row_key;
use kinora_store::tables::VideoCounts;
use kinora_store::{Range, Row, Stored};
use quick_cache::sync::Cache;
use tokio::sync::{Mutex, watch};

use crate::Service;
use crate::error::Error;

mod filter;
mod index;
mod order;

pub use filter::Filter;
pub(crate) use filter::fold;
pub use order::Order;

use index::Index;

/// Rows that are read at a time while the index is built.
const READ_AT_ONCE: usize = 2_000;

/// Events that are read at a time to catch up.
const EVENTS_AT_ONCE: usize = 512;

/// Videos whose cards are kept.
const CARDS_MAX: usize = 2_000;

/// What a list shows of a video.
#[derive(Clone, Debug)]
pub struct Card {
    /// The video.
    pub video: Video,
    /// What is counted of it.
    pub counts: Counts,
    /// Where it is published.
    pub channel: Arc<Channel>,
    /// Whose channel that is.
    pub account: Arc<Account>,
    /// What the door made of it, around what changes from moment to moment: kept here, so that it goes when the card is
    /// out of date.
    pub rendered: OnceLock<[Box<str>; 2]>,
}

/// Which videos are asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// What they must be like.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// True for the largest first.
    pub descending: bool,
    /// How many come before the page.
    pub start: usize,
    /// The most a page has.
    pub count: usize,
}

/// A page of videos.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many there are in all.
    pub total: u64,
    /// Those of the page.
    pub cards: Vec<Arc<Card>>,
}

/// The catalogue of all videos of a node.
#[derive(Debug)]
pub struct Listing {
    index: RwLock<Index>,
    cards: Cache<Id<Video>, Arc<Card>>,
    /// Commits with news, counted by the journal.
    news: watch::Receiver<u64>,
    /// Who holds it follows the journal.
    follower: Mutex<Follower>,
    /// Which of the news are taken account of, once anything is.
    seen: RwLock<Option<u64>>,
}

#[derive(Debug, Default)]
struct Follower {
    /// The last event that is taken account of; `None` until the index is built.
    read: Option<u64>,
}

impl Listing {
    /// A catalogue that is built when it is first asked.
    #[must_use]
    pub fn new(journal: &Journal) -> Self {
        Self {
            index: RwLock::default(),
            cards: Cache::new(CARDS_MAX),
            news: journal.subscribe(),
            follower: Mutex::default(),
            seen: RwLock::default(),
        }
    }

    /// A page of videos, as they are now.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn find(&self, service: &Service, query: &Query) -> Result<Found, Error> {
        self.catch_up(service).await?;
        let (total, ids) = {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            match without_unwanted(service, &index, &query.filter) {
                Some(filter) => index.find(&Query { filter, ..query.clone() }),
                None => index.find(query),
            }
        };
        let mut cards = Vec::with_capacity(ids.len());
        for id in ids {
            // A video that was deleted in this moment leaves its place empty.
            if let Some(card) = self.card(service, id).await? {
                cards.push(card);
            }
        }
        Ok(Found { total, cards })
    }

    /// How many videos are like this.
    ///
    /// # Errors
    /// As [`Listing::find`].
    pub async fn count(&self, service: &Service, filter: &Filter) -> Result<u64, Error> {
        self.catch_up(service).await?;
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let narrowed = without_unwanted(service, &index, filter);
        Ok(index.count(narrowed.as_ref().unwrap_or(filter)))
    }

    /// What a list shows of one video, as it is now; `None` if there is none, or its server's are shown to nobody.
    ///
    /// # Errors
    /// As [`Listing::find`].
    pub async fn get(&self, service: &Service, id: Id<Video>) -> Result<Option<Arc<Card>>, Error> {
        self.catch_up(service).await?;
        let card = self.card(service, id).await?;
        let hidden = |card: &Arc<Card>| {
            let host = card.video.remote.as_ref().map(|remote| &remote.host);
            host.is_some_and(|host| service.domains.hides_videos(host))
        };
        Ok(card.filter(|card| !hidden(card)))
    }

    async fn card(&self, service: &Service, id: Id<Video>) -> Result<Option<Arc<Card>>, Error> {
        if let Some(card) = self.cards.get(&id) {
            return Ok(Some(card));
        }
        let before = *self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let store = &service.store;
        let Some(video) = store.get::<Video>(&id.to_key()).await? else { return Ok(None) };
        let counts = store.get::<VideoCounts>(&id.to_key()).await?;
        let channel = store.get::<Channel>(&video.channel.to_key()).await?;
        let account = store.get::<Account>(&video.account.to_key()).await?;
        let (Some(channel), Some(account)) = (channel, account) else { return Ok(None) };
        let card = Arc::new(Card {
            video: video.into_row(),
            counts: counts.map(|row| row.counts).unwrap_or_default(),
            channel: Arc::new(channel.into_row()),
            account: Arc::new(account.into_row()),
            rendered: OnceLock::new(),
        });
        // What was read may be older than an event that was followed meanwhile: then it is used once and not kept.
        // Events are followed under the write lock, so none comes between the look and the insertion.
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        if *seen == before {
            self.cards.insert(id, Arc::clone(&card));
        }
        Ok(Some(card))
    }

    /// Follows the journal to its end.
    async fn catch_up(&self, service: &Service) -> Result<(), Error> {
        let news = *self.news.borrow();
        if *self.seen.read().unwrap_or_else(PoisonError::into_inner) == Some(news) {
            return Ok(());
        }
        let mut follower = self.follower.lock().await;
        // Asked before reading: news that come while reading are followed the next time.
        let news = *self.news.borrow();
        let mut read = match follower.read {
            Some(read) if service.journal.tail().await? <= read.saturating_add(1) => read,
            // The first time, or the journal was trimmed beyond what was read.
            _ => self.build(service).await?,
        };
        loop {
            let entries = service.journal.read(read, EVENTS_AT_ONCE).await?;
            for entry in &entries {
                self.follow(service, &entry.event).await?;
                read = entry.number;
            }
            follower.read = Some(read);
            if entries.len() < EVENTS_AT_ONCE {
                break;
            }
        }
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = Some(news);
        Ok(())
    }

    /// Builds the index anew; returns the number of the journal's entry that it is at least as new as.
    async fn build(&self, service: &Service) -> Result<u64, Error> {
        let head = service.journal.head().await?;
        let mut index = Index::default();
        let mut range = Range::prefix(&row_key::<Video>(&[]));
        loop {
            let page = service.store.list_range::<Video>(&range, READ_AT_ONCE).await?;
            let keys: Vec<_> = page.iter().map(|video| video.key()).collect();
            let counts = service.store.get_many::<VideoCounts>(&keys).await?;
            for (video, counts) in page.iter().zip(&counts) {
                index.load(video, counts.as_deref().map(|row| row.counts).unwrap_or_default());
            }
            match page.last() {
                Some(last) if page.len() == READ_AT_ONCE => {
                    range = range.after(&row_key::<Video>(&last.key()));
                }
                _ => break,
            }
        }
        index.sort();
        self.cards.clear();
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = index;
        Ok(head)
    }

    async fn follow(&self, service: &Service, event: &Event) -> Result<(), Error> {
        match event {
            Event::AccountUpdated { .. } | Event::ChannelUpdated { .. } => self.forget_cards(),
            Event::AccountDeleted { account } => {
                self.change(|index| index.remove_account(*account));
                self.forget_cards();
            }
            Event::ChannelDeleted { channel } => {
                self.change(|index| index.remove_channel(*channel));
                self.forget_cards();
            }
            _ => {}
        }
        let Some(id) = event.video() else { return Ok(()) };
        let video = service.store.get::<Video>(&id.to_key()).await?;
        let counts = service.store.get::<VideoCounts>(&id.to_key()).await?;
        let counts = counts.map(|row: Stored<VideoCounts>| row.counts).unwrap_or_default();
        // The write lock of `seen` keeps a reader from keeping a card that it read before this event.
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        *seen = None;
        self.change(|index| match &video {
            Some(video) => index.put(video, counts),
            None => index.remove(id),
        });
        self.cards.remove(&id);
        Ok(())
    }

    fn forget_cards(&self) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        *seen = None;
        self.cards.clear();
    }

    fn change(&self, work: impl FnOnce(&mut Index)) {
        work(&mut self.index.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A filter without the videos of servers whose videos are not shown, or only to those who look for them; `None` if it
/// stays as it is.
fn without_unwanted(service: &Service, index: &Index, filter: &Filter) -> Option<Filter> {
    let rules = &service.domains;
    if rules.all().is_empty() {
        return None;
    }
    let looked_for = !filter.channels.is_empty() || filter.account.is_some();
    let unwanted = |host: &&Host| {
        rules.hides_videos(host) || (!looked_for && rules.level(host) == DomainLevel::Silence)
    };
    let mut filter = filter.clone();
    filter.except_hosts.extend(index.hosts().filter(unwanted).cloned());
    Some(filter)
}

#[cfg(test)]
mod tests;
