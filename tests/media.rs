//! Media as players and downloads meet it.

mod sharing;
mod tokens;
