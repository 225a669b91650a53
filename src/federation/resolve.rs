//! Finding what lives elsewhere: from memory, else from where it lives, and kept.
//!
//! An object is believed only as its own server gives it: its id, its author and its channel are all there.

use kinora_activity::actor::{Actor, ActorKind};
use kinora_activity::note::Note;
use kinora_activity::video as words;
use kinora_activity::webfinger::{Handle, Jrd, SUBSCRIBE};
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::clock::Timestamp;
use kinora_model::comment::Comment;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::instance::DomainLevel;
use kinora_model::video::{Video, parse_uuid};
use kinora_service::remote::NewVideo;
use kinora_service::{comments, names, remote, videos};
use serde_json::Value;
use std::time::Duration;
use tracing::debug;
use url::Url;

use crate::Federation;
use crate::address::Ours;
use crate::error::Error;
use crate::mapping::{from_note, from_theirs};

/// How long what is known of an actor or a video is good before it is asked for again.
pub const FRESH: Duration = Duration::from_hours(48);

/// Comments that are fetched to find out under which video a reply stands.
pub const PARENTS_MAX: usize = 100;

/// What was found under an address or a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A video.
    Video(Id<Video>),
    /// An account.
    Account(Id<Account>),
    /// A channel.
    Channel(Id<Channel>),
    /// A server.
    Instance,
    /// A comment, and the video it stands under.
    Comment(Id<Comment>, Id<Video>),
}

/// What somebody wants to do from their own server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Follow.
    Follow,
    /// Like.
    Like,
    /// Spread.
    Announce,
    /// Reply.
    Reply,
    /// Only look.
    Object,
}

impl Intent {
    /// The relation of its template (FEP-3b86).
    const fn rel(self) -> &'static str {
        match self {
            Self::Follow => "https://w3id.org/fep/3b86/Follow",
            Self::Like => "https://w3id.org/fep/3b86/Like",
            Self::Announce => "https://w3id.org/fep/3b86/Announce",
            Self::Reply => "https://w3id.org/fep/3b86/Create",
            Self::Object => "https://w3id.org/fep/3b86/Object",
        }
    }
}

