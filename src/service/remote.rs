//! What lives on other servers, as it is kept here: their actors and their videos.

use kinora_model::account::Account;
use kinora_model::actor::{ActorRef, Origin, RemoteActor};
use kinora_model::channel::Channel;
use kinora_model::clock::Timestamp;
use kinora_model::delivery::Grave;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::instance::Instance;
use kinora_model::job::Job;
use kinora_model::name::Name;
use kinora_model::text::{About, DisplayName, Support};
use kinora_model::video::{Counts, Footage, RemoteVideo, Source, Video, VideoState, VideoWords};
use kinora_store::tables::remote::{digest, remote_actor_by_ref};
use kinora_store::tables::{
    VideoCounts, channels_by_account, video_by_uri, video_by_uuid, videos_by_account,
    videos_by_channel,
};
use kinora_store::{Batch, Stored};
use url::Url;
use uuid::Uuid;

use crate::attempt::attempt;
use crate::error::Error;
use crate::publishing::own_pictures;
use crate::{Service, comments, follows, pictures, reactions, replicas, shares, videos};

/// How many channels and videos of an actor are removed at a time.
const REMOVE_AT_ONCE: usize = 100;

/// How long nothing may come back after it was deleted, at least.
pub const GRAVE_KEPT: std::time::Duration = std::time::Duration::from_hours(24 * 7);

/// What an actor elsewhere is here.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Somebody.
    Account,
    /// A channel of this account; one whose owner nobody names has an account of its own.
    Channel {
        /// Who owns it.
        owner: Option<Id<Account>>,
        /// How to support it.
        support: Option<Support>,
    },
    /// A server.
    Instance,
}

/// An actor as its own server describes it, cleaned and cut.
#[derive(Clone, Debug)]
pub struct NewActor {
    /// What it is here.
    pub kind: Kind,
    /// What only the wire needs; its `actor` and `fetched_at` are set here.
    pub wire: RemoteActor,
    /// The part of its handle before the `@`.
    pub name: Name,
    /// The name shown.
    pub display_name: DisplayName,
    /// What it says of itself, markdown.
    pub description: Option<About>,
    /// Where it lives and what is shown of it from there.
    pub origin: Origin,
    /// When it began.
    pub created_at: Option<Timestamp>,
}

/// The actor elsewhere with this id, as far as it is known here.
///
/// # Errors
/// [`Error::Store`].
pub async fn actor(service: &Service, uri: &Url) -> Result<Option<Stored<RemoteActor>>, Error> {
    Ok(service.store.get::<RemoteActor>(&digest(uri)).await?)
}

/// What is known of the wire of an actor.
///
/// # Errors
/// [`Error::Store`].
pub async fn wire_of(
    service: &Service,
    actor: ActorRef,
) -> Result<Option<Stored<RemoteActor>>, Error> {
    Ok(service.store.find::<RemoteActor>(&remote_actor_by_ref(actor)).await?)
}

