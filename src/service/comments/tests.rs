#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use super::*;
use crate::notifications;
use crate::stage::Stage;
use kinora_model::actor::{ActorRef, Origin};
use kinora_model::follow::{Follow, FollowState};
use kinora_model::host::Host;
use kinora_model::instance::{DomainLevel, DomainRule};
use kinora_model::job::{Job, Lane};
use kinora_model::name::Name;
use kinora_model::notification::Notice;
use kinora_model::text::DisplayName;
use kinora_model::user::Role;
use kinora_model::video::remote::RemoteVideo;
use kinora_model::video::{CommentsPolicy, Privacy};
use proptest::prelude::*;

fn words(text: &str) -> CommentText {
    CommentText::parse(text).unwrap()
}

fn minute_later(stage: &Stage) {
    stage.clock.set(stage.service.now().after(PACE_IN));
}

async fn comment(stage: &Stage, who: &Viewer, video: &Video, text: &str) -> Comment {
    minute_later(stage);
    add(&stage.service, who, &video.id.to_string(), None, words(text)).await.unwrap()
}

async fn reply(stage: &Stage, who: &Viewer, to: &Comment, text: &str) -> Comment {
    minute_later(stage);
    add(&stage.service, who, &to.video.to_string(), Some(to.id), words(text)).await.unwrap()
}

async fn count_of(stage: &Stage, video: &Video) -> u64 {
    shown(&stage.service, video.id).await.unwrap()
}

/// What others are told since the last call.
async fn told(stage: &Stage) -> Vec<Outbound> {
    let mut all = Vec::new();
    while let Some(leased) = stage.service.queue.lease(Lane::Federate, "test").await.unwrap() {
        if let Job::Federate { outbound } = &leased.job {
            all.push(outbound.clone());
        }
        stage.service.queue.finish(&leased, Batch::default()).await.unwrap();
    }
    all
}

async fn notices(stage: &Stage, who: &Viewer) -> Vec<Notice> {
    let rows = notifications::list(&stage.service, who, |_| true).await.unwrap();
    rows.into_iter().map(|row| row.notice).collect()
}

/// Somebody on another server.
async fn person(stage: &Stage, name: &str, host: &str) -> Account {
    let now = stage.service.now();
    let host = Host::parse(host).unwrap();
    let uri = Url::parse(&format!("https://{host}/users/{name}")).unwrap();
    let origin = Origin {
        host,
        uri,
        url: None,
        icon: None,
        banner: None,
        followers: None,
        following: None,
        videos: None,
    };
    let account = Account {
        id: stage.service.id(),
        user: None,
        name: Name::parse_remote(name).unwrap(),
        display_name: DisplayName::parse(name).unwrap(),
        description: None,
        avatars: Vec::new(),
        created_at: now,
        updated_at: now,
        origin: Some(origin),
    };
    let mut batch = Batch::default();
    batch.insert_row(&account).unwrap();
    stage.service.store.commit(batch).await.unwrap();
    account
}

fn from_elsewhere(stage: &Stage, by: &Account, video: &Video, html: &str) -> NewRemoteComment {
    let origin = by.origin.as_ref().unwrap();
    let number = stage.service.id::<Comment>();
    let now = stage.service.now();
    NewRemoteComment {
        uri: Url::parse(&format!("https://{}/notes/{number}", origin.host)).unwrap(),
        url: None,
        video: video.id,
        parent: None,
        account: by.id,
        html: html.to_owned(),
        created_at: now,
        updated_at: now,
        mentions: Vec::new(),
        forward: Some(("{}".to_owned(), origin.host.clone())),
    }
}

fn elsewhere(video: &mut Video) {
    video.remote = Some(RemoteVideo {
        uri: Url::parse("https://tube.example/videos/watch/1").unwrap(),
        host: Host::parse("tube.example").unwrap(),
        url: None,
        embed: None,
        thumbnails: Vec::new(),
        hls: None,
        files: Vec::new(),
        captions: Vec::new(),
        trackers: Vec::new(),
        comments: None,
        shares: None,
        likes: None,
        dislikes: None,
        live: false,
        fetched_at: Timestamp::default(),
        manifest: None,
    });
}

