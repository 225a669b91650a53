//! What is about people and channels, asked as clients ask it.

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
use kinora_service::config::{Accounts, Registration};
use serde_json::{Value, json};

use crate::stage::{PASSWORD, Stage, missing};

fn sample(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn registering(registration: Registration) -> Stage {
    let accounts = Accounts { registration, ..Accounts::default() };
    Stage::with(Config { accounts, ..Config::default() })
}

#[actix_web::test]
async fn the_configuration_has_every_field_of_peertubes() {
    let stage = registering(Registration::Approval);
    let answer = stage.get("/api/v1/config/", "").await;
    assert_eq!(answer.status, 200);
    let mut peertube = sample(include_str!("../../../tests/fixtures/peertube/api-config.json"));
    peertube.as_object_mut().unwrap().remove("serverCommit");
    assert_eq!(missing(&peertube, &answer.body, ""), Vec::<String>::new());
    assert_eq!(answer.body["signup"]["allowed"], true);
    assert_eq!(answer.body["signup"]["requiresApproval"], true);
    assert_eq!(answer.body["transcoding"]["hls"]["enabled"], true);
    let about = stage.get("/api/v1/config/about", "").await;
    assert_eq!(about.body["instance"]["name"], "Kinora");
}

#[actix_web::test]
async fn the_oauth_client_is_told_to_everybody() {
    let stage = Stage::new();
    let answer = stage.get("/api/v1/oauth-clients/local", "").await;
    let peertube = sample(include_str!("../../../tests/fixtures/peertube/api-oauth-clients.json"));
    assert_eq!(missing(&peertube, &answer.body, ""), Vec::<String>::new());
    assert_eq!(stage.get("/api/v1/oauth-clients/local/", "").await.body, answer.body);
}

#[actix_web::test]
async fn people_log_in_renew_and_leave() {
    let stage = Stage::new();
    stage.user("ana", Role::User).await;
    let given = stage
        .token(&[("grant_type", "password"), ("username", "ana"), ("password", PASSWORD)])
        .await;
    assert_eq!(given.status, 200);
    assert_eq!(given.headers.get("cache-control").unwrap(), "no-store");
    assert_eq!(given.body["token_type"], "Bearer");
    assert_eq!(given.body["expires_in"], 86_400);
    assert_eq!(given.body["refresh_token_expires_in"], 1_209_600);
    let access = given.body["access_token"].as_str().unwrap();
    assert_eq!(stage.get("/api/v1/users/me", access).await.body["username"], "ana");

    let refresh = given.body["refresh_token"].as_str().unwrap();
    let renewed = stage.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
    assert_eq!(renewed.status, 200);
    let stale = stage.get("/api/v1/users/me", access).await;
    assert_eq!((stale.status.as_u16(), &stale.body["code"]), (401, &json!("invalid_token")));

    let access = renewed.body["access_token"].as_str().unwrap();
    let revoked = stage.post("/api/v1/users/revoke-token", access, &json!({})).await;
    assert_eq!(revoked.status, 200);
    assert_eq!(stage.get("/api/v1/users/me", access).await.status, 401);
}

#[actix_web::test]
async fn wrong_logins_are_refused_with_peertubes_codes() {
    let stage = Stage::new();
    stage.user("ana", Role::User).await;
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("grant_type", "password"), ("username", "ana"), ("password", "no")], "invalid_grant"),
        (&[("grant_type", "password"), ("username", "ana")], "invalid_request"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")], "invalid_grant"),
        (&[("grant_type", "implicit")], "unsupported_grant_type"),
        (&[], "invalid_request"),
        (&[("client_secret", "x"), ("grant_type", "password")], "invalid_client"),
    ];
    for (fields, code) in cases {
        let answer = if code == "invalid_client" {
            let form = [("client_id", "x"), ("client_secret", "x"), ("grant_type", "password")];
            stage.ask(TestRequest::post().uri("/api/v1/users/token").set_form(form)).await
        } else {
            stage.token(fields).await
        };
        assert_eq!(answer.status, 400, "{code}");
        assert_eq!(answer.body["code"], code);
        assert_eq!(answer.body["error"], answer.body["detail"]);
        let kind = answer.headers.get("content-type").unwrap().to_str().unwrap();
        assert!(kind.starts_with("application/problem+json"), "{kind}");
    }
    let nobody = stage.get("/api/v1/users/me", "").await;
    assert_eq!(nobody.status, 401);
}

