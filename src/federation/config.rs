//! Settings of federation.

use std::path::PathBuf;

use kinora_model::host::Host;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::Error;

/// Settings of federation (`[federation]` of the configuration file).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether this node talks with other servers at all.
    pub enabled: bool,
    /// Whether private network addresses may be connected to; only for a public address that is itself under `.test`,
    /// `.localhost` or on loopback.
    pub allow_private: bool,
    /// Certificates, PEM, that are trusted besides those of the web: for networks of one's own.
    pub extra_ca: Option<PathBuf>,
    /// Whether those who ask for documents must sign, as Mastodon's secure mode has it; actors' keys can always be read.
    pub authorized_fetch: bool,
    /// Whether other servers may follow this one without an administrator's answer.
    pub accept_instance_followers: bool,
    /// Deliveries under way at a time, in all.
    pub deliveries_max: usize,
    /// Pages of an outbox that are read when someone here begins to follow.
    pub backfill_pages_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            allow_private: false,
            extra_ca: None,
            authorized_fetch: false,
            accept_instance_followers: true,
            deliveries_max: 64,
            backfill_pages_max: 50,
        }
    }
}

impl Config {
    /// Checks that the settings go together for a node that others find at `public_url`.
    ///
    /// # Errors
    /// [`Error::Setting`] that says which do not.
    pub fn check(&self, public_url: &Url) -> Result<(), Error> {
        if self.allow_private && !is_playground(public_url) {
            let detail = "federation.allow_private is only for a public address on loopback or below .test or .localhost";
            return Err(Error::Setting(detail.to_owned()));
        }
        if self.enabled && public_url.scheme() == "http" && !is_playground(public_url) {
            let detail = "federation needs a public address with https";
            return Err(Error::Setting(detail.to_owned()));
        }
        Ok(())
    }
}

/// True for an address that nobody outside this machine or a test can mean: on loopback or below `.test` or
/// `.localhost` (RFC 6761).
#[must_use]
pub fn is_playground(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(_)) => Host::of(url).is_some_and(|host| {
            let last = host.domain().rsplit('.').next().unwrap_or_default();
            matches!(last, "test" | "localhost")
        }),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn private_addresses_are_for_playgrounds_alone() {
        let config = Config { allow_private: true, ..Config::default() };
        for (url, fine) in [
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("https://a.test", true),
            ("http://kinora.localhost:3000", true),
            ("https://films.example", false),
            ("https://test.example", false),
            ("http://192.168.1.2", false),
            ("https://127.0.0.1.example", false),
        ] {
            assert_eq!(config.check(&Url::parse(url).unwrap()).is_ok(), fine, "{url}");
        }
    }

    #[test]
    fn the_open_net_is_spoken_to_with_https() {
        let check = |url: &str| Config::default().check(&Url::parse(url).unwrap());
        assert!(check("http://films.example").is_err());
        assert!(check("https://films.example").is_ok());
        assert!(check("http://localhost:9000").is_ok());
    }
}
