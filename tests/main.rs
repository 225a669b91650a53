//! All tests of the whole program.

mod api;
mod store;
mod support;
