//! Talking with other servers: what they are told and asked, and what they tell and ask.
//!
//! **Never:** believes an object that its own server did not give, opens a connection to a private address unless told
//! to, speaks HTTP to those who ask (that is `http`), decides what a use case decides.

mod absence;
mod activities;
pub mod address;
mod audience;
mod backfill;
pub mod config;
pub mod deliver;
mod directory;
pub mod documents;
pub mod error;
pub mod fetch;
mod hosts;
pub mod inbox;
mod jobs;
pub mod keys;
mod mapping;
mod meeting;
pub mod metrics;
mod outbox;
mod quotes;
mod receive;
mod replicas;
pub mod resolve;
pub mod room;
pub mod software;
#[cfg(test)]
mod tests;
pub mod tidy;
pub mod verify;

pub use address::{Addresses, Ours};
pub use config::Config;
pub use error::Error;
pub use room::{Federation, Workers};
