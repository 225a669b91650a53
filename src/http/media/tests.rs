#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_NONE_MATCH, RANGE,
    RETRY_AFTER,
};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use bytes::Bytes;
use kinora_media::Media;
use kinora_model::clock::{SystemClock, Timestamp};
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::rendition::{Init, Rendition, RenditionState, Segment};
use kinora_model::text::Title;
use kinora_model::video::{Privacy, Source, Video, VideoState, VideoWords};
use kinora_service::Service;
use kinora_store::blob::Blobs;
use kinora_store::kv::memory::Memory;
use kinora_store::tables::{BlobOwner, Owner};
use kinora_store::{Batch, Store};
use prometheus_client::registry::Registry;
use uuid::Uuid;

use crate::server::{App, application};

/// A node with one video of one rendition: init `init`, segments `first segment` and `second`.
struct Node {
    app: Data<App>,
    video: Video,
    rendition: Rendition,
    segments: Vec<BlobName>,
    _folder: tempfile::TempDir,
}

fn open(folder: &Path) -> Data<App> {
    let store = Store::new(Arc::new(Memory::default()));
    let blobs = Blobs::open(&folder.join("store")).unwrap();
    let config = kinora_service::Config::default();
    let service = Arc::new(Service::new(store, blobs, Arc::new(SystemClock), config));
    let config = kinora_media::Config::default();
    let media = Media::open(Arc::clone(&service), config, folder.join("scratch")).unwrap();
    let config = crate::Config::default();
    let federation = kinora_federation::Config::default();
    let federation =
        kinora_federation::Federation::open(Arc::clone(&service), federation, &config.public_url);
    let (media, federation) = (Arc::new(media), federation.unwrap());
    Data::new(App::new(service, media, federation, None, config, Registry::default()))
}

impl Node {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = open(folder.path());
        let service = &app.service;
        let now = Timestamp::from_ms(1);
        let video = Video {
            id: service.id(),
            uuid: Uuid::new_v4(),
            channel: Id::from_raw(1),
            account: Id::from_raw(1),
            words: VideoWords::titled(Title::parse("Été: a/b").unwrap()),
            state: VideoState::Published,
            failure: None,
            source: Source { filename: "a.mp4".to_owned(), bytes: 1, kept: true },
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
        let mut names = Vec::new();
        for content in ["init", "first segment", "second"] {
            let blob = service.blobs.put(Bytes::from_static(content.as_bytes())).await.unwrap();
            batch.put_row(&BlobOwner { blob, owner: Owner::Video(video.id) }).unwrap();
            names.push(blob);
        }
        let rendition = Rendition {
            id: service.id(),
            video: video.id,
            rung: "720p".to_owned(),
            resolution: 720,
            width: 1280,
            height: 720,
            fps_milli: 30_000,
            copied: false,
            has_audio: true,
            has_video: true,
            codecs: "avc1.64001f,mp4a.40.2".to_owned(),
            init: Some(Init { blob: names.remove(0), bytes: 4 }),
            state: RenditionState::Ready,
            segments: 2,
            bytes: 23,
            duration_us: 8_000_000,
            peak_bps: 10,
            average_bps: 10,
            torrent: None,
            created_at: now,
            updated_at: now,
        };
        for (index, (blob, bytes)) in names.iter().zip([13, 6]).enumerate() {
            let index = u32::try_from(index).unwrap();
            let segment = Segment {
                rendition: rendition.id,
                video: video.id,
                index,
                blob: *blob,
                bytes,
                start_us: u64::from(index) * 4_000_000,
                duration_us: 4_000_000,
            };
            batch.put_row(&segment).unwrap();
        }
        batch.insert_row(&video).unwrap();
        batch.insert_row(&rendition).unwrap();
        service.store.commit(batch).await.unwrap();
        Self { app, video, rendition, segments: names, _folder: folder }
    }

