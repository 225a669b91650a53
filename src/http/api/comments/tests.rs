#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::{TestRequest, call_service, init_service};
use kinora_model::user::Role;
use kinora_model::video::{CommentsPolicy, Video};
use kinora_service::comments::live;
use kinora_service::{names, videos};
use kinora_store::Batch;
use serde_json::{Value, json};

use crate::server::application;
use crate::stage::{Answer, Stage, missing};

async fn say(stage: &Stage, token: &str, path: &str, text: &str) -> Answer {
    let now = stage.app.service.now();
    stage.clock.set(now.after(Duration::from_secs(60)));
    stage.post(path, token, &json!({ "text": text })).await
}

/// A node with a video of `ana`, and the tokens of her and of `bob`.
async fn began() -> (Stage, String, String, String) {
    let stage = Stage::new();
    let ana = stage.user("ana", Role::User).await;
    let bob = stage.user("bob", Role::User).await;
    let video = stage.video("ana", "A film").await;
    (stage, ana, bob, video)
}

async fn with_policy(stage: &Stage, video: &str, policy: CommentsPolicy) {
    let service = &stage.app.service;
    let row = videos::find(service, None, video).await.unwrap();
    let mut new = Video::clone(&row);
    new.words.comments = policy;
    let mut batch = Batch::default();
    batch.replace_row(&row, &new).unwrap();
    service.store.commit(batch).await.unwrap();
}

#[actix_web::test]
async fn comments_have_every_field_of_peertubes() {
    let (stage, ana, bob, video) = began().await;
    let threads = format!("/api/v1/videos/{video}/comment-threads");
    let made = say(&stage, &bob, &threads, "Hello **ana** @ana").await;
    assert_eq!(made.status, 200, "{:?}", made.body);
    let first = made.body["comment"]["id"].as_u64().unwrap();
    let answer = say(&stage, &ana, &format!("/api/v1/videos/{video}/comments/{first}"), "Hi").await;
    assert_eq!(answer.body["comment"]["inReplyToCommentId"], first);
    assert_eq!(answer.body["comment"]["threadId"], first);

    let listed = stage.get(&format!("{threads}?sort=-totalReplies"), "").await;
    let peertube: Value =
        serde_json::from_str(include_str!("../../../../tests/fixtures/peertube/api-comments.json"))
            .unwrap();
    assert_eq!(missing(&peertube, &listed.body, ""), Vec::<String>::new());
    assert_eq!(
        (&listed.body["total"], &listed.body["totalNotDeletedComments"]),
        (&json!(1), &json!(2))
    );
    let comment = &listed.body["data"][0];
    assert_eq!(
        (&comment["totalReplies"], &comment["totalRepliesFromVideoAuthor"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        comment["html"].as_str().unwrap().trim(),
        "<p>Hello <strong>ana</strong> <a href=\"/a/ana\" class=\"mention\">@ana</a></p>"
    );
    assert_eq!((&comment["account"]["name"], &comment["isLocal"]), (&json!("bob"), &json!(true)));
    let url = comment["url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/videos/watch/{video}/comments/{first}")), "{url}");

    let tree = stage.get(&format!("{threads}/{first}"), "").await.body;
    assert_eq!(tree["children"][0]["comment"]["text"], "Hi");
    assert_eq!(tree["children"][0]["children"], json!([]));
    let shown = stage.get(&format!("/api/v1/videos/{video}"), "").await.body;
    assert_eq!(shown["comments"], 2);
}

#[actix_web::test]
async fn wrong_requests_get_their_statuses() {
    let (stage, ana, bob, video) = began().await;
    let threads = format!("/api/v1/videos/{video}/comment-threads");
    assert_eq!(say(&stage, "", &threads, "hi").await.status, 401);
    let blank = say(&stage, &bob, &threads, " \u{202e} ").await;
    assert_eq!(blank.status, 400);
    assert_eq!(blank.body["invalid-params"]["text"]["path"], "text");
    assert_eq!(say(&stage, &bob, &threads, &"x".repeat(10_001)).await.status, 400);
    let nowhere = "/api/v1/videos/00000000-0000-4000-8000-000000000000/comment-threads";
    assert_eq!(say(&stage, &bob, nowhere, "hi").await.status, 404);
    assert_eq!(stage.get(&format!("{threads}?sort=text"), "").await.status, 400);

    let first = say(&stage, &bob, &threads, "hi").await.body["comment"]["id"].as_u64().unwrap();
    let other = stage.video("ana", "Another").await;
    for video in [&video, &other] {
        let refused = stage.delete(&format!("/api/v1/videos/{video}/comments/1"), &ana).await;
        assert_eq!(refused.status, 404);
    }
    let elsewhere = format!("/api/v1/videos/{other}/comments/{first}");
    assert_eq!(stage.delete(&elsewhere, &bob).await.status, 404);
    assert_eq!(say(&stage, &ana, &elsewhere, "hi").await.status, 404);
    with_policy(&stage, &video, CommentsPolicy::Disabled).await;
    assert_eq!(say(&stage, &bob, &threads, "hi").await.status, 409);
    for _ in 0..10 {
        stage
            .post(&format!("/api/v1/videos/{other}/comment-threads"), &bob, &json!({ "text": "x" }))
            .await;
    }
    let fast = stage
        .post(&format!("/api/v1/videos/{other}/comment-threads"), &bob, &json!({ "text": "x" }))
        .await;
    assert_eq!(fast.status, 429);
    assert!(fast.headers.contains_key("retry-after"));
}

