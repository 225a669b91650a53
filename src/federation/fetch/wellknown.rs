//! What every server says of itself and of its handles: WebFinger (RFC 7033) and NodeInfo.

use kinora_model::host::Host;
use serde_json::Value;
use url::Url;

use super::Client;
use crate::error::Error;

/// The longest resource that is asked for, in bytes.
const RESOURCE_LEN_MAX: usize = 1024;

impl Client {
    /// What a server says of a resource: `acct:name@host` or an address. The answer may come from where the server
    /// redirects to; its subject is for the caller to check.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn webfinger(&self, host: &Host, resource: &str) -> Result<Value, Error> {
        if resource.len() > RESOURCE_LEN_MAX {
            return Err(Error::Limit("the length of a resource"));
        }
        let mut url = self.at(host, "/.well-known/webfinger")?;
        url.query_pairs_mut().append_pair("resource", resource);
        let (_, json) = self.plain_json(&url, "application/jrd+json, application/json").await?;
        Ok(json)
    }

    /// What a server says of its software: NodeInfo 2.1, else 2.0.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn nodeinfo(&self, host: &Host) -> Result<Value, Error> {
        let index = self.at(host, "/.well-known/nodeinfo")?;
        let (_, index) = self.plain_json(&index, "application/json").await?;
        let links = index.get("links").and_then(Value::as_array);
        let link = |version: &str| {
            let rel = format!("http://nodeinfo.diaspora.software/ns/schema/{version}");
            let link = links?.iter().take(16).find(|link| {
                link.get("rel")
                    .and_then(Value::as_str)
                    .is_some_and(|it| it.eq_ignore_ascii_case(&rel))
            });
            let url = Url::parse(link?.get("href")?.as_str()?).ok()?;
            // Nobody else speaks for a server.
            (Host::of(&url).as_ref() == Some(host)).then_some(url)
        };
        let url = link("2.1").or_else(|| link("2.0"));
        let url = url.ok_or_else(|| Error::Unreadable("it has no NodeInfo".to_owned()))?;
        let (_, json) = self.plain_json(&url, "application/json").await?;
        Ok(json)
    }

    /// Where the peers of a node begin (docs/p2p-protocol.md, 1.1).
    ///
    /// # Errors
    /// As [`Client::get`]; a server that is no node of this kind has no such thing.
    pub async fn bootstrap(&self, host: &Host) -> Result<Value, Error> {
        let url = self.at(host, "/api/kinora/v1/p2p")?;
        let (_, json) = self.plain_json(&url, "application/json").await?;
        Ok(json)
    }

    /// An address on a server of which only the host is known: with https, except in playgrounds without it.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is no such address.
    pub fn at(&self, host: &Host, path: &str) -> Result<Url, Error> {
        let scheme = if self.plain_hosts(host) { "http" } else { "https" };
        let mut url = Url::parse(&format!("{scheme}://{host}/"))
            .map_err(|_bad| Error::Refused("this is no host"))?;
        url.set_path(path);
        Ok(url)
    }

    /// True if a server speaks plain http: none does but those of the playground that this node lives in, if it speaks
    /// plain http itself.
    fn plain_hosts(&self, host: &Host) -> bool {
        let url = Url::parse(&format!("https://{host}/"));
        self.speaks_http && url.is_ok_and(|url| crate::config::is_playground(&url))
    }
}
