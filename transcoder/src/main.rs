//! Transcoder.

fn main() {}
