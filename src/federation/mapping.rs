//! House words and wire words, in both directions: pure functions, no file of one direction knows the other.

pub(crate) mod from_note;
pub(crate) mod from_theirs;
mod to_activity;
mod to_actor;
mod to_note;
mod to_video;

pub(crate) use to_activity::{
    Flagged, QuoteAsked, about, announce, answer_to_follow, answer_to_quote, bare, delete, flag,
    follow, quote_authorization, rating, rating_folder, reply_answer, undo, update_actor, view,
};
pub(crate) use to_actor::{ActorFacts, to_account, to_channel, to_server};
pub(crate) use to_note::{Reply, to_note};
pub(crate) use to_video::{VideoFacts, to_video};
