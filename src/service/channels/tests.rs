//! Channels: begun, changed, removed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use kinora_model::clock::Clock;

use super::*;
use crate::stage::Stage;

fn new(text: &str) -> NewChannel {
    NewChannel {
        name: Name::parse(text).unwrap(),
        display_name: DisplayName::parse(text).unwrap(),
        description: Some(About::parse("about").unwrap()),
        support: None,
    }
}

#[tokio::test]
async fn a_channel_begins_and_is_found_by_its_name() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let channel = create(service, &stage.owner, &new("films")).await.unwrap();
    assert_eq!(names::channel(service, "films").await.unwrap().id, channel.id);
    assert!(matches!(names::account(service, "films").await, Err(Error::NotFound(_))));
    let all = of_account(service, stage.owner.account).await.unwrap();
    assert_eq!(all.len(), 2);
    let events = stage.events().await;
    assert_eq!(events.last(), Some(&Event::ChannelCreated { channel: channel.id }));
}

#[tokio::test]
async fn names_are_taken_once() {
    let stage = Stage::new().await;
    let service = &stage.service;
    create(service, &stage.owner, &new("films")).await.unwrap();
    let again = create(service, &stage.stranger, &new("films")).await;
    assert!(matches!(again, Err(Error::Taken(_))));
}

#[tokio::test]
async fn only_owners_and_moderators_change_a_channel() {
    let stage = Stage::new().await;
    let service = &stage.service;
    create(service, &stage.owner, &new("films")).await.unwrap();
    stage.clock.advance(std::time::Duration::from_secs(5));
    let change = Change {
        display_name: Some(DisplayName::parse("Great films").unwrap()),
        description: Some(About::parse("").unwrap()),
        support: None,
        peers: None,
    };
    let stranger = update(service, &stage.stranger, "films", &change).await;
    assert!(matches!(stranger, Err(Error::Forbidden(_))));
    update(service, &stage.owner, "films", &change).await.unwrap();
    let channel = names::channel(service, "films").await.unwrap();
    assert_eq!(channel.display_name.as_str(), "Great films");
    assert_eq!(channel.description, None, "an empty text goes");
    assert_eq!(channel.updated_at, stage.clock.now());
    let moderator = Viewer { role: kinora_model::user::Role::Moderator, ..stage.stranger };
    update(service, &moderator, "films", &change).await.unwrap();
}

#[tokio::test]
async fn a_removed_channel_takes_its_videos_and_its_name_stays_held() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let channel = create(service, &stage.owner, &new("films")).await.unwrap();
    let gone = stage.video("goes", |video| video.channel = channel.id).await;
    let stays = stage.video("stays", |_| {}).await;
    let stranger = delete(service, &stage.stranger, "films").await;
    assert!(matches!(stranger, Err(Error::Forbidden(_))));
    delete(service, &stage.owner, "films").await.unwrap();
    assert!(stage.read(gone.id).await.is_none());
    assert!(stage.read(stays.id).await.is_some());
    assert!(matches!(names::channel(service, "films").await, Err(Error::NotFound(_))));
    let again = create(service, &stage.stranger, &new("films")).await;
    assert!(matches!(again, Err(Error::Taken(_))));
    let events = stage.events().await;
    assert_eq!(events.last(), Some(&Event::ChannelDeleted { channel: channel.id }));
}

#[tokio::test]
async fn the_last_channel_stays() {
    let stage = Stage::new().await;
    let service = &stage.service;
    create(service, &stage.stranger, &new("only")).await.unwrap();
    let last = delete(service, &stage.stranger, "only").await;
    assert!(matches!(last, Err(Error::Refused(_))));
}
