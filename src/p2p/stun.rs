//! A STUN server (RFC 8489), so that browsers learn their public address from the node and from nobody else: answers
//! Binding requests and nothing more, without memory of who asked.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;

use governor::Quota;
use libc::EADDRINUSE;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::pots::Pots;

/// What a header has in its second word (RFC 8489, section 5).
const COOKIE: [u8; 4] = 0x2112_A442_u32.to_be_bytes();

/// Type of a Binding request, and of its answer.
const REQUEST: [u8; 2] = 0x0001_u16.to_be_bytes();
const ANSWER: [u8; 2] = 0x0101_u16.to_be_bytes();

/// The attribute with the address (section 14.2).
const XOR_MAPPED_ADDRESS: [u8; 2] = 0x0020_u16.to_be_bytes();

/// Bytes of a header.
const HEADER: usize = 20;

/// Types of attributes from here on need not be understood (section 14).
const OPTIONAL: u16 = 0x8000;

/// The longest request that is read: one that crosses every network in one piece (section 6.1).
const REQUEST_BYTES_MAX: usize = 548;

/// Answers in a minute to one network address.
const ANSWERS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(119);

/// A STUN server on a port.
#[derive(Debug)]
pub(crate) struct Stun {
    socket: UdpSocket,
    pots: Pots,
}

impl Stun {
    /// Takes the port on all addresses of both kinds, or on those of IPv4 where there is no IPv6.
    pub(crate) async fn bind(port: u16) -> std::io::Result<Self> {
        let both = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        let old = SocketAddr::from((std::net::Ipv4Addr::UNSPECIFIED, port));
        let socket = match UdpSocket::bind(both).await {
            Err(error) if error.raw_os_error() != Some(EADDRINUSE) => UdpSocket::bind(old).await?,
            bound => bound?,
        };
        Ok(Self { socket, pots: Pots::new(Quota::per_minute(ANSWERS_PER_MINUTE)) })
    }

    /// The port that was taken.
    pub(crate) fn port(&self) -> std::io::Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Answers until it is told to stop.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let mut buffer = [0; REQUEST_BYTES_MAX + 1];
        while let Some(received) =
            stopping.run_until_cancelled(self.socket.recv_from(&mut buffer)).await
        {
            let (length, from) = match received {
                Ok(received) => received,
                Err(error) => {
                    // An asker who is gone by now; nothing else fails on such a socket.
                    debug!(%error, "a STUN request could not be read");
                    continue;
                }
            };
            let Some(answer) = buffer.get(..length).and_then(|it| answer(it, from)) else {
                continue;
            };
            if !self.pots.take(from.ip()) {
                continue;
            }
            if let Err(error) = self.socket.send_to(&answer, from).await {
                warn!(%error, "a STUN answer could not be sent");
            }
        }
    }
}

/// The answer to a datagram; none if it is no Binding request, or asks for what must be understood and is not.
pub(crate) fn answer(request: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let (header, mut attributes) = request.split_at_checked(HEADER)?;
    let (kind, rest) = header.split_first_chunk::<2>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (cookie, transaction) = rest.split_first_chunk::<4>()?;
    let whole = usize::from(u16::from_be_bytes(*length)) == attributes.len();
    if *kind != REQUEST || *cookie != COOKIE || !whole || request.len() > REQUEST_BYTES_MAX {
        return None;
    }
    while !attributes.is_empty() {
        let (kind, rest) = attributes.split_first_chunk::<2>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let padded = usize::from(u16::from_be_bytes(*length)).next_multiple_of(4);
        attributes = rest.get(padded..)?;
        if u16::from_be_bytes(*kind) < OPTIONAL {
            return None;
        }
    }
    // The address is told in disguise, since some routers rewrite addresses that they see (section 14.2).
    let masked = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().zip(COOKIE.iter().chain(transaction)).map(|(byte, mask)| byte ^ mask).collect()
    };
    let (family, address) = match from.ip().to_canonical() {
        IpAddr::V4(ip) => (1, masked(&ip.octets())),
        IpAddr::V6(ip) => (2, masked(&ip.octets())),
    };
    let port = masked(&from.port().to_be_bytes());
    let length = u16::try_from(address.len() + 4).ok()?.to_be_bytes();
    let value = [&[0, family], port.as_slice(), &address].concat();
    let attribute = [XOR_MAPPED_ADDRESS.as_slice(), &length, &value].concat();
    let length = u16::try_from(attribute.len()).ok()?.to_be_bytes();
    Some([ANSWER.as_slice(), &length, &COOKIE, transaction, &attribute].concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    const TRANSACTION: [u8; 12] =
        [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn request(attributes: &[u8]) -> Vec<u8> {
        let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
        [&REQUEST, &length[..], &COOKIE, &TRANSACTION, attributes].concat()
    }

    #[test]
    fn answers_are_those_of_rfc_5769() {
        let answered = answer(&request(&[]), "192.0.2.1:32853".parse().unwrap()).unwrap();
        let expected = [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
        assert_eq!(answered.get(..8).unwrap(), [1, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42]);
        assert_eq!(answered.get(HEADER..).unwrap(), expected);
        let mapped = answer(&request(&[]), "[::ffff:192.0.2.1]:32853".parse().unwrap());
        assert_eq!(mapped.unwrap(), answered);
        let from = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        let answered = answer(&request(&[]), from).unwrap();
        let expected = [
            0, 0x20, 0, 20, 0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc,
            0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
        ];
        assert_eq!(answered.get(HEADER..).unwrap(), expected);
    }

    #[test]
    fn what_is_no_request_is_not_answered() {
        let from = "192.0.2.1:9".parse().unwrap();
        let software = [0x80, 0x22, 0, 3, b'a', b'b', b'c', 0];
        assert!(answer(&request(&software), from).is_some());
        let username = [0, 6, 0, 1, b'a', 0, 0, 0];
        assert!(answer(&request(&username), from).is_none(), "it must be understood");
        let response = answer(&request(&[]), from).unwrap();
        assert!(answer(&response, from).is_none(), "two servers would never stop");
        assert!(answer(&request(&[0x80; 3]), from).is_none());
        assert!(answer(&request(&[]).split_off(1), from).is_none());
        assert!(answer(&request(&software.repeat(100)), from).is_none(), "too long");
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..600), attributes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let from = "192.0.2.1:9".parse().unwrap();
            prop_assert!(answer(&bytes, from).is_none_or(|it| it.len() <= 44));
            prop_assert!(answer(&request(&attributes), from).is_none_or(|it| it.len() <= 44));
        }
    }

    #[tokio::test]
    async fn an_asker_is_answered_so_often() {
        let stun = Stun::bind(0).await.unwrap();
        let port = stun.port().unwrap();
        let stopping = CancellationToken::new();
        let running = tokio::spawn(stun.run(stopping.clone()));
        let asker = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        asker.connect(("127.0.0.1", port)).await.unwrap();
        let mut buffer = [0; 100];
        for _ in 0..120 {
            asker.send(&request(&[])).await.unwrap();
            let length = asker.recv(&mut buffer).await.unwrap();
            let own = asker.local_addr().unwrap();
            assert_eq!(buffer.get(..length).unwrap(), answer(&request(&[]), own).unwrap());
        }
        let flood = std::iter::repeat_n(request(&[]), 100);
        for datagram in flood {
            asker.send(&datagram).await.unwrap();
        }
        stopping.cancel();
        running.await.unwrap();
        let more = std::iter::from_fn(|| asker.try_recv(&mut buffer).ok()).count();
        assert!(more <= 5, "{more}");
    }
}
