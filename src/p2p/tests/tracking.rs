use kinora_model::video::Privacy;
use libp2p::PeerId;
use uuid::Uuid;

use super::browser::Browser;
use super::stage::Stage;
use crate::SwarmId;
use crate::tracker::message::{Answer, Refusal, Request};

pub(crate) fn watching(video: Uuid, swarm: SwarmId) -> Request {
    Request { swarm, video, want: 12, liars: Vec::new() }
}

pub(crate) fn told(answer: Answer) -> (Vec<PeerId>, u64) {
    match answer {
        Answer::Peers { peers, ttl_s: 90, watchers } => (peers, watchers),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn viewers_of_a_video_are_told_of_each_other_until_they_leave() {
    let stage = Stage::new().await;
    let (video, swarm) = stage.video(Privacy::Public).await;
    let mut one = Browser::at(&stage.address()).await;
    assert_eq!(told(one.ask(watching(video, swarm)).await.unwrap()), (vec![], 1));
    let mut other = Browser::at(&stage.address()).await;
    let expected = (vec![one.id()], 2);
    assert_eq!(told(other.ask(watching(video, swarm)).await.unwrap()), expected);
    let (elsewhere, apart) = stage.video(Privacy::Unlisted).await;
    assert_eq!(told(other.ask(watching(elsewhere, apart)).await.unwrap()), (vec![], 1));

    drop(one);
    // The node hears of it sooner or later; until then it names who has just left.
    while told(other.ask(watching(video, swarm)).await.unwrap()) != (vec![], 1) {
        tokio::task::yield_now().await;
    }
    let counted = stage.counted();
    assert!(counted.contains("swarms 2"), "{counted}");
    stage.workers.stop().await;
}

#[tokio::test]
async fn a_hidden_video_has_no_tracker_and_neither_has_a_made_up_swarm() {
    let stage = Stage::new().await;
    let mut browser = Browser::at(&stage.address()).await;
    let refused = Answer::Refused(Refusal::NoSwarm);
    for privacy in [Privacy::Private, Privacy::Internal] {
        let (video, swarm) = stage.video(privacy).await;
        assert_eq!(browser.ask(watching(video, swarm)).await.unwrap(), refused, "{privacy:?}");
    }
    let (video, swarm) = stage.video(Privacy::Public).await;
    let elsewhere = SwarmId::of("other.example", video);
    assert_eq!(browser.ask(watching(video, elsewhere)).await.unwrap(), refused);
    assert_eq!(browser.ask(watching(Uuid::new_v4(), swarm)).await.unwrap(), refused);
    stage.workers.stop().await;
}

#[tokio::test]
async fn who_lied_to_two_is_not_named_to_a_third() {
    let stage = Stage::new().await;
    let (video, swarm) = stage.video(Privacy::Public).await;
    let mut liar = Browser::at(&stage.address()).await;
    told(liar.ask(watching(video, swarm)).await.unwrap());
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut victim = Browser::at(&stage.address()).await;
        let (named, _) = told(victim.ask(watching(video, swarm)).await.unwrap());
        assert!(named.contains(&liar.id()));
        others.push(victim);
    }
    for victim in &mut others {
        let liars = vec![liar.id()];
        told(victim.ask(Request { liars, ..watching(video, swarm) }).await.unwrap());
    }
    let (named, watchers) = told(others[0].ask(watching(video, swarm)).await.unwrap());
    assert_eq!((named, watchers), (vec![others[1].id()], 3));
    stage.workers.stop().await;
}