impl Federation {
    /// An actor, here or elsewhere; fetched if it is not known or was not asked for in two days.
    ///
    /// # Errors
    /// Those of fetching; [`Error::Refused`] if it is not what it says.
    pub async fn actor(&self, uri: &Url) -> Result<ActorRef, Error> {
        if let Some(ours) = self.addresses.read(uri) {
            return self.our_actor(&ours).await;
        }
        self.ask_rules(uri)?;
        let known = remote::actor(&self.service, uri).await?;
        if let Some(known) = &known
            && self.service.now().since(known.fetched_at) < FRESH
        {
            return Ok(known.actor);
        }
        match self.actor_document(uri).await {
            Ok(document) => self.keep_actor(&document.json, uri).await,
            // An old answer is better than none.
            Err(error) if error.is_passing() && known.is_some() => {
                debug!(%error, "an actor could not be asked for again");
                known.map(|known| known.actor).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// One of ours.
    pub(crate) async fn our_actor(&self, ours: &Ours) -> Result<ActorRef, Error> {
        Ok(match ours {
            Ours::Instance => ActorRef::HERE,
            Ours::Account(name) => {
                ActorRef::Account(names::account(&self.service, name.as_str()).await?.id)
            }
            Ours::Channel(name) => {
                ActorRef::Channel(names::channel(&self.service, name.as_str()).await?.id)
            }
            Ours::Video(_) | Ours::Comment(..) => return Err(Error::NotFound("actor")),
        })
    }

    /// Keeps an actor whose document came from its own server, or from itself.
    pub(crate) async fn keep_actor(&self, json: &Value, uri: &Url) -> Result<ActorRef, Error> {
        let actor = Actor::read(json).map_err(|error| Error::Unreadable(error.to_string()))?;
        if actor.id != *uri {
            return Err(Error::Refused("an actor that is another"));
        }
        if remote::is_buried(&self.service, &actor.id).await? {
            return Err(Error::Gone);
        }
        let owner = match actor.kind {
            ActorKind::Group => self.owner_of(&actor).await?,
            _ => None,
        };
        let new = from_theirs::actor(&actor, owner, self.service.now())?;
        Ok(remote::upsert_actor(&self.service, &new).await?)
    }

    /// The account that owns a channel: the first that it names, on its own server.
    async fn owner_of(&self, group: &Actor) -> Result<Option<Id<Account>>, Error> {
        let host = Host::of(&group.id);
        let Some(owner) =
            group.attributed_to.iter().find(|it| Host::of(it) == host && **it != group.id)
        else {
            return Ok(None);
        };
        let known = remote::actor(&self.service, owner).await?;
        let found = match known {
            Some(known) => known.actor,
            None => {
                let document = self.actor_document(owner).await?;
                let person = Actor::read(&document.json);
                let person = person.map_err(|error| Error::Unreadable(error.to_string()))?;
                if person.kind == ActorKind::Group || person.id != *owner {
                    return Ok(None);
                }
                let new = from_theirs::actor(&person, None, self.service.now())?;
                remote::upsert_actor(&self.service, &new).await?
            }
        };
        Ok(match found {
            ActorRef::Account(id) => Some(id),
            ActorRef::Channel(_) | ActorRef::Instance(_) => None,
        })
    }

    /// A video, here or elsewhere; fetched if it is not known or was not asked for in two days. One that its server
    /// does not have any more is removed here.
    ///
    /// # Errors
    /// As [`Federation::actor`].
    pub async fn video(&self, uri: &Url) -> Result<Id<Video>, Error> {
        if let Some(ours) = self.addresses.read(uri) {
            let Ours::Video(uuid) = ours else { return Err(Error::NotFound("video")) };
            return Ok(videos::find(&self.service, None, &uuid.to_string()).await?.id);
        }
        self.ask_rules(uri)?;
        let known = remote::video(&self.service, uri).await?;
        if let Some(known) = &known {
            let fetched = known.remote.as_ref().map_or(Timestamp::from_ms(0), |it| it.fetched_at);
            if self.service.now().since(fetched) < FRESH {
                return Ok(known.id);
            }
        }
        match self.client.get(uri).await {
            Ok(fetched) => self.keep_video(&fetched.json, &fetched.id).await,
            Err(Error::Gone | Error::NotFound(_)) if known.is_some() => {
                remote::remove_video(&self.service, uri).await?;
                Err(Error::Gone)
            }
            Err(error) => match known {
                Some(known) if error.is_passing() => Ok(known.id),
                _ => Err(error),
            },
        }
    }

    /// Keeps a video whose document just came from its own server: whatever was deleted before, it is there now.
    pub(crate) async fn keep_video(&self, json: &Value, uri: &Url) -> Result<Id<Video>, Error> {
        let video = from_note::video(json).map_err(|error| Error::Unreadable(error.to_string()))?;
        let video = video.ok_or(Error::Refused("no video"))?;
        if video.id != *uri {
            return Err(Error::Refused("a video that is another"));
        }
        if !video.public {
            return Err(Error::Refused("a video that is not for everybody"));
        }
        let host = Host::of(uri).ok_or(Error::Refused("a video without a server"))?;
        if self.service.domains.level(&host) >= DomainLevel::RejectMedia {
            return Err(Error::Refused("no media are taken from its server"));
        }
        let (account, channel) = self.authors(&video, &host).await?;
        let now = self.service.now();
        let published = video.published.map_or(now, Timestamp::from_ms).min(now);
        let new = NewVideo {
            remote: from_theirs::remote_video(&video, now)?,
            uuid: video.uuid.as_deref().and_then(parse_uuid),
            channel,
            account,
            words: from_theirs::video_words(&video)?,
            footage: from_theirs::footage(&video),
            views: video.views,
            published_at: published,
            updated_at: video.updated.map_or(published, Timestamp::from_ms).min(now),
        };
        Ok(remote::upsert_video(&self.service, &new).await?)
    }

    /// Who made a video and where it is published: both on its own server, and the one the owner of the other.
    async fn authors(
        &self,
        video: &words::Video,
        host: &Host,
    ) -> Result<(Id<Account>, Id<Channel>), Error> {
        let here = |uri: &Url| Host::of(uri).as_ref() == Some(host);
        let channel = video.channel();
        let person = video.person();
        if !channel.into_iter().chain(person).all(here) {
            return Err(Error::Refused("a video of somebody on another server"));
        }
        if let Some(channel) = channel
            && let ActorRef::Channel(id) = self.actor(channel).await?
        {
            let row = self.service.store.get::<Channel>(&id.to_key()).await?;
            let row = row.ok_or(Error::NotFound("channel"))?;
            if let Some(person) = person
                && self.actor(person).await? != ActorRef::Account(row.account)
            {
                return Err(Error::Refused("a video in somebody else's channel"));
            }
            return Ok((row.account, id));
        }
        let person = person.or(channel).ok_or(Error::Refused("a video of nobody"))?;
        let ActorRef::Account(account) = self.actor(person).await? else {
            return Err(Error::Refused("a video of nobody"));
        };
        Ok((account, remote::own_channel(&self.service, account).await?))
    }

    /// A comment, here or elsewhere; fetched with what it replies to, up to the video, if it is not known.
    ///
    /// # Errors
    /// As [`Federation::actor`].
    pub async fn comment(&self, uri: &Url) -> Result<Comment, Error> {
        if let Some(known) = self.known_comment(uri).await? {
            return Ok(known);
        }
        if self.addresses.is_ours(uri) {
            return Err(Error::NotFound("comment"));
        }
        self.ask_rules(uri)?;
        let fetched = self.client.get(uri).await?;
        let note =
            Note::read(&fetched.json).map_err(|error| Error::Unreadable(error.to_string()))?;
        if note.id != fetched.id {
            return Err(Error::Refused("words that are others"));
        }
        Box::pin(self.keep_note(&note, None)).await?;
        self.known_comment(&note.id).await?.ok_or(Error::NotFound("comment"))
    }

    /// A comment that is here, by its id.
    pub(crate) async fn known_comment(&self, uri: &Url) -> Result<Option<Comment>, Error> {
        match self.addresses.read(uri) {
            Some(Ours::Comment(_, id)) => match comments::get(&self.service, id).await {
                Ok(found) => Ok(Some(found.into_row())),
                Err(kinora_service::Error::NotFound(_)) => Ok(None),
                Err(error) => Err(error.into()),
            },
            Some(_) => Ok(None),
            None => Ok(comments::find_by_uri(&self.service, uri).await?),
        }
    }

    /// What people paste into the search: a handle, the address of an object, or that of its page.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is nothing of the kind or nothing is there; those of fetching.
    pub async fn resolve(&self, text: &str) -> Result<Found, Error> {
        let text = text.trim();
        if let Some(handle) = Handle::parse(text) {
            return self.found(&self.uri_of(&handle).await?).await;
        }
        let url = kinora_activity::lenient::url(text).ok_or(Error::NotFound("address"))?;
        self.found(&url).await
    }

    /// The id of the actor that a handle names, as its server says; the server must say the same of both names.
    async fn uri_of(&self, handle: &Handle) -> Result<Url, Error> {
        let host = Host::parse(&handle.host).ok_or(Error::NotFound("server"))?;
        if host == *self.addresses.host() {
            let name = handle.name.to_lowercase();
            if name == "peertube" {
                return Ok(self.addresses.of(&Ours::Instance));
            }
            let holder = names::holder(&self.service, &name).await?;
            let holder = holder.ok_or(Error::NotFound("account"))?;
            return Ok(self.addresses.of(&match holder.handle {
                Some(kinora_model::channel::Handle::Channel(_)) => {
                    Ours::Channel(holder.name.clone())
                }
                _ => Ours::Account(holder.name.clone()),
            }));
        }
        let jrd = Jrd::read(&self.client.webfinger(&host, &handle.acct()).await?);
        jrd.actor().ok_or(Error::NotFound("account"))
    }

    /// The actor that stands for a server.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it has none; those of fetching.
    pub async fn server(&self, host: &Host) -> Result<ActorRef, Error> {
        for name in ["peertube", host.as_str()] {
            let handle = Handle { name: name.to_owned(), host: host.to_string() };
            match self.uri_of(&handle).await {
                Ok(uri) => {
                    if let actor @ ActorRef::Instance(_) = self.actor(&uri).await? {
                        return Ok(actor);
                    }
                }
                Err(Error::NotFound(_) | Error::Gone | Error::Status { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::NotFound("server"))
    }

    async fn found(&self, url: &Url) -> Result<Found, Error> {
        if let Some(ours) = self.addresses.read(url) {
            return Ok(match ours {
                Ours::Video(_) => Found::Video(self.video(url).await?),
                Ours::Comment(..) => {
                    let comment =
                        self.known_comment(url).await?.ok_or(Error::NotFound("comment"))?;
                    Found::Comment(comment.id, comment.video)
                }
                ours => found_actor(self.our_actor(&ours).await?),
            });
        }
        self.ask_rules(url)?;
        if let Some(known) = remote::video(&self.service, url).await? {
            return Ok(Found::Video(known.id));
        }
        let fetched = self.client.get(url).await?;
        if fetched.id != *url {
            self.ask_rules(&fetched.id)?;
        }
        if matches!(from_note::video(&fetched.json), Ok(Some(_))) {
            return Ok(Found::Video(self.keep_video(&fetched.json, &fetched.id).await?));
        }
        if Actor::read(&fetched.json).is_ok() {
            return Ok(found_actor(self.keep_actor(&fetched.json, &fetched.id).await?));
        }
        let comment = self.comment(&fetched.id).await?;
        Ok(Found::Comment(comment.id, comment.video))
    }

    /// Where somebody with an account elsewhere goes to do something with what lies at `uri`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the handle is none, or its server offers no such place.
    pub async fn interact(&self, handle: &str, uri: &Url, intent: Intent) -> Result<Url, Error> {
        let handle = Handle::parse(handle).ok_or(Error::NotFound("account"))?;
        let host = Host::parse(&handle.host).ok_or(Error::NotFound("server"))?;
        let jrd = Jrd::read(&self.client.webfinger(&host, &handle.acct()).await?);
        let place = jrd.template(intent.rel()).or_else(|| jrd.template(Intent::Object.rel()));
        let template = place.or_else(|| jrd.template(SUBSCRIBE)).ok_or(Error::NotFound("place"))?;
        let named: String = url::form_urlencoded::byte_serialize(uri.as_str().as_bytes()).collect();
        let filled = ["{uri}", "{object}", "{inReplyTo}", "{target}"]
            .iter()
            .fold(template.to_owned(), |text, place| text.replace(place, &named));
        let url = kinora_activity::lenient::url(&filled).ok_or(Error::NotFound("place"))?;
        // A page of the server itself, or of the one its actors live on: not whatever somebody wrote there.
        let actor = jrd.actor();
        let fits =
            Host::of(&url) == Some(host) || actor.is_some_and(|it| Host::of(&it) == Host::of(&url));
        if fits { Ok(url) } else { Err(Error::Refused("its server sends elsewhere")) }
    }
}

const fn found_actor(actor: ActorRef) -> Found {
    match actor {
        ActorRef::Account(id) => Found::Account(id),
        ActorRef::Channel(id) => Found::Channel(id),
        ActorRef::Instance(_) => Found::Instance,
    }
}
