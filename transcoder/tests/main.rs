//! The transcoder as the node meets it: a program that gets one request and answers in lines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod clip;
mod encode;
mod hostile;
mod image;
mod remux;
mod run;
mod sandbox;