async fn listed(stage: &Stage, who: Option<&Viewer>, video: &Video) -> Threads {
    let name = video.id.to_string();
    threads(&stage.service, who, &name, Order::Latest, 0, 100).await.unwrap()
}

#[tokio::test]
async fn a_comment_is_counted_told_and_notified() {
    let stage = Stage::new().await;
    let video = stage.video("Film", |_| {}).await;
    let first = comment(&stage, &stage.stranger, &video, "Hello @owner and @stranger").await;
    assert_eq!(count_of(&stage, &video).await, 1);
    assert_eq!(told(&stage).await, [Outbound::CommentMade { comment: first.id }]);
    let about = |comment: &Comment| Notice::NewComment { comment: comment.id, video: video.id };
    assert_eq!(notices(&stage, &stage.owner).await, [about(&first)]);
    assert_eq!(notices(&stage, &stage.stranger).await, []);

    let answer = reply(&stage, &stage.owner, &first, "Thank you").await;
    assert_eq!((answer.thread, answer.parent), (first.id, Some(first.id)));
    assert_eq!(notices(&stage, &stage.stranger).await, [about(&answer)]);
    assert!(
        stage.events().await.contains(&Event::CommentMade { comment: answer.id, video: video.id })
    );
}

#[tokio::test]
async fn nobody_comments_on_what_they_cannot_see_or_where_it_is_off() {
    let stage = Stage::new().await;
    let hidden = stage.video("Hidden", |video| video.words.privacy = Privacy::Private).await;
    let closed =
        stage.video("Closed", |video| video.words.comments = CommentsPolicy::Disabled).await;
    let add = async |who, video: &Video| {
        add(&stage.service, who, &video.id.to_string(), None, words("hi")).await
    };
    assert!(matches!(add(&stage.stranger, &hidden).await, Err(Error::NotFound(_))));
    assert!(matches!(add(&stage.owner, &closed).await, Err(Error::Refused(_))));
    let by = person(&stage, "bob", "a.example").await;
    for video in [&hidden, &closed] {
        let new = from_elsewhere(&stage, &by, video, "<p>hi</p>");
        let refused = receive(&stage.service, new).await.unwrap();
        assert!(matches!(refused, Reception::Refused(_)), "{refused:?}");
    }
    assert_eq!(told(&stage).await, []);
}

#[tokio::test]
async fn who_writes_too_fast_waits() {
    let stage = Stage::new().await;
    let video = stage.video("Film", |_| {}).await.id.to_string();
    for _ in 0..PACE_MAX {
        add(&stage.service, &stage.stranger, &video, None, words("hi")).await.unwrap();
    }
    let Err(Error::TooOften { retry_after_s }) =
        add(&stage.service, &stage.stranger, &video, None, words("hi")).await
    else {
        panic!("the eleventh comment was taken");
    };
    assert_eq!(retry_after_s, 61);
    add(&stage.service, &stage.owner, &video, None, words("hi")).await.unwrap();
    minute_later(&stage);
    add(&stage.service, &stage.stranger, &video, None, words("hi")).await.unwrap();
}

#[tokio::test]
async fn held_comments_are_seen_by_those_they_concern_until_approved() {
    let stage = Stage::new().await;
    let policy = CommentsPolicy::RequiresApproval;
    let video = stage.video("Film", |video| video.words.comments = policy).await;
    let held = comment(&stage, &stage.stranger, &video, "May I?").await;
    assert_eq!(held.state, CommentState::Held);
    assert_eq!((count_of(&stage, &video).await, told(&stage).await), (0, vec![]));
    assert_eq!(listed(&stage, None, &video).await.total, 0);
    assert_eq!(listed(&stage, Some(&stage.stranger), &video).await.total, 1);
    assert_eq!(listed(&stage, Some(&stage.owner), &video).await.total, 1);
    assert_eq!(notices(&stage, &stage.owner).await.len(), 1);
    let waiting = Asked { held: Some(true), ..Asked::default() };
    let found = of_owner(&stage.service, &stage.owner, &waiting, 0, 10).await.unwrap();
    assert_eq!((found.total, found.page[0].0.comment.id), (1, held.id));

    let refused = approve(&stage.service, &stage.stranger, held.id).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    let name = video.id.to_string();
    let early = add(&stage.service, &stage.owner, &name, Some(held.id), words("x"));
    assert!(matches!(early.await, Err(Error::Refused(_))));
    approve(&stage.service, &stage.owner, held.id).await.unwrap();
    assert_eq!(count_of(&stage, &video).await, 1);
    assert_eq!(told(&stage).await, [Outbound::CommentMade { comment: held.id }]);
    assert_eq!(listed(&stage, None, &video).await.total, 1);
    let own = comment(&stage, &stage.owner, &video, "Welcome").await;
    assert_eq!(own.state, CommentState::Shown);
}

