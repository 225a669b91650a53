//! What answers look like: exactly PeerTube's field names.

pub mod actor;
pub mod comment;
pub mod config;
pub mod follow;
pub mod notification;
pub mod registration;
pub mod statistics;
pub mod swarm;
pub mod traffic;
pub mod user;
pub mod video;
