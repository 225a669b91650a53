//! Words with a video hung on them: so do Mastodon, Pixelfed, Loops and GoToSocial post videos.

use kinora_activity::actor::ActorKind;
use kinora_activity::lenient::{self, Unreadable};
use kinora_activity::note::{Attachment, KINDS, Note};
use kinora_activity::video::{Author, File, Video};
use serde_json::Value;

use super::from_theirs::plain;

/// The most characters that a title takes of the words.
const TITLE_CHARS_MAX: usize = 100;

/// The height of a picture, in pixels, whose size nobody said.
const HEIGHT_UNKNOWN: u32 = 480;

/// The video that an object is: a `Video`, or words that post one and reply to nothing. `None` if it is neither.
///
/// # Errors
/// [`Unreadable`] if it says that it is one and cannot be read.
pub(crate) fn video(json: &Value) -> Result<Option<Video>, Unreadable> {
    if lenient::is_a(json, "Video") {
        return Video::read(json).map(Some);
    }
    if !KINDS.iter().any(|kind| lenient::is_a(json, kind)) {
        return Ok(None);
    }
    let note = Note::read(json)?;
    let shown = |it: &&Attachment| {
        it.media_type.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().starts_with("video/"))
    };
    let Some(attachment) = note.attachments.iter().find(shown) else { return Ok(None) };
    if note.in_reply_to.is_some() {
        return Ok(None);
    }
    Ok(Some(posted(&note, attachment, json)))
}

fn posted(note: &Note, attachment: &Attachment, json: &Value) -> Video {
    let own = |name: &str| {
        let collection = json.get(name).and_then(lenient::id_of);
        collection.filter(|it| it.origin() == note.id.origin())
    };
    let file = File {
        url: attachment.url.clone(),
        media_type: attachment.media_type.clone().unwrap_or_default(),
        height: attachment.height.filter(|it| *it > 0).unwrap_or(HEIGHT_UNKNOWN),
        width: attachment.width,
        fps: None,
        size: None,
        tracks: None,
        torrent: None,
        magnet: None,
    };
    Video {
        content: Some(note.content.clone()),
        source: note.source.clone(),
        summary: note.summary.clone(),
        sensitive: note.sensitive,
        published: note.published,
        updated: note.updated,
        duration_s: attachment.duration_s.unwrap_or(0),
        attributed_to: vec![Author {
            id: note.attributed_to.clone(),
            kind: Some(ActorKind::Person),
        }],
        audience: None,
        tags: note.hashtags.clone(),
        icons: attachment.icons.clone(),
        watch_url: note.url.clone(),
        files: vec![file],
        likes: own("likes"),
        comments: own("replies"),
        shares: own("shares"),
        public: note.public,
        to: note.to.clone(),
        cc: note.cc.clone(),
        ..Video::new(note.id.clone(), title(note, attachment))
    }
}

/// Its title if it has one, else how its words begin, else what the picture is said to show.
fn title(note: &Note, attachment: &Attachment) -> String {
    let words = plain(&note.content);
    let first = || words.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    let named = note.name.clone().filter(|name| !name.trim().is_empty());
    let text = named.or_else(first).or_else(|| attachment.name.clone());
    let text = text.unwrap_or_else(|| "Video".to_owned());
    if text.chars().count() <= TITLE_CHARS_MAX {
        return text;
    }
    let cut: String = text.chars().take(TITLE_CHARS_MAX).collect();
    let end = cut.rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(cut.len());
    format!("{}…", cut.split_at(end).0.trim_end())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use serde_json::json;

    /// As Mastodon posts a video.
    fn post() -> Value {
        json!({
            "id": "https://m.example/users/mia/statuses/1",
            "type": "Note",
            "summary": null,
            "published": "2026-11-20T10:00:00Z",
            "url": "https://m.example/@mia/1",
            "attributedTo": "https://m.example/users/mia",
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
            "cc": ["https://m.example/users/mia/followers"],
            "sensitive": false,
            "content": "<p>Rain on the roof</p><p>Ten minutes of it. <a href=\"https://m.example/tags/rain\">#rain</a></p>",
            "attachment": [
                { "type": "Document", "mediaType": "image/png", "url": "https://files.m.example/1.png" },
                { "type": "Document", "mediaType": "video/mp4", "url": "https://files.m.example/1.mp4", "name": "drops",
                  "width": 1280, "height": 720, "icon": { "type": "Image", "url": "https://files.m.example/1.jpg" } },
            ],
            "tag": [{ "type": "Hashtag", "name": "#rain", "href": "https://m.example/tags/rain" }],
            "replies": { "id": "https://m.example/users/mia/statuses/1/replies", "type": "Collection" },
        })
    }

    #[test]
    fn a_post_with_a_video_is_one() {
        let video = video(&post()).unwrap().unwrap();
        assert_eq!(video.name, "Rain on the roof");
        assert_eq!(video.files[0].url.as_str(), "https://files.m.example/1.mp4");
        assert_eq!(
            (video.files[0].height, video.tags.as_slice()),
            (720, ["rain".to_owned()].as_slice())
        );
        assert_eq!(video.person().unwrap().path(), "/users/mia");
        assert_eq!(video.icons[0].url.path(), "/1.jpg");
        assert!(video.public && video.channel().is_none());
        assert_eq!(video.comments.unwrap().path(), "/users/mia/statuses/1/replies");
    }

    #[test]
    fn replies_and_pictures_are_none() {
        let mut reply = post();
        reply["inReplyTo"] = json!("https://a.example/1");
        assert_eq!(video(&reply).unwrap(), None);
        let mut still = post();
        still["attachment"].as_array_mut().unwrap().pop();
        assert_eq!(video(&still).unwrap(), None);
        assert_eq!(video(&json!({ "type": "Person" })).unwrap(), None);
    }

    #[test]
    fn a_title_is_found_for_all() {
        let titled = |content: &str, name: Value| {
            let mut post = post();
            post["content"] = json!(content);
            post["name"] = name;
            video(&post).unwrap().unwrap().name
        };
        assert_eq!(titled("<p>a</p>", json!("A talk")), "A talk");
        assert_eq!(titled("", Value::Null), "drops");
        let long = titled(&"word ".repeat(60), Value::Null);
        assert!(long.ends_with("word…") && long.chars().count() <= TITLE_CHARS_MAX + 1, "{long}");
        assert_eq!(titled(&"ß".repeat(300), Value::Null).chars().count(), TITLE_CHARS_MAX + 1);
    }
}