#[actix_web::test]
async fn too_many_logins_from_one_address_are_told_to_wait() {
    let accounts = Accounts { tries_per_minute: 2, ..Accounts::default() };
    let stage = Stage::with(Config { accounts, ..Config::default() });
    let wrong = [("grant_type", "password"), ("username", "ana"), ("password", "no")];
    for _ in 0..2 {
        assert_eq!(stage.token(&wrong).await.status, 400);
    }
    let refused = stage.token(&wrong).await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.headers.get("retry-after").unwrap().to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[actix_web::test]
async fn people_register_where_they_may() {
    let join = json!({
        "username": "ana",
        "password": PASSWORD,
        "email": "ana@example.org",
        "displayName": "Ana",
        "channel": { "name": "films", "displayName": "Films" }
    });
    let closed = registering(Registration::Closed);
    assert_eq!(closed.post("/api/v1/users/register", "", &join).await.status, 403);
    let open = registering(Registration::Open);
    assert_eq!(open.post("/api/v1/users/register", "", &join).await.status, 204);
    let again = open.post("/api/v1/users/register", "", &join).await;
    assert_eq!(again.status, 409);
    let channel = open.get("/api/v1/video-channels/films", "").await;
    assert_eq!(channel.body["ownerAccount"]["displayName"], "Ana");
    for (field, value) in [
        ("username", json!("Ana")),
        ("username", json!("peertube")),
        ("password", json!("short")),
        ("email", json!("nowhere")),
        ("displayName", json!("x".repeat(121))),
    ] {
        let mut wrong = join.clone();
        wrong["username"] = json!("bob");
        wrong["email"] = json!("bob@example.org");
        wrong["channel"] = Value::Null;
        wrong[field] = value;
        let refused = open.post("/api/v1/users/register", "", &wrong).await;
        assert_eq!(refused.status, 400, "{field}");
        assert_eq!(refused.body["invalid-params"][field]["path"], field);
    }
}

#[actix_web::test]
async fn requests_for_accounts_are_answered_by_moderators() {
    let stage = registering(Registration::Approval);
    let moderator = stage.user("mod", Role::Moderator).await;
    let user = stage.user("user", Role::User).await;
    let ask = |name: &str| {
        json!({
            "username": name,
            "password": PASSWORD,
            "email": format!("{name}@example.org"),
            "registrationReason": "I make films"
        })
    };
    let path = "/api/v1/users/registrations";
    let request = format!("{path}/request");
    let ana = stage.post(&request, "", &ask("ana")).await;
    assert_eq!(ana.body["state"], json!({ "id": 1, "label": "Pending" }));
    let bob = stage.post(&request, "", &ask("bob")).await;
    let log_in = |name: &'static str| {
        let stage = &stage;
        async move {
            stage
                .token(&[("grant_type", "password"), ("username", name), ("password", PASSWORD)])
                .await
        }
    };
    assert_eq!(log_in("ana").await.body["code"], "account_waiting_for_approval");
    assert_eq!(stage.get(path, &user).await.status, 403);
    let listed = stage.get(&format!("{path}?sort=-createdAt&count=1"), &moderator).await;
    assert_eq!(
        (&listed.body["total"], &listed.body["data"][0]["username"]),
        (&json!(2), &json!("bob"))
    );

    let response = json!({ "moderationResponse": "welcome", "preventEmailDelivery": true });
    let accept = format!("{path}/{}/accept", ana.body["id"]);
    assert_eq!(stage.post(&accept, &user, &response).await.status, 403);
    assert_eq!(stage.post(&accept, &moderator, &response).await.status, 204);
    assert_eq!(stage.post(&accept, &moderator, &response).await.status, 409);
    let reject = format!("{path}/{}/reject", bob.body["id"]);
    assert_eq!(stage.post(&reject, &moderator, &response).await.status, 204);
    assert_eq!(log_in("ana").await.status, 200);
    assert_eq!(log_in("bob").await.body["code"], "account_approval_rejected");
    let accepted = stage.get(&format!("{path}?stateOneOf[]=3"), &moderator).await;
    assert_eq!(accepted.body["total"], 1);
    assert_eq!(accepted.body["data"][0]["moderationResponse"], "welcome");
    assert!(accepted.body["data"][0]["user"]["id"].is_u64());
}

