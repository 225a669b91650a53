#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
use super::*;
use crate::stage::Stage;
use kinora_model::actor::ActorCounts;
use kinora_model::id::Id;
use kinora_model::job::Lane;
use proptest::prelude::*;

async fn counted(stage: &Stage, actor: ActorRef) -> (u64, u64) {
    let counts = counts(&stage.service, &[actor]).await.unwrap();
    (counts[0].followers, counts[0].following)
}

fn number(text: &str) -> Option<Url> {
    Some(Url::parse(text).unwrap())
}

async fn notices(stage: &Stage, who: &Viewer) -> Vec<Notice> {
    let all = notifications::list(&stage.service, who, |_| true).await.unwrap();
    all.into_iter().map(|it| it.notice).collect()
}

#[tokio::test]
async fn people_here_follow_each_other_at_once_and_nobody_else_is_told() {
    let stage = Stage::new().await;
    let channel = ActorRef::Channel(stage.channel.id);
    let me = ActorRef::Account(stage.stranger.account);
    let made = follow(&stage.service, &stage.stranger, channel).await.unwrap();
    assert_eq!(made.state, FollowState::Accepted);
    let again = follow(&stage.service, &stage.stranger, channel).await.unwrap();
    assert_eq!(again.id, made.id);
    assert_eq!((counted(&stage, channel).await, counted(&stage, me).await), ((1, 0), (0, 1)));
    let notice = Notice::NewFollower { follower: me, followed: channel };
    assert_eq!(notices(&stage, &stage.owner).await, [notice]);
    unfollow(&stage.service, &stage.stranger, channel).await.unwrap();
    assert_eq!((counted(&stage, channel).await, counted(&stage, me).await), ((0, 0), (0, 0)));
    let again = unfollow(&stage.service, &stage.stranger, channel).await;
    assert!(matches!(again, Err(Error::NotFound("Follow"))));
    assert_eq!(stage.told().await, []);
    assert!(follow(&stage.service, &stage.stranger, me).await.is_err());
    let nobody = follow(&stage.service, &stage.owner, ActorRef::Account(Id::from_raw(1))).await;
    assert!(matches!(nobody, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn who_lives_elsewhere_is_asked_and_their_past_is_read_once() {
    let stage = Stage::new().await;
    let (_, channel) = stage.elsewhere("films", "b.example").await;
    let followed = ActorRef::Channel(channel.id);
    let made = follow(&stage.service, &stage.owner, followed).await.unwrap();
    follow(&stage.service, &stage.stranger, followed).await.unwrap();
    assert_eq!(made.state, FollowState::Pending);
    assert_eq!(counted(&stage, followed).await, (0, 0));
    let follower = made.follower;
    let told = stage.told().await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], Outbound::Followed { follow: made.id, follower, followed });
    let crawl = stage.service.queue.lease(Lane::Crawl, "test").await.unwrap().unwrap();
    assert_eq!(crawl.job, Job::Backfill { actor: followed, page: None, pages: 0 });
    assert!(stage.service.queue.lease(Lane::Crawl, "test").await.unwrap().is_none());

    let answer = async |by, to, yes| receive_answer(&stage.service, by, to, yes).await.unwrap();
    assert!(answer(followed, follower, true).await);
    assert!(answer(followed, follower, true).await);
    assert_eq!(counted(&stage, followed).await, (1, 0));
    assert!(answer(followed, follower, false).await);
    assert_eq!(counted(&stage, followed).await, (0, 0));
    let nobody_asked = ActorRef::Account(channel.account);
    assert!(!answer(nobody_asked, follower, true).await);
    // Who was turned down may ask again.
    let again = follow(&stage.service, &stage.owner, followed).await.unwrap();
    assert_eq!((again.id, again.state), (made.id, FollowState::Pending));
    unfollow(&stage.service, &stage.owner, followed).await.unwrap();
    let told = stage.told().await;
    assert_eq!(told[1], Outbound::Unfollowed { follow: made.id, follower, followed });
}

#[tokio::test]
async fn followers_from_elsewhere_are_accepted_and_answered() {
    let stage = Stage::new().await;
    let (account, _) = stage.elsewhere("ann", "b.example").await;
    let (follower, followed) = (ActorRef::Account(account.id), ActorRef::Channel(stage.channel.id));
    let uri = number("https://b.example/follows/1");
    let ask = async |uri: &Option<Url>| {
        receive(&stage.service, follower, followed, uri.clone(), false).await.unwrap()
    };
    assert_eq!(ask(&uri).await.state, FollowState::Accepted);
    let second = number("https://b.example/follows/2");
    ask(&second).await;
    let answer = |uri| Outbound::FollowAnswered { follower, followed, uri, accepted: true };
    assert_eq!(stage.told().await, [answer(uri), answer(second)]);
    assert_eq!(counted(&stage, followed).await, (1, 0));
    let notice = Notice::NewFollower { follower, followed };
    assert_eq!(notices(&stage, &stage.owner).await, [notice]);
    assert!(receive_undo(&stage.service, follower, followed).await.unwrap());
    assert!(!receive_undo(&stage.service, follower, followed).await.unwrap());
    assert_eq!(counted(&stage, followed).await, (0, 0));
    let wrong = receive(&stage.service, followed, follower, None, false).await;
    assert!(matches!(wrong, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn followers_of_the_server_wait_for_an_administrator_where_that_is_wanted() {
    let stage = Stage::new().await;
    let (account, _) = stage.elsewhere("ann", "b.example").await;
    let follower = ActorRef::Account(account.id);
    let ask = || receive(&stage.service, follower, ActorRef::HERE, None, true);
    assert_eq!(ask().await.unwrap().state, FollowState::Pending);
    assert_eq!(stage.told().await, []);
    assert!(answer(&stage.service, &stage.owner, follower, true).await.is_err());
    let root = Viewer { role: Role::Administrator, ..stage.owner };
    answer(&stage.service, &root, follower, false).await.unwrap();
    assert_eq!(ask().await.unwrap().state, FollowState::Rejected);
    let told = |accepted| Outbound::FollowAnswered {
        follower,
        followed: ActorRef::HERE,
        uri: None,
        accepted,
    };
    assert_eq!(stage.told().await, [told(false), told(false)]);
    answer(&stage.service, &root, follower, true).await.unwrap();
    assert_eq!(counted(&stage, ActorRef::HERE).await, (1, 0));
    assert_eq!(stage.told().await, [told(true)]);
    remove_follower(&stage.service, &root, ActorRef::HERE, follower).await.unwrap();
    assert_eq!(stage.told().await, [told(false)]);
    assert_eq!(followers(&stage.service, ActorRef::HERE).await.unwrap(), []);
}

/// Something that happens between three people here and two elsewhere.
#[derive(Clone, Debug)]
enum Step {
    Follow(usize, usize),
    Unfollow(usize, usize),
    Receive(usize, usize),
    Answer(usize, usize, bool),
    Undo(usize, usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let pair = || (0..4_usize, 0..4_usize);
    prop_oneof![
        4 => pair().prop_map(|(by, whom)| Step::Follow(by, whom)),
        2 => pair().prop_map(|(by, whom)| Step::Unfollow(by, whom)),
        3 => pair().prop_map(|(by, whom)| Step::Receive(by, whom)),
        3 => (pair(), any::<bool>()).prop_map(|((by, whom), yes)| Step::Answer(by, whom, yes)),
        1 => pair().prop_map(|(by, whom)| Step::Undo(by, whom)),
        1 => (0..4_usize).prop_map(Step::Drop),
    ]
}

async fn carry_out(stage: &Stage, actors: &[ActorRef; 4], step: &Step) {
    let service = &stage.service;
    let viewers = [stage.owner, stage.stranger, stage.owner, stage.owner];
    // What is refused changes nothing: the counts say whether that is so.
    let _refused = match *step {
        Step::Follow(by, whom) if by < 2 => {
            follow(service, &viewers[by], actors[whom]).await.is_err()
        }
        Step::Unfollow(by, whom) if by < 2 => {
            unfollow(service, &viewers[by], actors[whom]).await.is_err()
        }
        Step::Receive(by, whom) => {
            receive(service, actors[by], actors[whom], None, false).await.is_err()
        }
        Step::Answer(by, whom, yes) => {
            receive_answer(service, actors[by], actors[whom], yes).await.is_err()
        }
        Step::Undo(by, whom) => receive_undo(service, actors[by], actors[whom]).await.is_err(),
        Step::Drop(who) => forget_actor(service, actors[who]).await.is_err(),
        Step::Follow(..) | Step::Unfollow(..) => false,
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn counts_are_those_of_the_rows_whatever_happened(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let stage = Stage::new().await;
            let (one, _) = stage.elsewhere("ann", "b.example").await;
            let (_, two) = stage.elsewhere("films", "c.example").await;
            let actors = [
                ActorRef::Account(stage.owner.account),
                ActorRef::Account(stage.stranger.account),
                ActorRef::Account(one.id),
                ActorRef::Channel(two.id),
            ];
            for step in &steps {
                carry_out(&stage, &actors, step).await;
            }
            let rows = stage.service.store.list::<Follow>(&[], 1_000).await.unwrap();
            let accepted = |row: &&Stored<Follow>| row.state == FollowState::Accepted;
            for actor in actors {
                let followers = rows.iter().filter(accepted).filter(|it| it.followed == actor);
                let following = rows.iter().filter(accepted).filter(|it| it.follower == actor);
                let right = (followers.count() as u64, following.count() as u64);
                assert_eq!(counted(&stage, actor).await, right, "{steps:?}");
            }
            for actor in actors {
                forget_actor(&stage.service, actor).await.unwrap();
            }
            let left = stage.service.store.list::<ActorCounts>(&[], 10).await.unwrap();
            assert_eq!(left.len(), 0);
        });
    }
}
