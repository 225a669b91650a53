//! What is kept survives what happens to machines.

mod kill;
