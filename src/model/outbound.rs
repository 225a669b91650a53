//! What other servers are to be told.

use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::account::Account;
use crate::actor::ActorRef;
use crate::channel::Channel;
use crate::comment::Comment;
use crate::follow::Follow;
use crate::host::Host;
use crate::id::Id;
use crate::reaction::Rating;
use crate::report::Report;
use crate::share::Share;
use crate::video::Video;

/// What other servers are to be told. Use cases say it in the batch that makes it true; what is private is left out when it is
/// written, not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Outbound {
    /// A video of ours can be watched by everyone: `Create`, and `Announce` by its channel and this server.
    VideoPublished {
        /// The video.
        video: Id<Video>,
    },
    /// A video of ours changed: `Update`.
    VideoUpdated {
        /// The video.
        video: Id<Video>,
    },
    /// A video of ours is gone or no longer for everyone: `Delete`.
    VideoWithdrawn {
        /// Its public name.
        uuid: Uuid,
        /// Where it was published.
        channel: Id<Channel>,
        /// Whose it was.
        account: Id<Account>,
    },
    /// The words or pictures of an actor of ours changed: `Update`.
    ActorUpdated {
        /// Who.
        actor: ActorRef,
    },
    /// An actor of ours is gone: `Delete`, to every server known. Its row is gone too.
    ActorDeleted {
        /// Who it was.
        actor: ActorRef,
    },
    /// Someone here commented: `Create`.
    CommentMade {
        /// The comment.
        comment: Id<Comment>,
    },
    /// Someone here changed their comment: `Update`.
    CommentUpdated {
        /// The comment.
        comment: Id<Comment>,
    },
    /// A comment by someone here was deleted, or one by someone elsewhere under a video of ours was taken down: `Delete`.
    CommentDeleted {
        /// The comment, which keeps its row.
        comment: Id<Comment>,
    },
    /// A comment from elsewhere under a video of ours was approved: `ApproveReply`.
    CommentApproved {
        /// The comment.
        comment: Id<Comment>,
    },
    /// A comment from elsewhere under a video of ours was turned down: `RejectReply`.
    CommentRejected {
        /// The comment, which keeps its row.
        comment: Id<Comment>,
    },
    /// Someone here rated a video: `Like`, `Dislike` or `Undo`.
    Rated {
        /// The video.
        video: Id<Video>,
        /// Who.
        account: Id<Account>,
        /// What they thought before.
        before: Option<Rating>,
        /// What they think now.
        now: Option<Rating>,
    },
    /// Someone here spread a video: `Announce`.
    Shared {
        /// The share.
        share: Id<Share>,
        /// The video.
        video: Id<Video>,
        /// Who.
        actor: ActorRef,
    },
    /// Someone here took their share back: `Undo`.
    Unshared {
        /// The share that was.
        share: Id<Share>,
        /// The video.
        video: Id<Video>,
        /// Who.
        actor: ActorRef,
    },
    /// Someone here wants to follow someone elsewhere: `Follow`.
    Followed {
        /// The follow.
        follow: Id<Follow>,
        /// Who follows.
        follower: ActorRef,
        /// Who is followed.
        followed: ActorRef,
    },
    /// Someone here follows someone elsewhere no longer: `Undo`.
    Unfollowed {
        /// The follow that was.
        follow: Id<Follow>,
        /// Who followed.
        follower: ActorRef,
        /// Who was followed.
        followed: ActorRef,
    },
    /// Someone here answers a follower from elsewhere: `Accept` or `Reject`.
    FollowAnswered {
        /// Who asked.
        follower: ActorRef,
        /// Who answers.
        followed: ActorRef,
        /// The id of the `Follow`.
        uri: Option<Url>,
        /// The answer.
        accepted: bool,
    },
    /// Someone elsewhere asked to quote a video of ours: `Accept` or `Reject` of a `QuoteRequest`.
    QuoteAnswered {
        /// The video.
        video: Id<Video>,
        /// The id of the request.
        request: Url,
        /// Who asked.
        by: Url,
        /// The post that quotes.
        post: Url,
    },
    /// This node keeps a copy of a video from elsewhere: `Create` of a `CacheFile`, to the server of the video.
    ReplicaKept {
        /// The video.
        video: Id<Video>,
    },
    /// This node keeps a copy no longer: `Undo`.
    ReplicaDropped {
        /// The video.
        video: Id<Video>,
    },
    /// Someone here reported something from elsewhere: `Flag`.
    Reported {
        /// The report.
        report: Id<Report>,
    },
    /// A video from elsewhere was watched here: `View` to its server.
    Viewed {
        /// The video.
        video: Id<Video>,
        /// How often since it was last told.
        views: u64,
    },
    /// An activity from elsewhere about a video of ours is passed on to its followers, byte for byte.
    Forward {
        /// The body as it came.
        body: String,
        /// About which video.
        video: Id<Video>,
        /// Where it came from, and does not go.
        from: Host,
    },
}
