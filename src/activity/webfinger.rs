//! WebFinger (RFC 7033): what is known of a handle; handles as people write them; host-meta (RFC 6415).

use serde_json::{Value, json};
use url::Url;

use crate::context::MEDIA_TYPE;
use crate::lenient;

/// The media type of what WebFinger answers.
pub const JRD_TYPE: &str = "application/jrd+json";

/// The most links of an answer that are read.
pub const LINKS_MAX: usize = 64;

/// Where a server takes the address of somebody whom one of its people wants to follow.
pub const SUBSCRIBE: &str = "http://ostatus.org/schema/1.0/subscribe";

/// A handle: `@name@host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    /// The part before the `@`.
    pub name: String,
    /// The part behind it, not checked.
    pub host: String,
}

impl Handle {
    /// Reads `@name@host`, `name@host` or `acct:name@host`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("acct:").unwrap_or(text);
        let (name, host) = text.strip_prefix('@').unwrap_or(text).split_once('@')?;
        let plain = |part: &str| {
            !part.is_empty()
                && part.len() <= 260
                && !part.contains(['/', '@', '?', '#', ' ', '%', '\\', '"', '<', '>'])
        };
        (plain(name) && plain(host)).then(|| Self { name: name.to_owned(), host: host.to_owned() })
    }

    /// As WebFinger names it.
    #[must_use]
    pub fn acct(&self) -> String {
        format!("acct:{}@{}", self.name, self.host)
    }
}

/// A link of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it leads to.
    pub rel: String,
    /// Its media type.
    pub kind: Option<String>,
    /// Where it leads.
    pub href: Option<String>,
    /// Where it leads, with places to fill in: `{uri}`.
    pub template: Option<String>,
}

/// What is known of a handle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jrd {
    /// What it is about: `acct:name@host`.
    pub subject: Option<String>,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// Where it leads.
    pub links: Vec<Link>,
}

impl Jrd {
    /// Reads an answer.
    #[must_use]
    pub fn read(value: &Value) -> Self {
        let part = |it: &Value, name: &str| lenient::text(it.get(name), lenient::URL_BYTES_MAX);
        let link = |it: &Value| {
            Some(Link {
                rel: part(it, "rel")?,
                kind: part(it, "type"),
                href: part(it, "href"),
                template: part(it, "template"),
            })
        };
        Self {
            subject: part(value, "subject"),
            aliases: lenient::many(value.get("aliases"))
                .filter_map(|it| lenient::text(Some(it), lenient::URL_BYTES_MAX))
                .take(16)
                .collect(),
            links: lenient::many(value.get("links")).filter_map(link).take(LINKS_MAX).collect(),
        }
    }

    /// Writes an answer.
    #[must_use]
    pub fn write(&self) -> Value {
        let link = |it: &Link| {
            let mut map = serde_json::Map::new();
            map.insert("rel".to_owned(), json!(it.rel));
            crate::actor::put(&mut map, "type", it.kind.as_deref());
            crate::actor::put(&mut map, "href", it.href.as_deref());
            crate::actor::put(&mut map, "template", it.template.as_deref());
            Value::Object(map)
        };
        json!({
            "subject": self.subject,
            "aliases": self.aliases,
            "links": self.links.iter().map(link).collect::<Vec<_>>(),
        })
    }

    /// The id of the actor.
    #[must_use]
    pub fn actor(&self) -> Option<Url> {
        let ours = |link: &&Link| {
            link.rel == "self" && link.kind.as_deref().is_some_and(crate::context::is_activity_type)
        };
        self.links.iter().find(ours).and_then(|link| lenient::url(link.href.as_deref()?))
    }

    /// The template of a link.
    #[must_use]
    pub fn template(&self, rel: &str) -> Option<&str> {
        self.links.iter().find(|link| link.rel == rel).and_then(|link| link.template.as_deref())
    }
}

/// A link to an actor's document.
#[must_use]
pub fn self_link(actor: &Url) -> Link {
    Link {
        rel: "self".to_owned(),
        kind: Some(MEDIA_TYPE.to_owned()),
        href: Some(actor.to_string()),
        template: None,
    }
}

/// A link to a page for people.
#[must_use]
pub fn page_link(page: &Url) -> Link {
    Link {
        rel: "http://webfinger.net/rel/profile-page".to_owned(),
        kind: Some("text/html".to_owned()),
        href: Some(page.to_string()),
        template: None,
    }
}

/// A link with places to fill in.
#[must_use]
pub fn template_link(rel: &str, template: String) -> Link {
    Link { rel: rel.to_owned(), kind: None, href: None, template: Some(template) }
}

/// host-meta as JSON; `template` is the address of WebFinger, with `{uri}` in it.
#[must_use]
pub fn host_meta_json(template: &str) -> Value {
    json!({ "links": [{ "rel": "lrdd", "type": JRD_TYPE, "template": template }] })
}

/// host-meta as XML.
#[must_use]
pub fn host_meta_xml(template: &str) -> String {
    let template = template.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\n  \
         <Link rel=\"lrdd\" type=\"{JRD_TYPE}\" template=\"{template}\"/>\n</XRD>\n"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn handles_are_read_as_people_write_them() {
        for text in ["@ana@a.example", "ana@a.example", "acct:ana@a.example", "  @ana@a.example "] {
            assert_eq!(Handle::parse(text).unwrap().acct(), "acct:ana@a.example", "{text}");
        }
        for bad in [
            "ana",
            "@ana",
            "@@a.example",
            "ana@a.example/x",
            "https://a.example/@ana",
            "ana@b@c",
            "a na@b",
        ] {
            assert_eq!(Handle::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let actor: Url = "https://a.example/accounts/ana".parse().unwrap();
        let jrd = Jrd {
            subject: Some("acct:ana@a.example".to_owned()),
            aliases: vec![actor.to_string()],
            links: vec![
                self_link(&actor),
                template_link(SUBSCRIBE, "https://a.example/i?uri={uri}".to_owned()),
            ],
        };
        let read = Jrd::read(&jrd.write());
        assert_eq!(read, jrd);
        assert_eq!(read.actor(), Some(actor));
        assert_eq!(read.template(SUBSCRIBE), Some("https://a.example/i?uri={uri}"));
        assert_eq!(Jrd::read(&json!([1, 2])), Jrd::default());
    }
}
