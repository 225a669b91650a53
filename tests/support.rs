//! What tests of the whole program start from: the real node, a client, clips.

pub(crate) mod client;
pub(crate) mod clip;
pub(crate) mod disk;
pub(crate) mod node;
pub(crate) mod upload;

pub(crate) use client::{Answer, Client};
pub(crate) use node::Node;
