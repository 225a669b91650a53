#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use actix_web::test::TestRequest;
use kinora_model::user::Role;
use kinora_service::Config;
use kinora_service::config::{Accounts, Uploads};
use serde_json::Value;

use super::*;
use crate::stage::{Answer, Stage};

/// A node on whose disk there is room enough, and a user with a channel.
struct Uploader {
    stage: Stage,
    token: String,
    channel: u64,
}

const BOUNDARY: &str = "----boundary";

fn field(name: &str, value: &str) -> Vec<u8> {
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    [head.as_bytes(), value.as_bytes(), b"\r\n"].concat()
}

fn file(name: &str, filename: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n\
         Content-Type: video/mp4\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n"].concat()
}

fn end() -> Vec<u8> {
    format!("--{BOUNDARY}--\r\n").into_bytes()
}

impl Uploader {
    async fn new() -> Self {
        let uploads = Uploads { reserve_bytes: 0, ..Uploads::default() };
        let accounts = Accounts { tries_per_minute: 1_000, ..Accounts::default() };
        let stage = Stage::with(Config { uploads, accounts, ..Config::default() });
        let token = stage.user("ana", Role::User).await;
        let me = stage.get("/api/v1/users/me", &token).await.body;
        let channel = me["videoChannels"][0]["id"].as_u64().unwrap();
        Self { stage, token, channel }
    }

    fn signed(&self, request: TestRequest) -> TestRequest {
        request.insert_header(("authorization", format!("Bearer {}", self.token)))
    }

    async fn form(&self, method: TestRequest, path: &str, parts: &[Vec<u8>]) -> Answer {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let body = [parts.concat(), end()].concat();
        let request = method.uri(path).insert_header(("content-type", kind)).set_payload(body);
        self.stage.ask(self.signed(request)).await
    }

    async fn upload(&self, parts: &[Vec<u8>]) -> Answer {
        self.form(TestRequest::post(), "/api/v1/videos/upload", parts).await
    }

    fn channel(&self) -> Vec<u8> {
        field("channelId", &self.channel.to_string())
    }

    async fn begin(&self, body: &Value, bytes: usize) -> Answer {
        let request = TestRequest::post().uri(RESUMABLE).set_json(body);
        let request = request.insert_header(("x-upload-content-length", bytes.to_string()));
        self.stage.ask(self.signed(request)).await
    }

    async fn place(&self, bytes: usize) -> String {
        let said = json!({ "name": "A title", "channelId": self.channel, "filename": "a.mp4" });
        let begun = self.begin(&said, bytes).await;
        assert_eq!(begun.status, 201, "{:?}", begun.body);
        begun.headers.get("location").unwrap().to_str().unwrap().to_owned()
    }

    async fn part(&self, place: &str, range: &str, bytes: &'static [u8]) -> Answer {
        let request = TestRequest::put().uri(place).set_payload(bytes);
        let request = request.insert_header(("content-range", format!("bytes {range}")));
        self.stage.ask(self.signed(request)).await
    }

    async fn details(&self, uploaded: &Answer) -> Value {
        let uuid = uploaded.body["video"]["uuid"].as_str().expect("a video");
        self.stage.get(&format!("/api/v1/videos/{uuid}"), &self.token).await.body
    }

    async fn total(&self) -> u64 {
        let mine = self.stage.get("/api/v1/users/me/videos", &self.token).await;
        mine.body["total"].as_u64().unwrap()
    }

    fn files(&self) -> usize {
        let root = self.stage.app.service.blobs.root().unwrap();
        std::fs::read_dir(root.join("uploads")).map_or(0, Iterator::count)
    }
}

fn range_of(answer: &Answer) -> Option<&str> {
    answer.headers.get("range").map(|range| range.to_str().unwrap())
}

#[actix_web::test]
async fn a_form_becomes_a_video_whatever_comes_first() {
    let uploader = Uploader::new().await;
    let uploaded = uploader
        .upload(&[
            file("videofile", "../Été 🎬.mp4", b"not a film"),
            field("name", "A title"),
            field("tags[]", "one"),
            field("tags[]", "two"),
            field("category", "15"),
            field("language", "null"),
            field("privacy", "2"),
            field("waitTranscoding", "true"),
            field("originallyPublishedAt", "2024-01-02T03:04:05.000Z"),
            uploader.channel(),
        ])
        .await;
    assert_eq!(uploaded.status, 200, "{:?}", uploaded.body);
    assert_eq!(uploaded.body["video"]["shortUUID"].as_str().unwrap().len(), 22);
    let video = uploader.details(&uploaded).await;
    assert_eq!(video["name"], "A title");
    assert_eq!(video["tags"], json!(["one", "two"]));
    assert_eq!(video["category"], json!({ "id": 15, "label": "Science & Technology" }));
    assert_eq!(video["privacy"]["label"], "Unlisted");
    assert_eq!(video["state"], json!({ "id": 2, "label": "To transcode" }));
    assert_eq!(video["originallyPublishedAt"], "2024-01-02T03:04:05.000Z");
    assert!(video["files"][0]["torrentUrl"].is_string(), "apps wait for it");
    assert!(video["files"][0]["magnetUri"].as_str().unwrap().starts_with("magnet:?"));
    let id = uploaded.body["video"]["id"].as_u64().unwrap();
    let source = uploader.stage.get(&format!("/api/v1/videos/{id}/source"), &uploader.token).await;
    assert_eq!(source.body["inputFilename"], "Été 🎬.mp4");
    assert_eq!(uploader.files(), 0);
}

