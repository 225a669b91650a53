//! The room as peers meet it: over real connections on loopback.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod browser;
mod direct;
mod hostile;
mod relayed;
mod stage;
mod tracking;
