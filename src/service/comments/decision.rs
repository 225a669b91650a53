//! Whether a new comment is shown, held or refused: decided from facts alone.

use kinora_model::video::CommentsPolicy;

use super::SHOWN_MAX;

/// What is known of a new comment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// Who may comment on the video.
    pub(super) policy: CommentsPolicy,
    /// Whether the author looks after the video.
    pub(super) may_edit: bool,
    /// Whether the author is a user here.
    pub(super) local_author: bool,
    /// Whether the author is from a silenced server and nobody here follows them.
    pub(super) silenced: bool,
    /// Whether it replies to a comment that is not shown.
    pub(super) parent_held: bool,
    /// How many comments the video shows.
    pub(super) shown: u64,
}

/// What becomes of a new comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Everyone sees it.
    Show,
    /// It waits until someone approves it.
    Hold,
    /// It is not taken.
    Refuse(&'static str),
}

/// Decides about a new comment.
pub(super) fn decide(facts: &Facts) -> Decision {
    if facts.policy == CommentsPolicy::Disabled {
        return Decision::Refuse("Video comments are disabled for this video.");
    }
    if facts.shown >= SHOWN_MAX {
        return Decision::Refuse("This video has as many comments as a video may have.");
    }
    if facts.parent_held && facts.local_author {
        return Decision::Refuse("Cannot reply to a comment that is not shown.");
    }
    let waits = facts.policy == CommentsPolicy::RequiresApproval && !facts.may_edit;
    if waits || facts.silenced || facts.parent_held {
        return Decision::Hold;
    }
    Decision::Show
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Facts = Facts {
        policy: CommentsPolicy::Enabled,
        may_edit: false,
        local_author: true,
        silenced: false,
        parent_held: false,
        shown: 0,
    };

    #[test]
    fn comments_wait_where_the_owner_wants_to_see_them_first() {
        let policy = CommentsPolicy::RequiresApproval;
        assert_eq!(decide(&PLAIN), Decision::Show);
        assert_eq!(decide(&Facts { policy, ..PLAIN }), Decision::Hold);
        assert_eq!(decide(&Facts { policy, may_edit: true, ..PLAIN }), Decision::Show);
        let policy = CommentsPolicy::Disabled;
        let refused = decide(&Facts { policy, may_edit: true, ..PLAIN });
        assert!(matches!(refused, Decision::Refuse(_)));
    }

    #[test]
    fn strangers_of_silenced_servers_and_replies_to_what_waits_are_held() {
        let elsewhere = Facts { local_author: false, ..PLAIN };
        assert_eq!(decide(&Facts { silenced: true, ..elsewhere }), Decision::Hold);
        assert_eq!(decide(&Facts { parent_held: true, ..elsewhere }), Decision::Hold);
        let refused = decide(&Facts { parent_held: true, ..PLAIN });
        assert!(matches!(refused, Decision::Refuse(_)));
        let full = decide(&Facts { shown: SHOWN_MAX, ..elsewhere });
        assert!(matches!(full, Decision::Refuse(_)));
    }
}
