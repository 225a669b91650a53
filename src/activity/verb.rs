//! Activities: somebody did something to something.

use serde_json::{Map, Value, json};
use url::Url;

use crate::context;
use crate::lenient::{self, PUBLIC, Unreadable};

/// The most characters of the words of an activity, which a `Flag` has.
const CONTENT_CHARS_MAX: usize = 5_000;

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Made an object.
    Create,
    /// Changed an object.
    Update,
    /// Deleted an object.
    Delete,
    /// Wants to follow.
    Follow,
    /// Agrees.
    Accept,
    /// Does not agree.
    Reject,
    /// Takes an activity back.
    Undo,
    /// Spreads an object; within groups an activity (FEP-1b12).
    Announce,
    /// Likes.
    Like,
    /// Dislikes.
    Dislike,
    /// Watched.
    View,
    /// Reports.
    Flag,
    /// Lets a comment be shown (PeerTube).
    ApproveReply,
    /// Does not let a comment be shown (PeerTube).
    RejectReply,
    /// Added to a collection.
    Add,
    /// Removed from a collection.
    Remove,
    /// Lives elsewhere now (FEP-7628).
    Move,
    /// Blocks.
    Block,
    /// Reacts with a picture of letters (FEP-c0e0).
    EmojiReact,
    /// Wants to quote (FEP-044f).
    QuoteRequest,
    /// Something else.
    Other(String),
}

impl Verb {
    fn of(name: &str) -> Self {
        match name {
            "Create" => Self::Create,
            "Update" => Self::Update,
            "Delete" => Self::Delete,
            "Follow" => Self::Follow,
            "Accept" => Self::Accept,
            "Reject" => Self::Reject,
            "Undo" => Self::Undo,
            "Announce" => Self::Announce,
            "Like" => Self::Like,
            "Dislike" => Self::Dislike,
            "View" => Self::View,
            "Flag" => Self::Flag,
            "ApproveReply" => Self::ApproveReply,
            "RejectReply" => Self::RejectReply,
            "Add" => Self::Add,
            "Remove" => Self::Remove,
            "Move" => Self::Move,
            "Block" => Self::Block,
            "EmojiReact" => Self::EmojiReact,
            "QuoteRequest" => Self::QuoteRequest,
            other => Self::Other(other.chars().take(64).collect()),
        }
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::Follow => "Follow",
            Self::Accept => "Accept",
            Self::Reject => "Reject",
            Self::Undo => "Undo",
            Self::Announce => "Announce",
            Self::Like => "Like",
            Self::Dislike => "Dislike",
            Self::View => "View",
            Self::Flag => "Flag",
            Self::ApproveReply => "ApproveReply",
            Self::RejectReply => "RejectReply",
            Self::Add => "Add",
            Self::Remove => "Remove",
            Self::Move => "Move",
            Self::Block => "Block",
            Self::EmojiReact => "EmojiReact",
            Self::QuoteRequest => "QuoteRequest",
            Self::Other(name) => name,
        }
    }
}

/// Somebody did something to something.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// Its id; some servers give none to activities that pass by.
    pub id: Option<Url>,
    /// What was done.
    pub verb: Verb,
    /// Who did it.
    pub actor: Url,
    /// To what: an object, an id or a list; null if nothing is said.
    pub object: Value,
    /// Where to, or from where.
    pub target: Option<Value>,
    /// What came of it: an approval that an `Accept` carries.
    pub result: Option<Value>,
    /// By what: the post that is to quote something (FEP-044f).
    pub instrument: Option<Value>,
    /// For whom.
    pub to: Vec<Url>,
    /// For whom else.
    pub cc: Vec<Url>,
    /// True if it is for everybody.
    pub public: bool,
    /// When, in milliseconds since 1970.
    pub published: Option<i64>,
    /// Until when it holds, in milliseconds since 1970.
    pub expires: Option<i64>,
    /// In words.
    pub content: Option<String>,
}

