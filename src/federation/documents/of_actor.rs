//! Documents of our actors and of what lies below them.

use kinora_activity::{collection, verb};
use kinora_model::account::Account;
use kinora_model::actor::{ActorCounts, ActorRef};
use kinora_model::channel::Channel;
use kinora_model::follow::{Follow, FollowState};
use kinora_model::id::Id;
use kinora_model::instance::Instance;
use kinora_model::name::Name;
use kinora_model::reaction::{Rating, Reaction};
use kinora_model::share::Share;
use kinora_model::video::Video;
use kinora_service::listing::{self, Filter, Order};
use kinora_service::outbound::is_told;
use kinora_store::Stored;
use kinora_store::tables::follow::{follow_by_id, follows_by, follows_of};
use kinora_store::tables::reaction_key;
use serde_json::Value;
use url::Url;

use super::pages::{IDS_A_PAGE, OBJECTS_A_PAGE, cursor};
use super::{Answer, Document, Page};
use crate::Federation;
use crate::address::Ours;
use crate::error::Error;
use crate::mapping;

/// The most videos that an outbox shows.
const OUTBOX_MAX: usize = 10_000;

impl Federation {
    /// The document of an actor of ours.
    pub(super) async fn of_actor(&self, actor: ActorRef) -> Result<Answer, Error> {
        let value = self.actor_value(actor).await?;
        Ok(Document::of(&value).into())
    }

    /// What stands where an actor of ours was.
    pub(super) fn gone_actor(&self, folder: &str, name: &Name) -> Answer {
        let id = self.addresses.url(&format!("/{folder}/{name}"));
        let kind = if folder == "accounts" { "Person" } else { "Group" };
        Document::tombstone(&verb::tombstone(&id, kind, None)).into()
    }

