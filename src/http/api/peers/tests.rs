#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use actix_web::test::TestRequest;
use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::rendition::{Init, Rendition, RenditionState, Segment};
use kinora_model::user::Role;
use kinora_model::video::{Privacy, Video};
use kinora_p2p::{Config, Workers};
use kinora_store::Batch;
use kinora_store::tables::video_by_uuid;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use crate::stage::{Answer, Stage};

const SESSION: &str = "5Zq0b2mZr0y1c8TnJw3eXA";

async fn node() -> (Stage, Workers) {
    let url = Url::parse("https://films.example").unwrap();
    Stage::sharing(Config { stun_port: 0, port: 0, ..Config::default() }, &url).await
}

/// A public video of `ana` with one rendition of one segment; returns its uuid.
async fn film(stage: &Stage) -> String {
    let uuid = stage.video("ana", "Rain").await;
    let service = &stage.app.service;
    let key = video_by_uuid(Uuid::parse_str(&uuid).unwrap());
    let video = service.store.find::<Video>(&key).await.unwrap().unwrap().id;
    let now = Timestamp::from_ms(0);
    let rendition = Rendition {
        id: service.id(),
        video,
        rung: "720p".to_owned(),
        resolution: 720,
        width: 1280,
        height: 720,
        fps_milli: 30_000,
        copied: false,
        has_audio: true,
        has_video: true,
        codecs: "avc1.64001f".to_owned(),
        init: Some(Init { blob: BlobName::from_digest([0xaa; 32]), bytes: 800 }),
        state: RenditionState::Ready,
        segments: 1,
        bytes: 1_800,
        duration_us: 4_000_000,
        peak_bps: 1,
        average_bps: 1,
        torrent: None,
        created_at: now,
        updated_at: now,
    };
    let segment = Segment {
        rendition: rendition.id,
        video,
        index: 0,
        blob: BlobName::from_digest([0xbb; 32]),
        bytes: 1_000,
        start_us: 0,
        duration_us: 4_000_000,
    };
    let mut batch = Batch::default();
    batch.insert_row(&rendition).unwrap();
    batch.insert_row(&segment).unwrap();
    service.store.commit(batch).await.unwrap();
    uuid
}

async fn hide(stage: &Stage, uuid: &str, privacy: Privacy) {
    let service = &stage.app.service;
    let key = video_by_uuid(Uuid::parse_str(uuid).unwrap());
    let old = service.store.find::<Video>(&key).await.unwrap().unwrap();
    let mut new = Video::clone(&old);
    new.words.privacy = privacy;
    let mut batch = Batch::default();
    batch.replace_row(&old, &new).unwrap();
    let event = kinora_model::event::Event::VideoUpdated { video: Id::from_raw(new.id.raw()) };
    service.journal.record(&mut batch, &event, service.now()).unwrap();
    service.store.commit(batch).await.unwrap();
}

async fn watch(stage: &Stage, uuid: &str, session: &str, token: &str) -> Answer {
    let path = format!("/api/kinora/v1/videos/{uuid}/swarm");
    stage.post(&path, token, &json!({ "session": session })).await
}

#[actix_web::test]
async fn the_bootstrap_document_says_where_to_begin() {
    let (stage, workers) = node().await;
    let answer = stage.get("/api/kinora/v1/p2p", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers.get("access-control-allow-origin").unwrap(), "*");
    let body = answer.body;
    let id = body["peerId"].as_str().unwrap();
    assert_eq!(body["addrs"], json!([format!("/dns/films.example/tcp/443/wss/p2p/{id}")]));
    assert_eq!((&body["viewers"], &body["watchersMin"]), (&json!("on"), &json!(2)));
    assert_eq!(body["protocols"]["tracker"], "/kinora/tracker/1");
    let limits = json!({
        "frameBytesMax": 65_536,
        "segmentBytesMax": 33_554_432,
        "segmentsMax": 100_000,
        "renditionsMax": 32,
        "peersMax": 12,
        "changesMax": 1_024,
    });
    assert_eq!(body["limits"], limits);
    assert_eq!(body["iceServers"], json!([]));
    workers.stop().await;
    assert_eq!(Stage::new().get("/api/kinora/v1/p2p", "").await.status, 404);

    // Any port will do that is free now.
    let free = std::net::UdpSocket::bind("[::]:0").unwrap();
    let stun_port = free.local_addr().unwrap().port();
    drop(free);
    let url = Url::parse("https://films.example").unwrap();
    let (stage, workers) =
        Stage::sharing(Config { stun_port, port: 0, ..Config::default() }, &url).await;
    let ice = stage.get("/api/kinora/v1/p2p", "").await.body["iceServers"].clone();
    assert_eq!(ice, json!([{ "urls": [format!("stun:films.example:{stun_port}")] }]));
    workers.stop().await;
}

