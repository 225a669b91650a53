//! Those who take back, delete, change and decide what is not theirs.

use kinora_model::actor::ActorRef;
use kinora_model::comment::CommentState;
use kinora_model::follow::{Follow, FollowState};
use kinora_model::video::Video;
use kinora_service::{follows, remote, shares};
use kinora_store::Row as _;
use kinora_store::tables::VideoCounts;
use serde_json::json;
use url::Url;

use super::house::House;
use super::village::Village;

async fn counts(house: &House) -> kinora_model::video::Counts {
    let store = &house.stage.room.service.store;
    store.get::<VideoCounts>(&house.video.id.to_key()).await.unwrap().unwrap().counts
}

async fn has_words(house: &House, uri: &Url) -> bool {
    let found = house.stage.room.known_comment(uri).await.unwrap();
    found.is_some_and(|it| !it.is_deleted())
}

#[tokio::test]
async fn only_who_wrote_words_deletes_and_changes_them() {
    let (village, house) = (Village::new().await, House::new().await);
    let bob = village.person("bobs.test", "bob");
    let neighbour = village.person("bobs.test", "eve");
    let far = village.person("evil.test", "eve");
    let note = village.note("bobs.test", "/n/1", &bob, &house.address());
    house.hears("Create", &bob, note.clone()).await.unwrap();
    let uri = village.url("bobs.test", "/n/1");
    let before = house.stage.room.known_comment(&uri).await.unwrap().unwrap();
    for eve in [&neighbour, &far] {
        drop(house.hears("Delete", eve, uri.as_str()).await);
        let stone = json!({ "id": uri, "type": "Tombstone" });
        drop(house.hears("Delete", eve, stone).await);
        let mut other = note.clone();
        other["content"] = json!("<p>forged</p>");
        drop(house.hears("Update", eve, other).await);
        drop(house.hears("Delete", eve, bob.as_str()).await);
    }
    let after = house.stage.room.known_comment(&uri).await.unwrap().unwrap();
    assert_eq!((&after.text, after.state), (&before.text, CommentState::Shown));
    house.hears("Delete", &bob, uri.as_str()).await.unwrap();
    assert!(!has_words(&house, &uri).await);
}

#[tokio::test]
async fn what_was_deleted_before_it_came_does_not_come() {
    let (village, house) = (Village::new().await, House::new().await);
    let bob = village.person("bobs.test", "bob");
    let note = village.note("bobs.test", "/n/1", &bob, &house.address());
    let uri = village.url("bobs.test", "/n/1");
    // Bob is known: he likes something.
    house.hears("Like", &bob, house.address()).await.unwrap();
    house.hears("Delete", &bob, uri.as_str()).await.unwrap();
    assert!(house.hears("Create", &bob, note).await.is_err());
    assert!(!has_words(&house, &uri).await);
}

#[tokio::test]
async fn only_who_likes_takes_it_back() {
    let (village, house) = (Village::new().await, House::new().await);
    let (bob, eve) = (village.person("bobs.test", "bob"), village.person("bobs.test", "eve"));
    let before = counts(&house).await.likes;
    let like = json!({ "id": format!("{bob}/likes/1"), "type": "Like", "actor": bob, "object": house.address() });
    house.stage.room.receive_activity(&like.to_string(), &bob).await.unwrap();
    house.hears("View", &eve, house.address()).await.unwrap();
    for object in [like.clone(), json!(format!("{bob}/likes/1"))] {
        drop(house.hears("Undo", &eve, object).await);
    }
    // What is not said in plain words is not read: no graph, no reverse, no signature within gives anybody a right.
    for inner in ["@graph", "@reverse", "@included"] {
        let body = json!({
            "id": format!("{eve}/undo/{inner}"), "type": "Undo", "actor": bob,
            inner: [{ "type": "Undo", "actor": bob, "object": like }],
            "object": { "type": "Announce", "actor": eve, inner: like },
            "signature": { "type": "RsaSignature2017", "creator": format!("{bob}#main-key"), "signatureValue": "AAAA" },
        });
        drop(house.stage.room.receive_activity(&body.to_string(), &eve).await);
    }
    assert_eq!(counts(&house).await.likes, before + 1);
    house.hears("Undo", &bob, like).await.unwrap();
    assert_eq!(counts(&house).await.likes, before);
}

