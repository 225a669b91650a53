//! Why sharing with peers cannot begin.

use std::path::PathBuf;

/// Why sharing with peers cannot begin. Each variant is something the caller can act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key that the node is known by cannot be read or written.
    #[error("the key of this node, {}, cannot be used: {reason}", path.display())]
    Identity {
        /// Where it is kept.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The public address cannot be told to peers.
    #[error("peers cannot be told the public address: {0}")]
    PublicAddress(String),
    /// The settings want what this program does not have.
    #[error(
        "{setting} needs a program that is built with the feature {feature}; set it to 0, or build that"
    )]
    NotBuilt {
        /// The key in the configuration.
        setting: &'static str,
        /// The feature of the crate `kinora`.
        feature: &'static str,
    },
    /// A part of the network cannot be used.
    #[error("the peer-to-peer network cannot be used: {0}")]
    Network(String),
}
