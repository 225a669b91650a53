//! What was done here as activities.

use kinora_activity::context;
use kinora_activity::verb::{self, Audience, Verb};
use kinora_model::clock::Timestamp;
use kinora_model::reaction::Rating;
use serde_json::{Value, json};
use url::Url;

/// An object as it stands within another: without a context of its own.
pub(crate) fn bare(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("@context");
    }
    object
}

fn with(mut activity: Value, name: &str, value: Value) -> Value {
    if let Some(fields) = activity.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    activity
}

/// The ids in a field of an activity or object.
fn named(object: &Value, name: &str) -> Vec<String> {
    let ids = kinora_activity::lenient::many(object.get(name));
    ids.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whom an activity or object is for.
fn audience(object: &Value) -> Audience {
    Audience { to: named(object, "to"), cc: named(object, "cc") }
}

/// An activity for all that its whole object is for: `Create`, `Update`.
pub(crate) fn about(
    verb: &Verb,
    id: &Url,
    actor: &Url,
    object: Value,
    at: Option<Timestamp>,
) -> Value {
    let whom = audience(&object);
    let group = object.get("audience").cloned();
    let mut activity = verb::write(verb, id, actor, object, &whom);
    if let Some(group) = group {
        activity = with(activity, "audience", group);
    }
    match at {
        Some(at) => with(activity, "published", json!(at.to_string())),
        None => activity,
    }
}

/// An actor changed. Its context says more than that of activities.
pub(crate) fn update_actor(id: &Url, actor: &Url, object: Value, cc: &[&Url]) -> Value {
    let context = object.get("@context").cloned();
    let activity = verb::write(&Verb::Update, id, actor, object, &Audience::public(cc));
    match context {
        Some(context) => with(activity, "@context", context),
        None => activity,
    }
}

/// Someone spreads a video, or a channel an activity of others (FEP-1b12): `object` is an id or an activity.
pub(crate) fn announce(id: &Url, actor: &Url, object: Value, cc: &[&Url], at: Timestamp) -> Value {
    let activity = verb::write(&Verb::Announce, id, actor, object, &Audience::public(cc));
    with(activity, "published", json!(at.to_string()))
}

/// Below which path of an account its ratings stand.
pub(crate) const fn rating_folder(rating: Rating) -> &'static str {
    match rating {
        Rating::Like => "likes",
        Rating::Dislike => "dislikes",
    }
}

/// Someone rates a video.
pub(crate) fn rating(id: &Url, actor: &Url, video: &Url, owner: &Url, rating: Rating) -> Value {
    let verb = match rating {
        Rating::Like => Verb::Like,
        Rating::Dislike => Verb::Dislike,
    };
    verb::write(&verb, id, actor, json!(video), &Audience::public(&[owner]))
}

/// Someone wants to follow someone.
pub(crate) fn follow(id: &Url, follower: &Url, followed: &Url) -> Value {
    verb::write(&Verb::Follow, id, follower, json!(followed), &Audience::only(&[followed]))
}

/// The answer to a follower, who may have given their `Follow` no id.
pub(crate) fn answer_to_follow(
    id: &Url,
    accepted: bool,
    uri: Option<&Url>,
    follower: &Url,
    followed: &Url,
) -> Value {
    let mut asked = json!({"type": "Follow", "actor": follower, "object": followed});
    if let Some(uri) = uri {
        asked = with(asked, "id", json!(uri));
    }
    let verb = if accepted { Verb::Accept } else { Verb::Reject };
    verb::write(&verb, id, followed, asked, &Audience::only(&[follower]))
}

/// What someone asked who wants to quote something of ours.
pub(crate) struct QuoteAsked<'a> {
    /// The id of their `QuoteRequest`.
    pub(crate) request: &'a Url,
    /// Who asked.
    pub(crate) by: &'a Url,
    /// The post that quotes.
    pub(crate) post: &'a Url,
    /// What is quoted.
    pub(crate) object: &'a Url,
}