#[tokio::test]
async fn saying_it_often_counts_once() {
    let (village, house) = (Village::new().await, House::new().await);
    let bob = village.person("bobs.test", "bob");
    let before = counts(&house).await;
    for _ in 0..1_000 {
        house.hears("Announce", &bob, house.address()).await.unwrap();
    }
    for _ in 0..20 {
        house.hears("Like", &bob, house.address()).await.unwrap();
        house.hears("EmojiReact", &bob, house.address()).await.unwrap();
    }
    let after = counts(&house).await;
    assert_eq!((after.likes, after.shares), (before.likes + 1, before.shares + 1));
    let service = &house.stage.room.service;
    assert_eq!(shares::of_video(service, house.video.id, 10).await.unwrap().len(), 1);
    house.hears("Dislike", &bob, house.address()).await.unwrap();
    let after = counts(&house).await;
    assert_eq!((after.likes, after.dislikes), (before.likes, before.dislikes + 1));
}

#[tokio::test]
async fn views_of_one_server_are_believed_up_to_a_bound() {
    let (village, house) = (Village::new().await, House::new().await);
    let bob = village.person("bobs.test", "bob");
    for _ in 0..2_000 {
        house.hears("View", &bob, house.address()).await.unwrap();
    }
    let views = &house.stage.room.service.views;
    let counted = views.unwritten(house.video.id);
    assert!((50..=128).contains(&counted), "{counted}");
}

#[tokio::test]
async fn counts_that_a_video_elsewhere_gives_itself_stay_its_own() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    let uri = village.video("evil.test", "/v/1", &[&eve]);
    let mut document = json!({
        "id": uri, "type": "Video", "name": "Loved", "to": "as:Public", "duration": "PT10S",
        "attributedTo": [{ "type": "Person", "id": eve }], "url": [], "views": 3,
        "likes": { "id": format!("{uri}/likes"), "totalItems": 1_000_000_000_u64 },
        "dislikes": { "id": format!("{uri}/dislikes"), "totalItems": -5 },
    });
    village.put("evil.test", "/v/1", super::peer::Reply::Document(document.clone()));
    let id = house.stage.room.video(&uri).await.unwrap();
    let store = &house.stage.room.service.store;
    let row = store.get::<VideoCounts>(&id.to_key()).await.unwrap().unwrap();
    assert_eq!((row.counts.likes, row.counts.dislikes, row.counts.views), (0, 0, 3));
    // Views only grow, and huge numbers do no harm.
    document["views"] = json!(18_446_744_073_709_551_615_u64);
    village.put("evil.test", "/v/1", super::peer::Reply::Document(document));
    house.hears("Update", &eve, uri.as_str()).await.unwrap();
    assert!(store.get::<Video>(&id.to_key()).await.unwrap().is_some());
}

/// Ana asks to follow somebody.
async fn asks(house: &House, uri: &Url) -> Follow {
    let row = Follow {
        id: house.stage.room.service.id(),
        follower: ActorRef::Account(house.account.id),
        followed: house.stage.room.actor(uri).await.unwrap(),
        state: FollowState::Pending,
        uri: None,
        created_at: house.stage.room.service.now(),
    };
    house.put(&row).await;
    row
}

#[tokio::test]
async fn only_who_is_followed_accepts() {
    let (village, house) = (Village::new().await, House::new().await);
    let (bob, eve) = (village.person("bobs.test", "bob"), village.person("bobs.test", "eve"));
    let ana = "http://home.test/accounts/ana";
    let follow = asks(&house, &bob).await;
    let state = async || {
        let store = &house.stage.room.service.store;
        store.get::<Follow>(&follow.key()).await.unwrap().map(|it| it.state)
    };
    house.stage.room.actor(&eve).await.unwrap();
    let named = format!("{ana}/follows/{}", follow.id);
    let written = json!({ "id": named, "type": "Follow", "actor": ana, "object": bob });
    for object in [written.clone(), json!(named), json!(format!("{ana}/follows/77"))] {
        drop(house.hears("Accept", &eve, object).await);
    }
    drop(house.hears("Accept", &bob, json!(format!("{ana}/follows/77"))).await);
    assert_eq!(state().await, Some(FollowState::Pending));
    house.hears("Accept", &bob, written.clone()).await.unwrap();
    assert_eq!(state().await, Some(FollowState::Accepted));
    drop(house.hears("Reject", &eve, written.clone()).await);
    assert_eq!(state().await, Some(FollowState::Accepted));
    house.hears("Reject", &bob, written).await.unwrap();
    assert_ne!(state().await, Some(FollowState::Accepted));
}