#[actix_web::test]
async fn whoever_watches_is_told_who_else_does_and_what_they_share_by() {
    let (stage, workers) = node().await;
    stage.user("ana", Role::User).await;
    let uuid = film(&stage).await;
    let first = watch(&stage, &uuid, SESSION, "").await;
    assert_eq!((first.status.as_u16(), &first.body["watchers"]), (200, &json!(1)));
    let again = watch(&stage, &uuid, SESSION, "").await.body;
    assert_eq!((&again["watchers"], &again["ttl"]), (&json!(1), &json!(60)));
    let second = watch(&stage, &uuid, "another-session_1", "").await.body;
    assert_eq!((&second["watchers"], &second["video"]), (&json!(2), &json!(uuid)));
    let swarm: String = Sha256::digest(format!("films.example|{uuid}"))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(second["swarm"], swarm);

    let url = second["manifest"]["url"].as_str().unwrap();
    let path = url.strip_prefix("https://films.example").unwrap();
    let document = stage.text(path, "").await;
    let sha256: String =
        Sha256::digest(&document).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(second["manifest"]["sha256"], sha256);
    assert_eq!(second["manifest"]["size"], document.len());
    let read: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(read["renditions"][0]["segments"][0]["sha256"], "bb".repeat(32));
    let headers = stage.get(path, "").await.headers;
    let kept = headers.get("cache-control").unwrap().to_str().unwrap();
    assert!(kept.contains("immutable"), "{kept}");
    assert_eq!(stage.get(&path.replace(&sha256, &"00".repeat(32)), "").await.status, 404);

    let shown = stage.get(&format!("/api/v1/videos/{uuid}"), "").await.body;
    let expected = json!({
        "id": swarm, "origin": "https://films.example", "manifest": second["manifest"]
    });
    assert_eq!(shown["swarm"], expected);
    workers.stop().await;
}

#[actix_web::test]
async fn a_hidden_video_has_no_swarm_not_even_for_its_owner() {
    let (stage, workers) = node().await;
    let token = stage.user("ana", Role::User).await;
    let uuid = film(&stage).await;
    let manifest = watch(&stage, &uuid, SESSION, "").await.body["manifest"]["url"].clone();
    let manifest = manifest.as_str().unwrap().strip_prefix("https://films.example").unwrap();
    for privacy in [Privacy::Private, Privacy::Internal] {
        hide(&stage, &uuid, privacy).await;
        for token in ["", token.as_str()] {
            assert_eq!(watch(&stage, &uuid, SESSION, token).await.status, 404, "{privacy:?}");
            assert_eq!(stage.get(manifest, token).await.status, 404, "{privacy:?}");
        }
        let shown = stage.get(&format!("/api/v1/videos/{uuid}"), &token).await.body;
        assert_eq!(shown["swarm"], Value::Null);
    }
    hide(&stage, &uuid, Privacy::Unlisted).await;
    assert_eq!(watch(&stage, &uuid, SESSION, "").await.status, 200);
    workers.stop().await;
}

#[actix_web::test]
async fn sessions_that_are_none_are_refused() {
    let (stage, workers) = node().await;
    stage.user("ana", Role::User).await;
    let uuid = film(&stage).await;
    let long = "a".repeat(65);
    for session in ["", "short", "with spaces in it", long.as_str()] {
        assert_eq!(watch(&stage, &uuid, session, "").await.status, 400, "{session:?}");
    }
    let path = format!("/api/kinora/v1/videos/{uuid}/swarm");
    let nothing = stage.ask(TestRequest::post().uri(&path)).await;
    assert!(nothing.status.is_client_error(), "{}", nothing.status);
    assert_eq!(watch(&stage, &Uuid::new_v4().to_string(), SESSION, "").await.status, 404);
    workers.stop().await;
}

#[actix_web::test]
async fn whoever_owns_a_video_or_its_channel_decides() {
    let (stage, workers) = node().await;
    let token = stage.user("ana", Role::User).await;
    let uuid = film(&stage).await;
    let (video, channel) =
        (format!("/api/v1/videos/{uuid}"), "/api/v1/video-channels/ana_channel".to_owned());
    for path in [video.as_str(), channel.as_str()] {
        let before = stage.get(path, "").await.body;
        assert_eq!(before["peersEnabled"], true);
        let off = json!({ "peersEnabled": false });
        assert_eq!(stage.put(path, &token, &off).await.status, 204);
        assert_eq!(stage.get(path, "").await.body["peersEnabled"], false);
        assert_eq!(watch(&stage, &uuid, SESSION, "").await.status, 404, "{path}");
        assert_eq!(stage.get(&video, &token).await.body["swarm"], Value::Null);
        assert_eq!(stage.put(path, &token, &json!({ "peersEnabled": true })).await.status, 204);
        assert_eq!(watch(&stage, &uuid, SESSION, "").await.status, 200);
    }
    workers.stop().await;
}
