//! Notes: words that reply to something. Comments are written as notes; other kinds of words are read alike.

use serde_json::{Map, Value, json};
use url::Url;

use crate::actor::{Image, put, put_moment, put_url};
use crate::context;
use crate::lenient::{self, Unreadable};
use crate::verb::Audience;

/// The most characters of the words, markup included.
pub const CONTENT_CHARS_MAX: usize = 20_000;

/// The most tags that are read.
pub const TAGS_MAX: usize = 50;

/// The most attachments that are read.
pub const ATTACHMENTS_MAX: usize = 16;

/// The types that are read as words.
pub const KINDS: [&str; 6] = ["Note", "Article", "Page", "Question", "ChatMessage", "Event"];

/// Somebody who is mentioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Who.
    pub href: Url,
    /// As it stands in the text, `@name@host`.
    pub name: Option<String>,
}

/// Something that hangs on the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Where it lies.
    pub url: Url,
    /// Its media type, if it is said.
    pub media_type: Option<String>,
    /// In words.
    pub name: Option<String>,
    /// Width in pixels, if it is said.
    pub width: Option<u32>,
    /// Height in pixels, if it is said.
    pub height: Option<u32>,
    /// Length in seconds, if it is said.
    pub duration_s: Option<u64>,
    /// Pictures that stand for it.
    pub icons: Vec<Image>,
}

/// Words that reply to something, or stand alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its type on the wire.
    pub kind: String,
    /// Its id.
    pub id: Url,
    /// Who wrote it.
    pub attributed_to: Url,
    /// What it replies to.
    pub in_reply_to: Option<Url>,
    /// A title, which articles have.
    pub name: Option<String>,
    /// The words, HTML that nobody has cleaned yet.
    pub content: String,
    /// The words as they were typed, markdown.
    pub source: Option<String>,
    /// What warns of the words.
    pub summary: Option<String>,
    /// True if it is not for everyone's eyes.
    pub sensitive: bool,
    /// When it was written, in milliseconds since 1970.
    pub published: Option<i64>,
    /// When it was changed, in milliseconds since 1970.
    pub updated: Option<i64>,
    /// Its page, for people.
    pub url: Option<Url>,
    /// For whom.
    pub to: Vec<Url>,
    /// For whom else.
    pub cc: Vec<Url>,
    /// True if it is for everybody.
    pub public: bool,
    /// Whom it mentions.
    pub mentions: Vec<Mention>,
    /// Its hashtags, without `#`.
    pub hashtags: Vec<String>,
    /// What hangs on it.
    pub attachments: Vec<Attachment>,
    /// Where what was said on the same thing is collected (FEP-7888).
    pub context: Option<Url>,
    /// What says that the owner of what it replies to let it be shown (PeerTube).
    pub reply_approval: Option<Url>,
    /// The group it is for (FEP-1b12).
    pub audience: Option<Url>,
}

impl Note {
    /// Words of which only what they must have is known.
    #[must_use]
    pub fn new(id: Url, attributed_to: Url, content: String) -> Self {
        Self {
            kind: "Note".to_owned(),
            id,
            attributed_to,
            in_reply_to: None,
            name: None,
            content,
            source: None,
            summary: None,
            sensitive: false,
            published: None,
            updated: None,
            url: None,
            to: Vec::new(),
            cc: Vec::new(),
            public: true,
            mentions: Vec::new(),
            hashtags: Vec::new(),
            attachments: Vec::new(),
            context: None,
            reply_approval: None,
            audience: None,
        }
    }

    /// Reads words.
    ///
    /// # Errors
    /// [`Unreadable`] if they are none of [`KINDS`], or without id or author.
    pub fn read(value: &Value) -> Result<Self, Unreadable> {
        let map = lenient::object(value)?;
        let types = lenient::types_of(value);
        let kind = types.iter().find(|name| KINDS.contains(name)).map(|name| (*name).to_owned());
        let kind =
            kind.ok_or_else(|| Unreadable::Type(types.join(" ").chars().take(64).collect()))?;
        let id = lenient::own_id(map)?;
        let author =
            map.get("attributedTo").and_then(|it| lenient::ids_of(Some(it)).into_iter().next());
        let tags = || lenient::many(map.get("tag")).take(TAGS_MAX);
        let mention = |it: &Value| {
            Some(Mention {
                href: it.get("href").and_then(lenient::id_of)?,
                name: lenient::text(it.get("name"), 600),
            })
        };
        let hashtag = |it: &Value| {
            let name = lenient::text(it.get("name"), 200)?;
            Some(name.trim_start_matches('#').to_owned()).filter(|name| !name.is_empty())
        };
        Ok(Self {
            kind,
            attributed_to: author.ok_or(Unreadable::Field("attributedTo"))?,
            in_reply_to: map.get("inReplyTo").and_then(lenient::id_of),
            name: lenient::field(map, "name", 500),
            content: lenient::field(map, "content", CONTENT_CHARS_MAX).unwrap_or_default(),
            source: source(map),
            summary: lenient::field(map, "summary", 2_000),
            sensitive: lenient::flag(map.get("sensitive")).unwrap_or(false),
            published: lenient::moment(map.get("published")),
            updated: lenient::moment(map.get("updated")),
            url: crate::actor::page(map),
            to: lenient::recipients(map.get("to")),
            cc: lenient::recipients(map.get("cc")),
            public: lenient::is_public(value),
            mentions: tags()
                .filter(|it| lenient::is_a(it, "Mention"))
                .filter_map(mention)
                .collect(),
            hashtags: tags()
                .filter(|it| lenient::is_a(it, "Hashtag"))
                .filter_map(hashtag)
                .collect(),
            attachments: lenient::many(map.get("attachment"))
                .filter_map(attachment)
                .take(ATTACHMENTS_MAX)
                .collect(),
            context: map.get("context").and_then(lenient::id_of),
            reply_approval: map.get("replyApproval").and_then(lenient::id_of),
            audience: map.get("audience").and_then(lenient::id_of),
            id,
        })
    }