    /// All addresses under which something of the video lies.
    fn addresses(&self) -> Vec<String> {
        let uuid = self.video.uuid;
        let init = self.rendition.init.as_ref().unwrap().blob;
        let hls = format!("/static/streaming-playlists/hls/{uuid}");
        let hidden = format!("/static/streaming-playlists/hls/private/{uuid}");
        vec![
            format!("{hls}/master.m3u8"),
            format!("{hls}/{}.m3u8", self.rendition.id),
            format!("{hls}/{init}.mp4"),
            format!("{hls}/{}.m4s", self.segments[0]),
            format!("{hidden}/{}.m4s", self.segments[0]),
            format!("{hls}/{uuid}-720-fragmented.mp4"),
            format!("{hidden}/master.m3u8"),
            format!("{hls}/segments-sha256.json"),
            format!("/download/streaming-playlists/hls/videos/{uuid}-720-fragmented.mp4"),
            format!("/lazy-static/thumbnails/{}.jpg", self.segments[0]),
            format!("/lazy-static/video-captions/{}.vtt", self.segments[0]),
        ]
    }

    async fn set(&self, change: impl Fn(&mut Video)) {
        let service = &self.app.service;
        let key = self.video.id.to_key();
        let stored = service.store.get::<Video>(&key).await.unwrap().unwrap();
        let mut row = (*stored).clone();
        change(&mut row);
        let mut batch = Batch::default();
        batch.replace_row(&stored, &row).unwrap();
        let event = Event::VideoUpdated { video: self.video.id };
        service.journal.record(&mut batch, &event, service.now()).unwrap();
        service.store.commit(batch).await.unwrap();
    }

    async fn ask(&self, request: TestRequest) -> Answer {
        let service = init_service(application(self.app.clone())).await;
        let response = call_service(&service, request.to_request()).await;
        let header = |name| {
            let value = response.headers().get(name);
            value.map(|value: &actix_web::http::header::HeaderValue| {
                value.to_str().unwrap().to_owned()
            })
        };
        let headers = [
            ("length", header(CONTENT_LENGTH)),
            ("range", header(CONTENT_RANGE)),
            ("etag", header(ETAG)),
            ("keep", header(CACHE_CONTROL)),
            ("retry", header(RETRY_AFTER)),
            ("name", header(CONTENT_DISPOSITION)),
        ];
        let status = response.status();
        let found = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let headers = found.collect();
        Answer { status, headers, body: read_body(response).await }
    }

    async fn get(&self, address: &str) -> Answer {
        self.ask(TestRequest::get().uri(address)).await
    }
}

struct Answer {
    status: StatusCode,
    headers: std::collections::HashMap<&'static str, String>,
    body: Bytes,
}

#[actix_web::test]
async fn everything_that_the_playlists_name_can_be_fetched() {
    let node = Node::start().await;
    for address in node.addresses() {
        let answer = node.get(&address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}");
    }
    let addresses = node.addresses();
    let master = node.get(&addresses[0]).await;
    let master = String::from_utf8(master.body.to_vec()).unwrap();
    assert!(master.contains(&format!("{}.m3u8", node.rendition.id)));
    let media = String::from_utf8(node.get(&addresses[1]).await.body.to_vec()).unwrap();
    assert!(media.contains(&format!("{}.m4s", node.segments[1])) && media.contains("ENDLIST"));
    let segment = node.get(&addresses[3]).await;
    assert_eq!(segment.body.as_ref(), b"first segment");
    assert_eq!(segment.headers["keep"], "public, max-age=31536000, immutable");
    assert_eq!(node.get(&addresses[5]).await.body.as_ref(), b"initfirst segmentsecond");
    let hashes: serde_json::Value =
        serde_json::from_slice(&node.get(&addresses[7]).await.body).unwrap();
    let file = format!("{}-720-fragmented.mp4", node.video.uuid);
    assert_eq!(hashes[file]["4-16"], node.segments[0].to_string());
    let named = format!("{}.m4s", node.segments[0]);
    assert_eq!(hashes[named], node.segments[0].to_string(), "players look for what playlists name");
    let name = &node.get(&addresses[8]).await.headers["name"];
    assert!(
        name.starts_with("attachment; filename=\"_t_: a_b-720p.mp4\"") || name.contains("720p.mp4"),
        "{name}"
    );
}

