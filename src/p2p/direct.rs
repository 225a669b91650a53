//! Browsers that come by UDP, past the web server (webrtc-direct): for those whose way to it lets no WebSocket pass.
//!
//! Only programs built with the feature `webrtc-direct` have it: what it is built on is an alpha (libp2p-webrtc), and some
//! 70 crates more.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use tracing::warn;
use url::Url;

use crate::config::Config;
use crate::error::Error;

/// A UDP port at which browsers come in, of IPv4.
#[derive(Clone, Debug)]
pub(crate) struct UdpDoor {
    port: u16,
    /// The certificate that browsers are told the hash of, with its key, in PEM; made at the first start.
    #[cfg_attr(not(feature = "webrtc-direct"), expect(dead_code, reason = "nothing opens it"))]
    certificate: PathBuf,
}

impl UdpDoor {
    /// What the settings want; `key` is the node's, beside which the certificate is kept.
    ///
    /// # Errors
    /// [`Error::NotBuilt`] if this program does not have it.
    pub(crate) fn wanted(config: &Config, key: &Path) -> Result<Option<Self>, Error> {
        if config.webrtc_direct_port == 0 {
            return Ok(None);
        }
        if cfg!(not(feature = "webrtc-direct")) {
            return Err(Error::NotBuilt {
                setting: "p2p.webrtc_direct_port",
                feature: "webrtc-direct",
            });
        }
        let certificate = key.with_file_name("webrtc.pem");
        Ok(Some(Self { port: config.webrtc_direct_port, certificate }))
    }

    /// Where to listen.
    pub(crate) fn local(&self) -> Multiaddr {
        at(Ipv4Addr::UNSPECIFIED, self.port)
    }

    /// Where browsers find it: at the addresses that the public name has, since they do not look names up.
    pub(crate) async fn public(&self, public_url: &Url, listening: &Multiaddr) -> Vec<Multiaddr> {
        let hash = listening.iter().find(|part| matches!(part, Protocol::Certhash(_)));
        let name = public_url.host_str().unwrap_or_default();
        let (Some(hash), Some(port)) = (hash, port(listening)) else { return Vec::new() };
        match tokio::net::lookup_host((name, 0)).await {
            Ok(found) => {
                let ips = found.filter_map(|it| match it.ip() {
                    IpAddr::V4(ip) => Some(ip),
                    IpAddr::V6(_) => None,
                });
                ips.map(|ip| at(ip, port).with(hash.clone())).collect()
            }
            Err(error) => {
                warn!(%error, name, "browsers are not told where to come by UDP");
                Vec::new()
            }
        }
    }
}

fn at(ip: Ipv4Addr, port: u16) -> Multiaddr {
    Multiaddr::from(ip).with(Protocol::Udp(port)).with(Protocol::WebRTCDirect)
}

fn port(address: &Multiaddr) -> Option<u16> {
    address.iter().find_map(|part| match part {
        Protocol::Udp(port) => Some(port),
        _ => None,
    })
}

#[cfg(feature = "webrtc-direct")]
pub(crate) use opened::transport;

#[cfg(feature = "webrtc-direct")]
mod opened {
    use libp2p::core::muxing::StreamMuxerBox;
    use libp2p::core::transport::{Boxed, OptionalTransport};
    use libp2p::identity::Keypair;
    use libp2p::{PeerId, Transport as _};
    use libp2p_webrtc::tokio::{Certificate, Transport};

    use super::UdpDoor;
    use crate::error::Error;
    use crate::identity;

    /// What browsers come in by; nothing without a door.
    ///
    /// # Errors
    /// [`Error::Identity`] if the certificate cannot be read or made.
    pub(crate) fn transport(
        keypair: &Keypair,
        door: Option<&UdpDoor>,
    ) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Error> {
        // DTLS asks for the one of this process, and panics if there is none; another that was first is as good.
        let _other = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let transport = match door {
            Some(door) => {
                let certificate = certificate(door)?;
                OptionalTransport::some(Transport::new(keypair.clone(), certificate))
            }
            None => OptionalTransport::none(),
        };
        let boxed = transport.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer))).boxed();
        Ok(boxed)
    }

    fn certificate(door: &UdpDoor) -> Result<Certificate, Error> {
        let pem = identity::kept(&door.certificate, || {
            let made = Certificate::generate(&mut rand::rng()).map_err(|it| it.to_string())?;
            Ok(made.serialize_pem().into_bytes())
        })?;
        let unusable = |reason| identity::unusable(&door.certificate, reason);
        let pem = String::from_utf8(pem).map_err(|it| unusable(it.to_string()))?;
        Certificate::from_pem(&pem).map_err(|it| unusable(it.to_string()))
    }
}
