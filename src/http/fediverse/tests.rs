#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use kinora_model::user::Role;
use kinora_model::video::{parse_uuid, short_uuid};
use serde_json::json;

use crate::stage::{Answer, Stage};

const ACTIVITY: &str = "application/activity+json, application/ld+json";

async fn stage() -> (Stage, String) {
    let stage = Stage::new();
    stage.user("ana", Role::User).await;
    let uuid = stage.video("ana", "A film").await;
    (stage, uuid)
}

async fn ask(stage: &Stage, path: &str, accept: &str) -> Answer {
    stage.ask(TestRequest::get().uri(path).insert_header(("accept", accept))).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn one_address_is_a_page_for_people_and_a_document_for_servers() {
    let (stage, uuid) = stage().await;
    let short = short_uuid(parse_uuid(&uuid).unwrap());
    for (path, kind) in [
        (format!("/videos/watch/{uuid}"), "Video"),
        (format!("/w/{short}"), "Video"),
        ("/accounts/ana".to_owned(), "Person"),
        ("/a/ana".to_owned(), "Person"),
        ("/video-channels/ana_channel".to_owned(), "Group"),
        ("/c/ana_channel".to_owned(), "Group"),
        ("/c/ana_channel/videos".to_owned(), "Group"),
        ("/about".to_owned(), "Application"),
    ] {
        let document = ask(&stage, &path, ACTIVITY).await;
        assert_eq!(document.status, StatusCode::OK, "{path}");
        assert_eq!(document.body["type"], kind, "{path}");
        assert_eq!(header(&document, "content-type"), "application/activity+json; charset=utf-8");
        assert!(header(&document, "vary").contains("accept"), "{path}");
        assert_eq!(header(&document, "access-control-allow-origin"), "*");
        for accept in ["text/html,*/*;q=0.8", "*/*"] {
            let page = ask(&stage, &path, accept).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(header(&page, "content-type").starts_with("text/html"), "{path}");
            assert!(header(&page, "vary").contains("accept"), "{path}");
        }
        let page = stage.text(&path, "").await;
        let named = "type=\"application/activity+json\"";
        assert!(path == "/about" || page.contains(named), "{path} does not name its document");
    }
}

#[actix_web::test]
async fn a_document_that_is_known_is_not_sent_again() {
    let (stage, uuid) = stage().await;
    let path = format!("/videos/watch/{uuid}");
    let first = ask(&stage, &path, ACTIVITY).await;
    let tag = header(&first, "etag").to_owned();
    let again = TestRequest::get()
        .uri(&path)
        .insert_header(("accept", ACTIVITY))
        .insert_header(("if-none-match", tag));
    assert_eq!(stage.ask(again).await.status, StatusCode::NOT_MODIFIED);
}

#[actix_web::test]
async fn what_is_not_there_is_a_problem_for_servers() {
    let (stage, _) = stage().await;
    for path in [
        "/accounts/nobody",
        "/video-channels/ana",
        "/videos/watch/8a5ee3ad-74f9-4814-a483-204b12168ce1",
        "/accounts/ana/secrets",
        "/actor/inbox",
    ] {
        let answer = ask(&stage, path, ACTIVITY).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(header(&answer, "content-type").starts_with("application/problem+json"), "{path}");
    }
}

#[actix_web::test]
async fn servers_do_not_learn_that_a_private_video_is_there() {
    let stage = Stage::new();
    let ana = stage.user("ana", Role::User).await;
    let uuid = stage.video("ana", "A film").await;
    let private =
        stage.put(&format!("/api/v1/videos/{uuid}"), &ana, &json!({ "privacy": 3 })).await;
    assert_eq!(private.status, StatusCode::NO_CONTENT);
    let nowhere = "8a5ee3ad-74f9-4814-a483-204b12168ce1";
    for rest in ["", "/comments", "/likes", "/dislikes", "/announces", "/chapters"] {
        let (mut told, mut short) = (Vec::new(), Vec::new());
        for video in [uuid.as_str(), nowhere] {
            let signed = |path: String| {
                TestRequest::get().uri(&path).insert_header(("accept", ACTIVITY)).insert_header((
                    "signature",
                    "keyId=\"https://far.test/a#k\",signature=\"eA==\"",
                ))
            };
            let answer = stage.ask(signed(format!("/videos/watch/{video}{rest}"))).await;
            told.push((answer.status, answer.body.to_string().replace(video, "[video]")));
            let answer =
                stage.ask(signed(format!("/w/{}", short_uuid(parse_uuid(video).unwrap())))).await;
            short.push((answer.status, answer.body["detail"].clone()));
        }
        assert_eq!(told[0].0, StatusCode::NOT_FOUND, "{rest}");
        assert_eq!(told[0], told[1], "{rest}");
        assert_eq!(short[0], short[1]);
    }
}

#[actix_web::test]
async fn handles_and_ids_lead_to_actors() {
    let (stage, _) = stage().await;
    for (resource, id) in [
        ("acct:ana@localhost:8080", "/accounts/ana"),
        ("@ana@localhost:8080", "/accounts/ana"),
        ("acct:ana_channel@localhost:8080", "/video-channels/ana_channel"),
        ("acct:peertube@localhost:8080", "/actor"),
        ("acct:localhost:8080@localhost:8080", "/actor"),
        ("http://localhost:8080/accounts/ana", "/accounts/ana"),
        ("http://localhost:8080/c/ana_channel", "/video-channels/ana_channel"),
    ] {
        let asked: String = url::form_urlencoded::byte_serialize(resource.as_bytes()).collect();
        let answer = ask(&stage, &format!("/.well-known/webfinger?resource={asked}"), "*/*").await;
        assert_eq!(answer.status, StatusCode::OK, "{resource}");
        assert!(header(&answer, "content-type").starts_with("application/jrd+json"));
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        let links = answer.body["links"].as_array().unwrap();
        let own = links.iter().find(|link| link["rel"] == "self").unwrap();
        assert_eq!(own["type"], "application/activity+json");
        assert_eq!(own["href"], format!("http://localhost:8080{id}"), "{resource}");
        let subscribe = "http://ostatus.org/schema/1.0/subscribe";
        let subscribe = links.iter().find(|link| link["rel"] == subscribe).unwrap();
        assert!(subscribe["template"].as_str().unwrap().contains("{uri}"));
    }
    for resource in ["acct:nobody@localhost:8080", "acct:ana@elsewhere.test", "ana", "", "mailto:x"]
    {
        let answer =
            ask(&stage, &format!("/.well-known/webfinger?resource={resource}"), "*/*").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{resource}");
    }
    let answer = ask(&stage, "/.well-known/webfinger", "*/*").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn the_server_says_what_it_is() {
    let (stage, _) = stage().await;
    let index = ask(&stage, "/.well-known/nodeinfo", "*/*").await;
    let links = index.body["links"].as_array().unwrap();
    let application = "https://www.w3.org/ns/activitystreams#Application";
    assert!(links.iter().any(|link| link["rel"] == application));
    for link in links.iter().filter(|link| link["rel"] != application) {
        let path = link["href"].as_str().unwrap().strip_prefix("http://localhost:8080").unwrap();
        let answer = ask(&stage, path, "application/json").await;
        assert_eq!(answer.body["software"]["name"], "kinora");
        assert_eq!(answer.body["protocols"], json!(["activitypub"]));
        assert_eq!(answer.body["usage"]["users"]["total"], 1);
        assert_eq!(answer.body["usage"]["localPosts"], 1);
        assert!(header(&answer, "content-type").contains("profile="));
    }
    assert_eq!(ask(&stage, "/nodeinfo/2.0.json", "*/*").await.status, StatusCode::OK);
    assert_eq!(ask(&stage, "/nodeinfo/9.9", "*/*").await.status, StatusCode::NOT_FOUND);
    let xml = stage.text("/.well-known/host-meta", "").await;
    assert!(xml.contains("http://localhost:8080/.well-known/webfinger?resource={uri}"), "{xml}");
    let json = ask(&stage, "/.well-known/host-meta.json", "*/*").await;
    assert_eq!(json.body["links"][0]["rel"], "lrdd");
}

#[actix_web::test]
async fn inboxes_take_nothing_unsigned_and_nothing_too_large() {
    let (stage, _) = stage().await;
    let activity = json!({
        "id": "https://peer.test/1",
        "type": "Like",
        "actor": "https://peer.test/bob",
        "object": "http://localhost:8080/",
    });
    for path in
        ["/inbox", "/actor/inbox", "/accounts/ana/inbox", "/video-channels/ana_channel/inbox"]
    {
        let request = TestRequest::post().uri(path).set_json(&activity);
        let answer = stage.ask(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(header(&answer, "content-type").starts_with("application/problem+json"), "{path}");
        let request = TestRequest::post().uri(path).set_payload(vec![b' '; (1 << 20) + 1]);
        assert_eq!(stage.ask(request).await.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
}

#[actix_web::test]
async fn the_address_of_a_comment_leads_people_to_its_video() {
    let (stage, uuid) = stage().await;
    let path = format!("/videos/watch/{uuid}/comments/77");
    let answer = ask(&stage, &path, "text/html").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let short = short_uuid(parse_uuid(&uuid).unwrap());
    assert_eq!(header(&answer, "location"), format!("/w/{short}?comment=77"));
    assert_eq!(ask(&stage, &path, ACTIVITY).await.status, StatusCode::NOT_FOUND);
}
