//! Comments by people here as notes.

use kinora_activity::note::{Mention, Note};
use kinora_activity::verb::Audience;
use kinora_model::comment::{Comment, CommentFormat};
use kinora_service::comments::words;
use kinora_service::mentions::Known;
use serde_json::Value;
use url::Url;

use crate::address::Addresses;

/// What a comment replies to, and whom it is for.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The id of the comment.
    pub(crate) id: Url,
    /// Its page, for people.
    pub(crate) page: Url,
    /// Who wrote it.
    pub(crate) author: Url,
    /// The comment or video that it answers.
    pub(crate) parent: Url,
    /// The channel of the video.
    pub(crate) channel: Option<Url>,
    /// Whose the video is.
    pub(crate) owner: Option<Url>,
    /// Who is mentioned, and who wrote what it answers: ids and handles.
    pub(crate) mentioned: Vec<(Url, String)>,
    /// The conversation, if it is kept here.
    pub(crate) context: Option<Url>,
    /// Who within the words is known here.
    pub(crate) known: Known,
}

/// A comment by someone here.
pub(crate) fn to_note(addresses: &Addresses, comment: &Comment, reply: &Reply) -> Value {
    let html = absolute(addresses, &words::html(comment, &reply.known));
    let mut note = Note::new(reply.id.clone(), reply.author.clone(), html);
    note.in_reply_to = Some(reply.parent.clone());
    note.source = (comment.format == CommentFormat::Markdown).then(|| comment.text.clone());
    note.published = Some(comment.created_at.as_ms());
    note.updated = (comment.updated_at > comment.created_at).then(|| comment.updated_at.as_ms());
    note.url = Some(reply.page.clone());
    note.mentions = reply
        .mentioned
        .iter()
        .map(|(href, name)| Mention { href: href.clone(), name: Some(name.clone()) })
        .collect();
    note.context.clone_from(&reply.context);
    note.audience.clone_from(&reply.channel);
    let followers = addresses.below(&reply.author, "followers");
    let mut cc = vec![&followers];
    let named = reply.mentioned.iter().map(|(href, _)| href);
    for whom in named.chain(&reply.owner).chain(&reply.channel) {
        if !cc.contains(&whom) {
            cc.push(whom);
        }
    }
    note.write(&Audience::public(&cc))
}

/// Links to pages of this node as they work elsewhere.
fn absolute(addresses: &Addresses, html: &str) -> String {
    html.replace("<a href=\"/", &format!("<a href=\"{}/", addresses.origin()))
}
