#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use kinora_activity::actor::Actor;
use kinora_activity::key::PublicKey;
use kinora_activity::proof;
use kinora_activity::verb::{Activity, Verb};
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::comment::Comment;
use kinora_model::host::Host;
use kinora_model::outbound::Outbound;
use kinora_model::reaction::Rating;
use kinora_model::report::{Report, ReportState, ReportTarget};
use kinora_model::video::{Privacy, Video};
use kinora_store::{Batch, Row as _};
use serde_json::{Value, json};
use url::Url;

use crate::keys::Keys;
use crate::tests::house::{House, Sent, UUID};

/// A house that is followed: on its account from Mastodon, on its channel from there and from Lemmy, as a server from
/// `PeerTube`.
async fn followed() -> House {
    let house = House::new().await;
    let (account, channel) =
        (ActorRef::Account(house.account.id), ActorRef::Channel(house.channel.id));
    house.follower("a", "masto.test", "mastodon", account).await;
    house.follower("b", "masto.test", "mastodon", channel).await;
    house.follower("c", "lemmy.test", "lemmy", channel).await;
    house.follower("d", "tube.test", "peertube", ActorRef::HERE).await;
    house
}

/// Who signs what for which servers.
fn shape(sent: &[Sent]) -> Vec<(ActorRef, &str, Vec<&str>)> {
    sent.iter()
        .map(|it| {
            let inboxes = it.inboxes.iter();
            let mut hosts: Vec<&str> =
                inboxes.map(|inbox| inbox.split('/').nth(2).unwrap()).collect();
            hosts.sort_unstable();
            (it.signer, it.kind(), hosts)
        })
        .collect()
}

