#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use kinora_model::channel::Channel;
use kinora_model::id::Id;
use kinora_model::rendition::{Init, Rendition, RenditionState, Torrent};
use kinora_model::text::{Description, Support, Tag, Title};
use kinora_model::user::Role;
use kinora_model::video::{Failure, Footage, Storyboard, Video, VideoWords};
use kinora_service::pictures::NewPicture;
use kinora_service::{Viewer, publishing, sessions, uploads};
use kinora_store::blob::Blobs;
use serde_json::Value;

use super::*;
use crate::stage::{Stage, missing};

/// A node with one user, who publishes.
struct Published {
    stage: Stage,
    token: String,
    who: Viewer,
    channel: Id<Channel>,
}

impl Published {
    async fn new() -> Self {
        let uploads = kinora_service::config::Uploads { reserve_bytes: 0, ..Default::default() };
        let stage = Stage::with(kinora_service::Config { uploads, ..Default::default() });
        let token = stage.user("ana", Role::User).await;
        let who = sessions::viewer(&stage.app.service, &token).await.unwrap();
        let channels =
            kinora_service::channels::of_account(&stage.app.service, who.account).await.unwrap();
        Self { stage, token, who, channel: channels[0].id }
    }

    async fn uploaded(&self, title: &str, change: impl FnOnce(&mut VideoWords)) -> Video {
        let service = &self.stage.app.service;
        let mut words = VideoWords::titled(Title::parse(title).unwrap());
        change(&mut words);
        let mut spool = uploads::spool(service, &self.who, None).await.unwrap();
        spool.push(b"a film").await.unwrap();
        spool.publish(&self.who, self.channel, "a.mp4", &words).await.unwrap()
    }

    /// A video with one rendition that can be watched.
    async fn video(&self, title: &str, change: impl FnOnce(&mut VideoWords)) -> Video {
        let service = &self.stage.app.service;
        let video = self.uploaded(title, change).await;
        let now = service.now();
        let blob = Blobs::name_of(b"init");
        let rendition = Rendition {
            id: service.id(),
            video: video.id,
            rung: "720p".to_owned(),
            resolution: 720,
            width: 1280,
            height: 720,
            fps_milli: 29_970,
            copied: true,
            has_audio: true,
            has_video: true,
            codecs: "avc1.64001f,mp4a.40.2".to_owned(),
            init: Some(Init { blob, bytes: 4 }),
            state: RenditionState::Running,
            segments: 1,
            bytes: 10,
            duration_us: 30_000_000,
            peak_bps: 1_000,
            average_bps: 900,
            torrent: Some(Torrent { blob, bytes: 1, info_hash: "ab".repeat(20) }),
            created_at: now,
            updated_at: now,
        };
        let footage = Footage {
            duration_ms: 30_000,
            width: 1280,
            height: 720,
            fps_milli: 29_970,
            has_audio: true,
            has_video: true,
        };
        let planned = std::slice::from_ref(&rendition);
        publishing::probed(service, video.id, footage, planned).await.unwrap();
        publishing::rendition_ready(service, video.id, rendition.id).await.unwrap();
        let picture = |width| NewPicture { bytes: vec![1].into(), width, height: width / 2 };
        let name = video.id.to_string();
        videos::set_thumbnail(service, &self.who, &name, &picture(280), &picture(850))
            .await
            .unwrap();
        video
    }

    async fn list(&self, query: &str, token: &str) -> (u64, Vec<String>) {
        let body = self.stage.get(&format!("/api/v1/videos?{query}"), token).await.body;
        let names = body["data"].as_array().unwrap_or_else(|| panic!("{query}: {body}"));
        let names = names.iter().map(|video| video["name"].as_str().unwrap().to_owned()).collect();
        (body["total"].as_u64().unwrap(), names)
    }
}

fn talkative(words: &mut VideoWords) {
    words.category = Some(15);
    words.licence = Some(2);
    words.language = Some("en".to_owned());
    words.description = Some(Description::parse("A *film*").unwrap());
    words.support = Some(Support::parse("Thanks").unwrap());
    words.tags = vec![Tag::parse("kinora").unwrap()];
}

