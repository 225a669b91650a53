//! Words of others as rows of ours: cut to our bounds, without what a row cannot hold. Nothing here asks anybody.

use kinora_activity::actor::{Actor, ActorKind, Image};
use kinora_activity::video as words;
use kinora_model::actor::{ActorRef, Origin, RemoteActor, RemoteKey, RemotePicture};
use kinora_model::clock::Timestamp;
use kinora_model::host::Host;
use kinora_model::instance::Instance;
use kinora_model::name::Name;
use kinora_model::text::{DisplayName, Tag, Text, Title};
use kinora_model::video::lists::{category_label, language_label, licence_label};
use kinora_model::video::{
    CommentsPolicy, Footage, RemoteCaption, RemoteFile, RemoteHls, RemoteManifest, RemoteVideo,
    TAGS_MAX, VideoWords,
};
use kinora_service::remote::{Kind, NewActor};
use url::Url;

use crate::error::Error;

/// Text that fits: cut if it is too long, `None` if nothing is left.
pub(crate) fn fitting<const MIN: usize, const MAX: usize>(text: &str) -> Option<Text<MIN, MAX>> {
    let cut: String = text.trim().chars().take(MAX).collect();
    Text::parse(&cut).ok().filter(|text| !text.is_empty())
}

/// HTML as plain words: descriptions are kept as markdown, in which no HTML is read.
pub(crate) fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let Some((tag, after)) = tag.split_once('>') else { break };
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        match (name.to_ascii_lowercase().as_str(), tag.starts_with('/')) {
            ("br", _) => text.push('\n'),
            ("p" | "div" | "li" | "h1" | "h2" | "h3" | "blockquote", true) => text.push_str("\n\n"),
            _ => {}
        }
        rest = after;
    }
    if !rest.contains('<') {
        text.push_str(rest);
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&");
    text.trim().to_owned()
}

/// The largest picture of several.
fn picture(images: &[Image]) -> Option<RemotePicture> {
    let largest = images.iter().max_by_key(|image| image.width.unwrap_or(0))?;
    Some(RemotePicture { url: largest.url.clone(), width: largest.width, height: largest.height })
}

/// An actor elsewhere; `owner` is that of a channel.
pub(crate) fn actor(
    actor: &Actor,
    owner: Option<kinora_model::id::Id<kinora_model::account::Account>>,
    now: Timestamp,
) -> Result<NewActor, Error> {
    let host = Host::of(&actor.id).ok_or(Error::Refused("an actor without a server"))?;
    let unreadable = || Error::Unreadable("the name of an actor".to_owned());
    let name = Name::parse_remote(&actor.preferred_username).map_err(|_bad| unreadable())?;
    let shown = actor.name.as_deref().and_then(fitting::<1, 120>);
    let display_name = match shown {
        Some(name) => name,
        None => DisplayName::parse(&name.as_str().chars().take(120).collect::<String>())
            .map_err(|_bad| unreadable())?,
    };
    let said = actor.source.clone().or_else(|| actor.summary.as_deref().map(plain));
    let kind = match actor.kind {
        ActorKind::Group => {
            Kind::Channel { owner, support: actor.support.as_deref().and_then(fitting) }
        }
        ActorKind::Application => Kind::Instance,
        ActorKind::Person | ActorKind::Service | ActorKind::Organization => Kind::Account,
    };
    let keys = actor.keys().map(|key| RemoteKey { id: key.id.clone(), text: key.text.clone() });
    Ok(NewActor {
        kind,
        wire: RemoteActor {
            uri: actor.id.clone(),
            // Set as it is kept.
            actor: ActorRef::Instance(Instance::HERE),
            host: host.clone(),
            name: name.to_string(),
            url: actor.url.clone(),
            inbox: actor.inbox.clone(),
            shared_inbox: actor.shared_inbox.clone(),
            outbox: actor.outbox.clone(),
            followers: actor.followers.clone(),
            playlists: actor.playlists.clone(),
            keys: keys.collect(),
            fetched_at: now,
            gone: false,
            moved_to: actor.moved_to.clone(),
        },
        name,
        display_name,
        description: said.as_deref().and_then(fitting),
        origin: Origin {
            host,
            uri: actor.id.clone(),
            url: actor.url.clone(),
            icon: picture(&actor.icons),
            banner: picture(&actor.images),
            followers: None,
            following: None,
            videos: None,
        },
        created_at: actor.published.map(Timestamp::from_ms).filter(|at| *at <= now),
    })
}

fn labelled(label: Option<&words::Labelled>) -> Option<u8> {
    label?.identifier.parse().ok()
}

