//! Sharing segments with peers: browsers that watch the same video, and other nodes.
//!
//! **Never:** speaks HTTP (that is `http`, which hands tunnels over), carries media to browsers (HTTP does that better),
//! asks anybody whom the administrator did not name, lets a hidden video into a swarm.

mod address;
mod admission;
mod behaviour;
mod cbor;
pub mod config;
mod direct;
pub mod error;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gate;
mod identity;
mod kept;
pub mod limits;
mod metrics;
mod nodes;
mod pots;
mod room;
mod secured;
mod seed;
mod stun;
mod swarm;
mod swarm_id;
mod tracker;
mod watchers;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use error::Error;
pub use gate::{Full, Pass};
pub use room::{Peers, Place, Shared, Workers};
pub use seed::{Seed, SeedSettings, Shelf};
pub use swarm_id::SwarmId;
