//! A node in memory for the tests of this room: the memory engine, blobs in a folder of its own, a clock that stands.

use std::sync::Arc;

use kinora_model::account::Account;
use kinora_model::actor::Origin;
use kinora_model::channel::Channel;
use kinora_model::clock::{Clock, FixedClock, Timestamp};
use kinora_model::event::Event;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::job::{Job, Lane};
use kinora_model::name::Name;
use kinora_model::outbound::Outbound;
use kinora_model::text::{DisplayName, Title};
use kinora_model::user::{Role, SensitivePolicy, User};
use kinora_model::video::{Counts, Source, Video, VideoState, VideoWords};
use kinora_store::blob::Blobs;
use kinora_store::kv::memory::Memory;
use kinora_store::tables::VideoCounts;
use kinora_store::{Batch, Store};
use uuid::Uuid;

use crate::config::Config;
use crate::{Service, Viewer};

/// A node with one user who has one channel.
pub(crate) struct Stage {
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Arc<FixedClock>,
    /// The user who has the channel.
    pub(crate) owner: Viewer,
    /// Somebody else.
    pub(crate) stranger: Viewer,
    pub(crate) channel: Channel,
    pub(crate) folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(Timestamp::parse("2026-01-01").unwrap()));
        let store = Store::new(Arc::new(Memory::default()));
        let blobs = Blobs::open(folder.path()).unwrap();
        let shared: Arc<dyn Clock> = Arc::<FixedClock>::clone(&clock);
        let service = Arc::new(Service::new(store, blobs, shared, config));
        let (owner, stranger) = (user(&service, "owner").await, user(&service, "stranger").await);
        let now = service.now();
        let channel = Channel {
            id: service.id(),
            account: owner.account,
            name: Name::parse("owner_channel").unwrap(),
            display_name: DisplayName::parse("A channel").unwrap(),
            description: None,
            support: None,
            avatars: Vec::new(),
            banners: Vec::new(),
            created_at: now,
            updated_at: now,
            origin: None,
            without_peers: false,
        };
        let mut batch = Batch::default();
        batch.insert_row(&channel).unwrap();
        service.store.commit(batch).await.unwrap();
        Self { service, clock, owner, stranger, channel, folder }
    }

    /// A public video that can be watched, changed as `change` says, kept.
    pub(crate) async fn video(&self, title: &str, change: impl FnOnce(&mut Video)) -> Video {
        let service = &self.service;
        let now = service.now();
        let mut video = Video {
            id: service.id(),
            uuid: Uuid::new_v4(),
            channel: self.channel.id,
            account: self.owner.account,
            words: VideoWords::titled(Title::parse(title).unwrap()),
            state: VideoState::Published,
            failure: None,
            source: Source { filename: "a.mp4".to_owned(), bytes: 1, kept: false },
            footage: None,
            thumbnail: None,
            thumbnail_chosen: false,
            candidates: Vec::new(),
            storyboard: None,
            created_at: now,
            updated_at: now,
            published_at: Some(now),
            remote: None,
        };
        change(&mut video);
        let mut batch = Batch::default();
        batch.insert_row(&video).unwrap();
        let counts = Counts::default();
        batch.insert_row(&VideoCounts { video: video.id, counts }).unwrap();
        let event = Event::VideoCreated { video: video.id };
        service.journal.record(&mut batch, &event, now).unwrap();
        service.store.commit(batch).await.unwrap();
        video
    }

    /// A person and their channel on another server.
    pub(crate) async fn elsewhere(&self, name: &str, host: &str) -> (Account, Channel) {
        let now = self.service.now();
        let origin = |folder: &str| Origin {
            host: Host::parse(host).unwrap(),
            uri: url::Url::parse(&format!("https://{host}/{folder}/{name}")).unwrap(),
            url: None,
            icon: None,
            banner: None,
            followers: None,
            following: None,
            videos: None,
        };
        let account = Account {
            id: self.service.id(),
            user: None,
            name: Name::parse_remote(name).unwrap(),
            display_name: DisplayName::parse(name).unwrap(),
            description: None,
            avatars: Vec::new(),
            created_at: now,
            updated_at: now,
            origin: Some(origin("accounts")),
        };
        let channel = Channel {
            id: self.service.id(),
            account: account.id,
            origin: Some(origin("video-channels")),
            name: account.name.clone(),
            ..self.channel.clone()
        };
        let mut batch = Batch::default();
        batch.insert_row(&account).unwrap();
        batch.insert_row(&channel).unwrap();
        self.service.store.commit(batch).await.unwrap();
        (account, channel)
    }

    /// What other servers were to be told since the last call.
    pub(crate) async fn told(&self) -> Vec<Outbound> {
        let (mut all, queue) = (Vec::new(), &self.service.queue);
        while let Some(leased) = queue.lease(Lane::Federate, "test").await.unwrap() {
            if let Job::Federate { outbound } = &leased.job {
                all.push(outbound.clone());
            }
            queue.finish(&leased, Batch::default()).await.unwrap();
        }
        all
    }

    /// The video as it stands in the store.
    pub(crate) async fn read(&self, video: Id<Video>) -> Option<Video> {
        let row = self.service.store.get::<Video>(&video.to_key()).await.unwrap();
        row.map(kinora_store::Stored::into_row)
    }

    /// All events so far.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let entries = self.service.journal.read(0, 1_000).await.unwrap();
        entries.into_iter().map(|entry| entry.event).collect()
    }
}

async fn user(service: &Service, name: &str) -> Viewer {
    let now = service.now();
    let (id, account) = (service.id(), service.id());
    let user = User {
        id,
        account,
        email: format!("{name}@localhost"),
        password: String::new(),
        role: Role::User,
        blocked: None,
        quota_bytes: None,
        quota_daily_bytes: None,
        sensitive: SensitivePolicy::default(),
        autoplay: true,
        p2p: true,
        language: None,
        theme: "default".to_owned(),
        created_at: now,
        last_login_at: None,
    };
    let account = Account {
        id: account,
        user: Some(id),
        name: Name::parse(name).unwrap(),
        display_name: DisplayName::parse(name).unwrap(),
        description: None,
        avatars: Vec::new(),
        created_at: now,
        updated_at: now,
        origin: None,
    };
    let mut batch = Batch::default();
    batch.insert_row(&user).unwrap();
    batch.insert_row(&account).unwrap();
    service.store.commit(batch).await.unwrap();
    Viewer { user: user.id, account: account.id, role: Role::User }
}
