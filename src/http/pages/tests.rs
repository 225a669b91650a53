//! The pages as browsers, crawlers and people without scripts ask for them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use actix_web::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::test::TestRequest;
use kinora_model::user::Role;
use serde_json::json;

use crate::stage::Stage;

/// The client's own list of pages.
const ROUTES: &str = include_str!("../../../web/src/routes.ts");

#[actix_web::test]
async fn the_page_of_a_video_can_be_read_and_says_what_it_is() {
    let stage = Stage::new();
    stage.user("ana", Role::User).await;
    let uuid = stage.video("ana", "Bread & <b>butter</b>").await;
    let page = stage.text(&format!("/videos/watch/{uuid}"), "").await;
    assert!(page.contains("<title>Bread &amp; &lt;b&gt;butter&lt;/b&gt; · Kinora</title>"));
    assert!(page.contains("<h1>Bread &amp; &lt;b&gt;butter&lt;/b&gt;</h1>"));
    assert!(page.contains("<meta property=\"og:platform\" content=\"PeerTube\">"));
    assert!(page.contains("<meta property=\"og:type\" content=\"video.other\">"));
    assert!(page.contains("application/json+oembed"));
    assert!(!page.contains("<b>butter"), "a title is never markup, not even in JSON");
    let boot = page.split("id=\"boot\">").nth(1).and_then(|rest| rest.split("</script>").next());
    let boot: serde_json::Value = serde_json::from_str(boot.unwrap()).unwrap();
    assert_eq!(boot["video"]["name"], "Bread & <b>butter</b>");
    assert_eq!(boot["config"]["instance"]["name"], "Kinora");
}

#[actix_web::test]
async fn a_hidden_video_has_the_page_of_a_missing_one() {
    let stage = Stage::new();
    let ana = stage.user("ana", Role::User).await;
    let uuid = stage.video("ana", "Only mine").await;
    let hide = json!({ "privacy": 3 });
    assert_eq!(stage.put(&format!("/api/v1/videos/{uuid}"), &ana, &hide).await.status, 204);
    for folder in ["/w", "/videos/watch", "/videos/embed"] {
        let hidden = format!("{folder}/{uuid}");
        let missing = format!("{folder}/{}", uuid::Uuid::nil());
        // Nobody's token opens a page: pages are asked for without one.
        assert_eq!(stage.get(&hidden, "").await.status, 404);
        assert_eq!(stage.get(&missing, "").await.status, 404);
        let hidden = stage.text(&hidden, "").await.replace(&uuid, "");
        let missing = stage.text(&missing, "").await.replace(&uuid::Uuid::nil().to_string(), "");
        assert_eq!(hidden, missing);
    }
    let oembed = format!("/services/oembed?url=http://localhost:8080/videos/watch/{uuid}");
    assert_eq!(stage.get(&oembed, "").await.status, 404);
}

#[actix_web::test]
async fn an_unlisted_video_is_kept_out_of_search_engines() {
    let stage = Stage::new();
    let ana = stage.user("ana", Role::User).await;
    let uuid = stage.video("ana", "For whoever has the link").await;
    assert!(!stage.text(&format!("/w/{uuid}"), "").await.contains("noindex"));
    let unlisted = json!({ "privacy": 2 });
    assert_eq!(stage.put(&format!("/api/v1/videos/{uuid}"), &ana, &unlisted).await.status, 204);
    assert!(stage.text(&format!("/w/{uuid}"), "").await.contains("noindex"));
    assert!(!stage.text("/", "").await.contains("For whoever has the link"));
}

#[actix_web::test]
async fn every_page_that_the_client_knows_is_served() {
    let stage = Stage::new();
    stage.user("ana", Role::User).await;
    let uuid = stage.video("ana", "Something").await;
    let paths = ROUTES.lines().filter_map(|line| line.split("path: '").nth(1)?.split('\'').next());
    let paths: Vec<_> = paths.filter(|path| !path.is_empty()).collect();
    assert!(paths.len() > 20, "the list of pages was read");
    for path in paths {
        let handle =
            if path.contains("/a/") || path.contains("/accounts/") { "ana" } else { "ana_channel" };
        let path = path.replace(":id", &uuid).replace(":handle", handle).replace(":name", handle);
        let answer = stage.get(&path, "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.headers.get(CONTENT_TYPE).unwrap(), "text/html; charset=utf-8", "{path}");
        let policy = answer.headers.get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

#[actix_web::test]
async fn only_the_embedded_player_may_stand_in_pages_of_others() {
    let stage = Stage::new();
    stage.user("ana", Role::User).await;
    let uuid = stage.video("ana", "Something").await;
    let answer = stage.get(&format!("/videos/embed/{uuid}"), "").await;
    let policy = answer.headers.get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
    assert!(policy.contains("frame-ancestors *"), "{policy}");
}

#[actix_web::test]
async fn an_address_without_anything_is_a_page_to_browsers_and_a_problem_to_programs() {
    let stage = Stage::new();
    let browser = TestRequest::get().uri("/nowhere").insert_header((ACCEPT, "text/html,*/*"));
    let answer = stage.ask(browser).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.headers.get(CONTENT_TYPE).unwrap(), "text/html; charset=utf-8");
    let answer = stage.get("/nowhere", "").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.body["status"], 404);
}

#[actix_web::test]
async fn other_sites_are_told_how_to_show_a_video() {
    let stage = Stage::new();
    stage.user("ana", Role::User).await;
    let uuid = stage.video("ana", "Bread \"and\" butter").await;
    let ask = |url: String| format!("/services/oembed?url={url}&maxwidth=320");
    let answer = stage.get(&ask(format!("http://localhost:8080/w/{uuid}")), "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["title"], "Bread \"and\" butter");
    assert_eq!(answer.body["width"], 320);
    assert_eq!(answer.body["height"], 180);
    let html = answer.body["html"].as_str().unwrap();
    assert!(html.contains("title=\"Bread &quot;and&quot; butter\""), "{html}");
    // Addresses of others, and of nothing, are not ours to show.
    assert_eq!(stage.get(&ask(format!("https://other.example/w/{uuid}")), "").await.status, 404);
    assert_eq!(stage.get(&ask("http://localhost:8080/about".to_owned()), "").await.status, 404);
    assert_eq!(stage.get(&ask("nonsense".to_owned()), "").await.status, 404);
}
