//! What other servers run: asked when they first speak, and once a day at most. It decides which form of an activity a
//! server is told, and nothing that matters for safety: it may lie.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kinora_activity::nodeinfo::{self, Software};
use kinora_model::clock::Timestamp;
use kinora_model::host::Host;
use kinora_model::instance::Instance;
use kinora_service::attempt::attempt;
use kinora_store::Batch;
use quick_cache::sync::Cache;
use tokio::sync::Notify;
use tracing::{debug, warn};

use crate::Federation;
use crate::error::Error;

/// For how long it is believed what a server said of itself.
pub const BELIEVED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Servers that wait to be asked; more are asked when they speak again.
const WAITING_MAX: usize = 256;

/// Servers of which is remembered when they were met.
const REMEMBERED_MAX: usize = 16_384;

/// Those who ask.
pub(crate) const ASKERS: usize = 2;

/// The servers that are to be asked.
#[derive(Debug)]
pub(crate) struct Greeter {
    waiting: Mutex<VecDeque<Host>>,
    changed: Notify,
    met: Cache<Host, Timestamp>,
}

impl Default for Greeter {
    fn default() -> Self {
        Self { waiting: Mutex::default(), changed: Notify::new(), met: Cache::new(REMEMBERED_MAX) }
    }
}

impl Federation {
    /// A server spoke: it is asked what it runs, if that was not done lately.
    pub(crate) fn meet(&self, host: &Host) {
        let now = self.service.now();
        let greeter = &self.greeter;
        if greeter.met.get(host).is_some_and(|at| now.since(at) < BELIEVED_FOR) {
            return;
        }
        let mut waiting = greeter.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING_MAX {
            greeter.met.insert(host.clone(), now);
            waiting.push_back(host.clone());
            greeter.changed.notify_one();
        }
    }

    /// Asks servers until the node stops.
    pub(crate) async fn greet(&self) {
        loop {
            let next =
                self.greeter.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let work = async {
                match next {
                    Some(host) => {
                        if let Err(error) = Box::pin(self.ask_software(&host)).await {
                            warn!(host = %host, %error, "what a server runs could not be written");
                        }
                    }
                    None => self.greeter.changed.notified().await,
                }
            };
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = work => {}
            }
        }
    }

    /// Asks a server what it runs, unless it said so lately, and writes that down.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Service`]; a server that does not answer is none.
    pub async fn ask_software(&self, host: &Host) -> Result<(), Error> {
        let store = &self.service.store;
        let key = host.as_str().as_bytes();
        let now = self.service.now();
        let known = store.get::<Instance>(key).await?;
        let asked_at = known.and_then(|instance| instance.asked_at);
        if asked_at.is_some_and(|at| now.since(at) < BELIEVED_FOR) {
            return Ok(());
        }
        let told = match self.client.nodeinfo(host).await {
            Ok(document) => nodeinfo::software(&document),
            Err(error) => {
                debug!(host = %host, %error, "a server does not say what it runs");
                None
            }
        };
        attempt(|| async {
            let mut batch = Batch::default();
            match store.get::<Instance>(key).await? {
                Some(old) => batch.replace_row(&old, &after((*old).clone(), told.as_ref(), now))?,
                None => {
                    let new = Instance {
                        id: self.service.id(),
                        host: host.clone(),
                        software: None,
                        software_version: None,
                        asked_at: None,
                        created_at: now,
                    };
                    batch.insert_row(&after(new, told.as_ref(), now))?;
                }
            }
            store.commit(batch).await?;
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// What is known of a server after it was asked; what it said before stays if it said nothing now.
fn after(old: Instance, told: Option<&Software>, now: Timestamp) -> Instance {
    let (software, software_version) = match told {
        Some(told) => (Some(told.name.clone()), told.version.clone()),
        None => (old.software, old.software_version),
    };
    Instance { software, software_version, asked_at: Some(now), ..old }
}
