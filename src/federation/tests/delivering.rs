//! Deliveries to servers that are slow, down, gone or back again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kinora_model::actor::ActorRef;
use kinora_model::delivery::{Delivery, HostTrouble, Outgoing};
use kinora_model::host::Host;
use kinora_store::tables::delivery::all_deliveries;
use kinora_store::{Batch, Range, Row, table::row_key};
use url::Url;

use super::peer::{Peer, Reply};
use super::stage::Stage;

/// How long something may take that should take moments.
const PATIENCE: Duration = Duration::from_secs(60);

async fn send(stage: &Stage, body: &str, inboxes: &[Url]) {
    let mut batch = Batch::default();
    let room = &stage.room;
    let queued = room.enqueue(&mut batch, ActorRef::HERE, body.to_owned(), inboxes).unwrap();
    room.service.store.commit(batch).await.unwrap();
    room.send(queued);
}

async fn left(stage: &Stage) -> (usize, usize, usize) {
    let store = &stage.room.service.store;
    let all = |table: Vec<u8>| Range::prefix(&table);
    (
        store.count(&all_deliveries()).await.unwrap(),
        store.count(&all(row_key::<Outgoing>(&[]))).await.unwrap(),
        store.count(&all(row_key::<HostTrouble>(&[]))).await.unwrap(),
    )
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "{what} does not come about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn bodies(peer: &Peer, host: &str) -> Vec<String> {
    let asked = peer.asked().into_iter().filter(|asked| asked.host().starts_with(host));
    asked.map(|asked| String::from_utf8(asked.body).unwrap()).collect()
}

#[tokio::test]
async fn activities_arrive_in_order_at_each_server_and_nothing_is_left() {
    let peer = Peer::start(|_| Reply::status(202)).await;
    let stage = Stage::new();
    let workers = stage.room.start();
    let inboxes: Vec<_> = (0..20).map(|n| peer.url(&format!("h{n}.test"), "/inbox")).collect();
    for number in 0..40 {
        send(&stage, &format!("{{\"n\":{number}}}"), &inboxes).await;
    }
    until("an empty queue", async || left(&stage).await == (0, 0, 0)).await;
    let wanted: Vec<_> = (0..40).map(|number| format!("{{\"n\":{number}}}")).collect();
    for number in 0..20 {
        assert_eq!(bodies(&peer, &format!("h{number}.test")), wanted);
    }
    workers.stop().await;
}

#[tokio::test]
async fn a_server_that_hangs_holds_up_no_other() {
    let peer = Peer::start(|asked| match asked.host().starts_with("hang") {
        true => Reply::Hang,
        false => Reply::status(202),
    })
    .await;
    let stage = Stage::with(crate::Config {
        allow_private: true,
        deliveries_max: 8,
        ..crate::Config::default()
    });
    let workers = stage.room.start();
    let hanging = (0..20).map(|n| peer.url(&format!("hang{n}.test"), "/inbox"));
    let fine = (0..200).map(|n| peer.url(&format!("fine{n}.test"), "/inbox"));
    let inboxes: Vec<_> = hanging.chain(fine).collect();
    let start = Instant::now();
    send(&stage, "{}", &inboxes).await;
    until("the others' deliveries", async || peer.answered() == 200).await;
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    until("trouble", async || left(&stage).await == (20, 1, 20)).await;
    workers.stop().await;
}

#[tokio::test]
async fn a_server_that_is_down_is_asked_ever_more_seldom_and_given_up_after_three_days() {
    let peer = Peer::start(|_| Reply::status(503)).await;
    let stage = Stage::new();
    let workers = stage.room.start();
    send(&stage, "{}", &[peer.url("down.test", "/inbox")]).await;
    let mut tries = 0;
    let mut hours = 0;
    until("giving up", async || {
        let (deliveries, bodies, troubles) = left(&stage).await;
        if deliveries == 0 {
            return bodies == 0 && troubles == 1;
        }
        if peer.asked().len() > tries {
            tries = peer.asked().len();
        } else if stage.room.lines().1 == 1 && stage.room.troubles()[0].failures as usize == tries {
            stage.clock.advance(Duration::from_secs(600));
            hours += 1;
            stage.room.look_again();
        }
        false
    })
    .await;
    assert!((8..=14).contains(&tries), "{tries} tries");
    assert!(hours / 6 >= 72, "given up after {} hours", hours / 6);
    assert!(stage.room.troubles()[0].failures > 8);
    workers.stop().await;
}

#[tokio::test]
async fn a_word_from_a_server_wakes_it_at_once() {
    let down = Arc::new(Mutex::new(true));
    let is_down = Arc::clone(&down);
    let peer = Peer::start(move |_| match *is_down.lock().unwrap() {
        true => Reply::Close,
        false => Reply::status(202),
    })
    .await;
    let stage = Stage::new();
    let workers = stage.room.start();
    for number in 0..3 {
        send(&stage, &number.to_string(), &[peer.url("nap.test", "/inbox")]).await;
    }
    until("trouble", async || left(&stage).await == (3, 3, 1)).await;
    assert_eq!(bodies(&peer, "nap.test"), ["0"]);
    *down.lock().unwrap() = false;
    stage.room.wake(&Host::of(&peer.url("nap.test", "/")).unwrap());
    until("an empty queue", async || left(&stage).await == (0, 0, 0)).await;
    assert_eq!(bodies(&peer, "nap.test"), ["0", "0", "1", "2"]);
    workers.stop().await;
}