#[actix_web::test]
async fn what_is_wrong_with_a_form_is_told_by_name_and_nothing_is_left() {
    let uploader = Uploader::new().await;
    let (name, channel) = (field("name", "A title"), uploader.channel());
    let video = file("videofile", "a.mp4", b"bytes");
    let long = field("description", &"x".repeat(10 << 20));
    for (parts, wrong) in [
        (vec![name.clone(), channel.clone()], "videofile"),
        (vec![video.clone(), channel.clone()], "name"),
        (vec![video.clone(), name.clone()], "channelId"),
        (vec![video.clone(), name.clone(), field("channelId", "77")], "channelId"),
        (vec![video.clone(), name.clone(), channel.clone(), long.clone()], "description"),
        (vec![long, video.clone(), name.clone(), channel.clone()], "description"),
        (vec![file("videofile", "a.mp4", b""), name.clone(), channel.clone()], "videofile"),
        (vec![video.clone(), name.clone(), channel.clone(), field("privacy", "5")], "privacy"),
        (vec![video, field("name", "\0\u{1}"), channel], "name"),
    ] {
        let refused = uploader.upload(&parts).await;
        assert_eq!(refused.status, 400, "{wrong}");
        assert!(refused.body["invalid-params"][wrong].is_object(), "{wrong}: {}", refused.body);
    }
    assert_eq!((uploader.total().await, uploader.files()), (0, 0));
}

#[actix_web::test]
async fn a_form_that_breaks_off_leaves_nothing() {
    let uploader = Uploader::new().await;
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let mut body = [uploader.channel(), file("videofile", "a.mp4", b"bytes")].concat();
    body.truncate(body.len() - 4);
    let request = TestRequest::post().uri("/api/v1/videos/upload").set_payload(body);
    let request = uploader.signed(request.insert_header(("content-type", kind)));
    assert_eq!(uploader.stage.ask(request).await.status, 400);
    assert_eq!((uploader.total().await, uploader.files()), (0, 0));
}

#[actix_web::test]
async fn parts_are_answered_with_what_is_here_until_the_last() {
    let uploader = Uploader::new().await;
    let place = uploader.place(10).await;
    assert!(place.starts_with("/api/v1/videos/upload-resumable?upload_id="));
    let asked = uploader.part(&place, "*/10", b"").await;
    assert_eq!((asked.status.as_u16(), range_of(&asked)), (308, None));
    let first = uploader.part(&place, "0-4/10", b"01234").await;
    assert_eq!((first.status.as_u16(), range_of(&first)), (308, Some("bytes=0-4")));
    let asked = uploader.part(&place, "*/10", b"").await;
    assert_eq!((asked.status.as_u16(), range_of(&asked)), (308, Some("bytes=0-4")));
    let last = uploader.part(&place, "5-9/10", b"56789").await;
    assert_eq!(last.status, 200);
    let again = uploader.part(&place, "5-9/10", b"56789").await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &last.body));
    assert_eq!(uploader.total().await, 1);
    assert_eq!(uploader.details(&last).await["name"], "A title");
}

