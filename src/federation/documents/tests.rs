#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use kinora_activity::actor::{Actor, ActorKind};
use kinora_activity::collection::{Collection, Page};
use kinora_activity::note::Note;
use kinora_activity::verb::{Activity, Verb};
use kinora_activity::video;
use kinora_model::actor::ActorRef;
use kinora_model::comment::{Comment, CommentState};
use kinora_model::video::{CommentsPolicy, Privacy, Video};
use kinora_store::Batch;
use serde_json::{Value, json};

use super::Answer;
use crate::Config;
use crate::error::Error;
use crate::tests::house::{House, UUID};
use crate::verify::Request;

fn at(path: &str) -> String {
    format!("http://home.test{path}")
}

async fn change(house: &House, change: impl Fn(&mut Video)) {
    let store = &house.stage.room.service.store;
    let old = store.get::<Video>(&house.video.id.to_key()).await.unwrap().unwrap();
    let mut new = (*old).clone();
    change(&mut new);
    let mut batch = Batch::default();
    batch.replace_row(&old, &new).unwrap();
    store.commit(batch).await.unwrap();
}

#[tokio::test]
async fn actors_are_read_back_as_they_are() {
    let house = House::new().await;
    let channel = house.get("/video-channels/films").await.unwrap();
    let read = Actor::read(&channel).unwrap();
    assert_eq!(read.kind, ActorKind::Group);
    assert_eq!(read.id.as_str(), at("/video-channels/films"));
    assert_eq!(read.attributed_to[0].as_str(), at("/accounts/ana"));
    assert_eq!(read.shared_inbox.unwrap().as_str(), at("/inbox"));
    assert_eq!(read.webfinger.as_deref(), Some("films@home.test"));
    assert_eq!(read.images[0].width, Some(1920));
    for path in ["/c/films", "/c/films/videos", "/c/films@home.test"] {
        assert_eq!(house.get(path).await.unwrap(), channel, "{path}");
    }
    let account = house.get("/a/ana").await.unwrap();
    let read = Actor::read(&account).unwrap();
    assert_eq!((read.kind, read.icons[0].width), (ActorKind::Person, Some(120)));
    let server = Actor::read(&house.get("/actor").await.unwrap()).unwrap();
    assert_eq!(
        (server.kind, server.preferred_username.as_str()),
        (ActorKind::Application, "peertube")
    );
    assert_eq!(house.get("/accounts/peertube").await.unwrap(), house.get("/actor").await.unwrap());
}

/// What `PeerTube` must find in a video, field by field (its validator of videos), and what others stumble over.
#[tokio::test]
async fn a_video_has_what_every_server_needs() {
    let house = House::new().await;
    let value = house.get(&format!("/videos/watch/{UUID}")).await.unwrap();
    assert_eq!(value["type"], "Video");
    assert_eq!(value["id"], at(&format!("/videos/watch/{UUID}")));
    assert_eq!(value["uuid"], UUID);
    assert_eq!(value["duration"], "PT31S");
    assert_eq!(value["views"], 12);
    assert!(value["published"].is_string() && value["updated"].is_string());
    let icons = value["icon"].as_array().unwrap();
    for icon in icons {
        assert_eq!(icon["mediaType"], "image/jpeg");
        assert!(icon["width"].is_u64() && icon["height"].is_u64());
    }
    assert_eq!(icons.len(), 2);
    // The person first, both as objects: Mastodon, GoToSocial, Lemmy and Mbin read no other form.
    assert_eq!(value["attributedTo"][0], json!({"type": "Person", "id": at("/accounts/ana")}));
    assert_eq!(
        value["attributedTo"][1],
        json!({"type": "Group", "id": at("/video-channels/films")})
    );
    assert_eq!(value["audience"], at("/video-channels/films"));
    let cc = value["cc"].as_array().unwrap();
    assert!(cc.contains(&Value::from(at("/video-channels/films"))), "{cc:?}");
    // The page for people first, with a media type that Mastodon sees as one.
    assert_eq!(value["url"][0]["mediaType"], "text/html");
    assert_eq!(value["url"][0]["href"], at("/w/i62jxtQaryK58uXd3Smqz8"));
    // No media hangs on it: that would keep Mastodon's card away.
    for attachment in value["attachment"].as_array().unwrap() {
        assert_eq!(
            (&attachment["type"], &attachment["mediaType"]),
            (&json!("Link"), &json!("text/html"))
        );
    }
    assert_eq!(value["mediaType"], "text/html");
    assert_eq!(value["content"], "<p>A film about <strong>rain</strong></p>\n");
    assert_eq!(value["source"]["content"], "A film about **rain**");
    assert_eq!(value["commentsPolicy"], 1);
    assert_eq!(value["tag"][0]["name"], "rain");
    let read = video::Video::read(&value).unwrap();
    let hls = read.hls.clone().unwrap();
    let folder = format!("/static/streaming-playlists/hls/{UUID}");
    assert_eq!(hls.playlist.as_str(), at(&format!("{folder}/master.m3u8")));
    assert_eq!(
        hls.segments_sha256.unwrap().as_str(),
        at(&format!("{folder}/segments-sha256.json"))
    );
    assert_eq!((hls.files[0].height, hls.files[0].size), (720, Some(9_882_214)));
    assert!(hls.files[0].magnet.as_ref().unwrap().contains("urn:btih:de1ae2f7"));
    assert_eq!(read.person().unwrap().as_str(), at("/accounts/ana"));
    assert_eq!(read.channel().unwrap().as_str(), at("/video-channels/films"));
    assert_eq!(read.storyboard.unwrap().tile_s, 1);
    assert_eq!(house.get("/w/i62jxtQaryK58uXd3Smqz8").await.unwrap(), value);
    change(&house, |video| video.words.comments = CommentsPolicy::RequiresApproval).await;
    let value = house.get(&format!("/videos/watch/{UUID}")).await.unwrap();
    assert_eq!(value["commentsPolicy"], 3);
}