/// Keeps an actor elsewhere, or what is new of it.
///
/// # Errors
/// [`Error::Refused`] if it is something else now than it was; [`Error::NoSpace`], [`Error::Store`].
pub async fn upsert_actor(service: &Service, new: &NewActor) -> Result<ActorRef, Error> {
    attempt(|| async {
        let known = actor(service, &new.wire.uri).await?;
        let now = service.now();
        let mut batch = Batch::default();
        let (actor, event) = match (known.as_ref().map(|row| row.actor), &new.kind) {
            (None | Some(ActorRef::Account(_)), Kind::Account) => {
                let id = match known.as_ref().map(|row| row.actor) {
                    Some(ActorRef::Account(id)) => id,
                    _ => service.id(),
                };
                put_account(service, &mut batch, id, new).await?;
                (ActorRef::Account(id), Event::AccountUpdated { account: id })
            }
            (None | Some(ActorRef::Channel(_)), Kind::Channel { owner, support }) => {
                let id = match known.as_ref().map(|row| row.actor) {
                    Some(ActorRef::Channel(id)) => id,
                    _ => service.id(),
                };
                put_channel(service, &mut batch, id, *owner, support.clone(), new).await?;
                (ActorRef::Channel(id), Event::ChannelUpdated { channel: id })
            }
            (None | Some(ActorRef::Instance(_)), Kind::Instance) => {
                let row = service.store.get::<Instance>(new.wire.host.as_str().as_bytes()).await?;
                let id = match &row {
                    Some(row) => row.id,
                    None => {
                        let id = service.id();
                        batch.insert_row(&instance(id, new, now))?;
                        id
                    }
                };
                if let Some(old) = &known {
                    batch.replace_row(old, &wire(new, ActorRef::Instance(id), now))?;
                } else {
                    batch.insert_row(&wire(new, ActorRef::Instance(id), now))?;
                }
                service.store.commit(batch).await?;
                return Ok(ActorRef::Instance(id));
            }
            _ => return Err(Error::Refused("an actor cannot become another kind of actor")),
        };
        match &known {
            Some(old) => batch.replace_row(old, &wire(new, actor, now))?,
            None => batch.insert_row(&wire(new, actor, now))?,
        }
        if service.store.get::<Instance>(new.wire.host.as_str().as_bytes()).await?.is_none() {
            batch.insert_row(&instance(service.id(), new, now))?;
        }
        service.journal.record(&mut batch, &event, now)?;
        service.store.commit(batch).await?;
        Ok(actor)
    })
    .await
}

fn wire(new: &NewActor, actor: ActorRef, now: Timestamp) -> RemoteActor {
    RemoteActor { actor, fetched_at: now, ..new.wire.clone() }
}

fn instance(id: Id<Instance>, new: &NewActor, now: Timestamp) -> Instance {
    Instance {
        id,
        host: new.wire.host.clone(),
        software: None,
        software_version: None,
        asked_at: None,
        created_at: now,
    }
}

async fn put_account(
    service: &Service,
    batch: &mut Batch,
    id: Id<Account>,
    new: &NewActor,
) -> Result<(), Error> {
    let now = service.now();
    let old = service.store.get::<Account>(&id.to_key()).await?;
    let same = |it: &Account| it.origin.as_ref().is_some_and(|it| it.icon == new.origin.icon);
    let row = Account {
        id,
        user: None,
        name: new.name.clone(),
        display_name: new.display_name.clone(),
        description: new.description.clone(),
        avatars: old
            .as_deref()
            .filter(|it| same(it))
            .map(|it| it.avatars.clone())
            .unwrap_or_default(),
        created_at: new.created_at.unwrap_or(now),
        updated_at: now,
        origin: Some(new.origin.clone()),
    };
    match &old {
        Some(old) => {
            let owner = kinora_store::tables::Owner::Account(id);
            pictures::swap(service, batch, owner, &old.avatars, &row.avatars)?;
            batch.replace_row(old, &row)?;
        }
        None => batch.insert_row(&row)?,
    }
    Ok(())
}

