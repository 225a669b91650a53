//! How nodes reach each other: QUIC, TCP, and through others where neither does.

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::global_only;
use libp2p::core::transport::{Boxed, OrTransport};
use libp2p::identity::Keypair;
use libp2p::{PeerId, Transport, dns, quic, relay, tcp};

use crate::error::Error;
use crate::secured::{HANDSHAKE, secured};

/// What may be on its way on one connection and one stream before it is read.
const CONNECTION_BYTES: u32 = 4 << 20;
const STREAM_BYTES: u32 = 1 << 20;

/// All ways to other nodes. Addresses inside of networks are not dialled unless they may be, whatever name led to them.
///
/// # Errors
/// [`Error::Network`] if names cannot be looked up, or the key does not make a certificate.
pub(crate) fn open(
    keypair: &Keypair,
    private_addresses: bool,
) -> Result<(Boxed<(PeerId, StreamMuxerBox)>, relay::client::Behaviour), Error> {
    let network = |error: &dyn std::fmt::Display| Error::Network(error.to_string());
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let tcp = secured(tcp, keypair).map_err(|error| network(&error))?;
    let mut config = quic::Config::new(keypair);
    config.handshake_timeout = HANDSHAKE;
    config.max_connection_data = CONNECTION_BYTES;
    config.max_stream_data = STREAM_BYTES;
    let quic = quic::tokio::Transport::new(config)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
        .boxed();
    let direct = OrTransport::new(quic, tcp).map(|either, _| either.into_inner()).boxed();
    let direct =
        if private_addresses { direct } else { global_only::Transport::new(direct).boxed() };
    let named = dns::tokio::Transport::system(direct).map_err(|error| network(&error))?;
    let (relayed, client) = relay::client::new(keypair.public().to_peer_id());
    let relayed = secured(relayed, keypair).map_err(|error| network(&error))?;
    let all = OrTransport::new(relayed, named).map(|either, _| either.into_inner()).boxed();
    Ok((all, client))
}
