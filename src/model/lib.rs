//! Kinora's words and rules: what an account, a channel, a video, a rendition is, and what may be
//! said of it.
//!
//! **Never:** opens a socket or a file, asks the system for the time outside [`clock`], waits for
//! anything.

pub mod account;
pub mod actor;
pub mod caption;
pub mod channel;
pub mod clock;
pub mod comment;
pub mod delivery;
pub mod event;
pub mod follow;
pub mod host;
pub mod id;
pub mod instance;
pub mod job;
pub mod mirror;
pub mod name;
pub mod notification;
pub mod outbound;
pub mod picture;
pub mod reaction;
pub mod registration;
pub mod rendition;
pub mod report;
pub mod session;
pub mod share;
pub mod text;
pub mod traffic;
pub mod upload;
pub mod user;
pub mod video;