#[tokio::test]
async fn only_who_follows_stops() {
    let (village, house) = (Village::new().await, House::new().await);
    let (bob, eve) = (village.person("bobs.test", "bob"), village.person("bobs.test", "eve"));
    let films = "http://home.test/video-channels/films";
    let follow = json!({ "id": format!("{bob}/follows/1"), "type": "Follow", "actor": bob, "object": films });
    house.stage.room.receive_activity(&follow.to_string(), &bob).await.unwrap();
    house.stage.room.actor(&eve).await.unwrap();
    let service = &house.stage.room.service;
    let channel = ActorRef::Channel(house.channel.id);
    for object in [follow.clone(), json!(format!("{bob}/follows/1"))] {
        drop(house.hears("Undo", &eve, object).await);
        assert_eq!(follows::followers(service, channel).await.unwrap().len(), 1);
    }
    house.hears("Undo", &bob, follow).await.unwrap();
    assert_eq!(follows::followers(service, channel).await.unwrap().len(), 0);
}

#[tokio::test]
async fn only_the_owner_of_a_video_decides_what_stands_under_it() {
    let (village, house) = (Village::new().await, House::new().await);
    let (bob, eve) = (village.person("bobs.test", "bob"), village.person("evil.test", "eve"));
    let uri = village.video("bobs.test", "/v/1", &[&bob]);
    let id = house.stage.room.video(&uri).await.unwrap();
    let row = house.stage.room.service.store.get::<Video>(&id.to_key()).await.unwrap().unwrap();
    let ana = house.account.clone();
    let comment = house.comment_on(&row, &ana, None).await;
    let words = format!("http://home.test/videos/watch/{}/comments/{}", row.uuid, comment.id);
    house.stage.room.actor(&eve).await.unwrap();
    for verb in ["RejectReply", "ApproveReply", "Delete"] {
        drop(house.hears(verb, &eve, words.as_str()).await);
        assert!(has_words(&house, &Url::parse(&words).unwrap()).await, "{verb}");
    }
    // An approval for something else, or signed by nobody's own, is of no use either.
    let stamp = json!({ "type": "ReplyApproval", "id": format!("{eve}/stamp"), "object": words });
    drop(house.hears_with("Accept", &eve, words.as_str(), &json!({ "result": stamp })).await);
    house.hears("RejectReply", &bob, words.as_str()).await.unwrap();
    assert!(!has_words(&house, &Url::parse(&words).unwrap()).await);
}

#[tokio::test]
async fn a_move_is_taken_and_changes_nothing_yet() {
    let (village, house) = (Village::new().await, House::new().await);
    let (bob, new) = (village.person("bobs.test", "bob"), village.person("far.test", "bob"));
    let follow = asks(&house, &bob).await;
    for _ in 0..3 {
        house.hears_with("Move", &bob, bob.as_str(), &json!({ "target": new })).await.unwrap();
        house.hears_with("Move", &new, new.as_str(), &json!({ "target": bob })).await.unwrap();
    }
    for verb in ["Add", "Remove", "Block", "Offer", "Arrive"] {
        house.hears(verb, &bob, house.address()).await.unwrap();
    }
    let store = &house.stage.room.service.store;
    assert!(store.get::<Follow>(&follow.key()).await.unwrap().is_some());
    assert!(remote::actor(&house.stage.room.service, &new).await.unwrap().is_none());
    assert_eq!(village.asked("far.test"), 0);
}
