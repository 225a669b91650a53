//! People on a stage: one here who has a channel with a video, others elsewhere who follow.

use std::collections::BTreeMap;

use kinora_model::account::Account;
use kinora_model::actor::{ActorCounts, ActorRef, Origin, RemoteActor};
use kinora_model::channel::{Channel, Handle};
use kinora_model::clock::Timestamp;
use kinora_model::comment::{Comment, CommentFormat, CommentState};
use kinora_model::delivery::{Delivery, Outgoing};
use kinora_model::event::Event;
use kinora_model::follow::{Follow, FollowState};
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::instance::Instance;
use kinora_model::name::Name;
use kinora_model::outbound::Outbound;
use kinora_model::picture::{BlobName, Picture};
use kinora_model::rendition::{Init, Rendition, RenditionState, Torrent};
use kinora_model::text::{Description, DisplayName, Tag, Title};
use kinora_model::video::{
    Counts, Footage, RemoteVideo, Source, Storyboard, Thumbnail, Video, VideoState, VideoWords,
};
use kinora_store::tables::{NameHolder, VideoCounts};
use kinora_store::{Batch, Row};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::stage::Stage;

/// The uuid of the video.
pub(crate) const UUID: &str = "8a5ee3ad-74f9-4814-a483-204b12168ce1";

/// A stage with people on it.
pub(crate) struct House {
    pub(crate) stage: Stage,
    pub(crate) account: Account,
    pub(crate) channel: Channel,
    pub(crate) video: Video,
}

/// What was written to others: who signs, what, and to which inboxes.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) signer: ActorRef,
    pub(crate) activity: Value,
    pub(crate) inboxes: Vec<String>,
}

impl Sent {
    pub(crate) fn kind(&self) -> &str {
        self.activity["type"].as_str().unwrap()
    }
}