#[actix_web::test]
async fn hidden_videos_are_answered_as_missing_ones_by_every_path_at_once() {
    let node = Node::start().await;
    // What is remembered of the open video must not serve the hidden one.
    for address in node.addresses() {
        assert_eq!(node.get(&address).await.status, StatusCode::OK);
    }
    for privacy in [Privacy::Private, Privacy::Internal] {
        node.set(|video| video.words.privacy = privacy).await;
        for address in node.addresses() {
            let hidden = node.get(&address).await;
            assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{address}");
            let other = address.replace(&node.video.uuid.to_string(), &Uuid::new_v4().to_string());
            if other != address {
                let missing = node.get(&other).await;
                let bodies = (hidden.body, missing.body);
                assert_eq!(bodies.0, bodies.1, "{address} tells that there is something");
            }
        }
    }
    node.set(|video| video.words.privacy = Privacy::Unlisted).await;
    assert_eq!(node.get(&node.addresses()[0]).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_segment_is_served_only_where_its_video_is_asked_for() {
    let node = Node::start().await;
    let stranger = node.app.service.blobs.put(Bytes::from_static(b"other")).await.unwrap();
    let hls = format!("/static/streaming-playlists/hls/{}", node.video.uuid);
    let answer = node.get(&format!("{hls}/{stranger}.m4s")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let answer = node.get(&format!("/lazy-static/thumbnails/{stranger}.jpg")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    for nonsense in ["..%2f..%2fetc%2fpasswd", "%00.m4s", "x.m4s", "é.mp4"] {
        let answer = node.get(&format!("{hls}/{}", nonsense.replace('é', "%C3%A9"))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nonsense}");
    }
}

#[actix_web::test]
async fn spans_and_heads_and_known_bytes_are_answered_as_the_rfc_says() {
    let node = Node::start().await;
    let file = node.addresses()[5].clone();
    for (address, whole) in
        [(file, "initfirst segmentsecond"), (node.addresses()[3].clone(), "first segment")]
    {
        let part =
            node.ask(TestRequest::get().uri(&address).insert_header((RANGE, "bytes=2-7"))).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(part.body, Bytes::from(whole[2..8].to_owned()));
        assert_eq!(part.headers["range"], format!("bytes 2-7/{}", whole.len()));
        let outside =
            node.ask(TestRequest::get().uri(&address).insert_header((RANGE, "bytes=99-"))).await;
        assert_eq!(outside.status, StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(outside.headers["range"], format!("bytes */{}", whole.len()));
        let etag = part.headers["etag"].clone();
        let known =
            node.ask(TestRequest::get().uri(&address).insert_header((IF_NONE_MATCH, etag))).await;
        assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
        let head = node
            .ask(TestRequest::default().method(actix_web::http::Method::HEAD).uri(&address))
            .await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    }
}

#[actix_web::test]
async fn what_is_still_being_made_is_promised_and_what_never_comes_is_not() {
    let node = Node::start().await;
    let uuid = node.video.uuid;
    let torrent = |resolution| format!("/lazy-static/torrents/{uuid}-{resolution}-hls.torrent");
    let waiting = node.get(&torrent(720)).await;
    assert_eq!(waiting.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(waiting.headers.contains_key("retry"));
    assert_eq!(node.get(&torrent(481)).await.status, StatusCode::NOT_FOUND);
    node.set(|video| video.state = VideoState::Processing).await;
    assert_eq!(node.get(&torrent(720)).await.status, StatusCode::SERVICE_UNAVAILABLE);
    node.set(|video| video.words.privacy = Privacy::Private).await;
    assert_eq!(node.get(&torrent(720)).await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn what_is_not_offered_for_download_can_still_be_watched() {
    let node = Node::start().await;
    node.set(|video| video.words.download = false).await;
    let addresses = node.addresses();
    assert_eq!(node.get(&addresses[8]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(node.get(&addresses[0]).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_playlist_hands_its_token_on_when_asked_to() {
    let node = Node::start().await;
    let address = format!("{}?videoFileToken=abc&reinjectVideoFileToken=true", node.addresses()[6]);
    let text = String::from_utf8(node.get(&address).await.body.to_vec()).unwrap();
    assert!(text.contains(".m3u8?videoFileToken=abc&reinjectVideoFileToken=true"), "{text}");
}