#[tokio::test]
async fn comments_of_others_wait_and_their_servers_hear_the_answer() {
    let stage = Stage::new().await;
    let policy = CommentsPolicy::RequiresApproval;
    let video = stage.video("Film", |video| video.words.comments = policy).await;
    let by = person(&stage, "bob", "a.example").await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let new = from_elsewhere(&stage, &by, &video, "<p>May I?</p>");
        let Reception::Held(comment) = receive(&stage.service, new).await.unwrap() else {
            panic!("it was not held");
        };
        held.push(comment.id);
    }
    assert_eq!(told(&stage).await, []);
    approve(&stage.service, &stage.owner, held[0]).await.unwrap();
    delete(&stage.service, &stage.owner, held[1]).await.unwrap();
    let (one, two) = (held[0], held[1]);
    let answers =
        [Outbound::CommentApproved { comment: one }, Outbound::CommentRejected { comment: two }];
    assert_eq!(told(&stage).await, answers);
    delete(&stage.service, &stage.owner, one).await.unwrap();
    assert_eq!(told(&stage).await, [Outbound::CommentDeleted { comment: one }]);
    assert_eq!(count_of(&stage, &video).await, 0);
}

#[tokio::test]
async fn a_deleted_comment_keeps_its_place_for_the_replies() {
    let stage = Stage::new().await;
    let video = stage.video("Film", |_| {}).await;
    let first = comment(&stage, &stage.stranger, &video, "secret").await;
    let answer = reply(&stage, &stage.owner, &first, "what?").await;
    let alone = comment(&stage, &stage.stranger, &video, "alone").await;
    let refused = delete(&stage.service, &stage.stranger, answer.id).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    delete(&stage.service, &stage.stranger, first.id).await.unwrap();
    delete(&stage.service, &stage.owner, alone.id).await.unwrap();
    let again = delete(&stage.service, &stage.owner, alone.id).await;
    assert!(matches!(again, Err(Error::NotFound(_))));

    let seen = listed(&stage, None, &video).await;
    assert_eq!((seen.total, seen.not_deleted, count_of(&stage, &video).await), (1, 1, 1));
    let root = &seen.page[0];
    assert!(root.comment.is_deleted() && root.account.is_none());
    assert_eq!((root.html.as_str(), root.comment.text.as_str()), ("", ""));
    assert_eq!((root.replies, root.replies_of_owner), (1, 1));
    let tree = thread(&stage.service, None, &video.id.to_string(), first.id).await.unwrap();
    assert_eq!(tree.children[0].seen.comment.id, answer.id);
    let notices = notices(&stage, &stage.owner).await;
    assert_eq!(notices, [], "what is gone notifies nobody");
}

#[tokio::test]
async fn words_are_changed_by_their_author_alone() {
    let stage = Stage::new().await;
    let video = stage.video("Film", |_| {}).await;
    let first = comment(&stage, &stage.stranger, &video, "Helo").await;
    told(&stage).await;
    let refused = edit(&stage.service, &stage.owner, first.id, words("Mine")).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    minute_later(&stage);
    let new =
        edit(&stage.service, &stage.stranger, first.id, words("Hello **you**")).await.unwrap();
    assert!(new.updated_at > new.created_at);
    assert_eq!(told(&stage).await, [Outbound::CommentUpdated { comment: first.id }]);
    let seen = seen(&stage.service, None, first.id).await.unwrap().unwrap();
    assert_eq!(seen.html.trim(), "<p>Hello <strong>you</strong></p>");
    edit(&stage.service, &stage.stranger, first.id, words("Hello **you**")).await.unwrap();
    assert_eq!(told(&stage).await, []);
}

