//! Nodes and seeds that give copies to each other.

mod internet;
mod seeding;

pub(crate) use internet::Machine;