#[tokio::test]
async fn an_inbox_that_refuses_is_not_asked_twice_and_the_rest_goes_on() {
    let peer = Peer::start(|asked| match asked.body.as_slice() {
        b"gone" => Reply::status(410),
        b"missing" => Reply::status(404),
        b"forbidden" => Reply::status(403),
        b"moved" => Reply::redirect("/elsewhere"),
        b"wrong" => Reply::status(422),
        _ => Reply::status(202),
    })
    .await;
    let stage = Stage::new();
    let workers = stage.room.start();
    let all = ["gone", "missing", "forbidden", "moved", "wrong", "fine"];
    for body in all {
        send(&stage, body, &[peer.url("picky.test", "/inbox")]).await;
    }
    until("an empty queue", async || left(&stage).await == (0, 0, 0)).await;
    assert_eq!(bodies(&peer, "picky.test"), all);
    workers.stop().await;
}

#[tokio::test]
async fn an_activity_that_a_server_fails_on_does_not_hold_up_the_rest_for_ever() {
    let peer = Peer::start(|asked| match asked.body.as_slice() {
        b"poison" => Reply::status(500),
        _ => Reply::status(202),
    })
    .await;
    let stage = Stage::new();
    let workers = stage.room.start();
    for body in ["poison", "fine"] {
        send(&stage, body, &[peer.url("frail.test", "/inbox")]).await;
    }
    until("the rest", async || {
        if stage.room.lines().1 == 1 {
            stage.clock.advance(Duration::from_secs(600));
            stage.room.look_again();
        }
        left(&stage).await == (0, 0, 0)
    })
    .await;
    assert_eq!(bodies(&peer, "frail.test").last().unwrap(), "fine");
    workers.stop().await;
}

#[tokio::test]
async fn a_rest_that_is_asked_for_is_given() {
    let peer = Peer::start(|_| Reply::status(429).header("retry-after", "7200")).await;
    let stage = Stage::new();
    let workers = stage.room.start();
    send(&stage, "{}", &[peer.url("busy.test", "/inbox")]).await;
    until("trouble", async || stage.room.lines().1 == 1).await;
    let trouble = stage.room.troubles().remove(0);
    assert_eq!(trouble.next_try_at, stage.room.service.now().after(Duration::from_secs(7200)));
    workers.stop().await;
}

#[tokio::test]
async fn deliveries_go_on_after_a_restart() {
    let peer = Peer::start(|_| Reply::status(202)).await;
    let stage = Stage::new();
    let inboxes: Vec<_> = (0..5).map(|n| peer.url(&format!("h{n}.test"), "/inbox")).collect();
    let mut batch = Batch::default();
    for body in ["a", "b"] {
        let body = body.to_owned();
        // Nobody begins them: the node ended between the batch and that.
        drop(stage.room.enqueue(&mut batch, ActorRef::HERE, body, &inboxes).unwrap());
    }
    stage.room.service.store.commit(batch).await.unwrap();
    let workers = stage.room.start();
    until("an empty queue", async || left(&stage).await == (0, 0, 0)).await;
    let hosts: HashSet<_> = peer.asked().iter().map(|asked| asked.host().to_owned()).collect();
    assert_eq!((hosts.len(), peer.asked().len()), (5, 10));
    workers.stop().await;
}

#[tokio::test]
async fn what_is_meant_for_this_node_itself_is_not_sent() {
    let stage = Stage::new();
    let mut batch = Batch::default();
    let own = Url::parse("http://home.test/inbox").unwrap();
    drop(stage.room.enqueue(&mut batch, ActorRef::HERE, "{}".to_owned(), &[own]).unwrap());
    assert!(batch.is_empty());
    let delivery = Delivery {
        id: stage.room.service.id(),
        host: Host::parse("a.test").unwrap(),
        inbox: Url::parse("http://a.test/inbox").unwrap(),
        outgoing: stage.room.service.id(),
    };
    assert!(delivery.key().starts_with(b"a.test\0"));
}

#[tokio::test]
async fn a_document_that_can_be_had_wakes_its_server() {
    let down = Arc::new(Mutex::new(true));
    let is_down = Arc::clone(&down);
    let peer = Peer::start(move |asked| match (*is_down.lock().unwrap(), asked.method.as_str()) {
        (true, _) => Reply::Close,
        (false, "GET") => Reply::Document(serde_json::json!({ "type": "Note" })),
        (false, _) => Reply::status(202),
    })
    .await;
    let stage = Stage::new();
    let workers = stage.room.start();
    send(&stage, "{}", &[peer.url("nap.test", "/inbox")]).await;
    until("trouble", async || left(&stage).await == (1, 1, 1)).await;
    *down.lock().unwrap() = false;
    stage.room.client.get(&peer.url("nap.test", "/note")).await.unwrap();
    until("an empty queue", async || left(&stage).await == (0, 0, 0)).await;
    workers.stop().await;
}