#[tokio::test]
async fn a_comment_from_elsewhere_comes_once_changes_and_goes() {
    let stage = Stage::new().await;
    let video = stage.video("Film", |_| {}).await;
    let by = person(&stage, "bob", "a.example").await;
    let mut new = from_elsewhere(&stage, &by, &video, "<p>hi <script>x</script></p>");
    new.created_at = stage.service.now().after(PACE_IN);
    new.updated_at = new.created_at;
    let Reception::Made(made) = receive(&stage.service, new.clone()).await.unwrap() else {
        panic!("it was not taken");
    };
    assert_eq!((made.text.as_str(), made.created_at), ("<p>hi </p>", stage.service.now()));
    let forwarded = |outbound: &Outbound| matches!(outbound, Outbound::Forward { .. });
    assert!(matches!(told(&stage).await.as_slice(), [one] if forwarded(one)));
    assert_eq!(receive(&stage.service, new.clone()).await.unwrap(), Reception::Known);
    assert_eq!(notices(&stage, &stage.owner).await.len(), 1);

    minute_later(&stage);
    let edited = NewRemoteComment {
        html: "<p>hello</p>".to_owned(),
        updated_at: stage.service.now(),
        ..new.clone()
    };
    let evil = person(&stage, "eve", "a.example").await;
    let forged = NewRemoteComment { account: evil.id, ..edited.clone() };
    assert!(matches!(receive(&stage.service, forged).await.unwrap(), Reception::Refused(_)));
    assert!(matches!(receive(&stage.service, edited).await.unwrap(), Reception::Changed(_)));
    assert_eq!(told(&stage).await.len(), 1);

    assert!(!remove_remote(&stage.service, &new.uri, evil.id, None).await.unwrap());
    assert_eq!(count_of(&stage, &video).await, 1);
    assert!(remove_remote(&stage.service, &new.uri, by.id, new.forward.clone()).await.unwrap());
    assert!(!remove_remote(&stage.service, &new.uri, by.id, None).await.unwrap());
    assert_eq!(count_of(&stage, &video).await, 0);
    assert_eq!(told(&stage).await.len(), 1);
    assert_eq!(receive(&stage.service, new).await.unwrap(), Reception::Known);
}

#[tokio::test]
async fn the_server_of_a_video_decides_about_comments_under_it() {
    let stage = Stage::new().await;
    let video = stage.video("Elsewhere", |video| {
        elsewhere(video);
        video.words.comments = CommentsPolicy::RequiresApproval;
        video.account = Id::from_raw(999);
    });
    let video = video.await;
    let one = comment(&stage, &stage.stranger, &video, "one").await;
    let two = comment(&stage, &stage.stranger, &video, "two").await;
    assert_eq!((one.state, count_of(&stage, &video).await), (CommentState::Held, 0));
    let made = |comment: &Comment| Outbound::CommentMade { comment: comment.id };
    assert_eq!(told(&stage).await, [made(&one), made(&two)]);
    let moderator = Viewer { role: Role::Moderator, ..stage.owner };
    let refused = approve(&stage.service, &moderator, one.id).await;
    assert!(matches!(refused, Err(Error::Refused(_))));
    assert!(set_approved_by_origin(&stage.service, one.id, true).await.unwrap());
    assert!(!set_approved_by_origin(&stage.service, one.id, true).await.unwrap());
    assert!(set_approved_by_origin(&stage.service, two.id, false).await.unwrap());
    assert_eq!(count_of(&stage, &video).await, 1);
    assert!(get(&stage.service, two.id).await.unwrap().is_deleted());
    assert_eq!(told(&stage).await, []);
    delete(&stage.service, &stage.stranger, one.id).await.unwrap();
    assert_eq!(told(&stage).await, [Outbound::CommentDeleted { comment: one.id }]);
}

#[tokio::test]
async fn threads_do_not_grow_deeper_than_allowed() {
    let stage = Stage::new().await;
    let video = stage.video("Film", |_| {}).await;
    let mut last = comment(&stage, &stage.stranger, &video, "0").await;
    for depth in 1..=DEPTH_MAX {
        let next = reply(&stage, &stage.stranger, &last, &depth.to_string()).await;
        assert_eq!(next.parent, Some(last.id));
        last = next;
    }
    let beyond = reply(&stage, &stage.stranger, &last, "beyond").await;
    assert_eq!(beyond.parent, last.parent);
    let tree = thread(&stage.service, None, &video.id.to_string(), last.thread).await.unwrap();
    assert_eq!(tree.seen.replies, u64::try_from(DEPTH_MAX + 1).unwrap());
}

