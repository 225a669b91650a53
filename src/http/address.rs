//! The network address of who asks: for rate limits, never for logs.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use crate::problem::Problem;
use crate::server::App;

/// The network address of who asks: that of the socket, or what a trusted proxy says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl FromRequest for ClientAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let app = request.app_data::<web::Data<App>>();
        let trusted = app.is_some_and(|app| app.config.trust_proxy);
        ready(Ok(Self(of(request, trusted))))
    }
}

fn of(request: &HttpRequest, trust_proxy: bool) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip());
    if !trust_proxy || !is_near(peer) {
        return peer;
    }
    // A proxy adds who asked it at the end; what stands before may be made up.
    let said = request.headers().get_all("x-forwarded-for").last();
    let last = said.and_then(|value| value.to_str().ok()).and_then(|list| list.rsplit(',').next());
    last.and_then(|address| address.trim().parse().ok()).unwrap_or(peer)
}

/// True for this machine and private networks, where a proxy of the same house may stand.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use actix_web::test::TestRequest;

    fn asked(peer: &str, trust: bool) -> String {
        let request = TestRequest::default()
            .peer_addr(peer.parse().unwrap())
            .insert_header(("x-forwarded-for", "1.2.3.4, 5.6.7.8"))
            .to_http_request();
        of(&request, trust).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_near_by_may_say_who_asks() {
        assert_eq!(asked("127.0.0.1:1", true), "5.6.7.8");
        assert_eq!(asked("127.0.0.1:1", false), "127.0.0.1");
        assert_eq!(asked("9.9.9.9:1", true), "9.9.9.9");
    }
}
