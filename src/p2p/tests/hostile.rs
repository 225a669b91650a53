use kinora_model::video::Privacy;
use libp2p::request_response::OutboundFailure;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::browser::{Browser, Sent};
use super::stage::{Stage, alone};
use crate::Config;
use crate::tracker::message::{Answer, Request};

#[tokio::test]
async fn frames_that_are_none_end_their_stream_and_nothing_else() {
    let stage = Stage::new().await;
    let (video, swarm) = stage.video(Privacy::Public).await;
    let mut browser = Browser::at(&stage.address()).await;
    for (what, bytes) in [
        ("65,537 bytes announced", vec![0x81, 0x80, 0x04]),
        ("a length without end", vec![0xff; 64]),
        ("a length in too many bytes", vec![0x81, 0x00, 0xa0]),
        ("more announced than sent", vec![0x7f, 0xa0]),
        ("not CBOR", vec![0x02, 0xff, 0xff]),
        ("an empty map", vec![0x01, 0xa0]),
        ("a forged count", vec![0x06, 0xa1, 0x61, b'a', 0x9a, 0xff, 0xff]),
    ] {
        // The answer is nothing at all, or the stream is reset.
        match browser.send(Sent { bytes, stalls: false }).await {
            Ok(answer) => assert_eq!(answer, Vec::<u8>::new(), "{what}"),
            Err(OutboundFailure::Io(_) | OutboundFailure::ConnectionClosed) => {}
            Err(other) => panic!("{what}: {other}"),
        }
    }
    let request = Request { swarm, video, want: 0, liars: Vec::new() };
    assert!(matches!(browser.ask(request).await.unwrap(), Answer::Peers { .. }));
    stage.workers.stop().await;
}

#[tokio::test]
async fn who_never_ends_a_question_is_cut_off_and_others_are_answered_meanwhile() {
    let stage = Stage::new().await;
    let (video, swarm) = stage.video(Privacy::Public).await;
    let mut slow = Browser::at(&stage.address()).await;
    let stalled = async {
        let answer = slow.send(Sent { bytes: vec![0x20, 0xa1], stalls: true }).await;
        assert!(answer.is_err() || answer.is_ok_and(|it| it.is_empty()));
    };
    let answered = async {
        let mut browser = Browser::at(&stage.address()).await;
        let request = Request { swarm, video, want: 0, liars: Vec::new() };
        assert!(matches!(browser.ask(request).await.unwrap(), Answer::Peers { .. }));
    };
    tokio::join!(stalled, answered);
    stage.workers.stop().await;
}

#[tokio::test]
async fn a_version_that_nobody_knows_is_told_so() {
    let stage = Stage::new().await;
    let mut browser = Browser::at(&stage.address()).await;
    let refused = browser.ask_later().await.unwrap_err();
    assert!(matches!(refused, OutboundFailure::UnsupportedProtocols), "{refused}");
    stage.workers.stop().await;
}

#[tokio::test]
async fn reservations_end_at_their_limit() {
    let stage = Stage::with(Config { reservations_max: 3, ..alone() }).await;
    let mut browsers = Vec::new();
    let mut reserved = 0;
    for _ in 0..6 {
        let mut browser = Browser::at(&stage.address()).await;
        reserved += usize::from(browser.reserve(&stage.address()).await);
        browsers.push(browser);
    }
    assert_eq!(reserved, 3);
    let counted = stage.counted();
    assert!(counted.contains("reservations_total{outcome=\"denied\"} 3"), "{counted}");
    stage.workers.stop().await;
}

#[tokio::test]
async fn a_flood_of_silent_connections_is_cut_and_leaves_room_for_others() {
    let stage = Stage::new().await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(stage.peers.door()).await.unwrap());
    }
    // Those beyond the limit are closed at once; the others wait for a handshake that never comes.
    let mut closed = 0;
    for stream in silent.iter_mut().skip(128) {
        closed += usize::from(matches!(stream.read(&mut [0; 16]).await, Ok(0) | Err(_)));
    }
    assert_eq!(closed, 72);
    drop(silent);
    Browser::at(&stage.address()).await;
    stage.workers.stop().await;
}
