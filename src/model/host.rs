//! A host: where a fediverse server lives.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// The longest host with its port, in bytes.
pub const HOST_LEN_MAX: usize = 260;

/// The host of an address in lower case and in ASCII (punycode), with its port if that is not the usual one of https:
/// the part of a handle after its second `@`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Host(String);

impl Host {
    /// Reads what people type after the `@`: `example.org`, `Bücher.example`, `[::1]:3000`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = !text.contains(['/', '?', '#', '@', '\\', '%']) && text.len() <= HOST_LEN_MAX;
        let url = plain.then(|| Url::parse(&format!("https://{text}/")).ok()).flatten()?;
        Self::of(&url)
    }

    /// The host of an http or https address.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() || host.len() > HOST_LEN_MAX {
            return None;
        }
        // Two servers on one name are two hosts: the usual port of http is not that of https, but nobody runs both.
        Some(Self(match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }))
    }

    /// The host as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without its port: what domain rules speak of.
    #[must_use]
    pub fn domain(&self) -> &str {
        match self.0.rsplit_once(':') {
            Some((domain, port)) if port.bytes().all(|c| c.is_ascii_digit()) => domain,
            _ => &self.0,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_ascii_and_keep_unusual_ports() {
        let read = |text: &str| Host::parse(text).unwrap().to_string();
        assert_eq!(read("Bücher.Example"), "xn--bcher-kva.example");
        assert_eq!(read("a.example:443"), "a.example");
        assert_eq!(read("a.example:3000"), "a.example:3000");
        assert_eq!(read("a.example."), "a.example");
        assert_eq!(Host::parse("[::1]:3000").unwrap().domain(), "[::1]");
        for bad in ["", "a/b", "user@host", "a b", "a.example:99999", "%41"] {
            assert_eq!(Host::parse(bad), None, "{bad}");
        }
    }
}