pub(crate) fn picture(width: u32, height: u32, byte: u8) -> Picture {
    let blob = BlobName::from_digest([byte; 32]);
    Picture { blob, width, height, created_at: Timestamp::default() }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::on(Stage::new()).await
    }

    pub(crate) async fn with(config: crate::Config) -> Self {
        Self::on(Stage::with(config)).await
    }

    async fn on(stage: Stage) -> Self {
        let service = &stage.room.service;
        let now = service.now();
        let name = |text: &str| Name::parse(text).unwrap();
        let account = Account {
            id: service.id(),
            user: Some(service.id()),
            name: name("ana"),
            display_name: DisplayName::parse("Ana").unwrap(),
            description: None,
            avatars: vec![picture(48, 48, 1), picture(120, 120, 2)],
            created_at: now,
            updated_at: now,
            origin: None,
        };
        let channel = Channel {
            id: service.id(),
            account: account.id,
            name: name("films"),
            display_name: DisplayName::parse("Films").unwrap(),
            description: None,
            support: None,
            avatars: Vec::new(),
            banners: vec![picture(1920, 317, 3)],
            created_at: now,
            updated_at: now,
            origin: None,
            without_peers: false,
        };
        let words = VideoWords {
            description: Description::parse("A film about **rain**").ok(),
            tags: vec![Tag::parse("rain").unwrap()],
            category: Some(2),
            licence: Some(1),
            language: Some("en".to_owned()),
            ..VideoWords::titled(Title::parse("Rain").unwrap())
        };
        let video = Video {
            id: service.id(),
            uuid: Uuid::try_parse(UUID).unwrap(),
            channel: channel.id,
            account: account.id,
            words,
            state: VideoState::Published,
            failure: None,
            source: Source { filename: "a.mp4".to_owned(), bytes: 1, kept: false },
            footage: Some(Footage {
                duration_ms: 30_040,
                width: 1280,
                height: 720,
                fps_milli: 30_000,
                has_audio: true,
                has_video: true,
            }),
            thumbnail: Some(Thumbnail { small: picture(280, 157, 4), large: picture(850, 480, 5) }),
            thumbnail_chosen: false,
            candidates: Vec::new(),
            storyboard: Some(Storyboard {
                blob: BlobName::from_digest([6; 32]),
                bytes: 1,
                total_width: 1920,
                total_height: 324,
                sprite_width: 192,
                sprite_height: 108,
                sprite_ms: 1_000,
            }),
            created_at: now,
            updated_at: now,
            published_at: Some(now),
            remote: None,
        };
        let rendition = Rendition {
            id: service.id(),
            video: video.id,
            rung: "720p".to_owned(),
            resolution: 720,
            width: 1280,
            height: 720,
            fps_milli: 30_000,
            copied: true,
            has_audio: true,
            has_video: true,
            codecs: "avc1.64001f,mp4a.40.2".to_owned(),
            init: Some(Init { blob: BlobName::from_digest([7; 32]), bytes: 10 }),
            state: RenditionState::Ready,
            segments: 8,
            bytes: 9_882_214,
            duration_us: 30_040_000,
            peak_bps: 1,
            average_bps: 1,
            torrent: Some(Torrent {
                blob: BlobName::from_digest([8; 32]),
                bytes: 1,
                info_hash: "de1ae2f74522c06489eced6a6aa9cbf1cbae0cc7".to_owned(),
            }),
            created_at: now,
            updated_at: now,
        };
        let mut batch = Batch::default();
        for (holder, handle) in [
            (&account.name, Handle::Account(account.id)),
            (&channel.name, Handle::Channel(channel.id)),
        ] {
            let row = NameHolder { name: holder.clone(), handle: Some(handle) };
            batch.insert_row(&row).unwrap();
        }
        batch.insert_row(&account).unwrap();
        batch.insert_row(&channel).unwrap();
        batch.insert_row(&video).unwrap();
        batch.insert_row(&rendition).unwrap();
        let counts = Counts { views: 12, likes: 3, comments: 1, ..Counts::default() };
        batch.insert_row(&VideoCounts { video: video.id, counts }).unwrap();
        let event = Event::VideoPublished { video: video.id };
        service.journal.record(&mut batch, &event, now).unwrap();
        service.store.commit(batch).await.unwrap();
        Self { stage, account, channel, video }
    }

    pub(crate) async fn put<T: Row>(&self, row: &T) {
        let mut batch = Batch::default();
        batch.put_row(row).unwrap();
        self.stage.room.service.store.commit(batch).await.unwrap();
    }

    /// Somebody elsewhere.
    pub(crate) async fn stranger(&self, name: &str, host: &str) -> Account {
        let service = &self.stage.room.service;
        let uri = Url::parse(&format!("http://{host}/users/{name}")).unwrap();
        let account = Account {
            id: service.id(),
            user: None,
            name: Name::parse(name).unwrap(),
            display_name: DisplayName::parse(name).unwrap(),
            description: None,
            avatars: Vec::new(),
            created_at: service.now(),
            updated_at: service.now(),
            origin: Some(Origin {
                host: Host::parse(host).unwrap(),
                uri: uri.clone(),
                url: None,
                icon: None,
                banner: None,
                followers: None,
                following: None,
                videos: None,
            }),
        };
        let below = |rest: &str| Url::parse(&format!("{uri}/{rest}")).unwrap();
        let actor = RemoteActor {
            actor: ActorRef::Account(account.id),
            host: Host::parse(host).unwrap(),
            name: name.to_owned(),
            url: None,
            inbox: below("inbox"),
            shared_inbox: Url::parse(&format!("http://{host}/inbox")).ok(),
            outbox: None,
            followers: Some(below("followers")),
            playlists: None,
            keys: Vec::new(),
            fetched_at: service.now(),
            gone: false,
            moved_to: None,
            uri,
        };
        self.put(&account).await;
        self.put(&actor).await;
        account
    }

    /// Somebody elsewhere who follows, on a server that runs `software`.
    pub(crate) async fn follower(
        &self,
        name: &str,
        host: &str,
        software: &str,
        followed: ActorRef,
    ) -> Account {
        let account = self.stranger(name, host).await;
        let service = &self.stage.room.service;
        let instance = Instance {
            id: service.id(),
            host: Host::parse(host).unwrap(),
            software: Some(software.to_owned()),
            software_version: None,
            asked_at: None,
            created_at: service.now(),
        };
        self.put(&instance).await;
        let follow = Follow {
            id: service.id(),
            follower: ActorRef::Account(account.id),
            followed,
            state: FollowState::Accepted,
            uri: None,
            created_at: service.now(),
        };
        self.put(&follow).await;
        let old = service.store.get::<ActorCounts>(&followed.to_key()).await.unwrap();
        let followers = old.map_or(0, |old| old.followers) + 1;
        self.put(&ActorCounts { actor: followed, followers, following: 0 }).await;
        account
    }

    /// A video of somebody elsewhere.
    pub(crate) async fn remote_video(&self, by: &Account) -> Video {
        let service = &self.stage.room.service;
        let origin = by.origin.clone().unwrap();
        let remote = RemoteVideo {
            uri: Url::parse(&format!("{}/videos/1", origin.uri)).unwrap(),
            host: origin.host,
            url: None,
            embed: None,
            thumbnails: Vec::new(),
            hls: None,
            files: Vec::new(),
            captions: Vec::new(),
            trackers: Vec::new(),
            comments: None,
            shares: None,
            likes: None,
            dislikes: None,
            live: false,
            fetched_at: service.now(),
            manifest: None,
        };
        let video = Video {
            id: service.id(),
            uuid: Uuid::from_u128(7),
            account: by.id,
            remote: Some(remote),
            ..self.video.clone()
        };
        self.put(&video).await;
        video
    }

    /// A comment under the video.
    pub(crate) async fn comment(&self, by: &Account, parent: Option<&Comment>) -> Comment {
        self.comment_on(&self.video, by, parent).await
    }

    /// A comment under a video.
    pub(crate) async fn comment_on(
        &self,
        video: &Video,
        by: &Account,
        parent: Option<&Comment>,
    ) -> Comment {
        let service = &self.stage.room.service;
        let id = service.id();
        let comment = Comment {
            id,
            video: video.id,
            thread: parent.map_or(id, |parent| parent.thread),
            parent: parent.map(|parent| parent.id),
            account: by.id,
            uri: by.origin.as_ref().map(|it| Url::parse(&format!("{}/notes/1", it.uri)).unwrap()),
            url: None,
            text: "Nice **rain**".to_owned(),
            format: CommentFormat::Markdown,
            state: CommentState::Shown,
            created_at: service.now(),
            updated_at: service.now(),
        };
        self.put(&comment).await;
        comment
    }

    /// Tells something, and returns what was written to others by it, in order.
    pub(crate) async fn tell(&self, outbound: Outbound) -> Vec<Sent> {
        let room = &self.stage.room;
        let store = &room.service.store;
        let before: Vec<_> = store.list::<Outgoing>(&[], 10_000).await.unwrap();
        let before = before.last().map(|row| row.id);
        room.tell(&outbound).await.unwrap();
        let deliveries = store.list::<Delivery>(&[], 10_000).await.unwrap();
        let mut inboxes: BTreeMap<Id<Outgoing>, Vec<String>> = BTreeMap::new();
        for delivery in deliveries {
            inboxes.entry(delivery.outgoing).or_default().push(delivery.inbox.to_string());
        }
        let rows = store.list::<Outgoing>(&[], 10_000).await.unwrap();
        let new = rows.iter().filter(|row| before.is_none_or(|before| row.id > before));
        new.map(|row| Sent {
            signer: row.signer,
            activity: serde_json::from_str(&row.body).unwrap(),
            inboxes: inboxes.remove(&row.id).unwrap_or_default(),
        })
        .collect()
    }

    /// The document at a path.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, crate::Error> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        match self.stage.room.document(path, query).await? {
            crate::documents::Answer::Document(document) => {
                Ok(serde_json::from_slice(&document.body).unwrap())
            }
            crate::documents::Answer::Elsewhere(url) => Ok(Value::from(url.as_str())),
        }
    }
}