#[tokio::test]
async fn what_is_hidden_is_answered_as_what_is_missing() {
    let house = House::new().await;
    let paths = ["", "/activity", "/likes", "/announces", "/comments", "/context", "/chapters"];
    for privacy in [Privacy::Private, Privacy::Internal, Privacy::Unlisted] {
        change(&house, |video| video.words.privacy = privacy).await;
        for path in paths {
            let hidden = house.get(&format!("/videos/watch/{UUID}{path}")).await.unwrap_err();
            let other = UUID.replace('8', "9");
            let missing = house.get(&format!("/videos/watch/{other}{path}")).await.unwrap_err();
            assert!(matches!(hidden, Error::NotFound(_)), "{privacy:?} {path}: {hidden}");
            assert_eq!(hidden.to_string(), missing.to_string());
        }
        let outbox = house.get("/accounts/ana/outbox").await.unwrap();
        assert_eq!(outbox["totalItems"], 0);
    }
}

#[tokio::test]
async fn outboxes_have_what_was_published() {
    let house = House::new().await;
    for (path, verb) in [
        ("/accounts/ana", Verb::Create),
        ("/video-channels/films", Verb::Announce),
        ("/actor", Verb::Announce),
    ] {
        let outbox = house.get(&format!("{path}/outbox")).await.unwrap();
        let read = Collection::read(&outbox).unwrap();
        assert_eq!(read.total, Some(1));
        let first = read.first_id.unwrap();
        let page = format!("{}?{}", first.path(), first.query().unwrap());
        let page = Page::read(&house.get(&page).await.unwrap()).unwrap();
        let activity = Activity::read(&page.items[0]).unwrap();
        assert_eq!((activity.verb, activity.actor.as_str()), (verb, at(path).as_str()));
        assert_eq!(page.next, None);
        // What stands in the outbox stands at its own address too.
        let id = activity.id.unwrap();
        let own = house.get(id.path()).await.unwrap();
        assert_eq!(own["id"], id.as_str());
    }
    assert!(house.get("/accounts/ana/outbox?page=5000").await.is_err());
    assert!(house.get("/accounts/ana/outbox?page=99999999999999999999").await.is_ok());
}

#[tokio::test]
async fn followers_come_in_pages_and_following_of_people_is_theirs_to_tell() {
    let house = House::new().await;
    let channel = ActorRef::Channel(house.channel.id);
    for number in 0..60 {
        house.follower(&format!("f{number}"), "peer.test", "mastodon", channel).await;
    }
    let whole = house.get("/video-channels/films/followers").await.unwrap();
    assert_eq!(whole["totalItems"], 60);
    let mut next = Collection::read(&whole).unwrap().first_id;
    let mut all = Vec::new();
    while let Some(url) = next {
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        let page = Page::read(&house.get(&path).await.unwrap()).unwrap();
        assert!(page.items.len() <= 50);
        all.extend(page.items);
        next = page.next;
    }
    assert_eq!(all.len(), 60);
    assert_eq!(all[0], "http://peer.test/users/f0");
    let following = house.get("/accounts/ana/following").await.unwrap();
    assert!(following.get("first").is_none());
}

