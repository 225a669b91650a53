//! What is kept: ordered bytes with atomic batches, typed tables over them, the job queue, the journal, and blobs.
//!
//! **Never:** knows a use case, a status code or a wire format; reads the clock by itself.

pub mod blob;
pub mod codec;
pub mod config;
pub mod error;
pub mod journal;
pub mod kv;
pub mod metrics;
pub mod queue;
#[cfg(test)]
mod small_disk;
pub mod sweep;
pub mod table;
pub mod tables;
pub mod transfer;
mod wakes;

pub use error::Error;
pub use kv::{Batch, Kv, Range};
pub use table::{Row, Store, Stored};