    /// Writes it, with its context.
    #[must_use]
    pub fn write(&self, audience: &Audience) -> Value {
        let mut map = Map::new();
        map.insert("@context".to_owned(), context::activity());
        map.insert("type".to_owned(), json!(self.kind));
        map.insert("id".to_owned(), json!(self.id));
        map.insert("attributedTo".to_owned(), json!(self.attributed_to));
        put_url(&mut map, "inReplyTo", self.in_reply_to.as_ref());
        put(&mut map, "name", self.name.as_deref());
        map.insert("content".to_owned(), json!(self.content));
        map.insert("mediaType".to_owned(), json!("text/html"));
        if let Some(source) = &self.source {
            map.insert(
                "source".to_owned(),
                json!({ "content": source, "mediaType": "text/markdown" }),
            );
        }
        put(&mut map, "summary", self.summary.as_deref());
        map.insert("sensitive".to_owned(), json!(self.sensitive));
        put_moment(&mut map, "published", self.published);
        put_moment(&mut map, "updated", self.updated);
        put_url(&mut map, "url", self.url.as_ref());
        map.insert("to".to_owned(), json!(audience.to));
        map.insert("cc".to_owned(), json!(audience.cc));
        let mention = |it: &Mention| json!({ "type": "Mention", "href": it.href, "name": it.name });
        let hashtag = |it: &String| json!({ "type": "Hashtag", "name": format!("#{it}") });
        let tags: Vec<Value> =
            self.mentions.iter().map(mention).chain(self.hashtags.iter().map(hashtag)).collect();
        map.insert("tag".to_owned(), json!(tags));
        put_url(&mut map, "context", self.context.as_ref());
        put_url(&mut map, "replyApproval", self.reply_approval.as_ref());
        put_url(&mut map, "audience", self.audience.as_ref());
        Value::Object(map)
    }
}

/// What was typed, if it was markdown.
pub(crate) fn source(map: &Map<String, Value>) -> Option<String> {
    let source = map.get("source")?;
    let kind = source.get("mediaType").and_then(Value::as_str)?;
    kind.starts_with("text/markdown")
        .then(|| lenient::text(source.get("content"), CONTENT_CHARS_MAX))
        .flatten()
}

fn attachment(value: &Value) -> Option<Attachment> {
    let place =
        lenient::first(value.get("url").or_else(|| value.get("href"))).and_then(lenient::id_of);
    Some(Attachment {
        url: place?,
        media_type: lenient::text(value.get("mediaType"), 100),
        name: lenient::text(value.get("name"), 500),
        width: lenient::small(value.get("width")),
        height: lenient::small(value.get("height")),
        duration_s: lenient::seconds(value.get("duration")),
        icons: Image::read_all(value.get("icon")),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let bob = url("https://b.example/bob");
        let note = Note {
            in_reply_to: Some(url("https://a.example/videos/watch/1")),
            source: Some("**Nice**".to_owned()),
            published: Some(1_700_000_000_000),
            cc: vec![url("https://a.example/ana")],
            mentions: vec![Mention {
                href: url("https://a.example/ana"),
                name: Some("@ana@a.example".to_owned()),
            }],
            hashtags: vec!["rain".to_owned()],
            ..Note::new(
                url("https://b.example/notes/1"),
                bob,
                "<p><strong>Nice</strong></p>".to_owned(),
            )
        };
        let written = note.write(&Audience::public(&[&url("https://a.example/ana")]));
        assert_eq!(Note::read(&written).unwrap(), note);
    }

    #[test]
    fn there_are_bounds_to_everything() {
        let tags: Vec<_> = (0..50_000)
            .map(|n| json!({ "type": "Mention", "href": format!("https://a.example/{n}") }))
            .collect();
        let note = json!({
            "type": "Note", "id": "https://b.example/1", "attributedTo": "https://b.example/bob",
            "content": "x".repeat(1 << 20), "tag": tags, "attachment": tags,
        });
        let read = Note::read(&note).unwrap();
        assert_eq!(
            (read.content.chars().count(), read.mentions.len(), read.attachments.len()),
            (CONTENT_CHARS_MAX, TAGS_MAX, ATTACHMENTS_MAX)
        );
        assert!(Note::read(&json!({ "type": "Note", "id": "https://b.example/1" })).is_err());
        assert!(Note::read(&json!({ "type": "Video" })).is_err());
    }
}