#[tokio::test]
async fn comments_stand_below_their_video() {
    let house = House::new().await;
    let bob = house.stranger("bob", "peer.test").await;
    let theirs = house.comment(&bob, None).await;
    let ours = house.comment(&house.account, Some(&theirs)).await;
    let path = format!("/videos/watch/{UUID}/comments/{}", ours.id);
    let value = house.get(&path).await.unwrap();
    let note = Note::read(&value).unwrap();
    assert_eq!(note.in_reply_to, theirs.uri);
    assert_eq!(note.mentions[0].name.as_deref(), Some("@bob@peer.test"));
    assert_eq!(note.source.as_deref(), Some("Nice **rain**"));
    assert_eq!(note.context.unwrap().path(), format!("/videos/watch/{UUID}/context"));
    assert!(note.public && note.cc.iter().any(|it| it.as_str() == "http://peer.test/users/bob"));
    let theirs_here = house.get(&format!("/videos/watch/{UUID}/comments/{}", theirs.id)).await;
    assert_eq!(theirs_here.unwrap(), theirs.uri.as_ref().unwrap().as_str());
    let page = house.get(&format!("/videos/watch/{UUID}/comments?page=1")).await.unwrap();
    let items = page["orderedItems"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[1], at(&path));
    let context = house.get(&format!("/videos/watch/{UUID}/context?page=1")).await.unwrap();
    assert_eq!(context["orderedItems"][0], at(&format!("/videos/watch/{UUID}")));
    let gone = Comment {
        state: CommentState::Deleted { at: ours.created_at },
        text: String::new(),
        ..ours.clone()
    };
    house.put(&gone).await;
    assert_eq!(house.get(&path).await.unwrap()["type"], "Tombstone");
    house.put(&Comment { state: CommentState::Held, ..ours }).await;
    assert!(house.get(&path).await.is_err());
}

#[tokio::test]
async fn hostile_paths_lead_nowhere() {
    let house = House::new().await;
    let long = format!("/accounts/{}", "a".repeat(10_000));
    for path in [
        "/accounts/..%2f..%2fetc",
        "/accounts/ana@elsewhere.test",
        "/accounts/ana@",
        "/accounts/films",
        "/video-channels/ana",
        "/videos/watch/not-a-uuid",
        "/videos/watch/8a5ee3ad-74f9-4814-a483-204b12168ce1/comments/x",
        "/accounts/ana/likes/1",
        "/accounts/ana/outbox/more",
        "/actor/inbox",
        &long,
    ] {
        let error = house.get(path).await.unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_document_at_hand_is_written_anew_once_something_changed() {
    let house = House::new().await;
    let path = format!("/videos/watch/{UUID}");
    let first = house.get(&path).await.unwrap();
    assert_eq!(house.get(&path).await.unwrap(), first);
    change(&house, |video| video.words.download = false).await;
    let second = house.get(&path).await.unwrap();
    assert_eq!(
        (&first["downloadEnabled"], &second["downloadEnabled"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn where_documents_are_for_those_who_sign_keys_are_for_everyone() {
    let house =
        House::with(Config { authorized_fetch: true, allow_private: true, ..Config::default() })
            .await;
    let ask = async |target: &str| {
        let request = Request {
            method: "GET".to_owned(),
            target: target.to_owned(),
            headers: Default::default(),
            body: Default::default(),
        };
        house.stage.room.document_for(&request).await
    };
    let value = |answer: Answer| match answer {
        Answer::Document(document) => serde_json::from_slice::<Value>(&document.body).unwrap(),
        Answer::Elsewhere(url) => panic!("it is at {url}"),
    };
    let actor = value(ask("/accounts/ana").await.unwrap());
    assert!(
        actor["publicKey"]["publicKeyPem"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN PUBLIC KEY-----")
    );
    assert!(actor.get("name").is_none() && actor.get("icon").is_none());
    assert!(value(ask("/actor").await.unwrap()).get("name").is_some());
    for target in [&format!("/videos/watch/{UUID}"), "/accounts/ana/outbox", "/actor/followers"] {
        let error = ask(target).await.unwrap_err();
        assert!(matches!(error, Error::Unverified(_)), "{target}: {error}");
    }
}
