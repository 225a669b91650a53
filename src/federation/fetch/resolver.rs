//! Names to addresses: private ones are left out where the connection is made, so that no answer of a name server and
//! no second answer a moment later leads inside.

use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::private::is_private;

/// The most addresses of one name that are tried.
pub const ADDRESSES_MAX: usize = 16;

/// Who knows the addresses of names.
pub trait Names: Debug + Send + Sync {
    /// The addresses of a name.
    fn look_up(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The name servers of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A name has none but private addresses.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the name leads to private addresses only")]
pub(crate) struct OnlyPrivate;

/// Resolves names for connections that are about to be made.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    pub(crate) names: Arc<dyn Names>,
    pub(crate) allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (looking, allow_private) =
            (self.names.look_up(name.as_str().to_owned()), self.allow_private);
        Box::pin(async move {
            let found = looking.await?;
            let mut open: Vec<_> = found
                .iter()
                .filter(|address| allow_private || !is_private(**address))
                .map(|address| SocketAddr::new(*address, 0))
                .collect();
            if open.is_empty() && !found.is_empty() {
                return Err(OnlyPrivate.into());
            }
            open.truncate(ADDRESSES_MAX);
            let all: Addrs = Box::new(open.into_iter());
            Ok(all)
        })
    }
}
