//! Actors: people, channels and servers, as their own server describes them.

use serde_json::{Map, Value, json};
use url::Url;

use crate::context;
use crate::lenient::{self, Unreadable};

/// The most characters of a name.
pub const NAME_CHARS_MAX: usize = 500;

/// The most bytes of the part of a handle before the `@`.
pub const USERNAME_BYTES_MAX: usize = 256;

/// The most characters of what an actor says of itself.
pub const SUMMARY_CHARS_MAX: usize = 20_000;

/// The most keys of one actor that are read.
pub const KEYS_MAX: usize = 8;

/// The most other names of an actor that are read.
pub const ALSO_KNOWN_AS_MAX: usize = 256;

/// The most characters of a key.
const KEY_CHARS_MAX: usize = 8_192;

/// The most pictures that are read.
const PICTURES_MAX: usize = 8;

/// What kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    /// Somebody.
    Person,
    /// A channel, a community.
    Group,
    /// A server, or a program.
    Application,
    /// A bot.
    Service,
    /// Several people as one.
    Organization,
}

impl ActorKind {
    /// The kind of a name on the wire.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "Person" => Some(Self::Person),
            "Group" => Some(Self::Group),
            "Application" => Some(Self::Application),
            "Service" => Some(Self::Service),
            "Organization" => Some(Self::Organization),
            _ => None,
        }
    }

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "Person",
            Self::Group => "Group",
            Self::Application => "Application",
            Self::Service => "Service",
            Self::Organization => "Organization",
        }
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Where it lies.
    pub url: Url,
    /// Its media type, if it is said.
    pub media_type: Option<String>,
    /// Width in pixels, if it is said.
    pub width: Option<u32>,
    /// Height in pixels, if it is said.
    pub height: Option<u32>,
}

impl Image {
    /// The pictures of a field, at most eight: objects, links or bare addresses.
    #[must_use]
    pub fn read_all(value: Option<&Value>) -> Vec<Self> {
        lenient::many(value).filter_map(Self::read).take(PICTURES_MAX).collect()
    }

    fn read(value: &Value) -> Option<Self> {
        let place = match value {
            Value::String(_) => lenient::id_of(value),
            _ => lenient::first(value.get("url").or_else(|| value.get("href")))
                .and_then(lenient::id_of),
        };
        Some(Self {
            url: place?,
            media_type: lenient::text(value.get("mediaType"), 100),
            width: lenient::small(value.get("width")),
            height: lenient::small(value.get("height")),
        })
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> Value {
        let mut map = Map::new();
        map.insert("type".to_owned(), json!("Image"));
        map.insert("url".to_owned(), json!(self.url));
        put(&mut map, "mediaType", self.media_type.as_deref());
        put(&mut map, "width", self.width);
        put(&mut map, "height", self.height);
        Value::Object(map)
    }
}

/// Adds a field if there is a value.
pub(crate) fn put(map: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}

/// Adds a field if there is an address.
pub(crate) fn put_url(map: &mut Map<String, Value>, name: &str, url: Option<&Url>) {
    put(map, name, url.map(Url::as_str));
}

/// Adds a moment if there is one.
pub(crate) fn put_moment(map: &mut Map<String, Value>, name: &str, ms: Option<i64>) {
    put(map, name, ms.map(lenient::write_moment));
}

/// A public key, as an actor lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRef {
    /// Its id, as signatures name it.
    pub id: Url,
    /// Whose it says that it is.
    pub owner: Url,
    /// The key: PEM (`-----BEGIN`) of a `publicKey`, multibase (`z…`) of an `assertionMethod`.
    pub text: String,
}