/// What others read: without keys and proofs, which are made anew each time.
fn redacted(sent: &[Sent]) -> Vec<Value> {
    let mut all: Vec<_> = sent.iter().map(|it| it.activity.clone()).collect();
    for value in &mut all {
        redact(value);
    }
    all
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for name in ["@context", "proof"] {
                map.remove(name);
            }
            for name in ["publicKeyPem", "publicKeyMultibase"] {
                if let Some(key) = map.get_mut(name) {
                    *key = json!("[key]");
                }
            }
            map.values_mut().for_each(redact);
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

#[tokio::test]
async fn a_new_video_is_created_by_its_person_and_spread_by_channel_and_server() {
    let house = followed().await;
    let (account, channel) =
        (ActorRef::Account(house.account.id), ActorRef::Channel(house.channel.id));
    let sent = house.tell(Outbound::VideoPublished { video: house.video.id }).await;
    assert_eq!(
        shape(&sent),
        [
            (account, "Create", vec!["masto.test"]),
            (channel, "Announce", vec!["lemmy.test"]),
            (channel, "Announce", vec!["masto.test"]),
            (ActorRef::HERE, "Announce", vec!["tube.test"]),
        ],
        "one delivery a server, however many follow there"
    );
    assert_eq!(sent[0].inboxes, ["http://masto.test/inbox"]);
    let inner = Activity::read(&sent[1].activity["object"]).unwrap();
    assert_eq!(
        (inner.verb, inner.id.unwrap().as_str()),
        (Verb::Create, sent[0].activity["id"].as_str().unwrap())
    );
    assert_eq!(sent[2].activity["object"], format!("http://home.test/videos/watch/{UUID}"));
    insta::assert_json_snapshot!("published", redacted(&sent));
    let again = house.tell(Outbound::VideoPublished { video: house.video.id }).await;
    let ids =
        |sent: &[Sent]| -> Vec<Value> { sent.iter().map(|it| it.activity["id"].clone()).collect() };
    assert_eq!(ids(&sent), ids(&again), "a job that runs twice says the same");
}

#[tokio::test]
async fn changes_and_withdrawals_reach_all_who_heard() {
    let house = followed().await;
    let sent = house.tell(Outbound::VideoUpdated { video: house.video.id }).await;
    let account = ActorRef::Account(house.account.id);
    let channel = ActorRef::Channel(house.channel.id);
    let expected = |verb| {
        [
            (account, verb, vec!["masto.test", "tube.test"]),
            (channel, "Announce", vec!["lemmy.test"]),
        ]
    };
    assert_eq!(shape(&sent), expected("Update"));
    let gone = Outbound::VideoWithdrawn {
        uuid: house.video.uuid,
        channel: house.channel.id,
        account: house.account.id,
    };
    let store = &house.stage.room.service.store;
    let old = store.get::<Video>(&house.video.id.to_key()).await.unwrap().unwrap();
    let mut hidden = (*old).clone();
    hidden.words.privacy = Privacy::Private;
    let mut batch = Batch::default();
    batch.replace_row(&old, &hidden).unwrap();
    store.commit(batch).await.unwrap();
    let sent = house.tell(gone.clone()).await;
    assert_eq!(shape(&sent), expected("Delete"));
    insta::assert_json_snapshot!("withdrawn", redacted(&sent));
    assert!(house.get(&format!("/videos/watch/{UUID}")).await.is_err(), "hidden is not gone");
    assert_eq!(house.tell(Outbound::VideoUpdated { video: house.video.id }).await.len(), 0);
    let old = store.get::<Video>(&house.video.id.to_key()).await.unwrap().unwrap();
    let mut batch = Batch::default();
    batch.delete_row(&old);
    store.commit(batch).await.unwrap();
    house.tell(gone).await;
    let stone = house.get(&format!("/videos/watch/{UUID}")).await.unwrap();
    assert_eq!(stone["type"], "Tombstone");
}

#[tokio::test]
async fn comments_go_to_whom_they_concern() {
    let house = followed().await;
    let bob = house.stranger("bob", "snac.test").await;
    let theirs = house.comment(&bob, None).await;
    let ours = house.comment(&house.account, Some(&theirs)).await;
    let sent = house.tell(Outbound::CommentMade { comment: ours.id }).await;
    let account = ActorRef::Account(house.account.id);
    let channel = ActorRef::Channel(house.channel.id);
    let everyone = vec!["masto.test", "snac.test", "tube.test"];
    assert_eq!(
        shape(&sent),
        [(account, "Create", everyone.clone()), (channel, "Announce", vec!["lemmy.test"])]
    );
    insta::assert_json_snapshot!("commented", redacted(&sent[..1]));
    let sent = house.tell(Outbound::CommentDeleted { comment: ours.id }).await;
    assert_eq!(sent[0].activity["object"]["type"], "Tombstone");
    assert_eq!(shape(&sent)[0], (account, "Delete", everyone));
    // The owner takes down what someone elsewhere wrote.
    let sent = house.tell(Outbound::CommentDeleted { comment: theirs.id }).await;
    assert_eq!(sent[0].activity["object"]["id"], theirs.uri.as_ref().unwrap().as_str());
    assert_eq!(sent[0].activity["actor"], "http://home.test/accounts/ana");
    let sent = house.tell(Outbound::CommentApproved { comment: theirs.id }).await;
    assert_eq!(sent[0].inboxes, ["http://snac.test/users/bob/inbox"]);
    insta::assert_json_snapshot!("approved", redacted(&sent));
    house.put(&Comment { state: kinora_model::comment::CommentState::Held, ..ours.clone() }).await;
    assert_eq!(house.tell(Outbound::CommentMade { comment: ours.id }).await.len(), 0);
}

#[tokio::test]
async fn ratings_shares_and_follows_are_said_and_taken_back() {
    let house = followed().await;
    let account = house.account.id;
    let (video, by) = (house.video.id, ActorRef::Account(account));
    let rated = |before, now| Outbound::Rated { video, account, before, now };
    let sent = house.tell(rated(None, Some(Rating::Like))).await;
    assert_eq!(
        shape(&sent),
        [
            (by, "Like", vec!["tube.test"]),
            (ActorRef::Channel(house.channel.id), "Announce", vec!["lemmy.test"]),
        ]
    );
    let sent = house.tell(rated(Some(Rating::Like), Some(Rating::Dislike))).await;
    let kinds: Vec<_> = sent.iter().map(Sent::kind).collect();
    assert_eq!(kinds, ["Undo", "Announce", "Dislike", "Announce"]);
    assert_eq!(sent[0].activity["object"]["type"], "Like");
    let mut said = redacted(&sent);
    let share = house.stage.room.service.id();
    said.extend(redacted(&house.tell(Outbound::Shared { share, video, actor: by }).await));
    said.extend(redacted(&house.tell(Outbound::Unshared { share, video, actor: by }).await));
    let bob = house.stranger("bob", "snac.test").await;
    let follow = house.stage.room.service.id();
    let (follower, followed) = (by, ActorRef::Account(bob.id));
    let sent = house.tell(Outbound::Followed { follow, follower, followed }).await;
    assert_eq!(sent[0].inboxes, ["http://snac.test/users/bob/inbox"]);
    said.extend(redacted(&sent));
    said.extend(redacted(&house.tell(Outbound::Unfollowed { follow, follower, followed }).await));
    let uri = Url::parse("http://snac.test/follows/1").ok();
    let answered =
        Outbound::FollowAnswered { follower: followed, followed: by, uri, accepted: true };
    let sent = house.tell(answered).await;
    assert_eq!((sent[0].kind(), sent[0].signer), ("Accept", by));
    said.extend(redacted(&sent));
    insta::assert_json_snapshot!("said_and_taken_back", said);
}

#[tokio::test]
async fn what_others_said_is_passed_on_byte_for_byte_but_not_back() {
    let house = followed().await;
    let body = "{ \"id\":\"http://masto.test/1\",  \"type\":\"Like\" }".to_owned();
    let from = Host::parse("masto.test").unwrap();
    house
        .stage
        .room
        .tell(&Outbound::Forward { body: body.clone(), video: house.video.id, from })
        .await
        .unwrap();
    let store = &house.stage.room.service.store;
    let rows = store.list::<kinora_model::delivery::Outgoing>(&[], 10).await.unwrap();
    assert_eq!(rows[0].body, body);
    let inboxes = store.list::<kinora_model::delivery::Delivery>(&[], 10).await.unwrap();
    let mut hosts: Vec<_> = inboxes.iter().map(|row| row.host.as_str()).collect();
    hosts.sort_unstable();
    assert_eq!(hosts, ["lemmy.test", "tube.test"]);
}

#[tokio::test]
async fn people_who_change_or_leave_are_told_of() {
    let house = followed().await;
    house.stranger("nobody", "far.test").await;
    let actor = ActorRef::Account(house.account.id);
    let sent = house.tell(Outbound::ActorUpdated { actor }).await;
    assert_eq!(shape(&sent), [(actor, "Update", vec!["lemmy.test", "masto.test"])]);
    insta::assert_json_snapshot!("actor_updated", redacted(&sent));
    // All that is left of her are her keys, and the node was started anew.
    let service = &house.stage.room.service;
    let row = service.store.get::<Account>(&house.account.id.to_key()).await.unwrap().unwrap();
    let mut batch = Batch::default();
    batch.delete_row(&row);
    service.store.commit(batch).await.unwrap();
    let keys = Keys::new(Arc::clone(service), house.stage.room.addresses.clone());
    assert_eq!(keys.of(actor).await.unwrap().actor.as_str(), "http://home.test/accounts/ana");
    let sent = house.tell(Outbound::ActorDeleted { actor }).await;
    let all = vec!["far.test", "lemmy.test", "masto.test", "tube.test"];
    assert_eq!(shape(&sent), [(actor, "Delete", all)]);
    assert_eq!(sent[0].activity["object"], "http://home.test/accounts/ana");
}

#[tokio::test]
async fn reports_go_to_who_is_responsible_in_the_name_of_the_server() {
    let house = House::new().await;
    let bob = house.stranger("bob", "masto.test").await;
    let theirs = house.comment(&bob, None).await;
    let report = Report {
        id: house.stage.room.service.id(),
        reporter: ActorRef::Account(house.account.id),
        target: ReportTarget::Comment(theirs.id),
        reason: "Spam".to_owned(),
        predefined: vec![3],
        starts_at_s: None,
        ends_at_s: None,
        state: ReportState::Pending,
        note: None,
        uri: None,
        created_at: house.stage.room.service.now(),
        updated_at: house.stage.room.service.now(),
    };
    assert!(!report.key().is_empty());
    house.put(&report).await;
    let sent = house.tell(Outbound::Reported { report: report.id }).await;
    assert_eq!(sent[0].signer, ActorRef::HERE);
    assert!(!sent[0].activity.to_string().contains("ana"), "nobody learns who it was");
    insta::assert_json_snapshot!("reported", redacted(&sent));
}

#[tokio::test]
async fn what_is_done_to_a_video_elsewhere_is_told_there() {
    let house = House::new().await;
    let bob = house.follower("bob", "tube.test", "peertube", ActorRef::HERE).await;
    let video = house.remote_video(&bob).await;
    let uri = video.remote.as_ref().unwrap().uri.to_string();
    let sent = house.tell(Outbound::Viewed { video: video.id, views: 3 }).await;
    assert_eq!(sent.len(), 3, "PeerTube counts one for each activity");
    for view in &sent {
        assert_eq!((view.kind(), view.signer), ("View", ActorRef::HERE));
        assert_eq!(
            (&view.activity["object"], &view.inboxes[..]),
            (&json!(uri), &["http://tube.test/inbox".to_owned()][..])
        );
    }
    assert_ne!(sent[0].activity["id"], sent[1].activity["id"]);
    let sent = house.tell(Outbound::Viewed { video: video.id, views: 1_000_000 }).await;
    assert!(sent.len() <= 20);
    let account = house.account.id;
    let rated = Outbound::Rated { video: video.id, account, before: None, now: Some(Rating::Like) };
    let sent = house.tell(rated).await;
    assert_eq!(shape(&sent), [(ActorRef::Account(account), "Like", vec!["tube.test"])]);
    let comment = house.comment_on(&video, &house.account, None).await;
    let sent = house.tell(Outbound::CommentMade { comment: comment.id }).await;
    assert_eq!(shape(&sent), [(ActorRef::Account(account), "Create", vec!["tube.test"])]);
    let note = &sent[0].activity["object"];
    assert_eq!(note["inReplyTo"], uri);
    let id = format!("http://home.test/videos/watch/{}/comments/{}", video.uuid, comment.id);
    assert_eq!(note["id"], id);
    let served = house.get(id.strip_prefix("http://home.test").unwrap()).await.unwrap();
    assert_eq!(served["id"], id, "a comment under a video elsewhere is served here");
}

#[tokio::test]
async fn ten_thousand_followers_on_seven_hundred_servers_are_seven_hundred_deliveries() {
    let house = House::new().await;
    let channel = ActorRef::Channel(house.channel.id);
    for number in 0..10_000 {
        let host = format!("s{}.test", number % 700);
        house.follower(&format!("f{number}"), &host, "mastodon", channel).await;
    }
    let sent = house.tell(Outbound::VideoPublished { video: house.video.id }).await;
    let counts: Vec<_> = sent.iter().map(|it| (it.kind(), it.inboxes.len())).collect();
    assert_eq!(counts, [("Create", 700), ("Announce", 700)]);
}

#[tokio::test]
async fn blocked_servers_hear_nothing() {
    let house = followed().await;
    house.stage.rule("masto.test", kinora_model::instance::DomainLevel::Block).await;
    let sent = house.tell(Outbound::VideoUpdated { video: house.video.id }).await;
    assert_eq!(shape(&sent)[0].2, ["tube.test"]);
}

#[tokio::test]
async fn what_is_said_openly_is_proven_by_the_key_of_its_actor() {
    let house = followed().await;
    let sent = house.tell(Outbound::VideoPublished { video: house.video.id }).await;
    for letter in &sent {
        let actor = Url::parse(letter.activity["actor"].as_str().unwrap()).unwrap();
        let document = house.get(actor.path()).await.unwrap();
        let actor = Actor::read(&document).unwrap();
        let key = PublicKey::from_multibase(&actor.assertion_methods[0].text).unwrap();
        let claim = proof::check_proof(&letter.activity, &key).unwrap();
        assert_eq!(claim.key_id, actor.assertion_methods[0].id.as_str());
        let mut forged = letter.activity.clone();
        forged["published"] = json!("2030-01-01T00:00:00Z");
        assert!(proof::check_proof(&forged, &key).is_err());
    }
    let bob = house.stranger("bob", "snac.test").await;
    let (follower, followed) = (ActorRef::Account(house.account.id), ActorRef::Account(bob.id));
    let follow = house.stage.room.service.id();
    let sent = house.tell(Outbound::Followed { follow, follower, followed }).await;
    assert!(sent[0].activity.get("proof").is_none(), "what is between two needs none");
}
