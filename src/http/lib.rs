//! What browsers, apps and servers ask: the REST API in PeerTube's shapes, media, pages.
//!
//! **Never:** knows what a row looks like on disk, decides what a use case decides, shows the cause of a failure.

pub mod address;
pub mod api;
pub mod auth;
pub mod config;
mod fediverse;
mod feeds;
mod headers;
mod health;
mod log;
mod media;
pub mod metrics;
mod oembed;
pub mod page;
mod pages;
pub mod problem;
pub mod server;
#[cfg(test)]
mod stage;
mod tunnel;
mod web;

pub use config::Config;
pub use problem::Problem;
pub use server::{App, serve};
