//! Documents that are larger, longer and stranger than any that mean well.

use kinora_model::account::Account;
use kinora_model::video::{TAGS_MAX, Video};
use kinora_service::remote;
use serde_json::{Value, json};
use url::Url;

use super::house::House;
use super::peer::{Asked, Peer, Reply};
use super::village::Village;

/// Changes the document at a path of a village.
fn changed(village: &Village, name: &str, path: &str, change: impl FnOnce(&mut Value)) {
    let Reply::Document(mut document) = village.at(name, path) else { panic!("{path}") };
    change(&mut document);
    village.put(name, path, Reply::Document(document));
}

#[tokio::test]
async fn a_video_that_is_too_much_is_cut_to_what_is_kept() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    let video = village.video("evil.test", "/v/1", &[&eve]);
    let tags: Vec<_> = (0..10_000)
        .map(|number| json!({ "type": "Hashtag", "name": format!("#t{number}") }))
        .collect();
    changed(&village, "evil.test", "/v/1", |it| {
        it["name"] = json!("n".repeat(100_000));
        it["content"] = json!("<p>".repeat(30_000) + &"c".repeat(100_000));
        it["tag"] = json!(tags);
        it["duration"] = json!(format!("PT{}S", "9".repeat(40)));
        it["views"] = json!(1e300);
        it["likes"] = json!({ "totalItems": u64::MAX });
        it["published"] = json!("99999-12-31T23:59:60Z");
        it["updated"] = json!("-9999-01-01T00:00:00Z");
        it["category"] = json!({ "identifier": "9".repeat(4_000), "name": "x" });
        it["url"] = json!((0..1_000).map(|number| json!({
            "type": "Link", "mediaType": "video/mp4", "height": u64::MAX, "size": -1, "fps": 1e99,
            "href": format!("http://evil.test/{number}.mp4"),
        })).collect::<Vec<_>>());
    });
    house.follows(&eve).await;
    house.hears("Create", &eve, video.as_str()).await.unwrap();
    let row = remote::video(&house.stage.room.service, &video).await.unwrap().unwrap();
    assert_eq!(row.words.title.as_str().chars().count(), 120);
    assert!(row.words.tags.len() <= TAGS_MAX, "{}", row.words.tags.len());
    assert!(row.remote.as_ref().unwrap().files.len() <= kinora_activity::video::FILES_MAX);
    assert!(row.published_at.is_none_or(|at| at <= house.stage.room.service.now()), "{row:?}");
}

#[tokio::test]
async fn a_document_beyond_a_mebibyte_is_not_read() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    let video = village.video("evil.test", "/v/1", &[&eve]);
    changed(&village, "evil.test", "/v/1", |it| it["name"] = json!("n".repeat(1_048_577)));
    house.follows(&eve).await;
    assert!(house.hears("Create", &eve, video.as_str()).await.is_err());
    assert!(remote::video(&house.stage.room.service, &video).await.unwrap().is_none());
}

#[tokio::test]
async fn names_do_not_pretend_to_be_others() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    changed(&village, "evil.test", "/eve", |it| {
        // Turned around, invisible, and as wide as a page.
        it["name"] = json!(format!(
            "\u{202e}ana\u{200b}\u{2066}\u{feff}\u{0}\n{}",
            "W".repeat(1_000_000 / 2)
        ));
        it["alsoKnownAs"] =
            json!((0..10_000).map(|number| format!("http://a.test/{number}")).collect::<Vec<_>>());
        it["summary"] = json!("<script>alert(1)</script>".repeat(10_000));
    });
    let note = village.note("evil.test", "/n/1", &eve, &house.address());
    house.hears("Create", &eve, note).await.unwrap();
    let room = &house.stage.room;
    let kept = room.known_comment(&village.url("evil.test", "/n/1")).await.unwrap().unwrap();
    let who = room.service.store.get::<Account>(&kept.account.to_key()).await.unwrap().unwrap();
    let name = who.display_name.as_str();
    assert!(name.chars().count() <= 120, "{}", name.len());
    let hidden = |it: char| it == '\0' || "\u{202e}\u{200b}\u{2066}\u{feff}".contains(it);
    assert!(!name.chars().any(hidden), "{name:?}");
    assert!(!who.description.as_ref().is_some_and(|it| it.as_str().contains("<script")));
}

#[tokio::test]
async fn words_that_mention_everybody_ask_nobody() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    let mut note = village.note("evil.test", "/n/1", &eve, &house.address());
    note["tag"] = json!((0..500).map(|number| json!({
        "type": "Mention", "href": format!("http://far.test/u/{number}"), "name": format!("@u{number}@far.test"),
    })).collect::<Vec<_>>());
    note["content"] = json!("w".repeat(500_000));
    house.hears("Create", &eve, note).await.unwrap();
    assert_eq!(village.asked("far.test"), 0);
    let kept = house.stage.room.known_comment(&village.url("evil.test", "/n/1")).await;
    let kept = kept.unwrap().unwrap();
    assert!(kept.text.len() <= kinora_activity::note::CONTENT_CHARS_MAX, "{}", kept.text.len());
}

#[tokio::test]
async fn what_is_no_plain_json_is_refused_and_harms_nothing() {
    let bodies: Vec<Vec<u8>> = vec![
        b"[".repeat(500_000),
        br#"{"a":"#.repeat(100_000),
        br#"{"id":"http://evil.test/x","name":"\ud800"}"#.to_vec(),
        br#"{"id":"http://evil.test/x","n":1e999999}"#.to_vec(),
        b"\xff\xfe\x00".to_vec(),
        br#"{"id":"http://evil.test/x"}{"id":2}"#.to_vec(),
        Vec::new(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let peer =
            Peer::start(move |_: &Asked| Reply::typed("application/activity+json", body.clone()));
        let (peer, house) = (peer.await, House::new().await);
        let read = house.stage.room.client.get(&peer.url("evil.test", "/x")).await;
        assert!(read.is_err(), "{shown}");
    }
}

#[tokio::test]
async fn of_two_fields_of_one_name_the_check_and_the_use_see_the_same() {
    let house = House::new().await;
    let ours = house.address();
    let eve = Url::parse("http://evil.test/eve").unwrap();
    // Whichever of both is taken, the actor is not eve alone: it is never ana who speaks.
    for (first, last) in [
        ("http://home.test/accounts/ana", "http://evil.test/eve"),
        ("http://evil.test/eve", "http://home.test/accounts/ana"),
    ] {
        let text = format!(
            r#"{{"id":"http://evil.test/1","type":"Delete","actor":"{first}","actor":"{last}","object":"{ours}"}}"#
        );
        drop(house.stage.room.receive_activity(&text, &eve).await);
        let service = &house.stage.room.service;
        let kept = service.store.get::<Video>(&house.video.id.to_key()).await.unwrap();
        assert!(kept.is_some());
    }
}