#[actix_web::test]
async fn people_see_and_change_themselves() {
    let stage = Stage::new();
    let token = stage.user("ana", Role::User).await;
    let me = stage.get("/api/v1/users/me", &token).await.body;
    assert_eq!(me["role"], json!({ "id": 2, "label": "User" }));
    assert_eq!((&me["videoQuota"], &me["videoQuotaDaily"]), (&json!(-1), &json!(-1)));
    assert_eq!(me["videoChannels"][0]["name"], "ana_channel");
    assert_eq!(me["account"]["host"], "localhost:8080");
    assert_eq!(me["nsfwPolicy"], "blur");

    let change = json!({
        "displayName": "Ana",
        "description": "hi",
        "nsfwPolicy": "do_not_list",
        "autoPlayVideo": false,
        "language": "fr",
        "videoLanguages": ["fr"]
    });
    assert_eq!(stage.put("/api/v1/users/me", &token, &change).await.status, 204);
    let me = stage.get("/api/v1/users/me", &token).await.body;
    assert_eq!(me["account"]["displayName"], "Ana");
    assert_eq!((&me["nsfwPolicy"], &me["language"]), (&json!("do_not_list"), &json!("fr")));
    let cleared = json!({ "description": null });
    assert_eq!(stage.put("/api/v1/users/me", &token, &cleared).await.status, 204);
    let me = stage.get("/api/v1/users/me", &token).await.body;
    assert_eq!(me["account"]["description"], Value::Null);

    let wrong = json!({ "password": "battery staple", "currentPassword": "wrong" });
    assert_eq!(stage.put("/api/v1/users/me", &token, &wrong).await.status, 401);
    let right = json!({ "password": "battery staple", "currentPassword": PASSWORD });
    assert_eq!(stage.put("/api/v1/users/me", &token, &right).await.status, 204);
    assert_eq!(stage.get("/api/v1/users/me", &token).await.status, 200, "this session stays");

    let used = stage.get("/api/v1/users/me/video-quota-used", &token).await.body;
    assert_eq!(used, json!({ "videoQuotaUsed": 0, "videoQuotaUsedDaily": 0 }));
    assert_eq!(stage.delete("/api/v1/users/me", &token).await.status, 204);
    assert_eq!(stage.get("/api/v1/users/me", &token).await.status, 401);
    assert_eq!(stage.get("/api/v1/accounts/ana", "").await.status, 404);
}

#[actix_web::test]
async fn channels_are_begun_changed_listed_and_removed() {
    let stage = Stage::new();
    let ana = stage.user("ana", Role::User).await;
    let bob = stage.user("bob", Role::User).await;
    let path = "/api/v1/video-channels";
    let films = json!({ "name": "films", "displayName": "Films", "support": "coffee" });
    assert_eq!(stage.post(path, "", &films).await.status, 401);
    let made = stage.post(path, &ana, &films).await;
    assert!(made.body["videoChannel"]["id"].is_u64(), "{made:?}");
    assert_eq!(stage.post(path, &bob, &films).await.status, 409);
    assert_eq!(
        stage.post(path, &ana, &json!({ "name": "ana", "displayName": "A" })).await.status,
        409
    );
    let nameless = stage.post(path, &ana, &json!({ "displayName": "A" })).await;
    assert_eq!(nameless.body["invalid-params"]["name"]["path"], "name");

    let one = format!("{path}/films");
    let shown = stage.get(&format!("{path}/films@localhost:8080"), "").await.body;
    let peertube = sample(include_str!("../../../tests/fixtures/peertube/api-video.json"));
    assert_eq!(missing(&peertube["channel"], &shown, ""), Vec::<String>::new());
    let account = stage.get("/api/v1/accounts/ana", "").await.body;
    assert_eq!(missing(&peertube["account"], &account, ""), Vec::<String>::new());
    assert_eq!(stage.get(&format!("{path}/films@elsewhere.example"), "").await.status, 404);

    let change =
        json!({ "displayName": "Great films", "description": "**all** of them", "support": null });
    assert_eq!(stage.put(&one, &bob, &change).await.status, 403);
    assert_eq!(stage.put(&one, &ana, &change).await.status, 204);
    let shown = stage.get(&one, "").await.body;
    assert_eq!(shown["displayName"], "Great films");
    assert_eq!(
        (&shown["description"], &shown["support"]),
        (&json!("**all** of them"), &Value::Null)
    );

    let all = stage.get(&format!("{path}?sort=name&start=1&count=1"), "").await.body;
    assert_eq!((&all["total"], &all["data"][0]["name"]), (&json!(3), &json!("bob_channel")));
    let hers = stage.get("/api/v1/accounts/ana/video-channels?search=GREAT", "").await.body;
    assert_eq!((&hers["total"], &hers["data"][0]["name"]), (&json!(1), &json!("films")));
    assert_eq!(stage.get(&format!("{path}?sort=secret"), "").await.status, 400);
    assert_eq!(stage.get(&format!("{path}?count=1000"), "").await.status, 400);

    assert_eq!(stage.delete(&one, &bob).await.status, 403);
    assert_eq!(stage.delete(&one, &ana).await.status, 204);
    assert_eq!(stage.get(&one, "").await.status, 404);
    assert_eq!(stage.delete(&format!("{path}/ana_channel"), &ana).await.status, 409);
}

