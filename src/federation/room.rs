//! The room: what every part of federation works with.

use std::sync::Arc;
use std::time::Duration;

use kinora_model::job::Lane;
use kinora_service::Service;
use kinora_service::worker::{self, Turns};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use url::Url;

use crate::address::Addresses;
use crate::config::Config;
use crate::deliver::Deliveries;
use crate::documents::Shelf;
use crate::error::Error;
use crate::fetch::Client;
use crate::fetch::resolver::{Names, SystemNames};
use crate::keys::Keys;
use crate::meeting::Met;
use crate::metrics::Metrics;
use crate::software::{ASKERS, Greeter};
use crate::verify::Signers;

/// Workers for each lane: what is told goes out in order; what comes in waits for other servers now and then.
const WORKERS: [(Lane, usize); 4] =
    [(Lane::Federate, 1), (Lane::Receive, 8), (Lane::Crawl, 4), (Lane::Replicate, 2)];

/// How long workers may take to stop.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// Talks with other servers: one a node, shared by those who answer requests and by its own workers.
#[derive(Debug)]
pub struct Federation {
    /// The use cases.
    pub service: Arc<Service>,
    /// The settings of this room.
    pub config: Config,
    /// What is ours.
    pub addresses: Addresses,
    /// The one client that asks other servers.
    pub client: Client,
    /// The keys of our actors.
    pub keys: Keys,
    pub(crate) signers: Signers,
    pub(crate) greeter: Greeter,
    /// What this room counts.
    pub metrics: Metrics,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) shelf: Shelf,
    pub(crate) met: Met,
    pub(crate) stopping: CancellationToken,
}

/// The workers of the federation room.
#[derive(Debug)]
pub struct Workers {
    tasks: JoinSet<()>,
    stopping: CancellationToken,
}

impl Workers {
    /// Stops: what is under way goes on after the next start.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WAIT, all).await.is_err() {
            warn!("federation did not stop in time; its jobs are taken up at the next start");
        }
    }
}

impl Federation {
    /// The room of a node that others find at `public_url`.
    ///
    /// # Errors
    /// [`Error::Setting`] if the settings do not go together.
    pub fn open(
        service: Arc<Service>,
        config: Config,
        public_url: &Url,
    ) -> Result<Arc<Self>, Error> {
        Self::open_with(service, config, public_url, Arc::new(SystemNames))
    }

    /// The same, with somebody else to ask for the addresses of names.
    ///
    /// # Errors
    /// As [`Federation::open`].
    pub fn open_with(
        service: Arc<Service>,
        config: Config,
        public_url: &Url,
        names: Arc<dyn Names>,
    ) -> Result<Arc<Self>, Error> {
        config.check(public_url)?;
        let addresses = Addresses::new(public_url)
            .ok_or(Error::Setting("the public address has no host".to_owned()))?;
        let keys = Keys::new(Arc::clone(&service), addresses.clone());
        let deliveries = Arc::new(Deliveries::new(config.deliveries_max));
        let known = (keys.clone(), Arc::clone(&deliveries));
        let client = Client::open(Arc::clone(&service), &config, &addresses, known, names)?;
        let (signers, stopping) = (Signers::default(), CancellationToken::new());
        Ok(Arc::new(Self {
            service,
            config,
            addresses,
            client,
            keys,
            signers,
            greeter: Greeter::default(),
            metrics: Metrics::default(),
            deliveries,
            shelf: Shelf::default(),
            met: Met::default(),
            stopping,
        }))
    }

    /// Starts the workers. If federation is switched off, only those that let go what others would be told.
    #[must_use]
    pub fn start(self: &Arc<Self>) -> Workers {
        let mut tasks = JoinSet::new();
        let enabled = self.config.enabled;
        if enabled {
            let room = Arc::clone(self);
            tasks.spawn(room.deliver());
            let room = Arc::clone(self);
            tasks.spawn(async move { room.tidy().await });
            let room = Arc::clone(self);
            tasks.spawn(async move { room.stay_awake().await });
            let room = Arc::clone(self);
            tasks.spawn(async move {
                room.stopping.run_until_cancelled(room.seek_friends()).await;
            });
            for _ in 0..ASKERS {
                let room = Arc::clone(self);
                tasks.spawn(async move { room.greet().await });
            }
        }
        for (lane, count) in WORKERS.into_iter().filter(|(it, _)| enabled || *it == Lane::Federate)
        {
            let turns = Arc::new(Turns::default());
            for number in 0..count {
                let (room, turns) = (Arc::clone(self), Arc::clone(&turns));
                tasks.spawn(async move {
                    let name = format!("{lane:?}-{number}");
                    worker::work(&room.service, &*room, lane, &name, &turns, &room.stopping).await;
                });
            }
        }
        Workers { tasks, stopping: self.stopping.clone() }
    }
}