#[actix_web::test]
async fn words_are_changed_and_taken_away() {
    let (stage, ana, bob, video) = began().await;
    let threads = format!("/api/v1/videos/{video}/comment-threads");
    let first = say(&stage, &bob, &threads, "Helo").await.body["comment"]["id"].as_u64().unwrap();
    let own = format!("/api/kinora/v1/videos/{video}/comments/{first}");
    let words = json!({ "text": "Hello" });
    assert_eq!(stage.put(&own, &ana, &words).await.status, 403);
    let changed = stage.put(&own, &bob, &words).await;
    assert_eq!((changed.status.as_u16(), &changed.body["comment"]["text"]), (200, &json!("Hello")));
    let path = format!("/api/v1/videos/{video}/comments/{first}");
    say(&stage, &ana, &path, "Hi").await;
    let carl = stage.user("carl", Role::User).await;
    assert_eq!(stage.delete(&path, &carl).await.status, 403);
    assert_eq!(stage.delete(&path, &bob).await.status, 204);
    assert_eq!(stage.delete(&path, &bob).await.status, 404);
    let comment = stage.get(&threads, "").await.body["data"][0].clone();
    assert_eq!(
        (&comment["isDeleted"], &comment["text"], &comment["html"]),
        (&json!(true), &json!(""), &json!(""))
    );
    assert_eq!(comment["account"], Value::Null);
    assert!(comment["deletedAt"].is_string());
}

#[actix_web::test]
async fn the_owner_reviews_what_is_held() {
    let (stage, ana, bob, video) = began().await;
    with_policy(&stage, &video, CommentsPolicy::RequiresApproval).await;
    let threads = format!("/api/v1/videos/{video}/comment-threads");
    let made = say(&stage, &bob, &threads, "May I?").await.body["comment"].clone();
    assert_eq!(made["heldForReview"], true);
    assert_eq!(stage.get(&threads, "").await.body["total"], 0);
    let waiting = "/api/v1/users/me/videos/comments?isHeldForReview=true";
    let list = stage.get(waiting, &ana).await.body;
    assert_eq!((&list["total"], &list["data"][0]["video"]["name"]), (&json!(1), &json!("A film")));
    assert_eq!(list["data"][0]["automaticTags"], json!([]));
    assert_eq!(stage.get(waiting, &bob).await.body["total"], 0);
    let approve = format!("/api/v1/videos/{video}/comments/{}/approve", made["id"]);
    assert_eq!(stage.post(&approve, &bob, &json!({})).await.status, 403);
    assert_eq!(stage.post(&approve, &ana, &json!({})).await.status, 204);
    assert_eq!(stage.get(&threads, "").await.body["total"], 1);
    assert_eq!(stage.get(waiting, &ana).await.body["total"], 0);

    let moderator = stage.user("mod", Role::Moderator).await;
    let all = "/api/v1/videos/comments?search=may&isLocal=true&sort=-createdAt";
    assert_eq!(stage.get(all, &moderator).await.body["data"][0]["id"], made["id"]);
    assert_eq!(stage.get(all, &ana).await.status, 403);
}