#[actix_web::test]
async fn a_video_has_every_field_of_peertubes() {
    let published = Published::new().await;
    let video = published.video("A film", talkative).await;
    let text = include_str!("../../../../tests/fixtures/peertube/api-video.json");
    let mut peertube: Value = serde_json::from_str(text).unwrap();
    let playlist = peertube["streamingPlaylists"][0].as_object_mut().unwrap();
    // No other server keeps copies of ours.
    playlist.remove("redundancies");
    let ours = published.stage.get(&format!("/api/v1/videos/{}/", video.uuid), "").await;
    assert_eq!(missing(&peertube, &ours.body, ""), Vec::<String>::new());
    let file = &ours.body["streamingPlaylists"][0]["files"][0];
    assert_eq!(file["resolution"], json!({ "id": 720, "label": "720p" }));
    assert_eq!((&file["fps"], &file["size"]), (&json!(30), &json!(10)));
    assert!(file["magnetUri"].as_str().unwrap().contains(&"ab".repeat(20)));
    assert_eq!(ours.body["state"], json!({ "id": 1, "label": "Published" }));
    let short = ours.body["shortUUID"].as_str().unwrap();
    for name in [short.to_owned(), video.id.to_string()] {
        let same = published.stage.get(&format!("/api/v1/videos/{name}"), "").await;
        assert_eq!(same.body, ours.body);
    }
}

#[actix_web::test]
async fn a_list_has_every_field_of_peertubes() {
    let published = Published::new().await;
    published.video("A film", talkative).await;
    let text = include_str!("../../../../tests/fixtures/peertube/api-videos.json");
    let peertube: Value = serde_json::from_str(text).unwrap();
    for path in ["videos", "accounts/ana/videos", "video-channels/ana_channel/videos"] {
        let ours = published.stage.get(&format!("/api/v1/{path}"), "").await.body;
        assert_eq!(missing(&peertube, &ours, ""), Vec::<String>::new(), "{path}");
        assert_eq!(ours["total"], 1, "{path}");
    }
    let mine = published.stage.get("/api/v1/users/me/videos", &published.token).await.body;
    assert_eq!(missing(&peertube, &mine, ""), Vec::<String>::new());
    assert_eq!(mine["data"][0]["state"]["id"], 1);
}

#[actix_web::test]
async fn lists_show_only_what_everybody_may_see_and_count_it_right() {
    let published = Published::new().await;
    published.video("Public one", |_| {}).await;
    for (title, privacy) in [("Unlisted", 1), ("Private", 2), ("Internal", 3)] {
        published.video(title, |words| words.privacy = Privacy::ALL[privacy]).await;
    }
    published.uploaded("Draft", |_| {}).await;
    assert_eq!(published.list("", "").await, (1, vec!["Public one".to_owned()]));
    assert_eq!(published.list("", &published.token).await.0, 1);
    let mine = published.stage.get("/api/v1/users/me/videos", &published.token).await.body;
    assert_eq!(mine["total"], 5);
    let all = "/api/v1/videos?privacyOneOf=3&privacyOneOf=2";
    assert_eq!(published.stage.get(all, "").await.status, 401);
    assert_eq!(published.stage.get(all, &published.token).await.status, 401);
    let moderator = published.stage.user("mod", Role::Moderator).await;
    assert_eq!(published.stage.get(all, &moderator).await.body["total"], 2);
}