#[actix_web::test]
async fn administrators_look_after_users() {
    let stage = Stage::new();
    let admin = stage.user("admin", Role::Administrator).await;
    let user = stage.user("user", Role::User).await;
    let path = "/api/v1/users";
    let new = json!({
        "username": "ana",
        "password": PASSWORD,
        "email": "ana@example.org",
        "role": 2,
        "videoQuota": 1_000,
        "videoQuotaDaily": -1,
        "channelName": "films"
    });
    assert_eq!(stage.post(path, &user, &new).await.status, 403);
    let made = stage.post(path, &admin, &new).await;
    let id = made.body["user"]["id"].as_u64().unwrap();
    assert!(made.body["user"]["account"]["id"].is_u64());
    let one = format!("{path}/{id}");
    let shown = stage.get(&one, &admin).await.body;
    assert_eq!((&shown["videoQuota"], &shown["videoQuotaDaily"]), (&json!(1_000), &json!(-1)));
    assert_eq!(shown["videoQuotaUsed"], 0);
    assert_eq!(stage.get(&one, &user).await.status, 403);

    assert_eq!(stage.put(&one, &admin, &json!({ "role": 1, "videoQuota": -1 })).await.status, 204);
    assert_eq!(stage.put(&one, &admin, &json!({ "role": 9 })).await.status, 400);
    assert_eq!(stage.get(&one, &admin).await.body["role"]["label"], "Moderator");
    assert_eq!(stage.get(path, &user).await.status, 403);
    let listed = stage.get(&format!("{path}?role=1&sort=-username"), &admin).await.body;
    assert_eq!((&listed["total"], &listed["data"][0]["username"]), (&json!(1), &json!("ana")));

    let block = format!("{one}/block");
    assert_eq!(stage.post(&block, &admin, &json!({ "reason": "spam" })).await.status, 204);
    let blocked = stage.get(&format!("{path}?blocked=true"), &admin).await.body;
    assert_eq!(blocked["data"][0]["blockedReason"], "spam");
    let refused = stage
        .token(&[("grant_type", "password"), ("username", "ana"), ("password", PASSWORD)])
        .await;
    assert_eq!(refused.status, 400);
    assert_eq!(stage.post(&format!("{one}/unblock"), &admin, &json!({})).await.status, 204);
    assert_eq!(stage.delete(&one, &user).await.status, 403);
    assert_eq!(stage.delete(&one, &admin).await.status, 204);
    assert_eq!(stage.get(&one, &admin).await.status, 404);
}

#[actix_web::test]
async fn pictures_that_are_none_are_refused_by_name() {
    let stage = Stage::new();
    let token = stage.user("ana", Role::User).await;
    let form = |name: &str, bytes: usize| {
        let body = format!(
            "--x\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\n\r\n{}\r\n--x--\r\n",
            "y".repeat(bytes)
        );
        TestRequest::post()
            .uri("/api/v1/users/me/avatar/pick")
            .insert_header(("authorization", format!("Bearer {token}")))
            .insert_header(("content-type", "multipart/form-data; boundary=x"))
            .set_payload(body)
    };
    let missing = stage.ask(form("other", 10)).await;
    assert_eq!(missing.status, 400);
    assert_eq!(missing.body["invalid-params"]["avatarfile"]["path"], "avatarfile");
    let empty = stage.ask(form("avatarfile", 0)).await;
    assert_eq!(empty.status, 400);
    let large = stage.ask(form("avatarfile", 5 << 20)).await;
    assert_eq!(large.status, 413);
}