#[actix_web::test]
async fn a_whole_file_may_come_without_a_range() {
    let uploader = Uploader::new().await;
    let place = uploader.place(4).await;
    let request = TestRequest::put().uri(&place).set_payload("0123");
    let request = request.insert_header(("content-length", "4"));
    let answer = uploader.stage.ask(uploader.signed(request)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[actix_web::test]
async fn wrong_ranges_are_told_where_to_go_on() {
    let uploader = Uploader::new().await;
    let place = uploader.place(10).await;
    uploader.part(&place, "0-4/10", b"01234").await;
    for range in ["0-4/10", "6-9/10", "3-7/10"] {
        let refused = uploader.part(&place, range, b"01234").await;
        assert_eq!((refused.status.as_u16(), range_of(&refused)), (416, Some("bytes=0-4")));
    }
    for range in ["5-9/11", "5-10/10", "9-5/10", "x-9/10", "5-9", "18446744073709551615-0/10"] {
        let refused = uploader.part(&place, range, b"56789").await;
        assert_eq!(refused.status, 400, "{range}: {}", refused.body);
    }
    let kilobytes = TestRequest::put().uri(&place).insert_header(("content-range", "kB 5-9/10"));
    assert_eq!(uploader.stage.ask(uploader.signed(kilobytes)).await.status, 400);
    let longer = uploader.part(&place, "5-6/10", b"56789").await;
    assert_eq!(longer.status, 400, "more bytes than the range says");
    let asked = uploader.part(&place, "*/10", b"").await;
    assert_eq!(range_of(&asked), Some("bytes=0-4"), "nothing of it was kept");
    assert_eq!(uploader.part(&place, "5-9/10", b"56789").await.status, 200);
}

#[actix_web::test]
async fn uploads_of_others_and_of_nobody_are_missing() {
    let uploader = Uploader::new().await;
    let place = uploader.place(10).await;
    let other = uploader.stage.user("bob", Role::User).await;
    let theirs = |request: TestRequest| {
        request.uri(&place).insert_header(("authorization", format!("Bearer {other}")))
    };
    assert_eq!(uploader.stage.ask(theirs(TestRequest::delete())).await.status, 404);
    assert_eq!(uploader.stage.ask(theirs(TestRequest::put())).await.status, 404);
    assert_eq!(uploader.stage.ask(TestRequest::put().uri(&place)).await.status, 401);
    for nowhere in [RESUMABLE.to_owned(), format!("{RESUMABLE}?upload_id=77")] {
        assert_eq!(uploader.part(&nowhere, "0-4/10", b"01234").await.status, 404);
    }
    assert_eq!(uploader.stage.delete(&place, &uploader.token).await.status, 204);
    assert_eq!(uploader.part(&place, "0-4/10", b"01234").await.status, 404);
}

#[actix_web::test]
async fn what_an_upload_begins_with_is_checked_by_name() {
    let uploader = Uploader::new().await;
    let said = json!({ "name": "A title", "channelId": uploader.channel, "filename": "a.mp4" });
    for (field, value, wrong) in [
        ("name", json!("ab"), "name"),
        ("name", Value::Null, "name"),
        ("channelId", json!(77), "channelId"),
        ("filename", Value::Null, "filename"),
        ("category", json!(99), "category"),
        ("tags", json!(["aa", "bb", "cc", "dd", "ee", "ff"]), "tags"),
    ] {
        let mut said = said.clone();
        said[field] = value;
        let refused = uploader.begin(&said, 10).await;
        assert_eq!(refused.status, 400, "{field}");
        assert!(refused.body["invalid-params"][wrong].is_object(), "{field}: {}", refused.body);
    }
    assert_eq!(uploader.begin(&said, 0).await.status, 400);
    let large = usize::try_from(51_u64 << 30).unwrap();
    let refused = uploader.begin(&said, large).await;
    assert_eq!(refused.status, 413);
    assert_eq!(refused.body["code"], "max_file_size_reached");
}

#[actix_web::test]
async fn a_video_is_changed_by_form_and_by_json() {
    let uploader = Uploader::new().await;
    let video = file("videofile", "a.mp4", b"bytes");
    let uploaded = uploader.upload(&[video, field("name", "Before"), uploader.channel()]).await;
    let id = uploaded.body["video"]["id"].as_u64().unwrap();
    let path = format!("/api/v1/videos/{id}");
    let parts = [field("name", "After"), field("description", "Words"), field("privacy", "3")];
    assert_eq!(uploader.form(TestRequest::put(), &path, &parts).await.status, 204);
    let json = json!({ "tags": ["art"], "downloadEnabled": false, "commentsPolicy": 2 });
    assert_eq!(uploader.stage.put(&path, &uploader.token, &json).await.status, 204);
    let video = uploader.details(&uploaded).await;
    assert_eq!((&video["name"], &video["description"]), (&json!("After"), &json!("Words")));
    assert_eq!((&video["privacy"]["id"], &video["tags"]), (&json!(3), &json!(["art"])));
    assert_eq!(video["downloadEnabled"], false);
    assert_eq!(video["commentsPolicy"], json!({ "id": 2, "label": "Disabled" }));

    let other = uploader.stage.user("bob", Role::User).await;
    let hidden = uploader.stage.put(&path, &other, &json).await;
    let missing = uploader.stage.put("/api/v1/videos/1", &other, &json).await;
    assert_eq!((hidden.status.as_u16(), &hidden.body), (404, &missing.body));
    let scheduled = json!({ "scheduleUpdate": { "updateAt": "2030-01-01", "privacy": 1 } });
    assert_eq!(uploader.stage.put(&path, &uploader.token, &scheduled).await.status, 400);
    assert_eq!(uploader.stage.delete(&path, &uploader.token).await.status, 204);
    assert_eq!(uploader.stage.get(&path, &uploader.token).await.status, 404);
}
