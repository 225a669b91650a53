//! Who asks, and what they may see.

use kinora_model::account::Account;
use kinora_model::id::Id;
use kinora_model::user::{Role, User};
use kinora_model::video::{Privacy, Video, VideoState};

/// Someone who is logged in, as every use case meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The user.
    pub user: Id<User>,
    /// Their account.
    pub account: Id<Account>,
    /// What they may do.
    pub role: Role,
}

impl Viewer {
    /// True for moderators and administrators.
    #[must_use]
    pub fn moderates(&self) -> bool {
        self.role >= Role::Moderator
    }

    /// True for the owner of a video, and for those who look after others' videos.
    #[must_use]
    pub fn may_edit(&self, video: &Video) -> bool {
        video.account == self.account || self.moderates()
    }
}

/// True if the asker may know of a video: who may not gets the same answer as for a video that does not exist.
#[must_use]
pub fn may_see(video: &Video, viewer: Option<&Viewer>) -> bool {
    if viewer.is_some_and(|viewer| viewer.may_edit(video)) {
        return true;
    }
    // A video that nobody can watch yet, or ever, is its owner's business.
    if video.state != VideoState::Published {
        return false;
    }
    match video.words.privacy {
        Privacy::Public | Privacy::Unlisted => true,
        Privacy::Internal => viewer.is_some(),
        Privacy::Private => false,
    }
}
