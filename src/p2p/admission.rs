//! Which connections are taken: so many in all, for a peer, and for a network address.
//!
//! Tunnels come from this machine, where their own gate has counted them by address; here they are bounded in all.
//! libp2p's own connection limits never forget a peer id, and every page of every browser has a new one.

use std::collections::HashMap;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::address::{host_of, ip};

/// Connections at a time whose peer has not yet said who it is.
const UNKNOWN_MAX: usize = 128;

/// Connections of one peer at a time: a new one may come before the old one is known to be gone.
const PER_PEER_MAX: u32 = 2;

/// Connections at a time that come from elsewhere than through a tunnel, in all.
const DIRECT_MAX: usize = 256;

/// Those of one network address.
const PER_HOST_MAX: u32 = 8;

/// A connection beyond a limit.
#[derive(Debug, thiserror::Error)]
#[error("too many connections {0}")]
pub(crate) struct TooMany(&'static str);

/// Counts connections that others opened.
#[derive(Debug)]
pub(crate) struct Admission {
    tunnels_max: usize,
    taken: HashMap<ConnectionId, Taken>,
    unknown: usize,
    direct: usize,
    by_host: HashMap<u128, u32>,
    by_peer: HashMap<PeerId, u32>,
}

/// A connection that counts.
#[derive(Debug)]
struct Taken {
    /// None for a tunnel.
    host: Option<u128>,
    /// None until it has said who it is.
    peer: Option<PeerId>,
}

impl Admission {
    pub(crate) fn new(tunnels_max: u32) -> Self {
        Self {
            tunnels_max: usize::try_from(tunnels_max).unwrap_or(usize::MAX),
            taken: HashMap::new(),
            unknown: 0,
            direct: 0,
            by_host: HashMap::new(),
            by_peer: HashMap::new(),
        }
    }

    fn take(&mut self, id: ConnectionId, remote: &Multiaddr) -> Result<(), TooMany> {
        if self.unknown >= UNKNOWN_MAX {
            return Err(TooMany("of peers that have not said who they are"));
        }
        let host = ip(remote).filter(|ip| !ip.is_loopback()).map(host_of);
        match host {
            Some(host) => {
                if self.direct >= DIRECT_MAX {
                    return Err(TooMany("in all"));
                }
                let mine = self.by_host.get(&host).copied().unwrap_or(0);
                if mine >= PER_HOST_MAX {
                    return Err(TooMany("from this address"));
                }
                self.by_host.insert(host, mine.saturating_add(1));
                self.direct = self.direct.saturating_add(1);
            }
            None if self.taken.len().saturating_sub(self.direct) >= self.tunnels_max => {
                return Err(TooMany("in all"));
            }
            None => {}
        }
        self.unknown = self.unknown.saturating_add(1);
        self.taken.insert(id, Taken { host, peer: None });
        Ok(())
    }

    fn known(&mut self, id: ConnectionId, peer: PeerId) -> Result<(), TooMany> {
        let mine = self.by_peer.get(&peer).copied().unwrap_or(0);
        if mine >= PER_PEER_MAX {
            return Err(TooMany("of this peer"));
        }
        if let Some(taken) = self.taken.get_mut(&id)
            && taken.peer.is_none()
        {
            taken.peer = Some(peer);
            self.unknown = self.unknown.saturating_sub(1);
            self.by_peer.insert(peer, mine.saturating_add(1));
        }
        Ok(())
    }

    fn release(&mut self, id: ConnectionId) {
        let Some(taken) = self.taken.remove(&id) else { return };
        if let Some(host) = taken.host {
            self.direct = self.direct.saturating_sub(1);
            one_less(&mut self.by_host, &host);
        }
        match taken.peer {
            Some(peer) => one_less(&mut self.by_peer, &peer),
            None => self.unknown = self.unknown.saturating_sub(1),
        }
    }
}

/// Counts one less, and forgets what is at zero.
fn one_less<K: std::hash::Hash + Eq + Copy>(counts: &mut HashMap<K, u32>, key: &K) {
    let left = counts.get(key).copied().unwrap_or(0).saturating_sub(1);
    if left == 0 {
        counts.remove(key);
    } else {
        counts.insert(*key, left);
    }
}

impl NetworkBehaviour for Admission {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = std::convert::Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.take(id, remote).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _local: &Multiaddr,
        _remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.known(id, peer).map_err(ConnectionDenied::new)?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _id: ConnectionId,
        _peer: PeerId,
        _address: &Multiaddr,
        _role: Endpoint,
        _port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        match event {
            FromSwarm::ConnectionClosed(closed) => self.release(closed.connection_id),
            FromSwarm::ListenFailure(failed) => self.release(failed.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _peer: PeerId,
        _id: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(
        &mut self,
        _context: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn id(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    fn from(address: &str) -> Multiaddr {
        address.parse().unwrap()
    }

    #[test]
    fn an_address_cannot_take_the_places_of_others() {
        let mut admission = Admission::new(10);
        let greedy = from("/ip4/192.0.2.1/tcp/5000");
        let let_in = (0..100).filter(|number| admission.take(id(*number), &greedy).is_ok()).count();
        assert_eq!(let_in, 8);
        admission.take(id(100), &from("/ip4/192.0.2.2/udp/1/quic-v1")).unwrap();
        admission.take(id(101), &from("/ip4/127.0.0.1/tcp/1/ws")).unwrap();
    }

    #[test]
    fn a_flood_of_silent_connections_ends_at_a_bound_and_is_forgotten() {
        let mut admission = Admission::new(100_000);
        let tunnel = from("/ip4/127.0.0.1/tcp/1/ws");
        let let_in = (0..1_000).filter(|number| admission.take(id(*number), &tunnel).is_ok());
        assert_eq!(let_in.count(), UNKNOWN_MAX);
        for number in 0..1_000 {
            admission.release(id(number));
            admission.release(id(number));
        }
        assert_eq!((admission.unknown, admission.taken.len()), (0, 0));
    }

    #[test]
    fn a_peer_has_two_connections_and_leaves_nothing_behind() {
        let mut admission = Admission::new(100);
        let peer = PeerId::random();
        let remote = from("/ip6/2001:db8::1/tcp/1");
        for number in 0..3 {
            admission.take(id(number), &remote).unwrap();
            assert_eq!(admission.known(id(number), peer).is_ok(), number < 2);
        }
        for number in 0..3 {
            admission.release(id(number));
        }
        assert!(admission.by_peer.is_empty() && admission.by_host.is_empty());
        assert_eq!((admission.unknown, admission.direct), (0, 0));
    }
}
