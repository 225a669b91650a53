//! A node in memory for the tests of this room, asked as over the network, but without one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use kinora_federation::Federation;
use kinora_media::Media;
use kinora_model::clock::{Clock, FixedClock, Timestamp};
use kinora_model::event::Event;
use kinora_model::name::Name;
use kinora_model::text::Title;
use kinora_model::user::Role;
use kinora_model::video::{Counts, Source, Video, VideoState, VideoWords};
use kinora_p2p::{Peers, Place};
use kinora_service::users::{self, NewUser};
use kinora_service::{Config, Service, channels, names, passwords, sessions};
use kinora_store::blob::Blobs;
use kinora_store::kv::memory::Memory;
use kinora_store::tables::VideoCounts;
use kinora_store::{Batch, Store};
use prometheus_client::registry::Registry;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::server::{App, application};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse";

/// A node, and the clock that it reads.
pub(crate) struct Stage {
    pub(crate) app: Data<App>,
    pub(crate) clock: Arc<FixedClock>,
    _folder: tempfile::TempDir,
}

/// What a node stands on.
struct Base {
    service: Arc<Service>,
    clock: Arc<FixedClock>,
    folder: tempfile::TempDir,
}

impl Base {
    fn new(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(Arc::new(Memory::default()));
        let blobs = Blobs::open(&folder.path().join("store")).unwrap();
        let clock = Arc::new(FixedClock::at(Timestamp::parse("2026-01-01").unwrap()));
        let shared: Arc<dyn Clock> = Arc::<FixedClock>::clone(&clock);
        Self { service: Arc::new(Service::new(store, blobs, shared, config)), clock, folder }
    }

    fn stage(self, config: crate::Config, peers: Option<Arc<Peers>>) -> Stage {
        let Self { service, clock, folder } = self;
        let media = kinora_media::Config::default();
        let media =
            Media::open(Arc::clone(&service), media, folder.path().join("scratch")).unwrap();
        let federation = kinora_federation::Config::default();
        let federation =
            Federation::open(Arc::clone(&service), federation, &config.public_url).unwrap();
        let app =
            App::new(service, Arc::new(media), federation, peers, config, Registry::default());
        Stage { app: Data::new(app), clock, _folder: folder }
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The JSON; null if there is none.
    pub(crate) body: Value,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Base::new(config).stage(crate::Config::default(), None)
    }

    /// A node at `public_url` that helps peers.
    pub(crate) async fn sharing(
        config: kinora_p2p::Config,
        public_url: &Url,
    ) -> (Self, kinora_p2p::Workers) {
        let base = Base::new(Config::default());
        let (service, key) = (Arc::clone(&base.service), base.folder.path().join("peer.key"));
        let place = Place { public_url, key: &key, private_addresses: false };
        let (peers, workers) = Peers::start(service, config, &place).await.unwrap();
        let config = crate::Config { public_url: public_url.clone(), ..crate::Config::default() };
        (base.stage(config, Some(peers)), workers)
    }

    /// Makes a user, and logs them in; returns the access token.
    pub(crate) async fn user(&self, name: &str, role: Role) -> String {
        let service = &self.app.service;
        let hash = passwords::hash(PASSWORD).await.unwrap();
        let email = format!("{name}@example.org");
        let named = NewUser::named(service, Name::parse(name).unwrap(), email, hash);
        users::create(service, &NewUser { role, ..named }).await.unwrap();
        sessions::log_in(service, name, PASSWORD).await.unwrap().access
    }

    /// Puts a public video that can be watched into the first channel of an account; returns its uuid.
    pub(crate) async fn video(&self, account: &str, title: &str) -> String {
        let service = &self.app.service;
        let account = names::account(service, account).await.unwrap().id;
        let channel = channels::of_account(service, account).await.unwrap()[0].id;
        let now = service.now();
        let video = Video {
            id: service.id(),
            uuid: Uuid::new_v4(),
            channel,
            account,
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
        let mut batch = Batch::default();
        batch.insert_row(&video).unwrap();
        let counts = Counts::default();
        batch.insert_row(&VideoCounts { video: video.id, counts }).unwrap();
        let event = Event::VideoPublished { video: video.id };
        service.journal.record(&mut batch, &event, now).unwrap();
        service.store.commit(batch).await.unwrap();
        video.uuid.to_string()
    }

    pub(crate) async fn ask(&self, request: TestRequest) -> Answer {
        let service = init_service(application(self.app.clone())).await;
        let response = call_service(&service, request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_body(response).await;
        Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(with_token(TestRequest::get().uri(path), token)).await
    }

    /// The body as text.
    pub(crate) async fn text(&self, path: &str, token: &str) -> String {
        let service = init_service(application(self.app.clone())).await;
        let request = with_token(TestRequest::get().uri(path), token).to_request();
        let body = read_body(call_service(&service, request).await).await;
        String::from_utf8(body.to_vec()).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.ask(with_token(TestRequest::post().uri(path).set_json(body), token)).await
    }

    pub(crate) async fn put(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.ask(with_token(TestRequest::put().uri(path).set_json(body), token)).await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Answer {
        self.ask(with_token(TestRequest::delete().uri(path), token)).await
    }

    /// Asks for tokens with a form.
    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let client = sessions::client(&self.app.service).await.unwrap();
        let mut form = vec![("client_id", client.id.as_str()), ("client_secret", &client.secret)];
        form.extend_from_slice(fields);
        self.ask(TestRequest::post().uri("/api/v1/users/token").set_form(form)).await
    }
}

fn with_token(request: TestRequest, token: &str) -> TestRequest {
    if token.is_empty() {
        return request;
    }
    request.insert_header(("authorization", format!("Bearer {token}")))
}

/// What `sample` has and `ours` has not, or has of another kind: paths of fields.
pub(crate) fn missing(sample: &Value, ours: &Value, at: &str) -> Vec<String> {
    match (sample, ours) {
        (Value::Object(sample), Value::Object(ours)) => sample
            .iter()
            .flat_map(|(key, value)| match ours.get(key) {
                Some(own) => missing(value, own, &format!("{at}.{key}")),
                None => vec![format!("{at}.{key}")],
            })
            .collect(),
        (Value::Array(sample), Value::Array(ours)) => match (sample.first(), ours.first()) {
            (Some(sample), Some(own)) => missing(sample, own, &format!("{at}[]")),
            _ => Vec::new(),
        },
        (Value::Null, _) | (_, Value::Null) => Vec::new(),
        (sample, ours) if std::mem::discriminant(sample) == std::mem::discriminant(ours) => {
            Vec::new()
        }
        _ => vec![format!("{at} is of another kind")],
    }
}
