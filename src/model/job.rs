//! A job: work that survives a restart.

use serde::{Deserialize, Serialize};

use crate::actor::ActorRef;
use crate::host::Host;
use crate::id::Id;
use crate::outbound::Outbound;
use crate::rendition::Rendition;
use crate::video::Video;

/// What is to be done. Handlers may run twice and must not mind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Job {
    /// Say what is in an uploaded file and plan its rungs.
    Probe {
        /// The video.
        video: Id<Video>,
    },
    /// Make the rendition that can be watched first: a remux, or the lowest rung.
    PackageFirst {
        /// The video.
        video: Id<Video>,
    },
    /// Make all other renditions, thumbnails and the storyboard.
    PackageRest {
        /// The video.
        video: Id<Video>,
    },
    /// Describe the file of a whole rendition as a torrent.
    Torrent {
        /// The rendition.
        rendition: Id<Rendition>,
    },
    /// Free what a deleted video kept on disk.
    RemoveVideo {
        /// The video.
        video: Id<Video>,
    },
    /// Free blobs that lost an owner: those that nobody else refers to are deleted.
    RemoveBlobs {
        /// The blobs.
        blobs: Vec<crate::picture::BlobName>,
    },
    /// Tell other servers something: write the activity, and one delivery for each inbox.
    Federate {
        /// What.
        outbound: Outbound,
    },
    /// Handle an activity whose signature was verified as it came in.
    Receive {
        /// The body as it came, JSON.
        activity: String,
        /// The ActivityPub id of who signed the request.
        signer: url::Url,
    },
    /// Read what an actor elsewhere did before it was followed, or while this node was away.
    Backfill {
        /// Who.
        actor: ActorRef,
        /// The page to go on with; `None` begins at the first.
        page: Option<url::Url>,
        /// How many pages were read.
        pages: u32,
    },
    /// Fetch the copy that an agreement wants of a video that lives elsewhere, or let it go.
    Replicate {
        /// The video.
        video: Id<Video>,
    },
    /// Look through the videos of a server for those whose copies an agreement wants now, or wants no more.
    KeepPact {
        /// The server.
        host: Host,
    },
    /// Free the renditions of a video whose copy is not kept any more.
    RemoveReplica {
        /// The video.
        video: Id<Video>,
    },
    /// Read the comments of a video that lives elsewhere.
    ReadComments {
        /// The video.
        video: Id<Video>,
    },
}

impl Job {
    /// The word that names its kind in logs and metrics, as in its JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Probe { .. } => "probe",
            Self::PackageFirst { .. } => "package-first",
            Self::PackageRest { .. } => "package-rest",
            Self::Torrent { .. } => "torrent",
            Self::RemoveVideo { .. } => "remove-video",
            Self::RemoveBlobs { .. } => "remove-blobs",
            Self::Federate { .. } => "federate",
            Self::Receive { .. } => "receive",
            Self::Backfill { .. } => "backfill",
            Self::ReadComments { .. } => "read-comments",
            Self::Replicate { .. } => "replicate",
            Self::KeepPact { .. } => "keep-pact",
            Self::RemoveReplica { .. } => "remove-replica",
        }
    }

    /// Which workers take it: heavy work must not hold up the light.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::Probe { .. } | Self::PackageFirst { .. } => Lane::MediaFirst,
            Self::PackageRest { .. } => Lane::Media,
            Self::Torrent { .. }
            | Self::RemoveVideo { .. }
            | Self::RemoveReplica { .. }
            | Self::RemoveBlobs { .. } => Lane::Light,
            Self::Federate { .. } => Lane::Federate,
            Self::Receive { .. } => Lane::Receive,
            Self::Backfill { .. } | Self::ReadComments { .. } => Lane::Crawl,
            Self::Replicate { .. } | Self::KeepPact { .. } => Lane::Replicate,
        }
    }
}

/// A queue of its own, with workers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// What makes a video watchable.
    MediaFirst,
    /// The rest of the ladder.
    Media,
    /// What takes moments.
    Light,
    /// What other servers are told, in order.
    Federate,
    /// What other servers tell, in order.
    Receive,
    /// What is read from other servers in its own time.
    Crawl,
    /// Copies of videos of other servers.
    Replicate,
}

impl Lane {
    /// All lanes.
    pub const ALL: [Self; 7] = [
        Self::MediaFirst,
        Self::Media,
        Self::Light,
        Self::Federate,
        Self::Receive,
        Self::Crawl,
        Self::Replicate,
    ];

    /// The byte that stands for it in keys.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::MediaFirst => 1,
            Self::Media => 2,
            Self::Light => 3,
            Self::Federate => 4,
            Self::Receive => 5,
            Self::Crawl => 6,
            Self::Replicate => 7,
        }
    }
}
