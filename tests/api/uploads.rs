//! Uploads that do not go as they should.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::upload::{Begun, RESUMABLE, uuid};
use crate::support::{Answer, Client, Node, clip};

fn is_refusal(answer: &Answer) -> bool {
    (400..500).contains(&answer.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_content_range_changes_nothing() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let bytes = std::fs::read(clip::mp4(6, "640x360")).unwrap();
    let size = bytes.len();
    let begun = alice.begin(size as u64, "Ranges").await;
    let half = size / 2;
    assert_eq!(alice.part(&begun, 0, &bytes[..half]).await.status, 308);

    let wrong = [
        // A gap, the beginning again, more than there is, another size, backwards, other units, nonsense.
        format!("bytes {}-{}/{size}", half + 10, half + 19),
        format!("bytes 0-9/{size}"),
        format!("bytes {half}-{}/{size}", size + 10),
        format!("bytes {half}-{}/{}", half + 9, size + 1),
        format!("bytes {}-{half}/{size}", half + 9),
        format!("lines {half}-{}/{size}", half + 9),
        "bytes".to_owned(),
        format!("bytes {half}-18446744073709551616/{size}"),
        format!("bytes -1-9/{size}"),
    ];
    for range in &wrong {
        let answer = alice.part_as(&begun, range, &bytes[half..half + 10]).await;
        // The beginning again is what a client sends that did not hear the answer: the node may say what it has.
        assert!(is_refusal(&answer) || answer.status == 308, "{range}: {}", answer.status);
        assert_eq!(alice.received(&begun).await, half as u64, "{range}");
    }
    let done = alice.part(&begun, half as u64, &bytes[half..]).await.expect_done();
    alice.wait_until_made(&uuid(&done)).await;

    // Whoever missed the last answer asks again and gets the same video.
    let again = alice.part(&begun, half as u64, &bytes[half..]).await.expect_done();
    assert_eq!(uuid(&again), uuid(&done));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_on_one_upload_cannot_mix_their_bytes() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let bytes = std::fs::read(clip::mp4(6, "640x360")).unwrap();
    let begun = alice.begin(bytes.len() as u64, "Twice").await;

    // The first client has sent half of a part when the second comes with all of it.
    let mut first = TcpStream::connect(node.url.strip_prefix("http://").unwrap()).await.unwrap();
    let half = bytes.len() / 2;
    write_head(&mut first, &alice, &begun, 0, bytes.len()).await;
    first.write_all(&bytes[..half]).await.unwrap();
    let second = alice.part(&begun, 0, &bytes).await;
    let whole = if matches!(second.status, 409 | 423 | 429) {
        let problem = second.expect_problem_of_any_status();
        assert!(problem["detail"].as_str().unwrap().contains("upload"), "{problem}");
        // Not all of what the first sends may be read if it lost.
        let _cut = first.write_all(&bytes[half..]).await;
        let mut answer = String::new();
        let _cut = first.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        alice.part(&begun, 0, &bytes).await.expect_done()
    } else {
        // The first was not taken up yet when the second came: then it is the first that is too late.
        second.expect_done()
    };
    alice.wait_until_made(&uuid(&whole)).await;
    assert_eq!(alice.json("/api/v1/users/me/videos").await["total"], 1);
}

impl Answer {
    fn expect_problem_of_any_status(self) -> serde_json::Value {
        let status = self.status;
        self.expect_problem(status)
    }
}

async fn write_head(to: &mut TcpStream, who: &Client, begun: &Begun, from: usize, length: usize) {
    let place = begun.place.strip_prefix(&who.base).unwrap_or(&begun.place);
    let head = format!(
        "PUT {place} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n\
         Content-Range: bytes {from}-{}/{}\r\n\r\n",
        who.token.as_deref().unwrap(),
        from + length - 1,
        begun.size,
    );
    to.write_all(head.as_bytes()).await.unwrap();
}

/// How long the slow client is watched: the full five minutes of a person's patience would show nothing more.
const SLOW_S: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_a_byte_a_second_holds_nobody_up_and_loses_nothing() {
    let node = Node::open().with("UPLOADS__STALL_TIMEOUT_S", 3).start().await;
    let (alice, bob) = (node.user("alice").await, node.user("bob").await);
    let bytes = std::fs::read(clip::mp4(6, "640x360")).unwrap();
    let begun = alice.begin(bytes.len() as u64, "Slow").await;
    let mut slow = TcpStream::connect(node.url.strip_prefix("http://").unwrap()).await.unwrap();
    write_head(&mut slow, &alice, &begun, 0, bytes.len()).await;
    let memory = node.memory_bytes();

    // The pace of the client is what is tested: a byte each second, which is no stall.
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    let mut sent = 0;
    while sent < SLOW_S {
        pace.tick().await;
        slow.write_all(&bytes[sent as usize..=sent as usize]).await.unwrap();
        sent += 1;
        if sent == 3 {
            // Others are served meanwhile.
            let fast = bob.upload(&clip::mp4(6, "640x360"), "Fast").await;
            bob.wait_for(&fast, |state| state["playable"] == true).await;
        }
    }
    assert!(node.memory_bytes() < memory + (64 << 20));

    // Then it says nothing at all, and is cut off; what came is kept, and the upload goes on from there.
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(30), slow.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "a silent client is cut off");
    let received = alice.received(&begun).await;
    assert!(received <= sent, "{received} of {sent}");
    let rest = &bytes[received as usize..];
    let done = alice.part(&begun, received, rest).await.expect_done();
    alice.wait_until_made(&uuid(&done)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_belongs_to_who_began_it_and_ends_when_they_say_so() {
    let node = Node::start().await;
    let (alice, bob) = (node.user("alice").await, node.user("bob").await);
    let bytes = std::fs::read(clip::mp4(6, "640x360")).unwrap();
    let begun = alice.begin(bytes.len() as u64, "Mine").await;
    for stranger in [bob.clone(), node.nobody()] {
        assert!(is_refusal(&stranger.part(&begun, 0, &bytes).await));
        assert!(is_refusal(&Answer::to(stranger.ask(Method::DELETE, &begun.place)).await));
    }
    assert_eq!(alice.part(&begun, 0, &bytes[..1000]).await.status, 308);
    assert_eq!(Answer::to(alice.ask(Method::DELETE, &begun.place)).await.status, 204);
    alice.part(&begun, 1000, &bytes[1000..]).await.expect_problem(404);
    let nowhere = format!("{RESUMABLE}?upload_id=none");
    Answer::to(alice.ask(Method::PUT, &nowhere).header("Content-Range", "bytes 0-0/1").body("x"))
        .await
        .expect_problem(404);
    let used = alice.json("/api/v1/users/me/video-quota-used").await;
    assert_eq!(used["videoQuotaUsed"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_refused_at_once() {
    let node = Node::start().await;
    let alice = node.user("alice").await;
    let channel = alice.channel().await;
    let words = json!({"name": "Nothing", "channelId": channel, "filename": "empty.mp4"});
    alice.ask_begin(0, &words).await.expect_problem(400);
    alice.upload_form(b"", &[("name", "Nothing")]).await.expect_problem(400);
    assert_eq!(alice.json("/api/v1/users/me/videos").await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_are_kept() {
    let bytes = std::fs::read(clip::mp4(6, "640x360")).unwrap();
    let node = Node::open().with("ACCOUNTS__QUOTA_BYTES", bytes.len() - 1).start().await;
    let alice = node.user("alice").await;
    let words = json!({"name": "Big", "channelId": alice.channel().await, "filename": "clip.mp4"});
    let refused = alice.ask_begin(bytes.len() as u64, &words).await;
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert_eq!(refused.json()["code"], "quota_reached");
    let refused = alice.upload_form(&bytes, &[("name", "Big")]).await;
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert_eq!(alice.json("/api/v1/users/me/videos").await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_uploads_and_registrations_are_limited() {
    let node = Node::open().with("ACCOUNTS__TRIES_PER_MINUTE", 5).start().await;
    let nobody = node.nobody();
    let mut refused = None;
    for _ in 0..20 {
        let answer = nobody.ask_tokens("root", "wrong password").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 400);
    }
    let refused = refused.expect("a limit");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
}