#[actix_web::test]
async fn filters_orders_and_pages_are_right_at_once() {
    let published = Published::new().await;
    published.video("Beta song", |words| words.category = Some(1)).await;
    published.video("Alpha song", |words| words.sensitive = true).await;
    let gamma = published.video("Gamma", talkative).await;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for (query, total, found) in [
        ("sort=name", 3, &["Alpha song", "Beta song", "Gamma"][..]),
        ("sort=-name&count=1", 3, &["Gamma"]),
        ("sort=name&start=1&count=1", 3, &["Beta song"]),
        ("start=9", 3, &[]),
        ("count=0", 3, &[]),
        ("nsfw=true", 1, &["Alpha song"]),
        ("nsfw=false&sort=name", 2, &["Beta song", "Gamma"]),
        ("nsfw=both&sort=name&categoryOneOf=1&categoryOneOf=15", 2, &["Beta song", "Gamma"]),
        ("categoryOneOf[]=1", 1, &["Beta song"]),
        ("licenceOneOf=2", 1, &["Gamma"]),
        ("languageOneOf=en", 1, &["Gamma"]),
        ("languageOneOf=_unknown&sort=name", 2, &["Alpha song", "Beta song"]),
        ("tagsOneOf=KINORA&tagsOneOf=other", 1, &["Gamma"]),
        ("tagsAllOf=kinora&tagsAllOf=other", 0, &[]),
        ("search=SONG&sort=-name", 2, &["Beta song", "Alpha song"]),
        ("isLocal=true&search=gam", 1, &["Gamma"]),
        ("isLocal=false", 0, &[]),
        ("isLive=true", 0, &[]),
        ("host=elsewhere.example", 0, &[]),
        ("hasHLSFiles=true&hasWebVideoFiles=false&search=gamma", 1, &["Gamma"]),
    ] {
        assert_eq!(published.list(query, "").await, (total, names(found)), "{query}");
    }
    for query in ["sort=password", "count=101", "start=-1", "nsfw=perhaps", "categoryOneOf=music"] {
        let refused = published.stage.get(&format!("/api/v1/videos?{query}"), "").await;
        assert_eq!(refused.status, 400, "{query}");
    }
    let path = format!("/api/v1/videos/{}", gamma.id);
    let rename = json!({ "name": "Aardvark" });
    assert_eq!(published.stage.put(&path, &published.token, &rename).await.status, 204);
    assert_eq!(published.list("sort=name&count=1", "").await, (3, names(&["Aardvark"])));
    let rate = format!("{path}/rate");
    let like = json!({ "rating": "like" });
    assert_eq!(published.stage.put(&rate, &published.token, &like).await.status, 204);
    assert_eq!(published.list("sort=-likes&count=1", "").await.1, names(&["Aardvark"]));
    assert_eq!(published.stage.delete(&path, &published.token).await.status, 204);
    assert_eq!(published.list("", "").await.0, 2);
}

#[actix_web::test]
async fn a_hidden_video_answers_as_a_missing_one_by_every_address() {
    let published = Published::new().await;
    let hidden = published.video("Private", |words| words.privacy = Privacy::Private).await;
    let stranger = published.stage.user("bob", Role::User).await;
    for rest in ["", "/description", "/captions", "/storyboards", "/source", "/progress", "/events"]
    {
        let base = match rest {
            "/progress" | "/events" => "/api/kinora/v1/videos",
            _ => "/api/v1/videos",
        };
        let ask = async |name: &str| {
            let answer = published.stage.get(&format!("{base}/{name}{rest}"), &stranger).await;
            (answer.status, answer.body)
        };
        let missing = ask("00000000-0000-4000-8000-000000000000").await;
        assert_eq!(missing.0, 404, "{rest}");
        assert_eq!(ask(&hidden.uuid.to_string()).await, missing, "{rest}");
        assert_eq!(ask(&hidden.id.to_string()).await, missing, "{rest}");
    }
    for rest in ["views", "token"] {
        let path = format!("/api/v1/videos/{}/{rest}", hidden.id);
        assert_eq!(published.stage.post(&path, &stranger, &json!({})).await.status, 404, "{rest}");
    }
    let rate = format!("/api/v1/videos/{}/rate", hidden.id);
    let like = json!({ "rating": "like" });
    assert_eq!(published.stage.put(&rate, &stranger, &like).await.status, 404);
    assert_eq!(published.stage.delete(&rate.replace("/rate", ""), &stranger).await.status, 404);
}

#[actix_web::test]
async fn what_people_think_is_kept_and_told() {
    let published = Published::new().await;
    let video = published.video("Rated", |_| {}).await;
    let (stage, token) = (&published.stage, &published.token);
    let rate = format!("/api/v1/videos/{}/rate", video.id);
    let mine = format!("/api/v1/users/me/videos/{}/rating", video.id);
    let said = async || stage.get(&mine, token).await.body["rating"].clone();
    assert_eq!(said().await, "none");
    for rating in ["like", "dislike", "none"] {
        assert_eq!(stage.put(&rate, token, &json!({ "rating": rating })).await.status, 204);
        assert_eq!(said().await, rating);
    }
    assert_eq!(stage.put(&rate, token, &json!({ "rating": "love" })).await.status, 400);
    assert_eq!(stage.put(&rate, "", &json!({ "rating": "like" })).await.status, 401);
}

#[actix_web::test]
async fn a_view_counts_once_for_each_viewer() {
    let published = Published::new().await;
    let video = published.video("Watched", |_| {}).await;
    let path = format!("/api/v1/videos/{}/views", video.id);
    for _ in 0..3 {
        let said = json!({ "currentTime": 5, "sessionId": "abc" });
        assert_eq!(published.stage.post(&path, "", &said).await.status, 204);
    }
    assert_eq!(published.stage.post(&path, &published.token, &json!("odd")).await.status, 204);
    let told = published.stage.get(&format!("/api/v1/videos/{}", video.id), "").await.body;
    assert_eq!((&told["views"], &told["viewers"]), (&json!(2), &json!(2)));
}

