//! The one careful client: the only way in which this node connects to other servers, and the only way in which their
//! documents come in.
//!
//! Every hop is checked before it is made: scheme, port, rules for its domain, and the network address at the moment of
//! the connection. Time, bytes and redirects are bounded. A document is believed only if the server that its id names
//! gave it, as ActivityPub.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kinora_activity::signature::Scheme;
use kinora_model::clock::Timestamp;
use kinora_model::host::Host;
use kinora_service::Service;
use quick_cache::sync::Cache;
use reqwest::header::HeaderMap;
use tokio::sync::Semaphore;
use url::Url;

use crate::address::Addresses;
use crate::config::{Config, is_playground};
use crate::deliver::Deliveries;
use crate::error::Error;
use crate::keys::Keys;

mod ask;
mod body;
mod check;
mod document;
mod post;
pub mod private;
pub mod resolver;
mod wellknown;

pub use document::{Fetched, Found, Page, Picture};
pub use post::Posted;

/// How long a connection may take to be made.
pub const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long the other side may be silent.
pub const READ_MAX: Duration = Duration::from_secs(10);

/// How long a request may take in all: redirects, second knock and body included.
pub const TOTAL_MAX: Duration = Duration::from_secs(30);

/// The most redirects that are followed, each checked like a first request.
pub const REDIRECTS_MAX: u32 = 3;

/// The largest document, in bytes, once unpacked.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// The largest picture, in bytes.
pub const PICTURE_BYTES_MAX: usize = 8 << 20;

/// The longest address that is asked for, in bytes.
pub const URL_LEN_MAX: usize = 2048;

/// Requests to one server at a time; more wait for their turn.
pub const HOST_REQUESTS_MAX: usize = 4;

/// For how long an address that could not be had is not asked for again.
pub const FAILED_FOR: Duration = Duration::from_secs(10);

/// Servers whose habits are remembered, and addresses that could not be had.
const REMEMBERED_MAX: usize = 4096;

/// Asks other servers.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    service: Arc<Service>,
    keys: Keys,
    /// Those who wait for a sign of life.
    deliveries: Arc<Deliveries>,
    ours: Host,
    enabled: bool,
    allow_private: bool,
    allow_http: bool,
    speaks_http: bool,
    memory: Arc<Memory>,
}

/// What is remembered of other servers until the node stops.
struct Memory {
    /// The form of signature that a server took last.
    schemes: Cache<Host, Scheme>,
    /// Turns at a server.
    turns: Cache<Host, Arc<Semaphore>>,
    /// Addresses that could not be had, and since when.
    failed: Cache<Url, Timestamp>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}

/// What another server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Where the last redirect led.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    /// A client that signs as this server.
    ///
    /// # Errors
    /// [`Error::Setting`] if the certificates of the settings cannot be used.
    pub(crate) fn open(
        service: Arc<Service>,
        config: &Config,
        addresses: &Addresses,
        (keys, deliveries): (Keys, Arc<Deliveries>),
        names: Arc<dyn resolver::Names>,
    ) -> Result<Self, Error> {
        let allow_private = config.allow_private;
        let mut builder = reqwest::Client::builder()
            .user_agent(user_agent(addresses))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_MAX)
            .read_timeout(READ_MAX)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(20))
            .http1_only()
            .referer(false)
            // A proxy would connect where this node must not.
            .no_proxy()
            .dns_resolver(Arc::new(resolver::Resolver { names, allow_private }));
        if let Some(path) = &config.extra_ca {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        let http = builder
            .build()
            .map_err(|error| Error::Setting(format!("the client cannot be made: {error}")))?;
        let memory = Memory {
            schemes: Cache::new(REMEMBERED_MAX),
            turns: Cache::new(REMEMBERED_MAX),
            failed: Cache::new(REMEMBERED_MAX),
        };
        Ok(Self {
            http,
            service,
            keys,
            deliveries,
            ours: addresses.host().clone(),
            enabled: config.enabled,
            allow_private,
            allow_http: is_playground(&addresses.url("/")),
            speaks_http: addresses.url("/").scheme() == "http",
            memory: Arc::new(memory),
        })
    }
}

/// How this node names itself to other servers.
fn user_agent(addresses: &Addresses) -> String {
    format!("Kinora/{} (+{}/)", env!("CARGO_PKG_VERSION"), addresses.origin())
}

fn certificates(path: &std::path::Path) -> Result<Vec<reqwest::Certificate>, Error> {
    let refuse = |reason: String| {
        Error::Setting(format!("federation.extra_ca {} cannot be used: {reason}", path.display()))
    };
    let pem = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| refuse(error.to_string()))
}
