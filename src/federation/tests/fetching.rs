//! The careful client against servers that mean no good.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use kinora_model::instance::DomainLevel;
use serde_json::json;
use url::Url;

use super::peer::{Peer, Reply};
use super::stage::{AllAt, Stage};
use crate::fetch::resolver::Names;
use crate::fetch::{DOCUMENT_BYTES_MAX, TOTAL_MAX};
use crate::{Config, Error};

const ACTIVITY: &str = "application/activity+json";

#[tokio::test]
async fn a_document_is_read_from_its_own_server() {
    let peer = Peer::start(|asked| {
        Reply::Document(json!({ "id": format!("http://{}/a", asked.host()), "type": "Note" }))
    })
    .await;
    let stage = Stage::new();
    let found = stage.room.client.get(&peer.url("good.test", "/a#part")).await.unwrap();
    assert_eq!(found.id, peer.url("good.test", "/a"));
    assert_eq!(found.json["type"], "Note");
    let asked = &peer.asked()[0];
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("GET", "/a"));
    assert!(asked.headers["signature"].contains("http://home.test/actor#main-key"));
}

#[tokio::test]
async fn nothing_connects_to_a_private_address_unless_allowed() {
    let trap = Peer::start(|_| Reply::Document(json!({ "id": "http://127.0.0.1/" }))).await;
    let port = trap.address.port();
    let client = Stage::public().room.client.clone();
    for text in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f000001:{port}/"),
        format!("http://0177.0.0.1:{port}/"),
        format!("http://0:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[::127.0.0.1]:{port}/"),
        format!("http://[64:ff9b::7f00:1]:{port}/"),
        format!("http://innocent.test:{port}/"),
        format!("http://localhost:{port}/"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://10.0.0.1/".to_owned(),
        "http://192.168.0.1:8080/".to_owned(),
    ] {
        let url = Url::parse(&text).unwrap();
        let refused = client.get(&url).await;
        assert!(matches!(refused, Err(Error::PrivateAddress)), "{text}: {refused:?}");
        let refused = client.picture(&url).await;
        assert!(matches!(refused, Err(Error::PrivateAddress)), "{text}: {refused:?}");
        let post = client.post(kinora_model::actor::ActorRef::HERE, &url, "{}".into()).await;
        assert!(matches!(post, Err(Error::PrivateAddress)), "{text}: {post:?}");
    }
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn addresses_that_are_not_of_the_web_are_refused() {
    for stage in [Stage::new(), Stage::public()] {
        for text in [
            "file:///etc/passwd",
            "gopher://good.test/",
            "ftp://good.test/",
            "data:application/activity+json,{}",
            "https://user@good.test/",
            "https://user:word@good.test/",
            "https://good.test./",
            "https://home.test/actor",
        ] {
            let got = stage.room.client.get(&Url::parse(text).unwrap()).await;
            let refused = matches!(got, Err(Error::Refused(_)));
            // Our own host is the one without https here.
            let ours = text.contains("home.test");
            assert!(refused || (ours && got.is_err()), "{text}: {got:?}");
        }
        let long = format!("https://good.test/{}", "a".repeat(3000));
        let got = stage.room.client.get(&Url::parse(&long).unwrap()).await;
        assert!(matches!(got, Err(Error::Limit(_))));
    }
    for text in ["https://good.test:22/", "https://good.test:25/", "http://1.1.1.1:6/"] {
        let got = Stage::public().room.client.get(&Url::parse(text).unwrap()).await;
        assert!(matches!(got, Err(Error::Refused(_))), "{text}: {got:?}");
    }
}

/// A name that is public when it is first looked up, and private ever after.
#[derive(Debug, Default)]
struct Rebinding(AtomicUsize);

impl Names for Rebinding {
    fn look_up(&self, _name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let first = self.0.fetch_add(1, Ordering::Relaxed) == 0;
        let found = if first { Ipv4Addr::new(192, 0, 1, 1) } else { Ipv4Addr::LOCALHOST };
        // The first answer has a private address in it, too: only the public one may be tried.
        let all =
            if first { vec![Ipv4Addr::LOCALHOST.into(), found.into()] } else { vec![found.into()] };
        Box::pin(async move { Ok(all) })
    }
}

#[tokio::test]
async fn a_name_that_becomes_private_is_not_connected_to() {
    let trap = Peer::start(|_| Reply::Document(json!({}))).await;
    let names = Arc::new(Rebinding::default());
    let resolver = crate::fetch::resolver::Resolver { names: names.clone(), allow_private: false };
    use reqwest::dns::Resolve as _;
    let ask = || resolver.resolve("rebind.test".parse().unwrap());
    let first: Vec<_> = ask().await.unwrap().collect();
    assert_eq!(first, ["192.0.1.1:0".parse().unwrap()]);
    assert!(ask().await.is_err());

    let names = Arc::new(Rebinding(AtomicUsize::new(1)));
    let stage = Stage::knowing(Config::default(), names);
    let got = stage.room.client.get(&trap.url("rebind.test", "/")).await;
    assert!(matches!(got, Err(Error::PrivateAddress)), "{got:?}");
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn a_document_with_an_id_elsewhere_is_asked_for_there() {
    // All names lead to this peer: it answers for each by what it is called.
    let peer = Peer::start(|asked| {
        let port = asked.host().rsplit(':').next().unwrap().to_owned();
        let victim = format!("http://victim.test:{port}/u/a");
        match (asked.host().starts_with("victim"), asked.target.as_str()) {
            (true, "/u/a") => Reply::Document(json!({ "id": victim, "name": "true" })),
            (true, "/open?to=evil") => Reply::redirect(&format!("http://evil.test:{port}/forged")),
            (true, "/moved") => Reply::redirect(&format!("http://evil.test:{port}/forged-moved")),
            (false, "/to-victim") => Reply::redirect(&victim),
            (false, "/forged-moved") => {
                Reply::Document(json!({ "id": format!("http://victim.test:{port}/moved") }))
            }
            _ => Reply::Document(json!({ "id": victim, "name": "forged" })),
        }
    })
    .await;
    let stage = Stage::new();
    let client = &stage.room.client;
    for path in ["/x", "/to-victim"] {
        let found = client.get(&peer.url("evil.test", path)).await.unwrap();
        assert_eq!(found.json["name"], "true", "{path}");
        assert_eq!(found.id, peer.url("victim.test", "/u/a"));
    }
    let found = client.get(&peer.url("victim.test", "/open?to=evil")).await.unwrap();
    assert_eq!(found.json["name"], "true");
    let forged = client.get(&peer.url("evil.test", "/forged-moved")).await;
    assert!(matches!(forged, Err(Error::Refused(_))), "{forged:?}");
}

#[tokio::test]
async fn only_activitypub_is_believed() {
    let peer = Peer::start(|asked| {
        let document = format!("{{\"id\":\"http://{}{}\"}}", asked.host(), asked.target);
        let media_type = match asked.target.as_str() {
            "/text" => "text/plain",
            "/picture" => "image/png",
            "/json" => "application/json",
            "/ld" => "application/ld+json",
            "/page" => "text/html",
            "/profile" => "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
            _ => ACTIVITY,
        };
        match asked.target.as_str() {
            "/list" => Reply::typed(media_type, "[]"),
            "/text-id" => Reply::typed(media_type, "{\"id\":5}"),
            "/js-id" => Reply::typed(media_type, "{\"id\":\"javascript:alert(1)\"}"),
            "/deep" => Reply::typed(media_type, format!("{{\"a\":{}", "[".repeat(200_000))),
            "/surrogate" => Reply::typed(media_type, "{\"a\":\"\\ud800\"}"),
            "/broken" => Reply::typed(media_type, "{"),
            "/brotli" => Reply::typed(media_type, document).header("content-encoding", "br"),
            _ => Reply::typed(media_type, document),
        }
    })
    .await;
    let client = Stage::new().room.client.clone();
    for path in [
        "/text",
        "/picture",
        "/json",
        "/ld",
        "/page",
        "/list",
        "/text-id",
        "/js-id",
        "/deep",
        "/surrogate",
        "/broken",
        "/brotli",
    ] {
        let got = client.get(&peer.url("evil.test", path)).await;
        assert!(matches!(got, Err(Error::Unreadable(_))), "{path}: {got:?}");
    }
    for path in ["/profile", "/fine"] {
        assert!(client.get(&peer.url("evil.test", path)).await.is_ok(), "{path}");
    }
    assert!(matches!(
        client.picture(&peer.url("evil.test", "/fine")).await,
        Err(Error::Unreadable(_))
    ));
    assert_eq!(
        client.picture(&peer.url("evil.test", "/picture")).await.unwrap().media_type,
        "image/png"
    );
}

#[tokio::test]
async fn bodies_are_bounded_in_bytes_packed_or_not() {
    use std::io::Write as _;
    let peer = Peer::start(|asked| match asked.target.as_str() {
        "/big" => Reply::typed(ACTIVITY, vec![b' '; DOCUMENT_BYTES_MAX + 1]),
        "/bomb" => {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            for _ in 0..64 {
                gz.write_all(&vec![b' '; 1 << 20]).unwrap();
            }
            let body = gz.finish().unwrap();
            assert!(body.len() < DOCUMENT_BYTES_MAX);
            Reply::typed(ACTIVITY, body).header("content-encoding", "gzip")
        }
        _ => {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            let document = format!("{{\"id\":\"http://{}/packed\"}}", asked.host());
            gz.write_all(document.as_bytes()).unwrap();
            Reply::typed(ACTIVITY, gz.finish().unwrap()).header("content-encoding", "gzip")
        }
    })
    .await;
    let client = Stage::new().room.client.clone();
    for path in ["/big", "/bomb"] {
        let got = client.get(&peer.url("evil.test", path)).await;
        assert!(matches!(got, Err(Error::Limit(_))), "{path}: {got:?}");
    }
    assert!(client.get(&peer.url("evil.test", "/packed")).await.is_ok());
}

#[tokio::test]
async fn redirects_end_and_each_is_checked() {
    let peer = Peer::start(|asked| {
        let host = asked.host();
        let port = host.rsplit(':').next().unwrap();
        match asked.target.as_str() {
            "/loop" => Reply::redirect("/loop"),
            "/1" => Reply::redirect("/2"),
            "/2" => Reply::redirect("/3"),
            "/3" => Reply::redirect("/4"),
            "/4" => Reply::redirect("/5"),
            "/file" => Reply::redirect("file:///etc/passwd"),
            "/user" => Reply::redirect(&format!("http://a:b@evil.test:{port}/5")),
            "/blocked" => Reply::redirect(&format!("http://sub.blocked.test:{port}/5")),
            "/nowhere" => Reply::status(302),
            _ => Reply::Document(json!({ "id": format!("http://{host}{}", asked.target) })),
        }
    })
    .await;
    let stage = Stage::new();
    stage.rule("blocked.test", DomainLevel::Block).await;
    let client = &stage.room.client;
    let get = async |path: &str| client.get(&peer.url("evil.test", path)).await;
    assert!(matches!(get("/loop").await, Err(Error::Limit("redirects"))));
    assert!(matches!(get("/1").await, Err(Error::Limit("redirects"))));
    assert!(get("/2").await.is_ok());
    assert!(matches!(get("/file").await, Err(Error::Refused(_))));
    assert!(matches!(get("/user").await, Err(Error::Refused(_))));
    assert!(matches!(get("/blocked").await, Err(Error::Blocked(_))));
    assert!(matches!(get("/nowhere").await, Err(Error::Unreadable(_))));
    assert!(peer.asked().iter().all(|asked| !asked.host().contains("blocked")));
    let before = peer.asked().len();
    let posted = client
        .post(kinora_model::actor::ActorRef::HERE, &peer.url("evil.test", "/2"), "{}".into())
        .await;
    assert!(matches!(posted, Err(Error::Status { status: 302, .. })), "{posted:?}");
    assert_eq!(peer.asked().len(), before + 1);
}

#[tokio::test]
async fn a_redirect_does_not_lead_inside() {
    let trap = Peer::start(|_| Reply::Document(json!({}))).await;
    let inside = trap.url("127.0.0.1", "/");
    let to = inside.clone();
    // The peer itself is private, too: what is tested is the form of the second hop.
    let stage = Stage::public();
    let peer = Peer::start(move |_| Reply::redirect(to.as_str())).await;
    assert!(stage.room.client.get(&peer.url("evil.test", "/")).await.is_err());
    assert!(matches!(stage.room.client.check(&inside), Err(Error::PrivateAddress)));
    assert_eq!((trap.connections(), peer.connections()), (0, 0));
}

#[tokio::test]
async fn webfinger_ends_its_redirects_too() {
    let peer = Peer::start(|asked| match asked.host().starts_with("loop") {
        true => Reply::redirect(&format!("http://{}{}", asked.host(), asked.target)),
        false => Reply::typed("application/jrd+json", "{\"subject\":\"acct:a@good.test\"}"),
    })
    .await;
    let client = Stage::new().room.client.clone();
    let host = |name: &str| {
        kinora_model::host::Host::parse(&format!("{name}:{}", peer.address.port())).unwrap()
    };
    let looped = client.webfinger(&host("loop.test"), "acct:a@loop.test").await;
    assert!(matches!(looped, Err(Error::Limit("redirects"))), "{looped:?}");
    let fine = client.webfinger(&host("good.test"), "acct:a@good.test").await.unwrap();
    assert_eq!(fine["subject"], "acct:a@good.test");
    assert!(peer.asked().last().unwrap().target.contains("resource=acct%3Aa%40good.test"));
}

#[tokio::test]
async fn a_server_without_end_is_left_in_time() {
    let peer = Peer::start(|asked| match asked.target.as_str() {
        "/drip" => Reply::Drip(Duration::from_millis(200)),
        "/close" => Reply::Close,
        _ => Reply::Hang,
    })
    .await;
    let client = Stage::new().room.client.clone();
    let start = Instant::now();
    let get = async |name: &str, path: &str| client.get(&peer.url(name, path)).await;
    let (drip, hang, close) =
        tokio::join!(get("a.test", "/drip"), get("b.test", "/hang"), get("c.test", "/close"));
    for got in [drip, hang, close] {
        assert!(matches!(got, Err(Error::Unreachable { .. })), "{got:?}");
    }
    assert!(start.elapsed() < TOTAL_MAX + Duration::from_secs(5));
    let asked = peer.asked().len();
    assert!(client.get(&peer.url("a.test", "/drip")).await.is_err());
    assert_eq!(peer.asked().len(), asked, "what failed a moment ago is not asked for again");
}

#[tokio::test]
async fn a_blocked_domain_is_not_asked_for_anything() {
    let peer = Peer::start(|_| Reply::Document(json!({}))).await;
    let stage = Stage::new();
    stage.rule("test", DomainLevel::Block).await;
    stage.rule("friend.test", DomainLevel::Allow).await;
    let client = &stage.room.client;
    for name in ["evil.test", "a.b.evil.test"] {
        assert!(matches!(client.get(&peer.url(name, "/")).await, Err(Error::Blocked(_))));
        assert!(matches!(client.picture(&peer.url(name, "/")).await, Err(Error::Blocked(_))));
    }
    assert_eq!(peer.connections(), 0);
    assert!(client.get(&peer.url("a.friend.test", "/")).await.is_ok());
}

#[tokio::test]
async fn a_server_gets_few_requests_at_a_time() {
    let under_way = Arc::new(AtomicUsize::new(0));
    let peer = Peer::start(|_| Reply::Hang).await;
    let client = Stage::knowing(
        Config { allow_private: true, ..Config::default() },
        Arc::new(AllAt(vec![Ipv4Addr::LOCALHOST.into()])),
    )
    .room
    .client
    .clone();
    let asking: Vec<_> = (0..20)
        .map(|number| {
            let (client, url) = (client.clone(), peer.url("slow.test", &format!("/{number}")));
            let under_way = Arc::clone(&under_way);
            tokio::spawn(async move {
                drop(client.get(&url).await);
                under_way.fetch_add(1, Ordering::Relaxed);
            })
        })
        .collect();
    while peer.asked().len() < crate::fetch::HOST_REQUESTS_MAX {
        tokio::task::yield_now().await;
    }
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(peer.connections(), crate::fetch::HOST_REQUESTS_MAX);
    asking.into_iter().for_each(|task| task.abort());
}

#[tokio::test]
async fn a_node_that_talks_with_nobody_asks_nobody() {
    let peer = Peer::start(|_| Reply::Document(json!({}))).await;
    let stage = Stage::with(Config { enabled: false, allow_private: true, ..Config::default() });
    let got = stage.room.client.get(&peer.url("good.test", "/")).await;
    assert!(matches!(got, Err(Error::Refused(_))), "{got:?}");
    assert_eq!(peer.connections(), 0);
}
