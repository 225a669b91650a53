//! People who post videos with their words, on servers that know no videos.

use kinora_activity::verb::Verb;
use kinora_model::actor::{ActorCounts, ActorRef};
use kinora_model::follow::{Follow, FollowState};
use kinora_service::{remote, videos};
use serde_json::{Value, json};
use url::Url;

use super::house::House;
use super::peer::{Asked, Peer, Reply};
use crate::resolve::Found;

/// Mia's server: herself, one post with a video, one reply, and an outbox.
fn answer(asked: &Asked) -> Reply {
    let mia = format!("http://{}/mia", asked.host());
    Reply::Document(match asked.target.as_str() {
        "/mia" => json!({
            "id": mia, "type": "Person", "preferredUsername": "mia",
            "inbox": format!("{mia}/inbox"), "outbox": format!("{mia}/outbox"),
        }),
        "/mia/outbox" => json!({
            "id": format!("{mia}/outbox"), "type": "OrderedCollection", "totalItems": 2,
            "orderedItems": [
                { "id": format!("{mia}/1/activity"), "type": "Create", "actor": mia, "object": format!("{mia}/1") },
                { "id": format!("{mia}/2/activity"), "type": "Create", "actor": mia, "object": format!("{mia}/2") },
            ],
        }),
        "/mia/1" => post(&mia),
        "/mia/2" => json!({
            "id": format!("{mia}/2"), "type": "Note", "attributedTo": mia, "content": "only words",
            "to": "as:Public",
        }),
        _ => return Reply::status(404),
    })
}

fn post(mia: &str) -> Value {
    json!({
        "id": format!("{mia}/1"), "type": "Note", "attributedTo": mia, "to": "as:Public",
        "content": "<p>Rain on the roof</p>", "url": format!("{mia}/1"),
        "attachment": [{ "type": "Document", "mediaType": "video/mp4", "url": format!("{mia}/1.mp4"), "height": 720, "width": 1280 }],
    })
}

fn created(mia: &Url) -> String {
    json!({ "id": format!("{mia}/1/activity"), "type": Verb::Create.name(), "actor": mia, "object": post(mia.as_str()) })
        .to_string()
}

/// Ana follows somebody elsewhere.
async fn follow(house: &House, followed: ActorRef) {
    let service = &house.stage.room.service;
    house
        .put(&Follow {
            id: service.id(),
            follower: ActorRef::Account(house.account.id),
            followed,
            state: FollowState::Accepted,
            uri: None,
            created_at: service.now(),
        })
        .await;
    house.put(&ActorCounts { actor: followed, followers: 1, following: 0 }).await;
}

#[tokio::test]
async fn a_video_that_somebody_posted_is_one_here() {
    let (peer, house) = (Peer::start(answer).await, House::new().await);
    let room = &house.stage.room;
    let mia = peer.url("mia.test", "/mia");
    let post = peer.url("mia.test", "/mia/1");

    // Nobody follows her yet: what she says is of no interest.
    room.receive_activity(&created(&mia), &mia).await.unwrap();
    assert!(remote::video(&room.service, &post).await.unwrap().is_none());

    let actor = room.actor(&mia).await.unwrap();
    follow(&house, actor).await;
    room.receive_activity(&created(&mia), &mia).await.unwrap();
    let row = remote::video(&room.service, &post).await.unwrap().unwrap();
    assert_eq!(row.words.title.as_str(), "Rain on the roof");
    assert_eq!(ActorRef::Account(row.account), actor);
    assert_eq!(row.remote.as_ref().unwrap().files[0].url.path(), "/mia/1.mp4");

    // Whoever replies to it comments on the video.
    let reply = json!({
        "id": format!("{mia}/3"), "type": "Note", "attributedTo": mia, "to": "as:Public",
        "inReplyTo": post, "content": "<p>it still rains</p>",
    });
    let said = json!({ "id": format!("{mia}/3/activity"), "type": "Create", "actor": mia, "object": reply });
    room.receive_activity(&said.to_string(), &mia).await.unwrap();
    let comment = room.known_comment(&peer.url("mia.test", "/mia/3")).await.unwrap().unwrap();
    assert_eq!(comment.video, row.id);

    let gone =
        json!({ "id": format!("{mia}/1/delete"), "type": "Delete", "actor": mia, "object": post });
    room.receive_activity(&gone.to_string(), &mia).await.unwrap();
    assert!(remote::video(&room.service, &post).await.unwrap().is_none());
}

#[tokio::test]
async fn posts_of_the_past_are_found() {
    let (peer, house) = (Peer::start(answer).await, House::new().await);
    let room = &house.stage.room;
    let actor = room.actor(&peer.url("mia.test", "/mia")).await.unwrap();
    room.backfill(actor, None, 0).await.unwrap();
    let post = peer.url("mia.test", "/mia/1");
    assert!(remote::video(&room.service, &post).await.unwrap().is_some());
    let words = peer.url("mia.test", "/mia/2");
    assert!(remote::video(&room.service, &words).await.unwrap().is_none());
}

#[tokio::test]
async fn a_post_is_found_by_its_address() {
    let (peer, house) = (Peer::start(answer).await, House::new().await);
    let room = &house.stage.room;
    let found = room.resolve(peer.url("mia.test", "/mia/1").as_str()).await.unwrap();
    let Found::Video(id) = found else { panic!("{found:?}") };
    let video = videos::find(&room.service, None, &id.to_string()).await;
    assert!(video.is_ok());
}