#[tokio::test]
async fn what_belongs_to_the_gone_goes_too() {
    let stage = Stage::new().await;
    let video = stage.video("Film", |_| {}).await;
    let other = stage.video("Other", |_| {}).await;
    let first = comment(&stage, &stage.stranger, &video, "one").await;
    reply(&stage, &stage.owner, &first, "two").await;
    comment(&stage, &stage.stranger, &other, "three").await;
    forget_account(&stage.service, stage.stranger.account).await.unwrap();
    assert_eq!((count_of(&stage, &video).await, count_of(&stage, &other).await), (1, 0));
    let seen = listed(&stage, None, &video).await;
    assert!(seen.page[0].comment.is_deleted());
    forget_video(&stage.service, video.id).await.unwrap();
    forget_video(&stage.service, video.id).await.unwrap();
    assert!(matches!(get(&stage.service, first.id).await, Err(Error::NotFound(_))));
    assert_eq!(listed(&stage, None, &video).await.total, 0);
}

#[tokio::test]
async fn moderators_find_comments_by_words_authors_and_places() {
    let stage = Stage::new().await;
    let video = stage.video("Cats", |_| {}).await;
    let other = stage.video("Dogs", |_| {}).await;
    let first = comment(&stage, &stage.stranger, &video, "Meow").await;
    let by = person(&stage, "bob", "a.example").await;
    let new = from_elsewhere(&stage, &by, &other, "<p>Woof</p>");
    receive(&stage.service, new).await.unwrap();
    let moderator = Viewer { role: Role::Moderator, ..stage.owner };
    let asks = [
        (Asked { search: Some("MEOW".to_owned()), ..Asked::default() }, 1),
        (Asked { account: Some("bob".to_owned()), ..Asked::default() }, 1),
        (Asked { title: Some("cat".to_owned()), ..Asked::default() }, 1),
        (Asked { local: Some(false), ..Asked::default() }, 1),
        (Asked { video: Some(video.id), ..Asked::default() }, 1),
        (Asked { on_local_video: Some(true), ..Asked::default() }, 2),
        (Asked { held: Some(true), ..Asked::default() }, 0),
        (Asked::default(), 2),
    ];
    for (asked, total) in asks {
        let found = all(&stage.service, &moderator, &asked, 0, 10).await.unwrap();
        assert_eq!(found.total, total, "{asked:?}");
    }
    let oldest = Asked { oldest_first: true, ..Asked::default() };
    let found = all(&stage.service, &moderator, &oldest, 0, 1).await.unwrap();
    assert_eq!((found.total, found.page[0].0.comment.id), (2, first.id));
    let refused = all(&stage.service, &stage.owner, &oldest, 0, 1).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
}

async fn rule(stage: &Stage, domain: &str, level: DomainLevel) {
    let updated_at = stage.service.now();
    let rule = DomainRule { domain: domain.to_owned(), level, reason: None, updated_at };
    let mut batch = Batch::default();
    batch.put_row(&rule).unwrap();
    stage.service.store.commit(batch).await.unwrap();
    stage.service.domains.load(&stage.service.store).await.unwrap();
}

#[tokio::test]
async fn strangers_of_silenced_servers_wait_and_blocked_ones_are_refused() {
    let stage = Stage::new().await;
    let video = stage.video("Film", |_| {}).await;
    rule(&stage, "quiet.example", DomainLevel::Silence).await;
    rule(&stage, "evil.example", DomainLevel::Block).await;
    let evil = person(&stage, "eve", "deep.evil.example").await;
    let refused = receive(&stage.service, from_elsewhere(&stage, &evil, &video, "hi")).await;
    assert!(matches!(refused.unwrap(), Reception::Refused(_)));

    let quiet = person(&stage, "bob", "a.quiet.example").await;
    let held = receive(&stage.service, from_elsewhere(&stage, &quiet, &video, "hi")).await.unwrap();
    assert!(matches!(held, Reception::Held(_)), "{held:?}");
    assert_eq!(notices(&stage, &stage.owner).await, [], "strangers from there notify nobody");
    let follow = Follow {
        id: stage.service.id(),
        follower: ActorRef::Account(stage.stranger.account),
        followed: ActorRef::Account(quiet.id),
        state: FollowState::Accepted,
        uri: None,
        created_at: stage.service.now(),
    };
    let mut batch = Batch::default();
    batch.insert_row(&follow).unwrap();
    stage.service.store.commit(batch).await.unwrap();
    let shown =
        receive(&stage.service, from_elsewhere(&stage, &quiet, &video, "hi")).await.unwrap();
    assert!(matches!(shown, Reception::Made(_)), "{shown:?}");
}

