//! A federation room over a memory engine, whose names all lead to this machine.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use futures::future::BoxFuture;
use kinora_model::clock::{Clock, FixedClock, Timestamp};
use kinora_model::instance::{DomainLevel, DomainRule};
use kinora_service::Service;
use kinora_store::blob::Blobs;
use kinora_store::kv::memory::Memory;
use kinora_store::{Batch, Store};
use url::Url;

use crate::fetch::resolver::Names;
use crate::{Config, Federation};

/// Knows one address for all names.
#[derive(Debug)]
pub(crate) struct AllAt(pub(crate) Vec<IpAddr>);

impl Names for AllAt {
    fn look_up(&self, _name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let all = self.0.clone();
        Box::pin(async move { Ok(all) })
    }
}

/// A node that others would find at `http://home.test`.
pub(crate) struct Stage {
    pub(crate) room: Arc<Federation>,
    pub(crate) clock: Arc<FixedClock>,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// A node that may connect to this machine.
    pub(crate) fn new() -> Self {
        Self::with(Config { allow_private: true, ..Config::default() })
    }

    /// A node that may not.
    pub(crate) fn public() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self::knowing(config, Arc::new(AllAt(vec![Ipv4Addr::LOCALHOST.into()])))
    }

    pub(crate) fn knowing(config: Config, names: Arc<dyn Names>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(Timestamp::parse("2026-01-01").unwrap()));
        let shared: Arc<dyn Clock> = Arc::<FixedClock>::clone(&clock);
        let blobs = Blobs::open(folder.path()).unwrap();
        let store = Store::new(Arc::new(Memory::default()));
        let settings = kinora_service::Config::default();
        let service = Arc::new(Service::new(store, blobs, shared, settings));
        let public_url = Url::parse("http://home.test").unwrap();
        let room = Federation::open_with(service, config, &public_url, names).unwrap();
        Self { room, clock, _folder: folder }
    }

    /// Makes a rule for a domain.
    pub(crate) async fn rule(&self, domain: &str, level: DomainLevel) {
        let updated_at = self.clock.now();
        let rule = DomainRule { domain: domain.to_owned(), level, reason: None, updated_at };
        let mut batch = Batch::default();
        batch.put_row(&rule).unwrap();
        let service = &self.room.service;
        service.store.commit(batch).await.unwrap();
        service.domains.load(&service.store).await.unwrap();
    }
}
