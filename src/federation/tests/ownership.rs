//! Videos that name channels and accounts which are not their makers' own.

use kinora_model::actor::ActorRef;
use kinora_model::video::Video;
use kinora_service::remote;
use kinora_store::Stored;
use serde_json::json;
use url::Url;

use super::house::House;
use super::peer::Reply;
use super::village::Village;

async fn known(house: &House, uri: &Url) -> Option<Stored<Video>> {
    remote::video(&house.stage.room.service, uri).await.unwrap()
}

#[tokio::test]
async fn a_video_in_somebody_elses_channel_is_refused() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    let bob = village.person("evil.test", "bob");
    let bobs = village.group("evil.test", "bobs", &bob);
    let far = village.group("far.test", "films", &village.person("far.test", "fay"));
    let ours = Url::parse("http://home.test/video-channels/films").unwrap();
    house.follows(&eve).await;
    for (number, channel) in [&bobs, &far, &ours].into_iter().enumerate() {
        let video = village.video("evil.test", &format!("/v/{number}"), &[&eve, channel]);
        let refused = house.hears("Create", &eve, video.as_str()).await;
        assert!(refused.is_err(), "{channel}");
        assert!(known(&house, &video).await.is_none(), "{channel}");
    }
    // In a channel of her own it is fine.
    let own = village.group("evil.test", "eves", &eve);
    let video = village.video("evil.test", "/v/own", &[&eve, &own]);
    house.hears("Create", &eve, video.as_str()).await.unwrap();
    assert!(known(&house, &video).await.is_some());
}

#[tokio::test]
async fn a_video_of_somebody_elsewhere_or_of_ours_is_refused() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    let fay = village.person("far.test", "fay");
    let ana = Url::parse("http://home.test/accounts/ana").unwrap();
    house.follows(&eve).await;
    for (number, author) in [&fay, &ana].into_iter().enumerate() {
        let video = village.video("evil.test", &format!("/v/{number}"), &[author]);
        assert!(house.hears("Create", &eve, video.as_str()).await.is_err(), "{author}");
        assert!(known(&house, &video).await.is_none(), "{author}");
    }
}

#[tokio::test]
async fn a_video_does_not_go_over_to_another_account() {
    let (village, house) = (Village::new().await, House::new().await);
    let (eve, bob) = (village.person("evil.test", "eve"), village.person("evil.test", "bob"));
    let bobs = house.follows(&bob).await;
    let video = village.video("evil.test", "/v/1", &[&bob]);
    house.hears("Create", &bob, video.as_str()).await.unwrap();
    village.video("evil.test", "/v/1", &[&eve]);
    assert!(house.hears("Update", &eve, video.as_str()).await.is_err());
    let row = known(&house, &video).await.unwrap();
    assert_eq!(ActorRef::Account(row.account), bobs);
}

#[tokio::test]
async fn nobody_elsewhere_says_what_our_videos_are() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    let ours = house.address();
    let object = json!({ "id": ours, "type": "Video", "name": "Mine now", "attributedTo": eve });
    for verb in ["Create", "Update"] {
        assert!(house.hears(verb, &eve, object.clone()).await.is_err());
    }
    let row = house.stage.room.service.store.get::<Video>(&house.video.id.to_key()).await;
    assert_eq!(row.unwrap().unwrap().words.title.as_str(), "Rain");
}

#[tokio::test]
async fn what_says_it_lives_elsewhere_is_believed_from_there_alone() {
    let (village, house) = (Village::new().await, House::new().await);
    let victim = village.person("victim.test", "vic");
    // A document of evil's that calls itself the victim's is asked for at the victim's.
    let forged = json!({
        "id": victim, "type": "Person", "preferredUsername": "forged", "inbox": "http://evil.test/inbox",
    });
    village.put("evil.test", "/vic", Reply::Document(forged.clone()));
    let found = house.stage.room.resolve(village.url("evil.test", "/vic").as_str()).await;
    found.unwrap();
    let wire = remote::actor(&house.stage.room.service, &victim).await.unwrap().unwrap();
    assert_eq!((wire.name.as_str(), wire.inbox.host_str()), ("vic", Some("victim.test")));

    // Redirects in both directions: the document is believed where it says it lives, or not at all.
    let target = village.url("victim.test", "/vic2");
    village.put("evil.test", "/away", Reply::redirect(target.as_str()));
    let mut document = forged.clone();
    document["id"] = json!(village.url("evil.test", "/away"));
    village.put("victim.test", "/vic2", Reply::Document(document));
    let away = village.url("evil.test", "/away");
    assert!(house.stage.room.resolve(away.as_str()).await.is_err());
    let uri = village.url("victim.test", "/moved");
    village.put("victim.test", "/moved", Reply::redirect(village.url("evil.test", "/m").as_str()));
    let mut document = forged;
    document["id"] = json!(uri);
    village.put("evil.test", "/m", Reply::Document(document));
    assert!(house.stage.room.resolve(uri.as_str()).await.is_err());
    for uri in [&away, &uri] {
        assert!(remote::actor(&house.stage.room.service, uri).await.unwrap().is_none());
    }
}
