//! All tests of the whole program.

mod store;
