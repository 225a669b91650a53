//! Kinora.

fn main() {}
