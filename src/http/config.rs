//! Settings of the web server.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use url::Url;

/// Where Kinora listens unless told otherwise: this machine alone.
const LISTEN_DEFAULT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), PORT_DEFAULT);

const PORT_DEFAULT: u16 = 8080;

/// Settings of the web server (`[http]` of the configuration file).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port.
    pub listen: SocketAddr,
    /// Where browsers find the node: scheme, host and port that stand in all its addresses.
    pub public_url: Url,
    /// Whether a proxy on this machine or its network may say who asks (`X-Forwarded-For`).
    pub trust_proxy: bool,
    /// Threads that answer; absent is one for each core.
    pub workers: Option<usize>,
    /// Connections that one thread holds open at a time.
    pub connections_max: usize,
    /// How long an idle connection is kept, in seconds.
    pub keep_alive_s: u64,
    /// How long requests that are under way may take to end when the node stops, in seconds.
    pub stop_s: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: LISTEN_DEFAULT,
            public_url: local_url(PORT_DEFAULT),
            trust_proxy: false,
            workers: None,
            connections_max: 10_000,
            keep_alive_s: 75,
            stop_s: 20,
        }
    }
}

impl Config {
    /// The address of a path (which begins with `/`) as others see it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Scheme, host and port, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// Host, and port if it is not the scheme's own: what stands after the `@` of a handle.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.public_url.host_str().unwrap_or("localhost");
        match self.public_url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

fn local_url(port: u16) -> Url {
    #[expect(clippy::expect_used, reason = "a constant")]
    let mut url = Url::parse("http://localhost").expect("a sound address");
    // A port can be set wherever there is a host.
    let _set = url.set_port(Some(port));
    url
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn addresses_stand_on_the_public_url_without_a_double_slash() {
        let config =
            Config { public_url: Url::parse("https://a.example/").unwrap(), ..Config::default() };
        assert_eq!(config.url("/w/1"), "https://a.example/w/1");
        assert_eq!(config.host(), "a.example");
        assert_eq!(Config::default().host(), "localhost:8080");
    }
}
