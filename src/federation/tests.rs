//! This room against peers that mean no good, in one process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests"
)]

mod absent;
mod copying;
mod delivering;
mod endless;
mod fetching;
mod forgery;
pub(crate) mod house;
mod moderated;
mod oversized;
mod ownership;
pub(crate) mod peer;
mod posting;
mod quoting;
mod receiving;
mod recorded;
pub(crate) mod stage;
mod village;
