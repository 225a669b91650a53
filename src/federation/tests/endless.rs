//! Lists and threads that never end.

use kinora_model::actor::{ActorRef, RemoteActor};
use kinora_model::host::Host;
use kinora_model::job::{Job, Lane};
use kinora_service::remote;
use kinora_store::Batch;
use serde_json::{Value, json};
use url::Url;

use super::house::House;
use super::peer::{Asked, Peer, Reply};
use super::village::Village;
use crate::resolve::PARENTS_MAX;

/// A page whose one item is a note of evil.test that has no author, and is never kept.
fn page(id: &str, item: &str, next: &str) -> Reply {
    Reply::Document(json!({
        "id": id, "type": "OrderedCollectionPage", "orderedItems": [item], "next": next,
    }))
}

/// evil.test: `/{list}` begins a list whose pages lead on as its name says.
fn lists(asked: &Asked) -> Reply {
    let here = format!("http://{}", asked.host());
    let (path, number) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let id = format!("{here}{}", asked.target);
    let count = number.parse::<u32>().unwrap_or_default();
    let item = format!("{here}/nothing?{count}");
    let next = match path {
        "/itself" => format!("{here}/itself?1"),
        "/ours" => "http://home.test/videos/watch/list?page=2".to_owned(),
        "/cycle" => format!("{here}/cycle?{}", count % 3 + 1),
        "/fresh" => format!("{here}/fresh?{}", count + 1),
        _ => return Reply::status(404),
    };
    if number.is_empty() {
        let first = format!("{id}?1");
        return Reply::Document(json!({ "id": id, "type": "OrderedCollection", "first": first }));
    }
    page(&id, &item, &next)
}

fn pages_asked(peer: &Peer, list: &str) -> usize {
    peer.asked().iter().filter(|asked| asked.target.starts_with(&format!("{list}?"))).count()
}

/// Somebody elsewhere who has said this; their name is the list's.
async fn with_outbox(house: &House, outbox: &Url) -> ActorRef {
    let host = Host::of(outbox).unwrap();
    let name = outbox.path().trim_start_matches('/');
    let actor = ActorRef::Account(house.stranger(name, host.as_str()).await.id);
    let wire = remote::wire_of(&house.stage.room.service, actor).await.unwrap().unwrap();
    house.put(&RemoteActor { outbox: Some(outbox.clone()), ..RemoteActor::clone(&wire) }).await;
    actor
}

/// Does what is to be crawled until nothing is.
async fn crawl(house: &House) {
    let room = &house.stage.room;
    while let Some(leased) = room.service.queue.lease(Lane::Crawl, "test").await.unwrap() {
        let Job::Backfill { actor, page, pages } = &leased.job else { panic!("{:?}", leased.job) };
        room.backfill(*actor, page.as_ref(), *pages).await.unwrap();
        room.service.queue.finish(&leased, Batch::default()).await.unwrap();
    }
}

#[tokio::test]
async fn outboxes_without_end_are_read_up_to_a_bound() {
    let (peer, house) = (Peer::start(lists).await, House::new().await);
    let room = &house.stage.room;
    let bound = usize::try_from(room.config.backfill_pages_max).unwrap();
    let cases = [("/itself", 1), ("/ours", 1), ("/cycle", bound), ("/fresh", bound)];
    for (list, pages_max) in cases {
        let actor = with_outbox(&house, &peer.url("evil.test", list)).await;
        room.backfill(actor, None, 0).await.unwrap();
        crawl(&house).await;
        let pages = pages_asked(&peer, list);
        assert!(pages >= 1 && pages <= pages_max, "{list}: {pages}");
    }
    assert!(peer.asked().iter().all(|asked| !asked.host().starts_with("home.test")));
}

#[tokio::test]
async fn comments_without_end_are_read_up_to_a_bound() {
    let (peer, house) = (Peer::start(lists).await, House::new().await);
    let cases = [("/itself", 1), ("/ours", 1), ("/cycle", 3), ("/fresh", 10)];
    for (list, pages) in cases {
        let host = Host::of(&peer.url("evil.test", "/")).unwrap();
        let author = house.stranger(list.trim_start_matches('/'), host.as_str()).await;
        let mut video = house.remote_video(&author).await;
        let remote = video.remote.as_mut().unwrap();
        remote.comments = Some(peer.url("evil.test", list));
        house.put(&video).await;
        Box::pin(house.stage.room.read_comments(video.id)).await.unwrap();
        assert_eq!(pages_asked(&peer, list), pages, "{list}");
    }
    assert!(peer.asked().iter().all(|asked| !asked.host().starts_with("home.test")));
}

/// A list at `here` with a page within a page, so deep.
fn nested(here: &str, depth: usize) -> Vec<u8> {
    let page = format!(r#"{{"type":"OrderedCollectionPage","orderedItems":["{here}/1"],"first":"#);
    let list = format!(r#"{{"type":"OrderedCollection","id":"{here}","first":"#);
    format!("{list}{}null{}", page.repeat(depth), "}".repeat(depth + 1)).into_bytes()
}

#[tokio::test]
async fn lists_within_lists_are_not_entered() {
    for (depth, readable) in [(10_usize, true), (10_000, false)] {
        let peer = Peer::start(move |asked| {
            let here = format!("http://{}{}", asked.host(), asked.target);
            Reply::typed("application/activity+json", nested(&here, depth))
        });
        let (peer, house) = (peer.await, House::new().await);
        let eve = with_outbox(&house, &peer.url("evil.test", "/deep")).await;
        let read = house.stage.room.backfill(eve, None, 0).await;
        assert_eq!(read.is_ok(), readable, "{depth}: {read:?}");
        crawl(&house).await;
        assert!(peer.asked().len() <= 2, "{:?}", peer.asked());
    }
}

#[tokio::test]
async fn a_thread_of_ten_thousand_replies_is_climbed_up_to_a_bound() {
    let peer = Peer::start(|asked| {
        let here = format!("http://{}", asked.host());
        let Some(number) = asked.target.strip_prefix("/n/") else { return Reply::status(404) };
        let number: u32 = number.parse().unwrap();
        Reply::Document(note(&here, number))
    })
    .await;
    let house = House::new().await;
    let here = peer.url("evil.test", "/").to_string();
    let here = here.trim_end_matches('/');
    let eve = Url::parse(&format!("{here}/eve")).unwrap();
    drop(house.hears("Create", &eve, note(here, 10_000)).await);
    assert!(peer.asked().len() <= PARENTS_MAX + 2, "{}", peer.asked().len());
}

fn note(here: &str, number: u32) -> Value {
    json!({
        "id": format!("{here}/n/{number}"), "type": "Note", "attributedTo": format!("{here}/eve"),
        "to": "as:Public", "content": "words", "inReplyTo": format!("{here}/n/{}", number - 1),
    })
}

#[tokio::test]
async fn a_thread_that_bites_its_tail_is_not_kept() {
    let (village, house) = (Village::new().await, House::new().await);
    let eve = village.person("evil.test", "eve");
    let (one, two) = (village.url("evil.test", "/n/1"), village.url("evil.test", "/n/2"));
    village.note("evil.test", "/n/2", &eve, one.as_str());
    let note = village.note("evil.test", "/n/1", &eve, two.as_str());
    assert!(house.hears("Create", &eve, note).await.is_err());
    for uri in [one, two] {
        assert!(house.stage.room.known_comment(&uri).await.unwrap().is_none());
    }
}