/// An actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind.
    pub kind: ActorKind,
    /// Its id.
    pub id: Url,
    /// The part of its handle before the `@`.
    pub preferred_username: String,
    /// The name shown.
    pub name: Option<String>,
    /// What it says of itself, HTML or plain text.
    pub summary: Option<String>,
    /// The same as it was typed, markdown.
    pub source: Option<String>,
    /// Its page, for people.
    pub url: Option<Url>,
    /// Where activities for it go.
    pub inbox: Url,
    /// Where activities for all of its server go.
    pub shared_inbox: Option<Url>,
    /// What it did.
    pub outbox: Option<Url>,
    /// Who follows it.
    pub followers: Option<Url>,
    /// Whom it follows.
    pub following: Option<Url>,
    /// Its playlists (PeerTube).
    pub playlists: Option<Url>,
    /// Its avatars.
    pub icons: Vec<Image>,
    /// Its banners.
    pub images: Vec<Image>,
    /// Keys that HTTP signatures use.
    pub public_keys: Vec<KeyRef>,
    /// Keys that proofs use (FEP-521a).
    pub assertion_methods: Vec<KeyRef>,
    /// For a channel, who owns it.
    pub attributed_to: Vec<Url>,
    /// How to support it, markdown (PeerTube).
    pub support: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub published: Option<i64>,
    /// When it last changed, in milliseconds since 1970.
    pub updated: Option<i64>,
    /// Other ids of the same (FEP-7628).
    pub also_known_as: Vec<Url>,
    /// Where it lives now.
    pub moved_to: Option<Url>,
    /// Its handle, without a leading `@` (FEP-2c59).
    pub webfinger: Option<String>,
    /// True if it answers followers itself.
    pub manually_approves: bool,
    /// What its server can do (FEP-844e).
    pub implements: Vec<Url>,
    /// Domains whose pages may name it as their author (Mastodon).
    pub attribution_domains: Vec<String>,
}

impl Actor {
    /// An actor of which only what it must have is known.
    #[must_use]
    pub const fn new(kind: ActorKind, id: Url, preferred_username: String, inbox: Url) -> Self {
        Self {
            kind,
            id,
            preferred_username,
            name: None,
            summary: None,
            source: None,
            url: None,
            inbox,
            shared_inbox: None,
            outbox: None,
            followers: None,
            following: None,
            playlists: None,
            icons: Vec::new(),
            images: Vec::new(),
            public_keys: Vec::new(),
            assertion_methods: Vec::new(),
            attributed_to: Vec::new(),
            support: None,
            published: None,
            updated: None,
            also_known_as: Vec::new(),
            moved_to: None,
            webfinger: None,
            manually_approves: false,
            implements: Vec::new(),
            attribution_domains: Vec::new(),
        }
    }

    /// Reads an actor. What must lie on its own server (inbox, keys, page) and does not is left out; without an inbox
    /// there is no actor.
    ///
    /// # Errors
    /// [`Unreadable`] if it is no actor, or without id, name or inbox.
    pub fn read(value: &Value) -> Result<Self, Unreadable> {
        let map = lenient::object(value)?;
        let types = lenient::types_of(value);
        let kind = types.iter().find_map(|name| ActorKind::of(name));
        let kind =
            kind.ok_or_else(|| Unreadable::Type(types.join(" ").chars().take(64).collect()))?;
        let id = lenient::own_id(map)?;
        let here = |url: &Url| url.origin() == id.origin();
        let place = |name: &str| map.get(name).and_then(lenient::id_of).filter(here);
        let username = lenient::text(map.get("preferredUsername"), USERNAME_BYTES_MAX);
        let username = username.filter(|it| !it.is_empty() && it.len() <= USERNAME_BYTES_MAX);
        let shared = map.get("endpoints").and_then(|it| it.get("sharedInbox"));
        Ok(Self {
            kind,
            preferred_username: username.ok_or(Unreadable::Field("preferredUsername"))?,
            name: lenient::field(map, "name", NAME_CHARS_MAX),
            summary: lenient::field(map, "summary", SUMMARY_CHARS_MAX),
            source: map
                .get("source")
                .and_then(|it| lenient::text(it.get("content"), SUMMARY_CHARS_MAX)),
            url: page(map).filter(here),
            inbox: place("inbox").ok_or(Unreadable::Field("inbox"))?,
            shared_inbox: shared.and_then(lenient::id_of).filter(here),
            outbox: place("outbox"),
            followers: place("followers"),
            following: place("following"),
            playlists: place("playlists"),
            icons: Image::read_all(map.get("icon")),
            images: Image::read_all(map.get("image")),
            public_keys: keys(map.get("publicKey"), "publicKeyPem", "owner", &id),
            assertion_methods: keys(
                map.get("assertionMethod"),
                "publicKeyMultibase",
                "controller",
                &id,
            ),
            attributed_to: lenient::ids_of(map.get("attributedTo")).into_iter().take(16).collect(),
            support: lenient::field(map, "support", SUMMARY_CHARS_MAX),
            published: lenient::moment(map.get("published")),
            updated: lenient::moment(map.get("updated")),
            also_known_as: lenient::ids_of(map.get("alsoKnownAs"))
                .into_iter()
                .take(ALSO_KNOWN_AS_MAX)
                .collect(),
            moved_to: map.get("movedTo").and_then(lenient::id_of),
            webfinger: lenient::field(map, "webfinger", 600)
                .map(|it| it.trim_start_matches('@').to_owned()),
            manually_approves: lenient::flag(map.get("manuallyApprovesFollowers")).unwrap_or(false),
            implements: implemented(map),
            attribution_domains: lenient::many(map.get("attributionDomains"))
                .filter_map(|it| lenient::text(Some(it), 300))
                .take(16)
                .collect(),
            id,
        })
    }

