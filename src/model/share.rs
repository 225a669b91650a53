//! A share: someone spread a video; an ActivityPub `Announce`.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::actor::ActorRef;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::video::Video;

/// An actor spread a video; at most one for each pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Its number.
    pub id: Id<Share>,
    /// Which video.
    pub video: Id<Video>,
    /// Who spread it.
    pub actor: ActorRef,
    /// The id of the `Announce`, if the actor is elsewhere.
    pub uri: Option<Url>,
    /// When.
    pub created_at: Timestamp,
}