/// One step of what people may do, by small numbers that pick who and which.
#[derive(Clone, Debug)]
enum Step {
    Add { by_owner: bool, to: Option<usize> },
    Receive { to: Option<usize> },
    Edit(usize),
    Delete { by_owner: bool, which: usize },
    Approve(usize),
    RemoveRemote(usize),
    ForgetStranger,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let to = || proptest::option::of(0_usize..12);
    let step = prop_oneof![
        4 => (any::<bool>(), to()).prop_map(|(by_owner, to)| Step::Add { by_owner, to }),
        4 => to().prop_map(|to| Step::Receive { to }),
        1 => (0_usize..12).prop_map(Step::Edit),
        2 => (any::<bool>(), 0_usize..12)
            .prop_map(|(by_owner, which)| Step::Delete { by_owner, which }),
        3 => (0_usize..12).prop_map(Step::Approve),
        2 => (0_usize..12).prop_map(Step::RemoveRemote),
        1 => Just(Step::ForgetStranger),
    ];
    proptest::collection::vec(step, 1..30)
}

async fn walk(policy: CommentsPolicy, steps: Vec<Step>) {
    let stage = Stage::new().await;
    let video = stage.video("Film", |video| video.words.comments = policy).await;
    let name = video.id.to_string();
    let by = person(&stage, "bob", "a.example").await;
    let mut made: Vec<Comment> = Vec::new();
    for step in steps {
        minute_later(&stage);
        let service = &stage.service;
        let pick = |which: usize| made.get(which).map_or(Id::from_raw(1), |comment| comment.id);
        match step {
            Step::Add { by_owner, to } => {
                let who = if by_owner { &stage.owner } else { &stage.stranger };
                let to = to.map(&pick);
                made.extend(add(service, who, &name, to, words("words")).await.ok());
            }
            Step::Receive { to } => {
                let mut new = from_elsewhere(&stage, &by, &video, "<p>words</p>");
                new.parent = to.map(&pick);
                if let Reception::Made(comment) | Reception::Held(comment) =
                    receive(service, new).await.unwrap()
                {
                    made.push(comment);
                }
            }
            Step::Edit(which) => {
                drop(edit(service, &stage.stranger, pick(which), words("others")).await);
            }
            Step::Delete { by_owner, which } => {
                let who = if by_owner { &stage.owner } else { &stage.stranger };
                drop(delete(service, who, pick(which)).await);
            }
            Step::Approve(which) => drop(approve(service, &stage.owner, pick(which)).await),
            Step::RemoveRemote(which) => {
                if let Some(uri) = made.get(which).and_then(|comment| comment.uri.as_ref()) {
                    remove_remote(service, uri, by.id, None).await.unwrap();
                }
            }
            Step::ForgetStranger => {
                forget_account(service, stage.stranger.account).await.unwrap();
            }
        }
        let range = kinora_store::tables::comment::comments_by_video(video.id);
        let rows = service.store.follow::<Comment>(&range, 1_000).await.unwrap();
        let are_shown = rows.iter().filter(|row| row.is_shown()).count();
        assert_eq!(count_of(&stage, &video).await, u64::try_from(are_shown).unwrap());
        assert_eq!(listed(&stage, None, &video).await.not_deleted, are_shown);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn counts_are_those_of_shown_comments_whatever_happens(held in any::<bool>(), steps in steps()) {
        let policy =
            if held { CommentsPolicy::RequiresApproval } else { CommentsPolicy::Enabled };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(walk(policy, steps));
    }
}
