//! A video: what a creator publishes.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::Account;
use crate::channel::Channel;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::picture::{BlobName, Picture};
use crate::text::{Description, Support, Tag, Title};

mod former;
pub mod lists;
pub mod remote;

pub use former::{UploadV1, VideoV2};
pub use lists::{CATEGORIES, LANGUAGES, LICENCES};
pub use remote::{RemoteCaption, RemoteFile, RemoteHls, RemoteManifest, RemoteVideo};

/// The most tags a video may have.
pub const TAGS_MAX: usize = 5;

/// Who may see a video.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Privacy {
    /// Everyone; it stands in lists.
    #[default]
    Public,
    /// Whoever has the address.
    Unlisted,
    /// Its owner, and whom they give a token.
    Private,
    /// Users of this node.
    Internal,
}

impl Privacy {
    /// All of them, in PeerTube's order.
    pub const ALL: [Self; 4] = [Self::Public, Self::Unlisted, Self::Private, Self::Internal];

    /// PeerTube's number: 1 public, 2 unlisted, 3 private, 4 internal.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Public => 1,
            Self::Unlisted => 2,
            Self::Private => 3,
            Self::Internal => 4,
        }
    }

    /// The privacy of a PeerTube number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|privacy| privacy.number() == number)
    }

    /// The English word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Unlisted => "Unlisted",
            Self::Private => "Private",
            Self::Internal => "Internal",
        }
    }

    /// True if anybody who has the address may watch.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Public | Self::Unlisted)
    }
}

/// Who may comment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommentsPolicy {
    /// Everyone, at once.
    #[default]
    Enabled,
    /// Nobody.
    Disabled,
    /// Everyone, once the owner approves.
    RequiresApproval,
}

impl CommentsPolicy {
    /// PeerTube's number: 1 enabled, 2 disabled, 3 requires approval.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Enabled => 1,
            Self::Disabled => 2,
            Self::RequiresApproval => 3,
        }
    }

    /// The policy of a PeerTube number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Enabled),
            2 => Some(Self::Disabled),
            3 => Some(Self::RequiresApproval),
            _ => None,
        }
    }

    /// The English word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::RequiresApproval => "Requires approval",
        }
    }
}

/// How far a video is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VideoState {
    /// The file is here; nothing can be watched yet.
    Processing,
    /// It can be watched; more renditions may follow.
    Published,
    /// Nothing could be made of the file.
    Failed,
}

/// What its owner says of a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoWords {
    /// The title.
    pub title: Title,
    /// Markdown.
    pub description: Option<Description>,
    /// How to support the creator, markdown.
    pub support: Option<Support>,
    /// At most [`TAGS_MAX`].
    pub tags: Vec<Tag>,
    /// A number of [`CATEGORIES`].
    pub category: Option<u8>,
    /// A number of [`LICENCES`].
    pub licence: Option<u8>,
    /// A code of [`LANGUAGES`].
    pub language: Option<String>,
    /// Who may see it.
    pub privacy: Privacy,
    /// True if it is not for everyone's eyes.
    pub sensitive: bool,
    /// What is sensitive in it (PeerTube's `nsfwFlags`: 1 violence, 2 shock, 4 sex).
    pub sensitive_flags: u32,
    /// In words.
    pub sensitive_summary: Option<Support>,
    /// Who may comment.
    pub comments: CommentsPolicy,
    /// Whether its files are offered for download.
    pub download: bool,
    /// When it first appeared, elsewhere perhaps.
    pub originally_published_at: Option<Timestamp>,
    /// Publish only when all renditions are made.
    pub wait_transcoding: bool,
    /// Whether its viewers may give it to each other.
    pub peers: bool,
}

impl VideoWords {
    /// A public video with a title and nothing else said.
    #[must_use]
    pub const fn titled(title: Title) -> Self {
        Self {
            title,
            description: None,
            support: None,
            tags: Vec::new(),
            category: None,
            licence: None,
            language: None,
            privacy: Privacy::Public,
            sensitive: false,
            sensitive_flags: 0,
            sensitive_summary: None,
            comments: CommentsPolicy::Enabled,
            download: true,
            originally_published_at: None,
            wait_transcoding: false,
            peers: true,
        }
    }
}

/// The file a video came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name as its owner had it.
    pub filename: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// True while it is on disk.
    pub kept: bool,
}

