//! What tests of the whole program start from: the real node, a client, clips.

pub(crate) mod client;
pub(crate) mod clip;
pub(crate) mod disk;
pub(crate) mod node;
pub(crate) mod until;
pub(crate) mod upload;

pub(crate) use client::{Answer, Client};
pub(crate) use node::Node;
pub(crate) use until::{until, until_gone};
