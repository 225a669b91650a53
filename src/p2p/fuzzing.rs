//! What fuzzers call (tests/fuzz): they are a crate of their own and see only what is public. No other build has this.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a fuzzer looks for panics")]

use futures::executor::block_on;
use futures::io::Cursor;
use libp2p::StreamProtocol;
use libp2p::request_response::Codec as _;

use crate::nodes::message::SegmentCodec;
use crate::tracker::message::{Answer, Request};
use crate::{frame, limits, stun};

const SEGMENT: StreamProtocol = StreamProtocol::new(limits::SEGMENT);

/// Reads a control frame as each message of the tracker: what is one, is written as one that means the same.
pub fn tracker(bytes: &[u8]) {
    let Ok(body) = block_on(frame::read(&mut Cursor::new(bytes))) else { return };
    if let Ok(request) = Request::read(&body) {
        assert_eq!(Request::read(&request.write()).as_ref(), Ok(&request));
    }
    if let Ok(answer) = Answer::read(&body) {
        assert_eq!(Answer::read(&answer.write()).as_ref(), Ok(&answer));
    }
}

/// Reads what asks for a segment, and what gives one: what is one, is written as one that means the same.
pub fn segment(bytes: &[u8]) {
    let mut codec = SegmentCodec;
    if let Ok(wanted) = block_on(codec.read_request(&SEGMENT, &mut Cursor::new(bytes))) {
        let mut written = Cursor::new(Vec::new());
        block_on(codec.write_request(&SEGMENT, &mut written, wanted)).unwrap();
        written.set_position(0);
        assert_eq!(block_on(codec.read_request(&SEGMENT, &mut written)).unwrap(), wanted);
    }
    if let Ok(given) = block_on(codec.read_response(&SEGMENT, &mut Cursor::new(bytes))) {
        let mut written = Cursor::new(Vec::new());
        block_on(codec.write_response(&SEGMENT, &mut written, given.clone())).unwrap();
        written.set_position(0);
        assert_eq!(block_on(codec.read_response(&SEGMENT, &mut written)).unwrap(), given);
    }
}

/// Answers a datagram at the STUN port: never with more than twice of the least that asks.
pub fn datagram(bytes: &[u8]) {
    for from in ["192.0.2.1:9", "[2001:db8::1]:9"] {
        let answer = stun::answer(bytes, from.parse().unwrap());
        assert!(answer.is_none_or(|it| it.len() <= 44 && bytes.len() >= 20));
    }
}
