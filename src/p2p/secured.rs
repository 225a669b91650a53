//! What is done with every connection that is a plain stream of bytes: who is there is found out, and streams share it.

use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, Transport, noise, yamux};

/// How long a peer may take to say who it is.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);

/// Streams of one connection at a time; what waits unread on each is bounded by its window.
const STREAMS_MAX: usize = 64;

/// A transport whose connections are encrypted (Noise) and shared by streams (Yamux).
///
/// # Errors
/// If the key does not sign.
pub(crate) fn secured<T>(
    transport: T,
    keypair: &Keypair,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, noise::Error>
where
    T: Transport + Send + Unpin + 'static,
    T::Output: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    T::Error: Send + Sync + 'static,
    T::ListenerUpgrade: Send,
    T::Dial: Send,
{
    let upgraded = transport
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keypair)?)
        .multiplex(multiplexer())
        .timeout(HANDSHAKE)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    Ok(upgraded.boxed())
}

/// How streams share a connection.
pub(crate) fn multiplexer() -> yamux::Config {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(STREAMS_MAX);
    config
}
