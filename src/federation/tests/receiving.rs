//! The inbox against those who are not who they say.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use kinora_activity::key::KeyPair;
use kinora_activity::proof::add_proof;
use kinora_activity::signature::{Headers, Outgoing, Scheme, sign};
use kinora_model::actor::{ActorRef, RemoteActor, RemoteKey};
use kinora_model::host::Host;
use kinora_model::instance::{DomainLevel, Instance};
use kinora_model::job::{Job, Lane};
use kinora_store::Batch;
use serde_json::{Value, json};
use url::Url;

use super::peer::{Asked, Peer, Reply};
use super::stage::Stage;
use crate::Error;
use crate::verify::{REFETCH_EVERY, Request};

static BOB: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());
static EVE: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());

/// A document of an actor at the place where it is asked for.
fn actor(asked: &Asked, key: &KeyPair) -> Value {
    let id = format!("http://{}{}", asked.host(), asked.target);
    described(&id, &key.rsa_public_pem(), &key.ed25519_multibase())
}

fn described(id: &str, pem: &str, multibase: &str) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": id, "type": "Person", "preferredUsername": "bob",
        "inbox": format!("{id}/inbox"), "outbox": format!("{id}/outbox"),
        "publicKey": { "id": format!("{id}#main-key"), "owner": id, "publicKeyPem": pem },
        "assertionMethod": [{ "id": format!("{id}#ed25519-key"), "type": "Multikey",
            "controller": id, "publicKeyMultibase": multibase }],
    })
}

/// A server where everybody has bob's key.
async fn bobs() -> Peer {
    Peer::start(|asked| Reply::Document(actor(asked, &BOB))).await
}

/// A request to the inbox, signed with a key, that can be bent.
fn posted(stage: &Stage, scheme: Scheme, key: &KeyPair, key_id: &str, body: &Value) -> Request {
    let body = Bytes::from(body.to_string());
    let url = Url::parse("http://home.test/inbox").unwrap();
    let now_s = stage.room.service.now().as_ms() / 1000;
    let outgoing = Outgoing { method: "POST", url: &url, body: Some(&body), now_s };
    let mut headers = Headers::default();
    headers.append("host", b"home.test");
    for (name, value) in sign(scheme, key, key_id, &outgoing).unwrap() {
        headers.append(name, value.as_bytes());
    }
    Request { method: "POST".to_owned(), target: "/inbox".to_owned(), headers, body }
}

fn like(peer: &Peer, name: &str, number: u32) -> Value {
    let bob = peer.url(name, "/bob");
    json!({ "id": format!("{bob}/likes/{number}"), "type": "Like", "actor": bob,
        "object": "http://home.test/videos/watch/1" })
}

fn key_of(peer: &Peer, name: &str) -> String {
    format!("{}#main-key", peer.url(name, "/bob"))
}

fn by_bob(stage: &Stage, peer: &Peer, body: &Value) -> Request {
    posted(stage, Scheme::Cavage, &BOB, &key_of(peer, "bobs.test"), body)
}

/// What was written down to be handled: bodies and signers.
async fn jobs(stage: &Stage) -> Vec<(Value, String)> {
    let queue = &stage.room.service.queue;
    let mut all = Vec::new();
    while let Some(leased) = queue.lease(Lane::Receive, "test").await.unwrap() {
        if let Job::Receive { activity, signer } = &leased.job {
            all.push((serde_json::from_str(activity).unwrap(), signer.to_string()));
        }
        queue.finish(&leased, Batch::default()).await.unwrap();
    }
    all
}

/// Keeps an actor as one that is known.
async fn know(stage: &Stage, uri: &Url, key: &KeyPair) {
    let row = RemoteActor {
        uri: uri.clone(),
        actor: ActorRef::Account(stage.room.service.id()),
        host: Host::of(uri).unwrap(),
        name: "bob".to_owned(),
        url: None,
        inbox: uri.clone(),
        shared_inbox: None,
        outbox: None,
        followers: None,
        playlists: None,
        keys: vec![RemoteKey {
            id: Url::parse(&format!("{uri}#main-key")).unwrap(),
            text: key.rsa_public_pem(),
        }],
        fetched_at: stage.room.service.now(),
        gone: false,
        moved_to: None,
    };
    let mut batch = Batch::default();
    batch.insert_row(&row).unwrap();
    stage.room.service.store.commit(batch).await.unwrap();
}

