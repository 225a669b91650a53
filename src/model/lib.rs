//! Kinora's words and rules: what an account, a channel, a video, a rendition is, and what may be
//! said of it.
//!
//! **Never:** opens a socket or a file, asks the system for the time outside [`clock`], waits for
//! anything.

pub mod account;
pub mod caption;
pub mod channel;
pub mod clock;
pub mod event;
pub mod id;
pub mod job;
pub mod name;
pub mod picture;
pub mod reaction;
pub mod registration;
pub mod rendition;
pub mod session;
pub mod text;
pub mod upload;
pub mod user;
pub mod video;