/// What is said of a video elsewhere.
pub(crate) fn video_words(video: &words::Video) -> Result<VideoWords, Error> {
    // A title that is too short for ours is no reason to refuse a video.
    let mut title: String = video.name.trim().chars().take(120).collect();
    while title.chars().count() < 3 {
        title.push('.');
    }
    let title = Title::parse(&title).map_err(|_bad| Error::Unreadable("its title".to_owned()))?;
    let said = video.source.clone().or_else(|| video.content.as_deref().map(plain));
    let tags = video.tags.iter().filter_map(|tag| Tag::parse(tag).ok()).take(TAGS_MAX);
    let language = video.language.as_ref().map(|it| it.identifier.clone());
    Ok(VideoWords {
        description: said.as_deref().and_then(fitting),
        support: video.support.as_deref().and_then(fitting),
        tags: tags.collect(),
        category: labelled(video.category.as_ref()).filter(|it| category_label(*it).is_some()),
        licence: labelled(video.licence.as_ref()).filter(|it| licence_label(*it).is_some()),
        language: language.filter(|code| language_label(code).is_some()),
        sensitive: video.sensitive,
        sensitive_flags: video.sensitive_flags,
        sensitive_summary: video.summary.as_deref().filter(|_| video.sensitive).and_then(fitting),
        comments: CommentsPolicy::from_number(video.comments_policy).unwrap_or_default(),
        download: video.download_enabled,
        originally_published_at: video.originally_published.map(Timestamp::from_ms),
        ..VideoWords::titled(title)
    })
}

/// The length and size of a video elsewhere.
pub(crate) fn footage(video: &words::Video) -> Footage {
    let files = || video.hls.iter().flat_map(|hls| &hls.files).chain(&video.files);
    let largest = files().max_by_key(|file| file.height);
    let height = largest.map_or(0, |file| file.height);
    let width = largest.and_then(|file| file.width).unwrap_or(0);
    Footage {
        duration_ms: video.duration_s.saturating_mul(1_000),
        width,
        height,
        fps_milli: largest.and_then(|file| file.fps).unwrap_or(0).saturating_mul(1_000),
        has_audio: files().all(|file| file.tracks.is_none_or(|tracks| tracks.audio)),
        has_video: height > 0 || files().next().is_none(),
    }
}

fn file(file: &words::File) -> RemoteFile {
    RemoteFile {
        url: file.url.clone(),
        height: file.height,
        width: file.width,
        fps: file.fps,
        bytes: file.size,
        media_type: file.media_type.clone(),
        torrent: file.torrent.clone(),
        magnet: file.magnet.clone(),
    }
}

/// Where a video lives and what is there.
pub(crate) fn remote_video(video: &words::Video, now: Timestamp) -> Result<RemoteVideo, Error> {
    let host = Host::of(&video.id).ok_or(Error::Refused("a video without a server"))?;
    let mut thumbnails: Vec<RemotePicture> = video
        .icons
        .iter()
        .map(|it| RemotePicture { url: it.url.clone(), width: it.width, height: it.height })
        .collect();
    thumbnails.sort_by_key(|it| std::cmp::Reverse(it.width.unwrap_or(0)));
    let caption =
        |it: &words::Caption| RemoteCaption { language: it.language.clone(), url: it.url.clone() };
    let own = |url: &Option<Url>| url.clone().filter(|url| Host::of(url).as_ref() == Some(&host));
    Ok(RemoteVideo {
        uri: video.id.clone(),
        url: own(&video.watch_url),
        embed: video.embed_url.clone(),
        thumbnails,
        hls: video.hls.as_ref().map(|hls| RemoteHls {
            playlist: hls.playlist.clone(),
            segments_sha256: hls.segments_sha256.clone(),
            files: hls.files.iter().map(file).collect(),
        }),
        files: video.files.iter().map(file).collect(),
        captions: video.captions.iter().map(caption).collect(),
        trackers: video.trackers.clone(),
        comments: video.comments.clone(),
        shares: video.shares.clone(),
        likes: video.likes.clone(),
        dislikes: video.dislikes.clone(),
        live: video.live,
        fetched_at: now,
        manifest: video.manifest.as_ref().map(|it| RemoteManifest {
            url: it.url.clone(),
            sha256: it.sha256,
            bytes: it.size,
        }),
        host,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn html_becomes_words() {
        assert_eq!(plain("<p>Rain &amp; <b>wind</b></p><p>a<br>b</p>"), "Rain & wind\n\na\nb");
        assert_eq!(plain("<script>x"), "x");
        assert_eq!(plain("a < b"), "a");
        assert_eq!(plain("&amp;lt;"), "&lt;");
    }

    #[test]
    fn a_video_is_cut_to_what_a_row_holds() {
        let id = "https://a.example/1".parse().unwrap();
        let mut video = words::Video::new(id, "x".repeat(400));
        video.tags = (0..50).map(|n| format!("tag{n}")).collect();
        video.category =
            Some(words::Labelled { identifier: "200".to_owned(), name: String::new() });
        let words = video_words(&video).unwrap();
        assert_eq!(words.title.as_str().chars().count(), 120);
        assert_eq!((words.tags.len(), words.category), (TAGS_MAX, None));
        video.name = "a".to_owned();
        assert_eq!(video_words(&video).unwrap().title.as_str(), "a..");
    }
}