#[tokio::test]
async fn an_activity_is_written_down_once_however_often_it_comes() {
    let (peer, stage) = (bobs().await, Stage::new());
    let said = like(&peer, "bobs.test", 1);
    let key_id = key_of(&peer, "bobs.test");
    for scheme in [Scheme::Cavage, Scheme::Rfc9421, Scheme::Cavage] {
        let request = posted(&stage, scheme, &BOB, &key_id, &said);
        stage.room.receive(&request).await.unwrap();
    }
    for _ in 0..1000 {
        stage.clock.advance(Duration::from_secs(1));
        stage.room.receive(&by_bob(&stage, &peer, &said)).await.unwrap();
    }
    let bob = peer.url("bobs.test", "/bob").to_string();
    assert_eq!(jobs(&stage).await, [(said, bob)]);
    let asked: HashSet<_> = peer.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(asked, HashSet::from(["/bob".to_owned()]));
    assert!(peer.asked().len() <= 3, "a key is at hand for a while");
}

#[tokio::test]
async fn an_actor_that_is_known_is_not_asked() {
    let (peer, stage) = (bobs().await, Stage::new());
    know(&stage, &peer.url("bobs.test", "/bob"), &BOB).await;
    stage.room.receive(&by_bob(&stage, &peer, &like(&peer, "bobs.test", 1))).await.unwrap();
    assert_eq!(jobs(&stage).await.len(), 1);
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn a_storm_of_deletions_by_strangers_asks_nobody_for_anything() {
    let (peer, stage) = (bobs().await, Stage::new());
    let signed = by_bob(&stage, &peer, &json!({}));
    for number in 0..10_000 {
        let gone = peer.url("bobs.test", &format!("/u/{number}"));
        let said = json!({ "id": format!("{gone}#delete"), "type": "Delete", "actor": gone,
            "object": gone, "to": "https://www.w3.org/ns/activitystreams#Public" });
        // Whether the signature is theirs is not even asked: nothing of theirs is here.
        let body = Bytes::from(said.to_string());
        let mut headers = Headers::default();
        for name in ["host", "date", "signature"] {
            headers.append(name, signed.headers.get(name).unwrap().as_bytes());
        }
        let digest = <sha2::Sha256 as sha2::Digest>::digest(&body);
        headers.append("digest", format!("SHA-256={}", base64(&digest)).as_bytes());
        stage.room.receive(&Request { headers, body, ..signed.clone() }).await.unwrap();
    }
    assert_eq!((peer.connections(), jobs(&stage).await.len()), (0, 0));
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_usize, |all, byte| all << 8 | usize::from(*byte));
        let number = number << (8 * (3 - three.len()));
        for place in 0..4 {
            let sign = SIGNS[(number >> (18 - 6 * place)) & 63] as char;
            text.push(if place <= three.len() { sign } else { '=' });
        }
    }
    text
}