async fn put_channel(
    service: &Service,
    batch: &mut Batch,
    id: Id<Channel>,
    owner: Option<Id<Account>>,
    support: Option<Support>,
    new: &NewActor,
) -> Result<(), Error> {
    let now = service.now();
    let old = service.store.get::<Channel>(&id.to_key()).await?;
    let account = match (owner, &old) {
        (Some(owner), _) => owner,
        (None, Some(old)) => old.account,
        (None, None) => {
            let owner = service.id();
            put_account(service, batch, owner, new).await?;
            owner
        }
    };
    let origin = old.as_ref().and_then(|it| it.origin.as_ref());
    let same_icon = origin.is_some_and(|it| it.icon == new.origin.icon);
    let same_banner = origin.is_some_and(|it| it.banner == new.origin.banner);
    let mut shown = new.origin.clone();
    shown.videos = shown.videos.or(origin.and_then(|it| it.videos));
    let kept = old.as_deref();
    let row = Channel {
        id,
        account,
        name: new.name.clone(),
        display_name: new.display_name.clone(),
        description: new.description.clone(),
        support,
        avatars: kept.filter(|_| same_icon).map(|it| it.avatars.clone()).unwrap_or_default(),
        banners: kept.filter(|_| same_banner).map(|it| it.banners.clone()).unwrap_or_default(),
        created_at: new.created_at.unwrap_or(now),
        updated_at: now,
        origin: Some(shown),
        without_peers: false,
    };
    match &old {
        Some(old) => {
            let owner = kinora_store::tables::Owner::Channel(id);
            let (before, after) = (pictures::of_channel(old), pictures::of_channel(&row));
            pictures::swap(service, batch, owner, &before, &after)?;
            batch.replace_row(old, &row)?;
        }
        None => batch.insert_row(&row)?,
    }
    Ok(())
}