#[actix_web::test]
async fn people_are_notified_and_say_what_they_saw() {
    let (stage, ana, bob, video) = began().await;
    let threads = format!("/api/v1/videos/{video}/comment-threads");
    let path = "/api/v1/users/me/notifications";
    let first = say(&stage, &bob, &threads, "Nice").await.body["comment"]["id"].clone();
    say(&stage, &ana, &threads, "Look, @bob").await;
    let list = stage.get(path, &ana).await.body;
    assert_eq!(list["total"], 1);
    let news = &list["data"][0];
    assert_eq!((&news["type"], &news["read"]), (&json!(2), &json!(false)));
    assert_eq!((&news["comment"]["id"], &news["comment"]["threadId"]), (&first, &first));
    assert_eq!(news["comment"]["account"]["name"], "bob");
    assert_eq!(news["comment"]["video"]["uuid"], video);
    let mention = stage.get(&format!("{path}?typeOneOf=11&typeOneOf=1"), &bob).await.body;
    assert_eq!((&mention["total"], &mention["data"][0]["type"]), (&json!(1), &json!(11)));

    let unread = format!("{path}?start=0&count=0&unread=true");
    assert_eq!(stage.get(&unread, &ana).await.body, json!({ "total": 1, "data": [] }));
    let read = json!({ "ids": [news["id"]] });
    assert_eq!(stage.post(&format!("{path}/read"), &ana, &read).await.status, 204);
    assert_eq!(stage.get(&unread, &ana).await.body["total"], 0);
    assert_eq!(stage.get(&format!("{path}?unread=false"), &ana).await.body["total"], 1);
    assert_eq!(stage.post(&format!("{path}/read-all"), &bob, &json!({})).await.status, 204);
    assert_eq!(stage.get(&unread, &bob).await.body["total"], 0);

    let settings = "/api/v1/users/me/notification-settings";
    let chosen = json!({ "newCommentOnMyVideo": 0, "commentMention": 1, "newPluginVersion": 3 });
    assert_eq!(stage.put(settings, &ana, &chosen).await.status, 204);
    say(&stage, &bob, &threads, "Again").await;
    assert_eq!(stage.get(&unread, &ana).await.body["total"], 0);
    let me = stage.get("/api/v1/users/me", &ana).await.body["notificationSettings"].clone();
    assert_eq!((&me["newCommentOnMyVideo"], &me["commentMention"]), (&json!(0), &json!(1)));

    let ana_id = names::account(&stage.app.service, "ana").await.unwrap().id;
    let row = videos::find(&stage.app.service, None, &video).await.unwrap();
    assert_eq!(row.account, ana_id);
    videos::remove(&stage.app.service, row.id).await.unwrap();
    assert_eq!(stage.get(path, &ana).await.body, json!({ "total": 0, "data": [] }));
}

#[actix_web::test]
async fn open_pages_hear_of_comments() {
    let (stage, ana, bob, video) = began().await;
    let service = stage.app.service.clone();
    let follower = tokio::spawn(async move { live::follow_journal(&service).await });
    let threads = format!("/api/v1/videos/{video}/comment-threads");
    let app = init_service(application(stage.app.clone())).await;
    let path = format!("/api/kinora/v1/videos/{video}/comments/events");
    let response = call_service(&app, TestRequest::get().uri(&path).to_request()).await;
    assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "text/event-stream");
    let mut body = Box::pin(response.into_body());
    let mut next = async || {
        let chunk = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await;
        let bytes = chunk.unwrap().ok().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    assert_eq!(next().await, ": here\n\n");
    // The reader begins at the end of the journal as it is when it starts.
    tokio::task::yield_now().await;
    let first = say(&stage, &bob, &threads, "Live!").await.body["comment"]["id"].as_u64().unwrap();
    let told = next().await;
    assert!(told.starts_with("event: comment\ndata: {") && told.contains("Live!"), "{told}");
    let own = format!("/api/kinora/v1/videos/{video}/comments/{first}");
    stage.clock.set(stage.app.service.now().after(Duration::from_secs(60)));
    stage.put(&own, &bob, &json!({ "text": "Changed" })).await;
    let told = next().await;
    assert!(told.starts_with("event: comment-changed\ndata: {"), "{told}");

    // What is held is told only to those who may read it.
    with_policy(&stage, &video, CommentsPolicy::RequiresApproval).await;
    let held = say(&stage, &bob, &threads, "May I?").await.body["comment"]["id"].as_u64().unwrap();
    stage.delete(&format!("/api/v1/videos/{video}/comments/{first}"), &bob).await;
    assert_eq!(next().await, format!("event: comment-deleted\ndata: {{\"id\":{first}}}\n\n"));
    let approve = format!("/api/v1/videos/{video}/comments/{held}/approve");
    stage.post(&approve, &ana, &json!({})).await;
    let told = next().await;
    assert!(told.starts_with("event: comment\ndata: {") && told.contains("May I?"), "{told}");
    follower.abort();
}
