//! What a browser asks the tracker and what it is told.

use libp2p::PeerId;
use uuid::Uuid;

use crate::cbor::{Item, Malformed, Map, Writer};
use crate::limits::PEERS_MAX;
use crate::swarm_id::SwarmId;

/// Characters of a uuid with hyphens.
const UUID_CHARS: usize = 36;

/// "I watch this; who else does?"
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) swarm: SwarmId,
    pub(crate) video: Uuid,
    /// How many peers it would like, at most [`PEERS_MAX`].
    pub(crate) want: usize,
    /// Peers that sent it wrong bytes.
    pub(crate) liars: Vec<PeerId>,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These do.
    Peers {
        peers: Vec<PeerId>,
        /// For how many seconds the asker stays in the swarm.
        ttl_s: u64,
        watchers: u64,
    },
    /// Nothing is told.
    Refused(Refusal),
}

/// Why nothing is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The video has no swarm, or another.
    NoSwarm,
    /// Too much is asked at once.
    Busy,
}

impl Refusal {
    const fn word(self) -> &'static str {
        match self {
            Self::NoSwarm => "no-swarm",
            Self::Busy => "busy",
        }
    }
}

impl Request {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Malformed> {
        let map = Map::read(body)?;
        let swarm = map.bytes("swarm").ok_or(Malformed("`swarm` is not 32 bytes"))?;
        let video = map.text("video").filter(|text| text.len() == UUID_CHARS);
        let video = video.and_then(|text| Uuid::try_parse(text).ok());
        let want = map.number("want").and_then(|want| usize::try_from(want).ok());
        let want = want.filter(|want| *want <= PEERS_MAX);
        Ok(Self {
            swarm: SwarmId::from_bytes(swarm),
            video: video.ok_or(Malformed("`video` is not a uuid"))?,
            want: want.ok_or(Malformed("`want` is out of bounds"))?,
            liars: peers(map.list("liars"))?,
        })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut map = Writer::map(if self.liars.is_empty() { 3 } else { 4 });
        map.bytes("swarm", self.swarm.as_bytes());
        map.text("video", &self.video.hyphenated().to_string());
        map.number("want", u64::try_from(self.want).unwrap_or(u64::MAX));
        if !self.liars.is_empty() {
            map.texts("liars", &texts(&self.liars));
        }
        map.end()
    }
}

impl Answer {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Malformed> {
        let map = Map::read(body)?;
        match map.text("refused") {
            Some("busy") => return Ok(Self::Refused(Refusal::Busy)),
            Some(_) => return Ok(Self::Refused(Refusal::NoSwarm)),
            None => {}
        }
        Ok(Self::Peers {
            peers: peers(map.list("peers"))?,
            ttl_s: map.number("ttl").ok_or(Malformed("`ttl` is not a number"))?,
            watchers: map.number("watchers").ok_or(Malformed("`watchers` is not a number"))?,
        })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        match self {
            Self::Peers { peers, ttl_s, watchers } => {
                let mut map = Writer::map(3);
                map.texts("peers", &texts(peers));
                map.number("ttl", *ttl_s);
                map.number("watchers", *watchers);
                map.end()
            }
            Self::Refused(why) => {
                let mut map = Writer::map(1);
                map.text("refused", why.word());
                map.end()
            }
        }
    }
}

fn texts(peers: &[PeerId]) -> Vec<String> {
    peers.iter().take(PEERS_MAX).map(|peer| peer.to_base58()).collect()
}

fn peers(items: &[Item<'_>]) -> Result<Vec<PeerId>, Malformed> {
    if items.len() > PEERS_MAX {
        return Err(Malformed("too many peers"));
    }
    let peer = |item: &Item<'_>| match item {
        Item::Text(text) => text.parse().ok(),
        _ => None,
    };
    items.iter().map(|item| peer(item).ok_or(Malformed("not a peer id"))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut request = Request {
            swarm: SwarmId::from_bytes([3; 32]),
            video: Uuid::from_u128(0x8a5e_e3ad_74f9_4814_a483_204b_1216_8ce1),
            want: 12,
            liars: vec![],
        };
        assert_eq!(Request::read(&request.write()).unwrap(), request);
        request.liars = (0..12).map(|_| PeerId::random()).collect();
        assert_eq!(Request::read(&request.write()).unwrap(), request);
        let peers = vec![PeerId::random()];
        for answer in [
            Answer::Peers { peers, ttl_s: 90, watchers: 2 },
            Answer::Refused(Refusal::NoSwarm),
            Answer::Refused(Refusal::Busy),
        ] {
            assert_eq!(Answer::read(&answer.write()).unwrap(), answer);
        }
    }

    #[test]
    fn too_much_is_refused() {
        let request = Request {
            swarm: SwarmId::from_bytes([3; 32]),
            video: Uuid::nil(),
            want: 13,
            liars: vec![],
        };
        assert!(Request::read(&request.write()).is_err());
        let mut map = Writer::map(4);
        map.bytes("swarm", &[3; 32]);
        map.text("video", &Uuid::nil().to_string());
        map.number("want", 1);
        map.texts("liars", &vec![PeerId::random().to_base58(); 13]);
        assert_eq!(Request::read(&map.end()), Err(Malformed("too many peers")));
    }

    #[test]
    fn the_examples_of_the_document_are_what_is_written() {
        let document = include_str!("../../../docs/p2p-protocol.md");
        for answer in [
            Answer::Peers { peers: vec![], ttl_s: 90, watchers: 1 },
            Answer::Refused(Refusal::NoSwarm),
        ] {
            let body = answer.write();
            let length = u8::try_from(body.len()).unwrap();
            let hex: Vec<_> = [&[length], body.as_slice()].concat();
            let hex: Vec<_> = hex.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(document.contains(&format!("\n{}\n", hex.join(" "))), "{answer:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes: Vec<u8>) {
            let _ = (Request::read(&bytes), Answer::read(&bytes));
        }
    }
}