/// Notes how many videos a channel or account elsewhere has, as its outbox says.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn note_videos(service: &Service, actor: ActorRef, total: u64) -> Result<(), Error> {
    attempt(|| async {
        let mut batch = Batch::default();
        match actor {
            ActorRef::Channel(id) => {
                let Some(old) = service.store.get::<Channel>(&id.to_key()).await? else {
                    return Ok(());
                };
                let mut new = Channel::clone(&old);
                let Some(origin) = &mut new.origin else { return Ok(()) };
                origin.videos = Some(total);
                batch.replace_row(&old, &new)?;
            }
            ActorRef::Account(id) => {
                let Some(old) = service.store.get::<Account>(&id.to_key()).await? else {
                    return Ok(());
                };
                let mut new = Account::clone(&old);
                let Some(origin) = &mut new.origin else { return Ok(()) };
                origin.videos = Some(total);
                batch.replace_row(&old, &new)?;
            }
            ActorRef::Instance(_) => return Ok(()),
        }
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// The channel in which the videos of somebody who has no channels are shown: one is made for them.
///
/// # Errors
/// [`Error::NotFound`] if there is no such account; [`Error::NoSpace`], [`Error::Store`].
pub async fn own_channel(service: &Service, account: Id<Account>) -> Result<Id<Channel>, Error> {
    attempt(|| async {
        let owner = service.store.get::<Account>(&account.to_key()).await?;
        let owner = owner.ok_or(Error::NotFound("Account"))?;
        let all =
            service.store.follow::<Channel>(&channels_by_account(account), REMOVE_AT_ONCE).await?;
        let uri = owner.origin.as_ref().map(|it| &it.uri);
        let own = all.iter().find(|it| it.origin.as_ref().map(|it| &it.uri) == uri);
        if let Some(own) = own {
            return Ok(own.id);
        }
        let now = service.now();
        let channel = Channel {
            id: service.id(),
            account,
            name: owner.name.clone(),
            display_name: owner.display_name.clone(),
            description: owner.description.clone(),
            support: None,
            avatars: Vec::new(),
            banners: Vec::new(),
            created_at: now,
            updated_at: now,
            origin: owner.origin.clone(),
            without_peers: false,
        };
        let mut batch = Batch::default();
        batch.expect_row(&owner);
        batch.insert_row(&channel)?;
        service.journal.record(&mut batch, &Event::ChannelCreated { channel: channel.id }, now)?;
        service.store.commit(batch).await?;
        Ok(channel.id)
    })
    .await
}

/// A video as its own server describes it, cleaned and cut.
#[derive(Clone, Debug)]
pub struct NewVideo {
    /// Where it lives and what is there.
    pub remote: RemoteVideo,
    /// Its uuid there, kept here too unless somebody has it.
    pub uuid: Option<Uuid>,
    /// Where it is published.
    pub channel: Id<Channel>,
    /// Whose channel that is.
    pub account: Id<Account>,
    /// What its owner says of it.
    pub words: VideoWords,
    /// Its length and size.
    pub footage: Footage,
    /// Times watched, as its server says.
    pub views: u64,
    /// When it was published.
    pub published_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The video elsewhere with this id, as far as it is known here.
///
/// # Errors
/// [`Error::Store`].
pub async fn video(service: &Service, uri: &Url) -> Result<Option<Stored<Video>>, Error> {
    Ok(service.store.find::<Video>(&video_by_uri(uri)).await?)
}

/// Keeps a video elsewhere, or what is new of it. Its comments are read once it is new.
///
/// # Errors
/// [`Error::Refused`] if it is another account's now; [`Error::NoSpace`], [`Error::Store`].
pub async fn upsert_video(service: &Service, new: &NewVideo) -> Result<Id<Video>, Error> {
    attempt(|| async {
        let old = video(service, &new.remote.uri).await?;
        let now = service.now();
        let mut batch = Batch::default();
        if let Some(old) = &old {
            if old.account != new.account {
                return Err(Error::Refused("a video cannot go over to another account"));
            }
            let same = old.remote.as_ref().is_some_and(|it| it.thumbnails == new.remote.thumbnails);
            let row = Video {
                channel: new.channel,
                words: new.words.clone(),
                footage: Some(new.footage.clone()),
                thumbnail: old.thumbnail.clone().filter(|_| same),
                updated_at: new.updated_at,
                remote: Some(new.remote.clone()),
                ..Video::clone(old)
            };
            own_pictures(service, &mut batch, Some(old), Some(&row))?;
            batch.replace_row(old, &row)?;
            count_views(service, &mut batch, old.id, new.views).await?;
            service.journal.record(&mut batch, &Event::VideoUpdated { video: old.id }, now)?;
            replicas::look_at(service, &mut batch, &row).await?;
            service.store.commit(batch).await?;
            return Ok(old.id);
        }
        // Whoever has the uuid keeps it: another server may not take the place of a video that is here.
        let uuid = match new.uuid {
            Some(uuid) if service.store.find::<Video>(&video_by_uuid(uuid)).await?.is_none() => {
                uuid
            }
            _ => Uuid::new_v4(),
        };
        let row = Video {
            id: service.id(),
            uuid,
            channel: new.channel,
            account: new.account,
            words: new.words.clone(),
            state: VideoState::Published,
            failure: None,
            source: Source { filename: String::new(), bytes: 0, kept: false },
            footage: Some(new.footage.clone()),
            thumbnail: None,
            thumbnail_chosen: false,
            candidates: Vec::new(),
            storyboard: None,
            created_at: new.published_at,
            updated_at: new.updated_at,
            published_at: Some(new.published_at),
            remote: Some(new.remote.clone()),
        };
        batch.insert_row(&row)?;
        let counts = Counts { views: new.views, ..Counts::default() };
        batch.insert_row(&VideoCounts { video: row.id, counts })?;
        if new.remote.comments.is_some() {
            service.queue.enqueue(&mut batch, &Job::ReadComments { video: row.id })?;
        }
        service.journal.record(&mut batch, &Event::VideoPublished { video: row.id }, now)?;
        replicas::look_at(service, &mut batch, &row).await?;
        service.store.commit(batch).await?;
        Ok(row.id)
    })
    .await
}

/// Its own server counts the views of a video; ours never go back.
async fn count_views(
    service: &Service,
    batch: &mut Batch,
    video: Id<Video>,
    views: u64,
) -> Result<(), Error> {
    let Some(row) = service.store.get::<VideoCounts>(&video.to_key()).await? else { return Ok(()) };
    if row.counts.views < views {
        let counts = Counts { views, ..row.counts };
        batch.replace_row(&row, &VideoCounts { video, counts })?;
    }
    Ok(())
}

/// Remembers that something elsewhere was deleted, so that nothing brings it back for a while.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn bury(service: &Service, uri: &Url) -> Result<(), Error> {
    let mut batch = Batch::default();
    batch.put_row(&Grave { uri: uri.clone(), at: service.now() })?;
    service.store.commit(batch).await?;
    Ok(())
}

/// True if something elsewhere was deleted lately.
///
/// # Errors
/// [`Error::Store`].
pub async fn is_buried(service: &Service, uri: &Url) -> Result<bool, Error> {
    let grave = service.store.get::<Grave>(&digest(uri)).await?;
    Ok(grave.is_some_and(|grave| service.now().since(grave.at) < GRAVE_KEPT))
}

/// Removes a video elsewhere; false if there is none.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn remove_video(service: &Service, uri: &Url) -> Result<bool, Error> {
    let Some(found) = video(service, uri).await? else { return Ok(false) };
    match videos::remove(service, found.id).await {
        Ok(()) => Ok(true),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes an actor elsewhere with all that is known of it. What was removed stays removed if the node stops in
/// between, and whoever asked asks again.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn remove_actor(service: &Service, uri: &Url) -> Result<bool, Error> {
    let Some(found) = actor(service, uri).await? else { return Ok(false) };
    follows::forget_actor(service, found.actor).await?;
    shares::forget_actor(service, found.actor).await?;
    match found.actor {
        ActorRef::Account(id) => remove_account(service, id).await?,
        ActorRef::Channel(id) => remove_channel(service, id).await?,
        ActorRef::Instance(_) => {}
    }
    attempt(|| async {
        let Some(found) = actor(service, uri).await? else { return Ok(()) };
        let mut batch = Batch::default();
        batch.delete_row(&found);
        batch.put_row(&Grave { uri: uri.clone(), at: service.now() })?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await?;
    Ok(true)
}

async fn remove_account(service: &Service, id: Id<Account>) -> Result<(), Error> {
    loop {
        let page = service.store.follow::<Video>(&videos_by_account(id), REMOVE_AT_ONCE).await?;
        if page.is_empty() {
            break;
        }
        remove_videos(service, page).await?;
    }
    comments::forget_account(service, id).await?;
    reactions::forget_account(service, id).await?;
    for channel in service.store.follow::<Channel>(&channels_by_account(id), REMOVE_AT_ONCE).await?
    {
        remove_channel(service, channel.id).await?;
    }
    attempt(|| async {
        let Some(row) = service.store.get::<Account>(&id.to_key()).await? else { return Ok(()) };
        let mut batch = Batch::default();
        let owner = kinora_store::tables::Owner::Account(id);
        pictures::drop_all(service, &mut batch, owner, &row.avatars)?;
        batch.delete_row(&row);
        let event = Event::AccountDeleted { account: id };
        service.journal.record(&mut batch, &event, service.now())?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

async fn remove_channel(service: &Service, id: Id<Channel>) -> Result<(), Error> {
    loop {
        let page = service.store.follow::<Video>(&videos_by_channel(id), REMOVE_AT_ONCE).await?;
        if page.is_empty() {
            break;
        }
        remove_videos(service, page).await?;
    }
    attempt(|| async {
        let Some(row) = service.store.get::<Channel>(&id.to_key()).await? else { return Ok(()) };
        let mut batch = Batch::default();
        let owner = kinora_store::tables::Owner::Channel(id);
        pictures::drop_all(service, &mut batch, owner, &pictures::of_channel(&row))?;
        batch.delete_row(&row);
        let event = Event::ChannelDeleted { channel: id };
        service.journal.record(&mut batch, &event, service.now())?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

async fn remove_videos(service: &Service, page: Vec<Stored<Video>>) -> Result<(), Error> {
    for video in page {
        match videos::remove(service, video.id).await {
            Ok(()) | Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