    /// Writes it, with its context.
    #[must_use]
    pub fn write(&self) -> Value {
        let mut map = Map::new();
        map.insert("@context".to_owned(), context::actor());
        map.insert("type".to_owned(), json!(self.kind.name()));
        map.insert("id".to_owned(), json!(self.id));
        map.insert("preferredUsername".to_owned(), json!(self.preferred_username));
        put(&mut map, "name", self.name.as_deref());
        put(&mut map, "summary", self.summary.as_deref());
        if let Some(source) = &self.source {
            map.insert(
                "source".to_owned(),
                json!({ "content": source, "mediaType": "text/markdown" }),
            );
        }
        put_url(&mut map, "url", self.url.as_ref());
        map.insert("inbox".to_owned(), json!(self.inbox));
        for (name, url) in [
            ("outbox", &self.outbox),
            ("followers", &self.followers),
            ("following", &self.following),
            ("playlists", &self.playlists),
            ("movedTo", &self.moved_to),
        ] {
            put_url(&mut map, name, url.as_ref());
        }
        if let Some(shared) = &self.shared_inbox {
            map.insert("endpoints".to_owned(), json!({ "sharedInbox": shared }));
        }
        // One picture stands alone: Mastodon reads no list here.
        for (name, pictures) in [("icon", &self.icons), ("image", &self.images)] {
            match pictures.as_slice() {
                [] => {}
                [one] => drop(map.insert(name.to_owned(), one.write())),
                many => drop(map.insert(name.to_owned(), many.iter().map(Image::write).collect())),
            }
        }
        if let Some(key) = self.public_keys.first() {
            let key = json!({ "id": key.id, "type": "CryptographicKey", "owner": key.owner, "publicKeyPem": key.text });
            map.insert("publicKey".to_owned(), key);
        }
        if !self.assertion_methods.is_empty() {
            let key = |key: &KeyRef| json!({ "id": key.id, "type": "Multikey", "controller": key.owner, "publicKeyMultibase": key.text });
            map.insert(
                "assertionMethod".to_owned(),
                self.assertion_methods.iter().map(key).collect(),
            );
        }
        match self.kind {
            // PeerTube wants a list; of one with bare ids Lemmy reads nothing at all.
            ActorKind::Group => {
                let owner = |id: &Url| json!({ "type": "Person", "id": id });
                let owners = self.attributed_to.iter().map(owner).collect();
                drop(map.insert("attributedTo".to_owned(), owners))
            }
            _ if self.attributed_to.is_empty() => {}
            _ => drop(map.insert("attributedTo".to_owned(), json!(self.attributed_to))),
        }
        if self.kind == ActorKind::Group {
            map.insert("postingRestrictedToMods".to_owned(), json!(true));
        }
        put(&mut map, "support", self.support.as_deref());
        put_moment(&mut map, "published", self.published);
        put_moment(&mut map, "updated", self.updated);
        if !self.also_known_as.is_empty() {
            map.insert("alsoKnownAs".to_owned(), json!(self.also_known_as));
        }
        put(&mut map, "webfinger", self.webfinger.as_deref());
        map.insert("manuallyApprovesFollowers".to_owned(), json!(self.manually_approves));
        if !self.implements.is_empty() {
            let able = |url: &Url| json!({ "href": url });
            map.insert("implements".to_owned(), self.implements.iter().map(able).collect());
        }
        if !self.attribution_domains.is_empty() {
            map.insert("attributionDomains".to_owned(), json!(self.attribution_domains));
        }
        Value::Object(map)
    }