impl Activity {
    /// Reads an activity.
    ///
    /// # Errors
    /// [`Unreadable`] if it has no type or no actor.
    pub fn read(value: &Value) -> Result<Self, Unreadable> {
        let map = lenient::object(value)?;
        let verb = lenient::types_of(value).first().map(|name| Verb::of(name));
        let actor = map.get("actor").and_then(lenient::id_of);
        Ok(Self {
            id: map.get("id").and_then(Value::as_str).and_then(lenient::url),
            verb: verb.ok_or(Unreadable::Field("type"))?,
            actor: actor.ok_or(Unreadable::Field("actor"))?,
            object: map.get("object").cloned().unwrap_or(Value::Null),
            target: map.get("target").cloned(),
            result: map.get("result").cloned(),
            instrument: map.get("instrument").cloned(),
            to: lenient::recipients(map.get("to")),
            cc: lenient::recipients(map.get("cc")),
            public: lenient::is_public(value),
            published: lenient::moment(map.get("published")),
            expires: lenient::moment(map.get("expires")),
            content: lenient::field(map, "content", CONTENT_CHARS_MAX),
        })
    }

    /// The id of its object.
    #[must_use]
    pub fn object_id(&self) -> Option<Url> {
        lenient::id_of(&self.object)
    }

    /// Its object if it is written out, not only named.
    #[must_use]
    pub fn embedded(&self) -> Option<&Value> {
        lenient::first(Some(&self.object)).filter(|object| object.get("type").is_some())
    }
}

/// Whom an activity is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Addressed first; everybody is [`PUBLIC`].
    pub to: Vec<String>,
    /// Addressed too.
    pub cc: Vec<String>,
}

impl Audience {
    /// For everybody, and these besides.
    #[must_use]
    pub fn public(cc: &[&Url]) -> Self {
        Self { to: vec![PUBLIC.to_owned()], cc: cc.iter().map(ToString::to_string).collect() }
    }

    /// For these alone.
    #[must_use]
    pub fn only(to: &[&Url]) -> Self {
        Self { to: to.iter().map(ToString::to_string).collect(), cc: Vec::new() }
    }
}

/// Writes an activity.
#[must_use]
pub fn write(verb: &Verb, id: &Url, actor: &Url, object: Value, audience: &Audience) -> Value {
    let mut map = Map::new();
    map.insert("@context".to_owned(), context::activity());
    map.insert("id".to_owned(), json!(id));
    map.insert("type".to_owned(), json!(verb.name()));
    map.insert("actor".to_owned(), json!(actor));
    map.insert("object".to_owned(), bare(object));
    for (name, whom) in [("to", &audience.to), ("cc", &audience.cc)] {
        if !whom.is_empty() {
            map.insert(name.to_owned(), json!(whom));
        }
    }
    Value::Object(map)
}

/// An object within another needs no context of its own.
fn bare(mut object: Value) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.remove("@context");
    }
    object
}

/// An activity that takes another back: that one stands within it, as far as servers need it.
#[must_use]
pub fn undo(id: &Url, actor: &Url, activity: &Value, audience: &Audience) -> Value {
    write(&Verb::Undo, id, actor, activity.clone(), audience)
}

/// What stands in the place of something deleted.
#[must_use]
pub fn tombstone(id: &Url, former: &str, deleted_ms: Option<i64>) -> Value {
    let mut stone = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": id,
        "type": "Tombstone",
        "formerType": former,
    });
    if let (Some(at), Some(map)) = (deleted_ms, stone.as_object_mut()) {
        map.insert("deleted".to_owned(), json!(lenient::write_moment(at)));
    }
    stone
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let (id, ana, film) = (
            url("https://a.example/1"),
            url("https://a.example/ana"),
            url("https://b.example/film"),
        );
        let audience = Audience::public(&[&film]);
        let like = write(&Verb::Like, &id, &ana, json!(film), &audience);
        let read = Activity::read(&like).unwrap();
        assert_eq!((read.verb, &read.actor, read.public), (Verb::Like, &ana, true));
        assert_eq!(
            (Activity::read(&like).unwrap().object_id(), &read.cc[..]),
            (Some(film.clone()), &[film][..])
        );
        let back = undo(&url("https://a.example/2"), &ana, &like, &audience);
        let back = Activity::read(&back).unwrap();
        assert_eq!(back.object_id(), Some(id));
        assert!(back.embedded().unwrap().get("@context").is_none());
    }

    #[test]
    fn without_actor_or_type_it_says_nothing() {
        let no_actor = json!({ "type": "Like", "object": "https://b.example/film" });
        assert_eq!(Activity::read(&no_actor), Err(Unreadable::Field("actor")));
        let no_type = json!({ "actor": "https://b.example/bob" });
        assert_eq!(Activity::read(&no_type), Err(Unreadable::Field("type")));
        assert_eq!(Activity::read(&json!([])), Err(Unreadable::NotAnObject));
    }
}
