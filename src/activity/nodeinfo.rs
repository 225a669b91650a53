//! NodeInfo (FEP-f1d5): what software a server runs, and how many use it.

use serde_json::{Value, json};
use url::Url;

use crate::lenient;

/// What names the versions of NodeInfo.
const SCHEMA: &str = "http://nodeinfo.diaspora.software/ns/schema/";

/// The software of a server, as it says; it may lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Software {
    /// Its name, lower case.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
}

/// Numbers that are told; nothing personal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Users in all.
    pub users: u64,
    /// Of those, active in the last six months.
    pub active_half_year: u64,
    /// Of those, active in the last month.
    pub active_month: u64,
    /// Videos.
    pub posts: u64,
    /// Comments.
    pub comments: u64,
}

/// What is told of this server.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// Its name.
    pub node_name: &'a str,
    /// In a sentence.
    pub description: &'a str,
    /// The version of its software.
    pub version: &'a str,
    /// Whether everyone may join.
    pub open_registrations: bool,
    /// Numbers.
    pub usage: Usage,
}

/// The index of versions, with the actor that stands for the server (FEP-2677). `place` gives the address of a version.
#[must_use]
pub fn index(place: impl Fn(&str) -> Url, actor: &Url) -> Value {
    let link =
        |version: &str| json!({ "rel": format!("{SCHEMA}{version}"), "href": place(version) });
    json!({ "links": [
        link("2.0"),
        link("2.1"),
        { "rel": "https://www.w3.org/ns/activitystreams#Application", "href": actor },
    ] })
}

/// The document of a version: `2.0` or `2.1`.
#[must_use]
pub fn write(version: &str, told: &Told<'_>) -> Value {
    json!({
        "version": version,
        "software": { "name": "kinora", "version": told.version },
        "protocols": ["activitypub"],
        "services": { "inbound": [], "outbound": ["atom1.0", "rss2.0"] },
        "openRegistrations": told.open_registrations,
        "usage": {
            "users": {
                "total": told.usage.users,
                "activeHalfyear": told.usage.active_half_year,
                "activeMonth": told.usage.active_month,
            },
            "localPosts": told.usage.posts,
            "localComments": told.usage.comments,
        },
        "metadata": { "nodeName": told.node_name, "nodeDescription": told.description },
    })
}

/// The media type of a version.
#[must_use]
pub fn media_type(version: &str) -> String {
    format!("application/json; profile=\"{SCHEMA}{version}#\"")
}

/// The address of the newest version that an index names and that is understood.
#[must_use]
pub fn newest(index: &Value) -> Option<Url> {
    let find = |version: &str| {
        let rel = format!("{SCHEMA}{version}");
        let links = lenient::many(index.get("links")).take(16);
        links
            .filter(|it| it.get("rel").and_then(Value::as_str) == Some(&rel))
            .find_map(|it| lenient::id_of(it.get("href")?))
    };
    ["2.1", "2.0", "1.1", "1.0"].into_iter().find_map(find)
}

/// The software that a document names.
#[must_use]
pub fn software(document: &Value) -> Option<Software> {
    let software = document.get("software")?;
    let name = lenient::text(software.get("name"), 64)?.to_lowercase();
    Some(Software { name, version: lenient::text(software.get("version"), 64) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let actor: Url = "https://a.example/actor".parse().unwrap();
        let place =
            |version: &str| format!("https://a.example/nodeinfo/{version}").parse().unwrap();
        assert_eq!(newest(&index(place, &actor)).unwrap().path(), "/nodeinfo/2.1");
        let told = Told {
            node_name: "Films",
            description: "",
            version: "1.0.0",
            open_registrations: true,
            usage: Usage::default(),
        };
        let read = software(&write("2.1", &told)).unwrap();
        assert_eq!((read.name.as_str(), read.version.as_deref()), ("kinora", Some("1.0.0")));
        assert_eq!(newest(&json!({ "links": 5 })), None);
        assert_eq!(software(&json!({ "software": { "name": 5 } })), None);
    }
}