/// The answer to who wants to quote: accepted with an authorization, else rejected (FEP-044f).
pub(crate) fn answer_to_quote(
    id: &Url,
    author: &Url,
    asked: &QuoteAsked<'_>,
    authorization: Option<&Url>,
) -> Value {
    let request = json!({
        "type": "QuoteRequest", "id": asked.request, "actor": asked.by,
        "object": asked.object, "instrument": asked.post,
    });
    let verb = if authorization.is_some() { Verb::Accept } else { Verb::Reject };
    let answer = verb::write(&verb, id, author, request, &Audience::only(&[asked.by]));
    match authorization {
        Some(authorization) => with(answer, "result", json!(authorization)),
        None => answer,
    }
}

/// The authorization of a post to quote something by `author` (FEP-044f).
pub(crate) fn quote_authorization(id: &Url, author: &Url, post: &Url, quoted: &Url) -> Value {
    json!({
        "@context": context::activity(),
        "id": id,
        "type": "QuoteAuthorization",
        "attributedTo": author,
        "interactingObject": post,
        "interactionTarget": quoted,
    })
}

/// Someone takes back what they did.
pub(crate) fn undo(id: &Url, actor: &Url, activity: &Value) -> Value {
    verb::undo(id, actor, activity, &audience(activity))
}

/// Something of an actor is gone: an object, or the actor itself.
pub(crate) fn delete(id: &Url, actor: &Url, object: &Url, cc: &[&Url], at: Timestamp) -> Value {
    let gone = if object == actor {
        json!(object)
    } else {
        json!({"id": object, "type": "Tombstone", "deleted": at.to_string()})
    };
    verb::write(&Verb::Delete, id, actor, gone, &Audience::public(cc))
}

/// The owner of a video answers whether a comment may stand there (`PeerTube`).
pub(crate) fn reply_answer(
    verb: &Verb,
    id: &Url,
    owner: &Url,
    comment: &Url,
    video: &Url,
) -> Value {
    let activity = verb::write(verb, id, owner, json!(comment), &Audience::public(&[]));
    with(activity, "inReplyTo", json!(video))
}

/// What is reported, and why.
#[derive(Clone, Debug)]
pub(crate) struct Flagged<'a> {
    /// What; Mastodon reads a list, `PeerTube` one id.
    pub(crate) objects: &'a [Url],
    /// Why, in words.
    pub(crate) reason: &'a str,
    /// Why, in `PeerTube`'s words.
    pub(crate) tags: &'a [&'a str],
    /// From and to which second.
    pub(crate) span_s: (Option<u32>, Option<u32>),
}

/// A moderator's attention is asked for.
pub(crate) fn flag(id: &Url, actor: &Url, to: &Url, flagged: &Flagged<'_>) -> Value {
    let object = match flagged.objects {
        [one] => json!(one),
        many => json!(many),
    };
    let tags: Vec<_> =
        flagged.tags.iter().map(|name| json!({"type": "Hashtag", "name": name})).collect();
    let mut activity = verb::write(&Verb::Flag, id, actor, object, &Audience::only(&[to]));
    activity = with(activity, "content", json!(flagged.reason));
    activity = with(activity, "mediaType", json!("text/markdown"));
    activity = with(activity, "tag", json!(tags));
    for (name, second) in [("startAt", flagged.span_s.0), ("endAt", flagged.span_s.1)] {
        if let Some(second) = second {
            activity = with(activity, name, json!(second));
        }
    }
    activity
}

/// A video was watched here so many times since the last one.
pub(crate) fn view(id: &Url, actor: &Url, owner: &Url, video: &Url, views: u64) -> Value {
    let activity = verb::write(&Verb::View, id, actor, json!(video), &Audience::only(&[owner]));
    let counted = json!({
        "type": "InteractionCounter",
        "interactionType": "WatchAction",
        "userInteractionCount": views,
    });
    with(activity, "result", counted)
}
