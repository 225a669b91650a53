//! Servers that this node does not talk with, and addresses where it must not knock.

use kinora_model::instance::DomainLevel;
use kinora_service::remote;
use serde_json::json;
use url::Url;

use super::house::House;
use super::peer::{Peer, Reply};
use super::village::Village;
use crate::Config;

async fn is_known(house: &House, uri: &Url) -> bool {
    remote::video(&house.stage.room.service, uri).await.unwrap().is_some()
}

#[tokio::test]
async fn a_blocked_server_does_not_come_in_through_others() {
    let (village, house) = (Village::new().await, House::new().await);
    let bob = village.person("bobs.test", "bob");
    house.follows(&bob).await;
    house.stage.rule("evil.test", DomainLevel::Block).await;
    let own = house.address();
    for name in ["evil.test", "deep.sub.evil.test"] {
        let eve = village.person(name, "eve");
        let video = village.video(name, "/v/1", &[&eve]);
        // Bob shares it.
        drop(house.hears("Announce", &bob, video.as_str()).await);
        assert!(!is_known(&house, &video).await);

        // Bob replies to what stands under our video there.
        village.note(name, "/n/1", &eve, &own);
        let parent = village.url(name, "/n/1");
        let reply = village.note("bobs.test", &format!("/to/{name}"), &bob, parent.as_str());
        drop(house.hears("Create", &bob, reply).await);
        let room = &house.stage.room;
        assert!(room.known_comment(&parent).await.unwrap().is_none());
        let uri = village.url("bobs.test", &format!("/to/{name}"));
        assert!(room.known_comment(&uri).await.unwrap().is_none());

        // Bob's server leads there.
        let moved = format!("/moved/{name}");
        village.put("bobs.test", &moved, Reply::redirect(video.as_str()));
        drop(house.hears("Announce", &bob, village.url("bobs.test", &moved).as_str()).await);
        assert!(!is_known(&house, &video).await);

        // Bob says that his video is of an account there, and that one there changed.
        let his = village.video("bobs.test", &format!("/v/{name}"), &[&eve]);
        drop(house.hears("Create", &bob, his.as_str()).await);
        assert!(!is_known(&house, &his).await);
        let changed =
            json!({ "id": video, "type": "Video", "name": "Changed", "attributedTo": eve });
        drop(house.hears("Update", &bob, changed).await);
        assert!(!is_known(&house, &video).await);
        assert_eq!(village.asked(name), 0);
    }
}

#[tokio::test]
async fn what_came_before_a_server_was_blocked_does_not_change_any_more() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    let video = village.video("evil.test", "/v/1", &[&eve]);
    house.follows(&eve).await;
    house.hears("Create", &eve, video.as_str()).await.unwrap();
    house.stage.rule("evil.test", DomainLevel::Block).await;
    let asked = village.asked("evil.test");
    let changed = json!({ "id": video, "type": "Video", "name": "Changed", "attributedTo": eve });
    drop(house.hears("Update", &eve, changed).await);
    let row = remote::video(&house.stage.room.service, &video).await.unwrap();
    assert!(row.is_none_or(|row| row.words.title.as_str() == "A film"));
    assert_eq!(village.asked("evil.test"), asked);
}

/// Documents full of addresses within a node's own network; nobody there is knocked at.
#[tokio::test]
async fn no_address_within_a_document_leads_inside() {
    let trap = Peer::start(|_| Reply::status(200)).await;
    let port = trap.address.port();
    let inside = [
        format!("http://127.0.0.1:{port}/x"),
        format!("http://localhost:{port}/x"),
        format!("http://[::1]:{port}/x"),
        format!("http://[::ffff:127.0.0.1]:{port}/x"),
        format!("http://2130706433:{port}/x"),
        format!("http://trap.test:{port}/x"),
        "http://10.0.0.1/x".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1:70/x".to_owned(),
    ];
    let house = House::with(Config::default()).await;
    let port = trap.address.port();
    let host = format!("far.test:{port}");
    house.stranger("fay", &host).await;
    let fay = Url::parse(&format!("http://{host}/users/fay")).unwrap();
    house.follows(&fay).await;
    for address in &inside {
        for object in [
            json!(address),
            json!({ "id": format!("{fay}/v"), "type": "Video", "name": "A film", "attributedTo": [address],
                "url": [address], "icon": [{ "type": "Image", "url": address }] }),
            json!({ "id": format!("{fay}/n"), "type": "Note", "attributedTo": fay, "to": "as:Public",
                "content": "words", "inReplyTo": address }),
            json!({ "id": format!("{fay}/p"), "type": "Playlist", "name": "All", "attributedTo": [fay],
                "orderedItems": inside.iter().cycle().take(10_000).collect::<Vec<_>>() }),
        ] {
            for verb in ["Create", "Update", "Announce", "Like", "Follow", "Undo", "Accept", "View"]
            {
                drop(house.hears(verb, &fay, object.clone()).await);
            }
        }
    }
    assert_eq!(trap.connections(), 0);
}

/// A node that may talk with private addresses still asks nobody for each of a list's elements.
#[tokio::test]
async fn the_elements_of_a_list_are_not_asked_for() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    house.follows(&eve).await;
    let elements: Vec<_> =
        (0..100_000).map(|number| village.url("trap.test", &format!("/{number}"))).collect();
    let list = json!({
        "id": village.url("evil.test", "/p"), "type": "Playlist", "name": "All", "attributedTo": [eve],
        "orderedItems": elements,
    });
    drop(house.hears("Create", &eve, list).await);
    assert_eq!(village.asked("trap.test"), 0);
}