#[actix_web::test]
async fn requests_that_cannot_be_read_are_told_so() {
    let stage = Stage::new();
    let post = |body: String| {
        TestRequest::post()
            .uri("/api/v1/users/register")
            .insert_header(("content-type", "application/json"))
            .set_payload(body)
    };
    let broken = stage.ask(post("{".to_owned())).await;
    assert_eq!(broken.status, 400);
    assert!(broken.body["detail"].as_str().unwrap().contains("JSON"));
    let huge = stage.ask(post(format!("\"{}\"", "x".repeat(3 << 20)))).await;
    assert_eq!(huge.status, 413);
    let nowhere = stage.get("/api/v1/nowhere", "").await;
    assert_eq!((nowhere.status.as_u16(), &nowhere.body["status"]), (404, &json!(404)));
    let ours = stage.get("/api/kinora/v1/nowhere", "").await;
    assert_eq!((ours.status.as_u16(), &ours.body["code"]), (404, &json!("not-found")));
    assert_eq!(ours.body.get("error"), None);
}

#[actix_web::test]
async fn other_sites_may_ask_and_types_are_not_guessed() {
    let stage = Stage::new();
    let asked =
        TestRequest::get().uri("/api/v1/ping").insert_header(("origin", "https://a.example"));
    let answer = stage.ask(asked).await;
    assert_eq!(answer.headers.get("access-control-allow-origin").unwrap(), "*");
    assert_eq!(answer.headers.get("x-content-type-options").unwrap(), "nosniff");
    // A cache may keep what was told to someone who did not say where they come from.
    let answer = stage.get("/api/v1/ping", "").await;
    assert_eq!(answer.headers.get("access-control-allow-origin").unwrap(), "*");
    let preflight = TestRequest::default()
        .method(actix_web::http::Method::OPTIONS)
        .uri("/api/v1/videos")
        .insert_header(("origin", "https://a.example"))
        .insert_header(("access-control-request-method", "POST"))
        .insert_header(("access-control-request-headers", "authorization,content-range"));
    let answer = stage.ask(preflight).await;
    assert!(answer.status.is_success(), "{answer:?}");
    assert_eq!(answer.headers.get("access-control-allow-origin").unwrap(), "*");
    let health = stage.get("/healthz", "").await;
    assert_eq!(health.status, 200);
}

#[actix_web::test]
async fn tokens_end_with_the_clock() {
    let stage = Stage::new();
    let token = stage.user("ana", Role::User).await;
    assert_eq!(stage.get("/api/v1/users/me", &token).await.status, 200);
    stage.clock.advance(std::time::Duration::from_hours(24));
    let ended = stage.get("/api/v1/users/me", &token).await;
    assert_eq!((ended.status.as_u16(), &ended.body["code"]), (401, &json!("invalid_token")));
}

#[actix_web::test]
async fn people_see_what_they_said_of_videos_and_others_do_not() {
    let stage = Stage::new();
    let ana = stage.user("ana", Role::User).await;
    let bob = stage.user("bob", Role::User).await;
    let (one, other) =
        (stage.video("ana", "One film").await, stage.video("ana", "Other film").await);
    for (video, rating) in [(&one, "like"), (&other, "dislike")] {
        stage.clock.advance(std::time::Duration::from_secs(1));
        let path = format!("/api/v1/videos/{video}/rate");
        assert_eq!(stage.put(&path, &bob, &json!({ "rating": rating })).await.status, 204);
    }
    let path = "/api/v1/accounts/bob/ratings";
    let said = stage.get(path, &bob).await.body;
    assert_eq!(said["total"], 2);
    assert_eq!(said["data"][0]["rating"], "dislike");
    assert_eq!(said["data"][0]["video"]["name"], "Other film");
    let likes = stage.get(&format!("{path}?rating=like"), &bob).await.body;
    assert_eq!((&likes["total"], &likes["data"][0]["video"]["likes"]), (&json!(1), &json!(1)));
    assert_eq!(stage.get(path, &ana).await.status, 403);
    assert_eq!(stage.get(path, "").await.status, 401);
    assert_eq!(stage.get(&format!("{path}?rating=meh"), &bob).await.status, 400);
}

#[actix_web::test]
async fn the_node_tells_its_numbers() {
    let stage = Stage::new();
    stage.user("ana", Role::User).await;
    stage.video("ana", "One film").await;
    let told = stage.get("/api/v1/server/stats", "").await.body;
    assert_eq!(told.as_object().unwrap().len(), 31);
    assert_eq!((&told["totalUsers"], &told["totalLocalVideos"]), (&json!(1), &json!(1)));
    assert_eq!(told["totalDailyActiveUsers"], 1);
}
