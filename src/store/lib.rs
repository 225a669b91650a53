//! What is kept: ordered bytes with atomic batches, typed tables over them, the job queue, the journal, and blobs.
//!
//! **Never:** knows a use case, a status code or a wire format; reads the clock by itself.

pub mod codec;
pub mod error;
pub mod kv;
pub mod table;
pub mod tables;

pub use error::Error;
pub use kv::{Batch, Kv, Range};
pub use table::{Row, Store, Stored};
