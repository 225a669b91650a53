//! Which addresses may be asked for at all.

use std::net::IpAddr;

use kinora_model::host::Host;
use url::Url;

use super::private::is_private;
use super::{Client, URL_LEN_MAX};
use crate::error::Error;

/// Ports below 1024 where other things than the web listen.
const WELL_KNOWN_PORTS_END: u16 = 1024;

impl Client {
    /// Checks an address before anything is sent to it, and says whose it is.
    ///
    /// # Errors
    /// [`Error::Refused`] for what is no address of another web server, [`Error::PrivateAddress`],
    /// [`Error::Blocked`] by the rules for domains.
    pub fn check(&self, url: &Url) -> Result<Host, Error> {
        let host = self.check_form(url)?;
        if self.service.domains.blocks(&host) {
            return Err(Error::Blocked(host));
        }
        Ok(host)
    }

    /// The part of the check that needs no rules.
    pub(super) fn check_form(&self, url: &Url) -> Result<Host, Error> {
        if !self.enabled {
            return Err(Error::Refused("federation is switched off"));
        }
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            _ => return Err(Error::Refused("the address is not one of https")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Refused("the address has a user name in it"));
        }
        if url.as_str().len() > URL_LEN_MAX {
            return Err(Error::Limit("the length of an address"));
        }
        let host = Host::of(url).ok_or(Error::Refused("the address has no host"))?;
        if host == self.ours {
            return Err(Error::Refused("the address is one of ours"));
        }
        let port = url.port_or_known_default().unwrap_or_default();
        let literal = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(url::Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            // A second name for the same server would go round the rules for its domain.
            Some(url::Host::Domain(name)) if name.ends_with('.') => {
                return Err(Error::Refused("the host ends with a dot"));
            }
            _ => None,
        };
        if self.allow_private {
            return Ok(host);
        }
        // The resolver does not see addresses that need no resolving.
        if literal.is_some_and(is_private) {
            return Err(Error::PrivateAddress);
        }
        if !matches!(port, 80 | 443) && port < WELL_KNOWN_PORTS_END {
            return Err(Error::Refused("nothing of the web listens on this port"));
        }
        Ok(host)
    }
}
