//! Where peers find this node: written from the public address, never from where it listens.

use std::net::IpAddr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use url::{Host, Url};

use crate::error::Error;

/// The address of the WebSocket at the root of `public_url`: `/dns/films.example/tcp/443/wss`.
///
/// # Errors
/// [`Error::PublicAddress`] if it is not an http or https address.
pub(crate) fn websocket(public_url: &Url) -> Result<Multiaddr, Error> {
    let unusable = || Error::PublicAddress(public_url.to_string());
    let port = public_url.port_or_known_default().ok_or_else(unusable)?;
    let protocol = match public_url.scheme() {
        "https" => Protocol::Wss("/".into()),
        "http" => Protocol::Ws("/".into()),
        _ => return Err(unusable()),
    };
    Ok(of_host(public_url).ok_or_else(unusable)?.with(Protocol::Tcp(port)).with(protocol))
}

/// Where other nodes reach this one: by QUIC, else by TCP.
pub(crate) fn of_node(public_url: &Url, port: u16) -> Vec<Multiaddr> {
    let host = of_host(public_url).into_iter();
    host.flat_map(|host| {
        let quic = host.clone().with(Protocol::Udp(port)).with(Protocol::QuicV1);
        [quic, host.with(Protocol::Tcp(port))]
    })
    .collect()
}

fn of_host(public_url: &Url) -> Option<Multiaddr> {
    let host = match public_url.host()? {
        Host::Domain(name) => Protocol::Dns(name.to_owned().into()),
        Host::Ipv4(ip) => Protocol::Ip4(ip),
        Host::Ipv6(ip) => Protocol::Ip6(ip),
    };
    Some(Multiaddr::empty().with(host))
}

/// The host of `public_url`, with its port unless it is the scheme's own.
///
/// # Errors
/// [`Error::PublicAddress`] if it has none.
pub(crate) fn host(public_url: &Url) -> Result<String, Error> {
    let host = public_url.host_str().ok_or(Error::PublicAddress(public_url.to_string()))?;
    Ok(match public_url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// The network address that a peer's address begins with.
pub(crate) fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

/// What stands for one host: its IPv4 address, or the /64 of IPv6 that it can choose from.
pub(crate) fn host_of(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn browsers_are_told_the_public_address() {
        for (url, told) in [
            ("https://films.example", "/dns/films.example/tcp/443/wss"),
            ("https://films.example:8443", "/dns/films.example/tcp/8443/wss"),
            ("http://localhost:8080", "/dns/localhost/tcp/8080/ws"),
            ("http://127.0.0.1:9000", "/ip4/127.0.0.1/tcp/9000/ws"),
            ("http://[::1]:9000", "/ip6/::1/tcp/9000/ws"),
        ] {
            assert_eq!(websocket(&Url::parse(url).unwrap()).unwrap().to_string(), told);
        }
        assert!(websocket(&Url::parse("ftp://films.example").unwrap()).is_err());
    }

    #[test]
    fn a_host_has_one_address_of_the_old_kind_and_many_of_the_new() {
        let host = |text: &str| host_of(text.parse().unwrap());
        assert_ne!(host("192.0.2.1"), host("192.0.2.2"));
        assert_eq!(host("192.0.2.1"), host("::ffff:192.0.2.1"));
        assert_eq!(host("2001:db8::1"), host("2001:db8::ffff:1"));
        assert_ne!(host("2001:db8::1"), host("2001:db8:0:1::1"));
    }
}
