#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use super::new_video::{NEWS_FOR, catch_up};
use super::*;
use crate::stage::Stage;
use crate::videos::{self, Change};
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::comment::Comment;
use kinora_model::event::Event;
use kinora_model::follow::{Follow, FollowState};
use kinora_model::video::{Privacy, Video};
use std::time::Duration;

fn notice(number: u64) -> Notice {
    Notice::NewComment { comment: Id::<Comment>::from_raw(number), video: Id::from_raw(1) }
}

async fn tell(stage: &Stage, who: &Viewer, notice: Notice) {
    let mut batch = Batch::default();
    add(&stage.service, &mut batch, who.user, notice).await.unwrap();
    stage.service.store.commit(batch).await.unwrap();
}

async fn notices(stage: &Stage, who: &Viewer) -> Vec<Notice> {
    let rows = list(&stage.service, who, |_| true).await.unwrap();
    rows.into_iter().map(|row| row.notice).collect()
}

#[tokio::test]
async fn the_latest_are_kept_and_told_once() {
    let stage = Stage::new().await;
    let who = stage.owner;
    for number in 1..=1_005 {
        tell(&stage, &who, notice(number)).await;
    }
    tell(&stage, &who, notice(1_005)).await;
    let kept = notices(&stage, &who).await;
    assert_eq!((kept.len(), kept[0], kept[999]), (KEPT_MAX, notice(1_005), notice(6)));
    assert_eq!(unread(&stage.service, &who).await.unwrap(), KEPT_MAX);
}

#[tokio::test]
async fn what_was_seen_is_marked_and_others_are_left_alone() {
    let stage = Stage::new().await;
    let (who, other) = (stage.owner, stage.stranger);
    for number in 1..=3 {
        tell(&stage, &who, notice(number)).await;
        tell(&stage, &other, notice(number)).await;
    }
    read(&stage.service, &who, &[Id::from_raw(2), Id::from_raw(99)]).await.unwrap();
    assert_eq!(unread(&stage.service, &who).await.unwrap(), 2);
    let seen = list(&stage.service, &who, |row| row.read).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].notice, notice(2));
    read_all(&stage.service, &who).await.unwrap();
    assert_eq!(unread(&stage.service, &who).await.unwrap(), 0);
    assert_eq!(unread(&stage.service, &other).await.unwrap(), 3);
    forget_user(&stage.service, other.user).await.unwrap();
    assert!(notices(&stage, &other).await.is_empty());
    assert_eq!(unread(&stage.service, &other).await.unwrap(), 0);
}

async fn follow(stage: &Stage, follower: Id<Account>, followed: ActorRef, state: FollowState) {
    let follow = Follow {
        id: stage.service.id(),
        follower: ActorRef::Account(follower),
        followed,
        state,
        uri: None,
        created_at: stage.service.now(),
    };
    let mut batch = Batch::default();
    batch.insert_row(&follow).unwrap();
    stage.service.store.commit(batch).await.unwrap();
}

async fn publish(stage: &Stage, change: impl FnOnce(&mut Video)) -> Id<Video> {
    let video = stage.video("New", change).await.id;
    let mut batch = Batch::default();
    let event = Event::VideoPublished { video };
    stage.service.journal.record(&mut batch, &event, stage.service.now()).unwrap();
    stage.service.store.commit(batch).await.unwrap();
    video
}

#[tokio::test]
async fn subscribers_hear_of_a_new_video_once() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let channel = ActorRef::Channel(stage.channel.id);
    follow(&stage, stage.stranger.account, channel, FollowState::Accepted).await;
    let account = ActorRef::Account(stage.owner.account);
    follow(&stage, stage.stranger.account, account, FollowState::Accepted).await;
    follow(&stage, stage.owner.account, channel, FollowState::Accepted).await;
    follow(&stage, Id::from_raw(77), channel, FollowState::Accepted).await;
    let video = publish(&stage, |_| {}).await;
    catch_up(service).await.unwrap();
    new_video(service, video).await.unwrap();
    assert_eq!(notices(&stage, &stage.stranger).await, [Notice::NewVideo { video }]);
    assert_eq!(notices(&stage, &stage.owner).await, [Notice::VideoPublished { video }]);
}

#[tokio::test]
async fn nobody_hears_of_old_hidden_or_unwanted_videos() {
    let stage = Stage::new().await;
    let channel = ActorRef::Channel(stage.channel.id);
    follow(&stage, stage.stranger.account, channel, FollowState::Accepted).await;
    let long_ago = stage.service.now().before(NEWS_FOR + Duration::from_secs(1));
    publish(&stage, |video| video.published_at = Some(long_ago)).await;
    publish(&stage, |video| video.words.privacy = Privacy::Unlisted).await;
    catch_up(&stage.service).await.unwrap();
    assert_eq!(notices(&stage, &stage.stranger).await, []);

    let other = Stage::new().await;
    let channel = ActorRef::Channel(other.channel.id);
    follow(&other, other.stranger.account, channel, FollowState::Pending).await;
    publish(&other, |_| {}).await;
    catch_up(&other.service).await.unwrap();
    assert_eq!(notices(&other, &other.stranger).await, []);
}

#[tokio::test]
async fn what_a_user_does_not_want_is_not_told() {
    let stage = Stage::new().await;
    let (who, other) = (stage.owner, stage.stranger);
    choose(&stage.service, &who, vec![NoticeKind::NewComment]).await.unwrap();
    let mention = Notice::Mention { comment: Id::from_raw(2), video: Id::from_raw(1) };
    for who in [&who, &other] {
        tell(&stage, who, notice(1)).await;
        tell(&stage, who, mention).await;
    }
    assert_eq!(notices(&stage, &who).await, [mention]);
    assert_eq!(notices(&stage, &other).await, [mention, notice(1)]);
    choose(&stage.service, &who, Vec::new()).await.unwrap();
    tell(&stage, &who, notice(3)).await;
    assert_eq!(notices(&stage, &who).await.len(), 2);
}

#[tokio::test]
async fn moderators_hear_of_newcomers() {
    let stage = Stage::new().await;
    let user = stage.service.store.get::<User>(&stage.stranger.user.to_key()).await.unwrap();
    let user = user.unwrap();
    let mut batch = Batch::default();
    let moderator = User { role: Role::Moderator, ..User::clone(&user) };
    batch.replace_row(&user, &moderator).unwrap();
    stage.service.store.commit(batch).await.unwrap();
    let account = Id::from_raw(5);
    new_user(&stage.service, account).await.unwrap();
    assert_eq!(notices(&stage, &stage.stranger).await, [Notice::NewUser { account }]);
    assert_eq!(notices(&stage, &stage.owner).await, []);
}

#[tokio::test]
async fn subscribers_hear_of_a_video_once_it_is_public() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let channel = ActorRef::Channel(stage.channel.id);
    follow(&stage, stage.stranger.account, channel, FollowState::Accepted).await;
    let video = publish(&stage, |video| video.words.privacy = Privacy::Private).await;
    catch_up(service).await.unwrap();
    assert_eq!(notices(&stage, &stage.stranger).await, []);
    for privacy in [Privacy::Public, Privacy::Private, Privacy::Public] {
        let change = Change { privacy: Some(privacy), ..Change::default() };
        videos::update(service, &stage.owner, &video.to_string(), &change).await.unwrap();
        catch_up(service).await.unwrap();
    }
    assert_eq!(notices(&stage, &stage.stranger).await, [Notice::NewVideo { video }]);
}