    /// The id of an actor, wherever it lives; `None` if it is not there any more.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn actor_id(&self, actor: ActorRef) -> Result<Option<Url>, Error> {
        let store = &self.service.store;
        Ok(match actor {
            ActorRef::Account(id) => {
                let account = store.get::<Account>(&id.to_key()).await?;
                account.map(|account| self.account_id(&account))
            }
            ActorRef::Channel(id) => {
                let channel = store.get::<Channel>(&id.to_key()).await?;
                channel.map(|channel| self.channel_id(&channel))
            }
            ActorRef::Instance(id) if id == Instance::HERE => {
                Some(self.addresses.of(&Ours::Instance))
            }
            ActorRef::Instance(_) => self.remote_actor(actor).await?.map(|actor| actor.uri),
        })
    }

    /// The id of an account, wherever it lives.
    #[must_use]
    pub fn account_id(&self, account: &Account) -> Url {
        let ours = || self.addresses.of(&Ours::Account(account.name.clone()));
        account.origin.as_ref().map_or_else(ours, |origin| origin.uri.clone())
    }

    /// The id of a channel, wherever it lives.
    #[must_use]
    pub fn channel_id(&self, channel: &Channel) -> Url {
        let ours = || self.addresses.of(&Ours::Channel(channel.name.clone()));
        channel.origin.as_ref().map_or_else(ours, |origin| origin.uri.clone())
    }

    /// What stands below an actor of ours.
    pub(super) async fn below_actor(
        &self,
        actor: ActorRef,
        rest: &[&str],
        page: &Page,
    ) -> Result<Answer, Error> {
        let nothing = Error::NotFound("Object");
        let Some(id) = self.actor_id(actor).await? else { return Err(nothing) };
        let value = match rest {
            ["outbox"] => self.outbox(actor, &id, page).await?,
            ["followers"] => self.followers_of(actor, &id, page).await?,
            ["following"] => self.following_of(actor, &id, page).await?,
            ["playlists"] => collection::write(&self.addresses.below(&id, "playlists"), 0, None),
            ["likes", video] => self.rating_of(actor, video, Rating::Like).await?,
            ["dislikes", video] => self.rating_of(actor, video, Rating::Dislike).await?,
            ["follows", number] => self.follow_of(actor, number).await?,
            ["announces", number] => self.announce_of(actor, &id, number).await?,
            _ => return Err(nothing),
        };
        Ok(Document::of(&value).into())
    }

    /// What an actor published, the latest first: an account creates videos, a channel and the server announce them.
    async fn outbox(&self, actor: ActorRef, id: &Url, page: &Page) -> Result<Value, Error> {
        let outbox = self.addresses.below(id, "outbox");
        let mut filter = Filter { local: Some(true), ..Filter::listed() };
        match actor {
            ActorRef::Account(id) => filter.account = Some(id),
            ActorRef::Channel(id) => filter.channels = vec![id],
            ActorRef::Instance(_) => {}
        }
        let Page::Number(number) = page else {
            let total = self.service.listing.count(&self.service, &filter).await?;
            let first = numbered(&outbox, 1);
            return Ok(collection::write(&outbox, total, (total > 0).then_some(&first)));
        };
        let start = number.saturating_sub(1).saturating_mul(OBJECTS_A_PAGE);
        if start >= OUTBOX_MAX {
            return Err(Error::NotFound("Page"));
        }
        let query = listing::Query {
            filter,
            order: Order::Published,
            descending: true,
            start,
            count: OBJECTS_A_PAGE,
        };
        let found = self.service.listing.find(&self.service, &query).await?;
        let mut items = Vec::new();
        for card in &found.cards {
            let item = match actor {
                ActorRef::Account(_) => self.video_create(card.video.uuid).await,
                ActorRef::Channel(_) | ActorRef::Instance(_) => {
                    self.video_announce(actor, &card.video).await
                }
            };
            match item {
                Ok(item) => items.push(mapping::bare(item)),
                // Gone since the list was read.
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let more = found.total > u64::try_from(start.saturating_add(OBJECTS_A_PAGE)).unwrap_or(0);
        let next = more.then(|| numbered(&outbox, number.saturating_add(1)));
        let this = numbered(&outbox, *number);
        Ok(collection::write_page(&this, &outbox, found.total, (None, next.as_ref()), items))
    }

    async fn counts_of(&self, actor: ActorRef) -> Result<ActorCounts, Error> {
        let row = self.service.store.get::<ActorCounts>(&actor.to_key()).await?;
        Ok(row.map_or(ActorCounts { actor, followers: 0, following: 0 }, Stored::into_row))
    }

    /// Who follows an actor of ours.
    async fn followers_of(&self, actor: ActorRef, id: &Url, page: &Page) -> Result<Value, Error> {
        let collection = self.addresses.below(id, "followers");
        let total = self.counts_of(actor).await?.followers;
        let range = follows_of(actor);
        let after = match page {
            Page::Whole => {
                let first = numbered(&collection, 1);
                return Ok(collection::write(&collection, total, (total > 0).then_some(&first)));
            }
            Page::Number(_) => range,
            Page::After(place) => {
                let key = [actor.to_key().as_slice(), place].concat();
                range.after(&kinora_store::table::row_key::<Follow>(&key))
            }
        };
        let rows = self.service.store.list_range::<Follow>(&after, IDS_A_PAGE).await?;
        let place = rows.last().map(|row| row.follower.to_key());
        let full = rows.len() == IDS_A_PAGE;
        let followers = rows.iter().filter(|row| row.state == FollowState::Accepted);
        let followers: Vec<_> = followers.map(|row| row.follower).collect();
        let items = self.ids_of(&followers).await?;
        let next = place.filter(|_| full).map(|place| from_place(&collection, &place));
        Ok(collection::write_page(
            &asked(&collection, page),
            &collection,
            total,
            (None, next.as_ref()),
            items,
        ))
    }

    /// Whom an actor of ours follows. Whom a person follows is theirs to tell: only how many stands here.
    async fn following_of(&self, actor: ActorRef, id: &Url, page: &Page) -> Result<Value, Error> {
        let collection = self.addresses.below(id, "following");
        let total = self.counts_of(actor).await?.following;
        let open = total > 0 && !matches!(actor, ActorRef::Account(_));
        let range = follows_by(actor);
        let after = match page {
            Page::Number(_) if open => range,
            Page::After(place) if open => {
                let key = [actor.to_key().as_slice(), place].concat();
                range.after(&kinora_store::tables::FOLLOWS_BY_FOLLOWER.key(&[&key]))
            }
            _ => {
                let first = numbered(&collection, 1);
                return Ok(collection::write(&collection, total, open.then_some(&first)));
            }
        };
        let rows = self.service.store.follow::<Follow>(&after, IDS_A_PAGE).await?;
        let place = rows.last().map(|row| row.followed.to_key());
        let full = rows.len() == IDS_A_PAGE;
        let followed = rows.iter().filter(|row| row.state == FollowState::Accepted);
        let followed: Vec<_> = followed.map(|row| row.followed).collect();
        let items = self.ids_of(&followed).await?;
        let next = place.filter(|_| full).map(|place| from_place(&collection, &place));
        Ok(collection::write_page(
            &asked(&collection, page),
            &collection,
            total,
            (None, next.as_ref()),
            items,
        ))
    }

    /// The ids of actors that are still there, in their order.
    pub(super) async fn ids_of(&self, actors: &[ActorRef]) -> Result<Vec<Value>, Error> {
        let mut ids = Vec::with_capacity(actors.len());
        for actor in actors {
            ids.extend(self.actor_id(*actor).await?.map(|id| Value::from(id.as_str())));
        }
        Ok(ids)
    }

    async fn rating_of(
        &self,
        actor: ActorRef,
        video: &str,
        rating: Rating,
    ) -> Result<Value, Error> {
        let nothing = || Error::NotFound("Object");
        let ActorRef::Account(account) = actor else { return Err(nothing()) };
        let video: Id<Video> = video.parse().map_err(|_none| nothing())?;
        let row = self.service.store.get::<Reaction>(&reaction_key(video, account)).await?;
        row.filter(|row| row.rating == rating).ok_or_else(nothing)?;
        let video = self.public_video(video).await?.ok_or_else(nothing)?;
        self.rating_value(&video, account, rating).await
    }

    async fn follow_of(&self, actor: ActorRef, number: &str) -> Result<Value, Error> {
        let nothing = || Error::NotFound("Object");
        let id: Id<Follow> = number.parse().map_err(|_none| nothing())?;
        let follow = self.service.store.find::<Follow>(&follow_by_id(id)).await?;
        let follow = follow.filter(|follow| follow.follower == actor).ok_or_else(nothing)?;
        self.follow_value(follow.id, follow.follower, follow.followed).await
    }

    /// A share by an account here, or a channel's or the server's announcement of a video.
    async fn announce_of(&self, actor: ActorRef, id: &Url, number: &str) -> Result<Value, Error> {
        let nothing = || Error::NotFound("Object");
        let number = number.split('-').next().unwrap_or_default();
        let raw: u64 = number.parse().map_err(|_none| nothing())?;
        if let Some(video) = self.public_video(Id::from_raw(raw)).await?
            && is_told(&video)
            && !matches!(actor, ActorRef::Account(_))
        {
            return self.video_announce(actor, &video).await;
        }
        let range = kinora_store::tables::follow::shares_by(actor);
        let shares = self.service.store.follow::<Share>(&range, 1_000).await?;
        let share = shares.into_iter().find(|share| share.id.raw() == raw).ok_or_else(nothing)?;

        let video = self.public_video(share.video).await?.ok_or_else(nothing)?;
        self.share_value(share.id, &video, actor, id).await
    }
}

/// The address of a numbered page.
pub(super) fn numbered(collection: &Url, number: usize) -> Url {
    let mut url = collection.clone();
    url.set_query(Some(&format!("page={number}")));
    url
}

/// The address of the page after a place.
pub(super) fn from_place(collection: &Url, place: &[u8]) -> Url {
    let mut url = collection.clone();
    url.set_query(Some(&format!("after={}", cursor(place))));
    url
}

/// The address of the page that was asked for.
pub(super) fn asked(collection: &Url, page: &Page) -> Url {
    match page {
        Page::Whole => collection.clone(),
        Page::Number(number) => numbered(collection, *number),
        Page::After(place) => from_place(collection, place),
    }
}
