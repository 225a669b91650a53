//! Two nodes, each on its own, talking with each other as they would across the world.

mod away;
mod comments;
mod following;
mod mirroring;
mod moderation;
mod pair;
mod reactions;
