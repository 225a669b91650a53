//! The program: reads the settings, puts the rooms together, and obeys the command line.
//!
//! **Never:** decides what a use case decides; holds rules of its own.

pub mod chores;
pub mod cli;
pub mod config;
pub mod control;
pub mod shutdown;
pub mod telemetry;
pub mod wiring;

pub use config::Config;