#[actix_web::test]
async fn progress_is_told_once_and_as_events() {
    let published = Published::new().await;
    let video = published.video("Made", |_| {}).await;
    let base = format!("/api/kinora/v1/videos/{}", video.id);
    let told = published.stage.get(&format!("{base}/progress"), "").await.body;
    let expected = json!({
        "state": "published", "playable": true, "error": null,
        "renditions": [{
            "height": 720, "label": "720p", "state": "ready", "percent": 100.0, "etaSeconds": null
        }]
    });
    assert_eq!(told, expected);
    // Nothing more will happen, so the stream ends after its first event.
    let events = published.stage.text(&format!("{base}/events"), "").await;
    let data = events.strip_prefix("event: progress\ndata: ").unwrap().trim();
    assert_eq!(serde_json::from_str::<Value>(data).unwrap(), expected);

    let draft = published.uploaded("Draft", |_| {}).await;
    let base = format!("/api/kinora/v1/videos/{}", draft.id);
    assert_eq!(published.stage.get(&format!("{base}/progress"), "").await.status, 404);
    let told = published.stage.get(&format!("{base}/progress"), &published.token).await.body;
    assert_eq!((&told["state"], &told["playable"]), (&json!("processing"), &json!(false)));
    let by_address = format!("{base}/progress?access_token={}", published.token);
    assert_eq!(published.stage.get(&by_address, "").await.status, 200);
    let failure = Failure { code: "not-media".to_owned(), detail: "This is text.".to_owned() };
    publishing::failed(&published.stage.app.service, draft.id, failure).await.unwrap();
    let told = published.stage.get(&format!("{base}/progress"), &published.token).await.body;
    let expected = json!({
        "state": "failed", "playable": false, "renditions": [],
        "error": { "code": "not-media", "detail": "This is text." }
    });
    assert_eq!(told, expected);
    let owned =
        published.stage.get(&format!("/api/v1/videos/{}", draft.id), &published.token).await;
    assert_eq!(owned.body["state"], json!({ "id": 7, "label": "Transcoding failed" }));
}

#[actix_web::test]
async fn storyboards_are_told_in_seconds_and_pictures_can_be_chosen() {
    let published = Published::new().await;
    let video = published.video("Pictured", |_| {}).await;
    let (stage, token) = (&published.stage, &published.token);
    let board = Storyboard {
        blob: Blobs::name_of(b"sprites"),
        bytes: 7,
        total_width: 1920,
        total_height: 1080,
        sprite_width: 192,
        sprite_height: 108,
        sprite_ms: 1_500,
    };
    publishing::storyboard(&stage.app.service, video.id, &board).await.unwrap();
    let path = format!("/api/v1/videos/{}/storyboards", video.id);
    let told = stage.get(&path, "").await.body["storyboards"][0].clone();
    assert_eq!((&told["spriteDuration"], &told["totalWidth"]), (&json!(1.5), &json!(1920)));
    let row = stage.app.service.store.get::<Video>(&video.id.to_key()).await.unwrap().unwrap();
    let made = row.thumbnail.clone().unwrap();
    publishing::thumbnails(&stage.app.service, video.id, &[made.clone(), made]).await.unwrap();
    let path = format!("/api/kinora/v1/videos/{}/thumbnails", video.id);
    let told = stage.get(&path, token).await.body;
    assert_eq!((&told["total"], &told["data"][1]["index"]), (&json!(2), &json!(1)));
    assert_eq!(stage.post(&format!("{path}/1/pick"), token, &json!({})).await.status, 204);
    assert_eq!(stage.post(&format!("{path}/9/pick"), token, &json!({})).await.status, 404);
}

#[actix_web::test]
async fn numbered_words_are_told_as_peertube_tells_them() {
    let stage = Stage::new();
    for (words, key, label) in [
        ("categories", "15", "Science & Technology"),
        ("licences", "7", "Public Domain Dedication"),
        ("languages", "fr", "French"),
        ("privacies", "3", "Private"),
    ] {
        let told = stage.get(&format!("/api/v1/videos/{words}"), "").await.body;
        assert_eq!(told[key], label, "{words}");
    }
}
