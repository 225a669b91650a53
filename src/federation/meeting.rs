//! Nodes that agreed to keep copies of each other's videos meet in the network of peers, too: who is behind a router
//! there can help when one of them is gone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kinora_model::host::Host;
use kinora_service::pacts;
use serde_json::Value;
use tracing::{debug, warn};

use crate::Federation;
use crate::error::Error;

/// How often a node is asked where its peers meet.
const ASK_EVERY: Duration = Duration::from_mins(30);

/// Addresses of one node that are taken.
const ADDRESSES_MAX: usize = 8;

/// The longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 300;

/// Whom this node met lately.
#[derive(Debug, Default)]
pub(crate) struct Met(Mutex<HashMap<Host, Instant>>);

impl Met {
    /// True if it is time to ask a node again; it counts as asked then.
    fn is_due(&self, host: &Host) -> bool {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        met.retain(|_, at| now.duration_since(*at) < ASK_EVERY);
        let due = !met.contains_key(host);
        if due {
            met.insert(host.clone(), now);
        }
        due
    }
}

impl Federation {
    /// Meets all nodes that there are agreements with.
    pub(crate) async fn seek_friends(&self) {
        match pacts::list(&self.service).await {
            Ok(pacts) => {
                for pact in pacts {
                    self.seek_peers(&pact.host).await;
                }
            }
            Err(error) => warn!(%error, "the nodes that are to be met are not known"),
        }
    }

    /// Meets a node in the network of peers, unless it did lately or there is no such network.
    pub(crate) async fn seek_peers(&self, host: &Host) {
        let Some(providers) = self.service.providers.get() else { return };
        if !self.met.is_due(host) {
            return;
        }
        match self.where_peers_meet(host).await {
            Ok(addresses) => providers.meet(addresses).await,
            Err(error) => debug!(%host, %error, "a node does not say where its peers meet"),
        }
    }

    async fn where_peers_meet(&self, host: &Host) -> Result<Vec<String>, Error> {
        let bootstrap = self.client.bootstrap(host).await?;
        let listed = bootstrap.get("nodes").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(Value::as_str);
        let short = listed.filter(|it| it.len() <= ADDRESS_BYTES_MAX).take(ADDRESSES_MAX);
        Ok(short.map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_node_is_asked_once_in_a_while() {
        let met = Met::default();
        let (one, other) = (Host::parse("a.test").unwrap(), Host::parse("b.test").unwrap());
        assert!(met.is_due(&one));
        assert!(!met.is_due(&one));
        assert!(met.is_due(&other));
    }
}
