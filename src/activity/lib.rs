//! ActivityPub's own words: its objects as JSON, the signatures and proofs that say who wrote them.
//!
//! **Never:** imports a word of the house, opens a socket, reads the clock, believes a linked-data signature.

// A JSON-LD context is one long literal.
#![recursion_limit = "256"]

pub mod actor;
pub mod cache_file;
pub mod collection;
pub mod context;
pub mod key;
pub mod lenient;
pub mod nodeinfo;
pub mod note;
pub mod proof;
pub mod replay;
pub mod signature;
pub mod verb;
pub mod video;
pub mod webfinger;
