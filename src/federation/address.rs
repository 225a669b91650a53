//! Addresses of what is ours: what ActivityPub ids of this node look like, and what one of them names.

use kinora_model::comment::Comment;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::name::Name;
use kinora_model::video::parse_uuid;
use url::Url;
use uuid::Uuid;

/// Builds and reads the ActivityPub ids of this node. All begin with its configured public address, never with what a
/// request says.
#[derive(Clone, Debug)]
pub struct Addresses {
    base: Url,
    host: Host,
}

/// What one of our ids names. Actors and objects alone; their collections and activities lie below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ours {
    /// This server.
    Instance,
    /// The account of this name.
    Account(Name),
    /// The channel of this name.
    Channel(Name),
    /// The video of this uuid, which lives here.
    Video(Uuid),
    /// The comment of this number, under the video of this uuid, which may live elsewhere.
    Comment(Uuid, Id<Comment>),
}

impl Addresses {
    /// Addresses below the public address of the node; `None` if that has no host.
    #[must_use]
    pub fn new(public_url: &Url) -> Option<Self> {
        let mut base = public_url.clone();
        base.set_path("/");
        base.set_query(None);
        base.set_fragment(None);
        Some(Self { host: Host::of(&base)?, base })
    }

    /// Our own host: the last part of our handles.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The scheme, host and port, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The address of a path, which begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let (path, fragment) = path.split_once('#').map_or((path, None), |(a, b)| (a, Some(b)));
        let (path, query) = path.split_once('?').map_or((path, None), |(a, b)| (a, Some(b)));
        url.set_path(path);
        url.set_query(query);
        url.set_fragment(fragment);
        url
    }

    /// An address below another: `outbox`, `#main-key`, `likes/5`.
    #[must_use]
    pub fn below(&self, id: &Url, rest: &str) -> Url {
        match rest.strip_prefix('#') {
            Some(fragment) => self.url(&format!("{}#{fragment}", id.path())),
            None => self.url(&format!("{}/{rest}", id.path().trim_end_matches('/'))),
        }
    }

    /// The id of something of ours.
    #[must_use]
    pub fn of(&self, ours: &Ours) -> Url {
        self.url(&match ours {
            Ours::Instance => "/actor".to_owned(),
            Ours::Account(name) => format!("/accounts/{name}"),
            Ours::Channel(name) => format!("/video-channels/{name}"),
            Ours::Video(uuid) => format!("/videos/watch/{uuid}"),
            Ours::Comment(video, id) => format!("/videos/watch/{video}/comments/{id}"),
        })
    }

    /// The inbox for all actors of this node.
    #[must_use]
    pub fn shared_inbox(&self) -> Url {
        self.url("/inbox")
    }

    /// True if an address is on this node.
    #[must_use]
    pub fn is_ours(&self, url: &Url) -> bool {
        Host::of(url).as_ref() == Some(&self.host)
    }

    /// What an address of ours names, in any of the forms that people and servers use; `None` if it is not ours or
    /// names nothing. Fragments and queries do not count.
    #[must_use]
    pub fn read(&self, url: &Url) -> Option<Ours> {
        if !self.is_ours(url) {
            return None;
        }
        let mut parts = url.path_segments()?.filter(|part| !part.is_empty());
        let (first, second) = (parts.next()?, parts.next());
        let name = |text: &str| Name::parse(text.split('@').next().unwrap_or_default()).ok();
        let ours = match (first, second) {
            ("actor", None) => Ours::Instance,
            ("accounts", Some("peertube")) => Ours::Instance,
            ("accounts" | "a", Some(text)) => Ours::Account(name(text)?),
            ("video-channels" | "c", Some(text)) => Ours::Channel(name(text)?),
            ("w", Some(text)) => Ours::Video(parse_uuid(text)?),
            ("videos", Some("watch" | "embed")) => {
                let uuid = parse_uuid(parts.next()?)?;
                match (parts.next(), parts.next()) {
                    (None, _) => Ours::Video(uuid),
                    (Some("comments"), Some(id)) => Ours::Comment(uuid, id.parse().ok()?),
                    _ => return None,
                }
            }
            _ => return None,
        };
        parts.next().is_none().then_some(ours)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn addresses() -> Addresses {
        Addresses::new(&Url::parse("https://films.example:8443").unwrap()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let addresses = addresses();
        let uuid = Uuid::from_u128(7);
        for ours in [
            Ours::Instance,
            Ours::Account(Name::parse("ana").unwrap()),
            Ours::Channel(Name::parse("films").unwrap()),
            Ours::Video(uuid),
            Ours::Comment(uuid, Id::from_raw(5)),
        ] {
            assert_eq!(addresses.read(&addresses.of(&ours)), Some(ours));
        }
        assert_eq!(addresses.host().as_str(), "films.example:8443");
    }

    #[test]
    fn addresses_of_others_and_of_nothing_are_not_ours() {
        let addresses = addresses();
        for text in [
            "https://other.example/accounts/ana",
            "https://films.example/accounts/ana",
            "https://films.example:8443/accounts/ana/inbox",
            "https://films.example:8443/accounts/..%2f",
            "https://films.example:8443/",
        ] {
            assert_eq!(addresses.read(&Url::parse(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn keys_and_collections_lie_below() {
        let addresses = addresses();
        let ana = addresses.of(&Ours::Account(Name::parse("ana").unwrap()));
        let key = addresses.below(&ana, "#main-key");
        assert_eq!(key.as_str(), "https://films.example:8443/accounts/ana#main-key");
        let likes = addresses.below(&ana, "likes/5");
        assert_eq!(likes.as_str(), "https://films.example:8443/accounts/ana/likes/5");
    }
}
