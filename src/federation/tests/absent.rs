//! This node while it does not run.

use std::time::Duration;

use kinora_model::actor::{ActorCounts, ActorRef};
use kinora_model::job::{Job, Lane};
use kinora_store::Batch;
use url::Url;

use super::house::House;
use crate::absence::AWAY;

/// What is to be asked for, and then is not any more.
async fn asked(house: &House) -> Vec<Job> {
    let queue = &house.stage.room.service.queue;
    let mut all = Vec::new();
    while let Some(leased) = queue.lease(Lane::Crawl, "test").await.unwrap() {
        all.push(leased.job.clone());
        queue.finish(&leased, Batch::default()).await.unwrap();
    }
    all
}

#[tokio::test]
async fn what_was_said_meanwhile_is_asked_for_after_a_long_absence_alone() {
    let house = House::new().await;
    let room = &house.stage.room;
    let bob = house.stranger("bob", "tube.test").await;
    house.stranger("nobody", "far.test").await;
    house.put(&ActorCounts { actor: ActorRef::Account(bob.id), followers: 1, following: 0 }).await;
    let mut video = house.remote_video(&bob).await;
    let remote = video.remote.as_mut().unwrap();
    remote.comments = Some(Url::parse(&format!("{}/comments", remote.uri)).unwrap());
    house.put(&video).await;

    room.mark_awake().await.unwrap();
    assert_eq!(asked(&house).await, [], "a node that starts for the first time missed nothing");
    house.stage.clock.advance(AWAY);
    room.mark_awake().await.unwrap();
    assert_eq!(asked(&house).await, [], "it was not away for long");
    house.stage.clock.advance(AWAY + Duration::from_secs(1));
    room.mark_awake().await.unwrap();
    let pages = room.config.backfill_pages_max - 5;
    let outbox = Job::Backfill { actor: ActorRef::Account(bob.id), page: None, pages };
    assert_eq!(asked(&house).await, [outbox, Job::ReadComments { video: video.id }]);
    room.mark_awake().await.unwrap();
    assert_eq!(asked(&house).await, []);
}