#[tokio::test]
async fn what_is_not_signed_as_it_must_be_is_refused() {
    let (peer, stage) = (bobs().await, Stage::new());
    let said = like(&peer, "bobs.test", 1);
    let fine = by_bob(&stage, &peer, &said);
    let with = |bend: &dyn Fn(&mut Request)| {
        let mut request = fine.clone();
        bend(&mut request);
        request
    };
    let replaced = |name: &'static str, value: &str| {
        let mut headers = Headers::default();
        for known in ["host", "date", "digest", "signature"] {
            let kept = fine.headers.get(known).unwrap().to_owned();
            let text = if known == name { value.to_owned() } else { kept };
            if !text.is_empty() {
                headers.append(known, text.as_bytes());
            }
        }
        Request { headers, ..fine.clone() }
    };
    let signature = fine.headers.get("signature").unwrap().to_owned();
    let rfc9421 = posted(&stage, Scheme::Rfc9421, &BOB, &key_of(&peer, "bobs.test"), &said).headers;
    let bent = [
        ("unsigned", with(&|it| it.headers = Headers::default())),
        ("another path", with(&|it| it.target = "/accounts/ana/inbox".to_owned())),
        ("another method", with(&|it| it.method = "PUT".to_owned())),
        ("another body", with(&|it| it.body = Bytes::from_static(b"{}"))),
        ("another date", replaced("date", "Thu, 01 Jan 2026 00:00:01 GMT")),
        ("no digest", replaced("digest", "")),
        ("an empty signature", replaced("signature", "keyId=\"\",signature=\"\"")),
        ("no signature", replaced("signature", &signature.replace("signature=\"", "s=\""))),
        (
            "date alone",
            replaced("signature", &signature.replace("(request-target) host date digest", "date")),
        ),
        ("digest left out", replaced("signature", &signature.replace(" digest\"", "\""))),
        (
            "another algorithm",
            replaced("signature", &signature.replace("rsa-sha256", "hmac-sha256")),
        ),
        ("an Ed25519 key", replaced("signature", &signature.replace("#main-key", "#ed25519-key"))),
        ("no such key", replaced("signature", &signature.replace("#main-key", "#other"))),
        ("two signatures", with(&|it| it.headers.append("signature", signature.as_bytes()))),
        (
            "both forms",
            with(&|it| {
                let input = rfc9421.get("signature-input").unwrap();
                it.headers.append("signature-input", input.as_bytes());
            }),
        ),
        (
            "somebody else's key",
            posted(&stage, Scheme::Cavage, &EVE, &key_of(&peer, "bobs.test"), &said),
        ),
        (
            "in the name of this server",
            posted(&stage, Scheme::Cavage, &EVE, "http://home.test/actor#main-key", &said),
        ),
        ("a key that is no address", posted(&stage, Scheme::Cavage, &BOB, "bob", &said)),
        ("a key in a file", posted(&stage, Scheme::Cavage, &BOB, "file:///etc/passwd", &said)),
    ];
    for (name, request) in bent {
        let refused = stage.room.receive(&request).await;
        assert!(matches!(refused, Err(Error::Unverified(_))), "{name}: {refused:?}");
    }
    assert_eq!(jobs(&stage).await, []);
    stage.room.receive(&fine).await.unwrap();
    stage.clock.advance(Duration::from_secs(14 * 60 * 60));
    let late = stage.room.receive(&fine).await;
    assert!(matches!(late, Err(Error::Unverified(_))), "{late:?}");
    assert_eq!(jobs(&stage).await.len(), 1);
}

