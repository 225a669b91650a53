//! All tests of the whole program.

mod api;
mod media;
mod store;
mod support;