    /// All keys that the actor lists, whichever way.
    pub fn keys(&self) -> impl Iterator<Item = &KeyRef> {
        self.public_keys.iter().chain(&self.assertion_methods)
    }
}

fn implemented(map: &Map<String, Value>) -> Vec<Url> {
    let own = lenient::many(map.get("implements"));
    let generator = lenient::many(map.get("generator").and_then(|it| it.get("implements")));
    own.chain(generator).filter_map(lenient::id_of).take(16).collect()
}

/// The first address that is for people.
pub(crate) fn page(map: &Map<String, Value>) -> Option<Url> {
    let links = || lenient::many(map.get("url"));
    let html = |it: &&Value| it.get("mediaType").and_then(Value::as_str) == Some("text/html");
    let plain = |it: &&Value| it.get("mediaType").is_none();
    links().find(html).or_else(|| links().find(plain)).and_then(lenient::id_of)
}

/// Keys that lie with their owner and name it; others are not the owner's.
fn keys(value: Option<&Value>, text: &str, owner: &str, actor: &Url) -> Vec<KeyRef> {
    let key = |value: &Value| {
        let map = value.as_object()?;
        let id = lenient::own_id(map).ok()?;
        let named = map.get(owner).and_then(lenient::id_of)?;
        let mut bare = id.clone();
        bare.set_fragment(None);
        let held = named == *actor && bare.origin() == actor.origin();
        let text = map.get(text)?.as_str().filter(|text| text.len() <= KEY_CHARS_MAX)?;
        held.then(|| KeyRef { id, owner: named, text: text.to_owned() })
    };
    lenient::many(value).filter_map(key).take(KEYS_MAX).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn ana() -> Actor {
        let id = url("https://a.example/accounts/ana");
        let key = |fragment: &str, text: &str| KeyRef {
            id: url(&format!("{id}#{fragment}")),
            owner: id.clone(),
            text: text.to_owned(),
        };
        Actor {
            name: Some("Ana".to_owned()),
            summary: Some("<p>Films</p>".to_owned()),
            source: Some("Films".to_owned()),
            url: Some(url("https://a.example/a/ana")),
            shared_inbox: Some(url("https://a.example/inbox")),
            followers: Some(url("https://a.example/accounts/ana/followers")),
            icons: vec![Image {
                url: url("https://a.example/i.png"),
                media_type: Some("image/png".to_owned()),
                width: Some(48),
                height: Some(48),
            }],
            public_keys: vec![key("main-key", "-----BEGIN PUBLIC KEY-----")],
            assertion_methods: vec![key("ed25519-key", "z6Mk")],
            published: Some(1_700_000_000_000),
            webfinger: Some("ana@a.example".to_owned()),
            ..Actor::new(
                ActorKind::Person,
                id.clone(),
                "ana".to_owned(),
                url(&format!("{id}/inbox")),
            )
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Actor::read(&ana().write()).unwrap(), ana());
    }

    #[test]
    fn keys_and_inboxes_of_others_are_not_taken_along() {
        let mut hostile = ana().write();
        hostile["publicKey"]["owner"] = json!("https://victim.example/bob");
        hostile["assertionMethod"][0]["id"] = json!("https://victim.example/bob#key");
        hostile["endpoints"]["sharedInbox"] = json!("https://victim.example/inbox");
        let read = Actor::read(&hostile).unwrap();
        assert_eq!((read.keys().count(), read.shared_inbox), (0, None));
        hostile["inbox"] = json!("https://victim.example/inbox");
        assert_eq!(Actor::read(&hostile), Err(Unreadable::Field("inbox")));
    }

    #[test]
    fn there_are_bounds_to_everything() {
        let mut large = ana().write();
        large["name"] = json!("x".repeat(1 << 20));
        let others: Vec<_> = (0..10_000).map(|n| json!(format!("https://a.example/{n}"))).collect();
        large["alsoKnownAs"] = json!(others);
        let read = Actor::read(&large).unwrap();
        assert_eq!(read.name.unwrap().chars().count(), NAME_CHARS_MAX);
        assert_eq!(read.also_known_as.len(), ALSO_KNOWN_AS_MAX);
        large["preferredUsername"] = json!("");
        assert!(Actor::read(&large).is_err());
    }
}