#[tokio::test]
async fn a_signature_for_another_server_is_none_for_this_one() {
    let (peer, stage) = (bobs().await, Stage::new());
    let mut request = by_bob(&stage, &peer, &like(&peer, "bobs.test", 1));
    let elsewhere = Url::parse("http://other.test/inbox").unwrap();
    let now_s = stage.room.service.now().as_ms() / 1000;
    for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
        for host in ["other.test", "home.test"] {
            let outgoing =
                Outgoing { method: "POST", url: &elsewhere, body: Some(&request.body), now_s };
            let mut headers = Headers::default();
            headers.append("host", host.as_bytes());
            for (name, value) in sign(scheme, &BOB, &key_of(&peer, "bobs.test"), &outgoing).unwrap()
            {
                headers.append(name, value.as_bytes());
            }
            request.headers = headers;
            let refused = stage.room.receive(&request).await;
            assert!(matches!(refused, Err(Error::Unverified(_))), "{scheme:?} {host}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn keys_that_their_actors_do_not_own_are_refused() {
    let peer = Peer::start(|asked| {
        let port = asked.host().rsplit(':').next().unwrap();
        let victim = format!("http://victim.test:{port}/bob");
        let (pem, multibase) = (EVE.rsa_public_pem(), EVE.ed25519_multibase());
        if asked.host().starts_with("victim") {
            return Reply::Document(actor(asked, &BOB));
        }
        let id = format!("http://{}{}", asked.host(), asked.target);
        let mut document = described(&id, &pem, &multibase);
        match asked.target.as_str() {
            // An actor of eve's that claims to be the victim, or that its key is the victim's.
            "/as-victim" => document["id"] = json!(victim),
            "/owner" => document["publicKey"]["owner"] = json!(victim),
            "/key-id" => document["publicKey"]["id"] = json!(format!("{victim}#main-key")),
            "/key" => {
                document = json!({ "id": id, "owner": victim, "publicKeyPem": pem });
            }
            "/own-key" => {
                let owner = format!("http://{}/eve", asked.host());
                document = json!({ "id": id, "owner": owner, "publicKeyPem": pem });
            }
            "/text" => return Reply::typed("text/plain", document.to_string()),
            "/missing" => return Reply::status(404),
            _ => {}
        }
        Reply::Document(document)
    })
    .await;
    let stage = Stage::new();
    let said = like(&peer, "victim.test", 1);
    for path in ["/as-victim", "/owner", "/key-id", "/key", "/own-key", "/text", "/missing"] {
        let key_id = format!("{}#main-key", peer.url("eve.test", path));
        let request = posted(&stage, Scheme::Cavage, &EVE, &key_id, &said);
        let refused = stage.room.receive(&request).await;
        assert!(matches!(refused, Err(Error::Unverified(_))), "{path}: {refused:?}");
    }
    // After all that the victim's key is still the victim's.
    let key_id = key_of(&peer, "victim.test");
    let forged = stage.room.receive(&posted(&stage, Scheme::Cavage, &EVE, &key_id, &said)).await;
    assert!(matches!(forged, Err(Error::Unverified(_))), "{forged:?}");
    assert_eq!(jobs(&stage).await, []);
    stage.room.receive(&posted(&stage, Scheme::Cavage, &BOB, &key_id, &said)).await.unwrap();
    assert_eq!(jobs(&stage).await.len(), 1);
}

#[tokio::test]
async fn a_changed_key_is_asked_for_again_but_not_often() {
    let served = Arc::new(Mutex::new(&*BOB));
    let serving = Arc::clone(&served);
    let peer =
        Peer::start(move |asked| Reply::Document(actor(asked, *serving.lock().unwrap()))).await;
    let stage = Stage::new();
    know(&stage, &peer.url("bobs.test", "/bob"), &EVE).await;
    // Eve's key is the old one; bob's is in the document.
    stage.room.receive(&by_bob(&stage, &peer, &like(&peer, "bobs.test", 1))).await.unwrap();
    assert_eq!(peer.asked().len(), 1);
    for number in 0..100 {
        let said = like(&peer, "bobs.test", 100 + number);
        let forged = posted(&stage, Scheme::Cavage, &EVE, &key_of(&peer, "bobs.test"), &said);
        assert!(stage.room.receive(&forged).await.is_err());
    }
    assert_eq!(peer.asked().len(), 1);
    *served.lock().unwrap() = &*EVE;
    stage.clock.advance(REFETCH_EVERY + Duration::from_secs(1));
    let said = like(&peer, "bobs.test", 2);
    let request = posted(&stage, Scheme::Cavage, &EVE, &key_of(&peer, "bobs.test"), &said);
    stage.room.receive(&request).await.unwrap();
    assert_eq!(peer.asked().len(), 2);
    assert_eq!(jobs(&stage).await.len(), 2);
}

#[tokio::test]
async fn a_blocked_domain_says_nothing_here_by_itself_or_through_others() {
    let (peer, stage) = (bobs().await, Stage::new());
    stage.rule("blocked.test", DomainLevel::Block).await;
    for (key, actor) in [
        ("blocked.test", "blocked.test"),
        ("sub.blocked.test", "sub.blocked.test"),
        ("bobs.test", "sub.blocked.test"),
        ("blocked.test", "bobs.test"),
    ] {
        let said = like(&peer, actor, 1);
        let request = posted(&stage, Scheme::Cavage, &BOB, &key_of(&peer, key), &said);
        let refused = stage.room.receive(&request).await;
        assert!(matches!(refused, Err(Error::Blocked(_))), "{key} {actor}: {refused:?}");
    }
    assert_eq!((peer.connections(), jobs(&stage).await.len()), (0, 0));
}

#[tokio::test]
async fn what_is_passed_on_is_its_authors_with_a_proof_alone() {
    let peer = Peer::start(|asked| {
        let key = if asked.host().starts_with("relay") { &*EVE } else { &*BOB };
        Reply::Document(actor(asked, key))
    })
    .await;
    let stage = Stage::new();
    let relay = key_of(&peer, "relay.test");
    let said = like(&peer, "bobs.test", 1);
    let bob = peer.url("bobs.test", "/bob").to_string();
    let passed = |body: &Value| posted(&stage, Scheme::Cavage, &EVE, &relay, body);

    // Without a proof, or with a signature of linked data, it is the relay's word.
    let mut linked = said.clone();
    linked["signature"] = json!({ "type": "RsaSignature2017", "creator": key_of(&peer, "bobs.test"),
        "signatureValue": "AAAA" });
    let mut forged = said.clone();
    add_proof(&mut forged, &EVE, &format!("{bob}#ed25519-key"), "2026-01-01T00:00:00Z");
    let mut elsewhere = said.clone();
    let key = format!("{}#ed25519-key", peer.url("relay.test", "/bob"));
    add_proof(&mut elsewhere, &EVE, &key, "2026-01-01T00:00:00Z");
    for body in [&said, &linked, &forged, &elsewhere] {
        stage.room.receive(&passed(body)).await.unwrap();
        let signers: Vec<_> = jobs(&stage).await.into_iter().map(|(_, signer)| signer).collect();
        assert_eq!(signers, [peer.url("relay.test", "/bob").to_string()], "{body}");
    }
    // With one it is bob's; and what the relay said did not take its place.
    stage.clock.advance(REFETCH_EVERY + Duration::from_secs(1));
    let mut proven = said.clone();
    add_proof(&mut proven, &BOB, &format!("{bob}#ed25519-key"), "2026-01-01T00:00:00Z");
    stage.room.receive(&passed(&proven)).await.unwrap();
    assert_eq!(jobs(&stage).await, [(proven.clone(), bob)]);
    // It is the same activity when bob says it himself.
    stage.room.receive(&by_bob(&stage, &peer, &said)).await.unwrap();
    assert_eq!(jobs(&stage).await, []);
}

#[tokio::test]
async fn an_id_on_another_server_does_not_take_its_place() {
    let peer = Peer::start(|asked| {
        let key = if asked.host().starts_with("eve") { &*EVE } else { &*BOB };
        Reply::Document(actor(asked, key))
    })
    .await;
    let stage = Stage::new();
    let honest = like(&peer, "bobs.test", 1);
    let mut taken = like(&peer, "eve.test", 1);
    taken["id"] = honest["id"].clone();
    let request = posted(&stage, Scheme::Cavage, &EVE, &key_of(&peer, "eve.test"), &taken);
    assert!(matches!(stage.room.receive(&request).await, Err(Error::Unreadable(_))));
    stage.room.receive(&by_bob(&stage, &peer, &honest)).await.unwrap();
    assert_eq!(jobs(&stage).await.len(), 1);
}

#[tokio::test]
async fn strange_bodies_are_refused_without_a_look_at_their_signer() {
    let (peer, stage) = (bobs().await, Stage::new());
    let key_id = key_of(&peer, "bobs.test");
    let raw = |text: String| {
        let url = Url::parse("http://home.test/inbox").unwrap();
        let now_s = stage.room.service.now().as_ms() / 1000;
        let body = Bytes::from(text);
        let outgoing = Outgoing { method: "POST", url: &url, body: Some(&body), now_s };
        let mut headers = Headers::default();
        headers.append("host", b"home.test");
        for (name, value) in sign(Scheme::Cavage, &BOB, &key_id, &outgoing).unwrap() {
            headers.append(name, value.as_bytes());
        }
        Request { method: "POST".to_owned(), target: "/inbox".to_owned(), headers, body }
    };
    for text in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!("{{\"a\":{}", "[".repeat(300_000)),
        format!("{}1{}", "{\"a\":".repeat(1_000), "}".repeat(1_000)),
        "{\"type\":\"Like\"}".to_owned(),
        "{\"type\":\"Like\",\"actor\":\"javascript:1\",\"object\":\"x\"}".to_owned(),
        "{\"type\":\"Like\",\"actor\":\"\\ud800\"}".to_owned(),
    ] {
        let refused = stage.room.receive(&raw(text.clone())).await;
        let short: String = text.chars().take(60).collect();
        let fine = matches!(refused, Err(Error::Unreadable(_) | Error::Unverified(_)));
        assert!(fine, "{short}: {refused:?}");
    }
    let large = raw(format!("{{\"a\":\"{}\"}}", "a".repeat(1 << 20)));
    assert!(matches!(stage.room.receive(&large).await, Err(Error::Limit(_))));
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn a_thousand_new_hosts_of_one_domain_are_not_all_asked() {
    let (peer, stage) = (bobs().await, Stage::new());
    let mut taken = 0;
    for number in 0..1000 {
        let name = format!("h{number}.evil.example");
        let said = like(&peer, &name, 1);
        let request = posted(&stage, Scheme::Cavage, &BOB, &key_of(&peer, &name), &said);
        if stage.room.receive(&request).await.is_ok() {
            taken += 1;
        }
    }
    assert_eq!((taken, peer.asked().len()), (10, 10));
}

#[tokio::test]
async fn a_signed_request_wakes_the_server_that_sent_it() {
    let (peer, stage) = (bobs().await, Stage::new());
    let workers = stage.room.start();
    let mut batch = Batch::default();
    let inbox = peer.url("bobs.test", "/bob/inbox");
    // Nothing listens there: the first try fails.
    let dead = Url::parse(&inbox.as_str().replace("http://", "https://")).unwrap();
    let queued = stage.room.enqueue(&mut batch, ActorRef::HERE, "{}".to_owned(), &[dead]).unwrap();
    stage.room.service.store.commit(batch).await.unwrap();
    stage.room.send(queued);
    while stage.room.lines().1 == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let failures = |stage: &Stage| stage.room.troubles().first().map(|it| it.next_try_at);
    let before = failures(&stage);
    stage.clock.advance(Duration::from_secs(10));
    stage.room.receive(&by_bob(&stage, &peer, &like(&peer, "bobs.test", 1))).await.unwrap();
    while failures(&stage).is_none() || failures(&stage) == before {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    workers.stop().await;
}

#[tokio::test]
async fn a_server_that_speaks_is_asked_what_it_runs() {
    let peer = Peer::start(|asked| match asked.target.as_str() {
        "/.well-known/nodeinfo" => {
            let href = format!("http://{}/nodeinfo/2.1", asked.host());
            let rel = "http://nodeinfo.diaspora.software/ns/schema/2.1";
            let index = json!({ "links": [{ "rel": rel, "href": href }] });
            Reply::typed("application/json", index.to_string())
        }
        "/nodeinfo/2.1" => {
            let told = json!({ "software": { "name": "Lemmy", "version": "1.0" } });
            Reply::typed("application/json", told.to_string())
        }
        _ => Reply::Document(actor(asked, &BOB)),
    })
    .await;
    let stage = Stage::new();
    let workers = stage.room.start();
    stage.room.receive(&by_bob(&stage, &peer, &like(&peer, "bobs.test", 1))).await.unwrap();
    let host = Host::of(&peer.url("bobs.test", "/")).unwrap();
    let instance = loop {
        let store = &stage.room.service.store;
        let row = store.get::<Instance>(host.as_str().as_bytes()).await.unwrap();
        if let Some(row) = row.filter(|row| row.asked_at.is_some()) {
            break row;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(instance.software.as_deref(), Some("lemmy"));
    stage.room.receive(&by_bob(&stage, &peer, &like(&peer, "bobs.test", 2))).await.unwrap();
    let asked = peer.asked().iter().filter(|it| it.target == "/nodeinfo/2.1").count();
    assert_eq!(asked, 1);
    workers.stop().await;
}

#[tokio::test]
async fn what_came_in_long_ago_is_forgotten() {
    let (peer, stage) = (bobs().await, Stage::new());
    stage.room.receive(&by_bob(&stage, &peer, &like(&peer, "bobs.test", 1))).await.unwrap();
    assert_eq!(stage.room.forget_old().await.unwrap(), 0);
    stage.clock.advance(crate::tidy::KNOWN_FOR + Duration::from_secs(1));
    assert_eq!(stage.room.forget_old().await.unwrap(), 1);
    assert_eq!(stage.room.forget_old().await.unwrap(), 0);
}