/// What probing found in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footage {
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Width in pixels as displayed; 0 for sound alone.
    pub width: u32,
    /// Height in pixels as displayed; 0 for sound alone.
    pub height: u32,
    /// Pictures a second, in thousandths.
    pub fps_milli: u32,
    /// True if there is sound.
    pub has_audio: bool,
    /// True if there is a moving picture.
    pub has_video: bool,
}

/// Sprites for previews while seeking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storyboard {
    /// The JPEG with all sprites, row by row.
    pub blob: BlobName,
    /// Its size in bytes.
    pub bytes: u64,
    /// Width of the whole picture in pixels.
    pub total_width: u32,
    /// Height of the whole picture in pixels.
    pub total_height: u32,
    /// Width of one sprite in pixels.
    pub sprite_width: u32,
    /// Height of one sprite in pixels.
    pub sprite_height: u32,
    /// How long one sprite stands for, in milliseconds.
    pub sprite_ms: u64,
}

/// The picture that stands for a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// For lists, 280 pixels wide or so.
    pub small: Picture,
    /// For the player, 850 pixels wide or so.
    pub large: Picture,
}

/// Why nothing could be made of a file, in words for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word: `not-media`, `no-space`, `tries-exhausted`.
    pub code: String,
    /// A sentence.
    pub detail: String,
}

/// A video of this node, or one that lives elsewhere and is known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Video {
    /// Its number.
    pub id: Id<Video>,
    /// Its public name, version 4 (PeerTube refuses others).
    pub uuid: Uuid,
    /// Where it is published.
    pub channel: Id<Channel>,
    /// The account that owns the channel.
    pub account: Id<Account>,
    /// What its owner says of it.
    pub words: VideoWords,
    /// How far it is.
    pub state: VideoState,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// Where it came from.
    pub source: Source,
    /// What was found in the source, once it was probed.
    pub footage: Option<Footage>,
    /// The picture that stands for it.
    pub thumbnail: Option<Thumbnail>,
    /// True if its owner chose the picture: made ones no longer replace it.
    pub thumbnail_chosen: bool,
    /// Pictures to choose from.
    pub candidates: Vec<Thumbnail>,
    /// Seek previews.
    pub storyboard: Option<Storyboard>,
    /// When the upload ended.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When it could first be watched.
    pub published_at: Option<Timestamp>,
    /// Where it lives and what is there, if that is elsewhere.
    pub remote: Option<RemoteVideo>,
}

impl Video {
    /// True if it lives on this node.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.remote.is_none()
    }
}

/// What is counted of a video; kept apart since it changes far more often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Times watched.
    pub views: u64,
    /// Likes.
    pub likes: u64,
    /// Dislikes.
    pub dislikes: u64,
    /// Comments that are shown.
    pub comments: u64,
    /// Times shared.
    pub shares: u64,
}

/// Characters of a short uuid: the flickr base58 alphabet that PeerTube uses.
const BASE58: &[u8; 58] = b"123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";

/// A uuid as 22 base58 characters (`i62jxtQaryK58uXd3Smqz8`), as it stands in `/w/…`.
#[must_use]
pub fn short_uuid(uuid: Uuid) -> String {
    let mut rest = uuid.as_u128();
    let mut digits = [b'1'; 22];
    for digit in digits.iter_mut().rev() {
        let place = usize::try_from(rest % 58).unwrap_or(0);
        *digit = BASE58.get(place).copied().unwrap_or(b'1');
        rest /= 58;
    }
    digits.iter().copied().map(char::from).collect()
}

/// Reads a uuid in either form.
#[must_use]
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    if text.len() != 22 {
        return Uuid::try_parse(text).ok();
    }
    let mut value: u128 = 0;
    for c in text.bytes() {
        let digit = BASE58.iter().position(|known| *known == c)?;
        value = value.checked_mul(58)?.checked_add(u128::try_from(digit).ok()?)?;
    }
    Some(Uuid::from_u128(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_uuids_are_those_that_peertube_makes() {
        let uuid = Uuid::try_parse("8a5ee3ad-74f9-4814-a483-204b12168ce1").unwrap();
        assert_eq!(short_uuid(uuid), "i62jxtQaryK58uXd3Smqz8");
        assert_eq!(parse_uuid("i62jxtQaryK58uXd3Smqz8"), Some(uuid));
        assert_eq!(parse_uuid(&uuid.to_string()), Some(uuid));
        assert_eq!(parse_uuid("ZZZZZZZZZZZZZZZZZZZZZZ"), None, "above 128 bits");
    }
}
