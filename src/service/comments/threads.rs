//! Comments as people see them: threads of a video, the tree of a thread.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use kinora_model::account::Account;
use kinora_model::comment::{Comment, CommentFormat, CommentState};
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::video::Video;
use kinora_store::Stored;
use kinora_store::tables::comment::{comments_by_thread, comments_by_video};

use super::{get, video_of, words};
use crate::error::Error;
use crate::mentions::{self, Known};
use crate::{Service, Viewer, access, videos};

/// The most comments of a video, and of a thread, that are looked at for one answer: the latest, and the first.
pub(super) const LOOKED_AT_MAX: usize = 10_000;

/// A comment as it is shown.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The comment; without words where these are gone or not for the asker.
    pub comment: Comment,
    /// Its author; `None` where the words are gone, or the author is.
    pub account: Option<Account>,
    /// Its words as HTML that is safe to show.
    pub html: String,
    /// How many replies below it are shown.
    pub replies: u64,
    /// How many of these the owner of the video wrote.
    pub replies_of_owner: u64,
}

/// A page of threads.
#[derive(Clone, Debug)]
pub struct Threads {
    /// How many threads there are.
    pub total: usize,
    /// How many comments there are, replies included, whose words are not gone.
    pub not_deleted: usize,
    /// The comments that begin the threads of the page.
    pub page: Vec<Seen>,
}

/// A comment with what replies to it, oldest first.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The comment.
    pub seen: Seen,
    /// The replies.
    pub children: Vec<Self>,
}

/// The order of threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The latest first.
    #[default]
    Latest,
    /// The oldest first.
    Oldest,
    /// Those with the most replies first.
    MostReplies,
    /// Those with the fewest replies first.
    FewestReplies,
}

/// True if the asker may read the words of a comment.
fn may_read(service: &Service, comment: &Comment, video: &Video, who: Option<&Viewer>) -> bool {
    let here = match comment.state {
        CommentState::Shown => true,
        CommentState::Deleted { .. } => false,
        CommentState::Held => {
            who.is_some_and(|who| who.account == comment.account || who.may_edit(video))
        }
    };
    here && !is_hidden(service, comment)
}

/// True if its server is blocked.
pub(super) fn is_hidden(service: &Service, comment: &Comment) -> bool {
    let host = comment.uri.as_ref().and_then(Host::of);
    host.is_some_and(|host| service.domains.blocks(&host))
}

/// The threads of a video.
///
/// # Errors
/// [`Error::NotFound`] if the asker may not see the video; [`Error::Store`].
pub async fn threads(
    service: &Service,
    who: Option<&Viewer>,
    video: &str,
    order: Order,
    start: usize,
    count: usize,
) -> Result<Threads, Error> {
    let video = videos::find(service, who, video).await?;
    let range = comments_by_video(video.id).reversed();
    let rows = service.store.follow::<Comment>(&range, LOOKED_AT_MAX).await?;
    let readable = |row: &Comment| may_read(service, row, &video, who);
    let mut replies: HashMap<Id<Comment>, (u64, u64)> = HashMap::new();
    let mut not_deleted = 0_usize;
    for row in rows.iter().filter(|row| readable(row)) {
        not_deleted = not_deleted.saturating_add(1);
        if row.parent.is_some() {
            let (all, of_owner) = replies.entry(row.thread).or_default();
            *all = all.saturating_add(1);
            *of_owner = of_owner.saturating_add(u64::from(row.account == video.account));
        }
    }
    let of = |row: &Comment| replies.get(&row.id).copied().unwrap_or_default();
    let begins = |row: &Stored<Comment>| row.parent.is_none() && (readable(row) || of(row).0 > 0);
    let mut begun: Vec<Comment> = rows.into_iter().filter(begins).map(Stored::into_row).collect();
    match order {
        Order::Latest => begun.sort_by_key(|row| Reverse((row.created_at, row.id))),
        Order::Oldest => begun.sort_by_key(|row| (row.created_at, row.id)),
        Order::MostReplies => begun.sort_by_key(|row| Reverse((of(row).0, row.created_at))),
        Order::FewestReplies => begun.sort_by_key(|row| (of(row).0, Reverse(row.created_at))),
    }
    let total = begun.len();
    let page = begun.into_iter().skip(start).take(count);
    let page: Vec<_> = page.map(|row| cleared(row, readable)).collect();
    let shower = Shower::of(service, &page).await?;
    let page = page.into_iter().map(|row| {
        let counts = of(&row);
        shower.show(row, counts)
    });
    Ok(Threads { total, not_deleted, page: page.collect() })
}

/// A thread, from the comment that began it or any other of it; of long ones the first [`LOOKED_AT_MAX`] replies.
///
/// # Errors
/// [`Error::NotFound`] if it is not under this video, or the asker may not see that; [`Error::Store`].
pub async fn thread(
    service: &Service,
    who: Option<&Viewer>,
    video: &str,
    thread: Id<Comment>,
) -> Result<Tree, Error> {
    let video = videos::find(service, who, video).await?;
    let root = get(service, thread).await?;
    if root.video != video.id || root.parent.is_some() {
        return Err(Error::NotFound("Comment"));
    }
    let readable = |row: &Comment| may_read(service, row, &video, who);
    let range = comments_by_thread(thread);
    let mut rows = service.store.follow::<Comment>(&range, LOOKED_AT_MAX).await?;
    rows.insert(0, root);
    let rows: Vec<_> = rows.into_iter().map(|row| cleared(row.into_row(), readable)).collect();
    let shower = Shower::of(service, &rows).await?;
    let mut below: HashMap<Id<Comment>, Vec<Tree>> = HashMap::new();
    // Replies are younger than what they reply to: from the end, all below a comment is known when it is its turn.
    for row in rows.into_iter().rev() {
        let mut children = below.remove(&row.id).unwrap_or_default();
        children.sort_by_key(|child| (child.seen.comment.created_at, child.seen.comment.id));
        let counts = children.iter().fold((0, 0), |counts, child| add(counts, child, &video));
        if row.is_deleted() && counts.0 == 0 {
            continue;
        }
        let parent = row.parent;
        let tree = Tree { seen: shower.show(row, counts), children };
        match parent {
            Some(parent) => below.entry(parent).or_default().push(tree),
            None => return Ok(tree),
        }
    }
    Err(Error::NotFound("Comment"))
}

fn add((all, of_owner): (u64, u64), child: &Tree, video: &Video) -> (u64, u64) {
    let Seen { comment, replies, replies_of_owner, .. } = &child.seen;
    let readable = !comment.is_deleted();
    let by_owner = readable && comment.account == video.account;
    (
        all.saturating_add(*replies).saturating_add(u64::from(readable)),
        of_owner.saturating_add(*replies_of_owner).saturating_add(u64::from(by_owner)),
    )
}

/// One comment as the asker sees it now, without the count of its replies; `None` if they do not.
///
/// # Errors
/// [`Error::Store`].
pub async fn seen(
    service: &Service,
    who: Option<&Viewer>,
    id: Id<Comment>,
) -> Result<Option<Seen>, Error> {
    let found = async {
        let comment = get(service, id).await?;
        let video = video_of(service, &comment).await?;
        Ok::<_, Error>((comment.into_row(), video))
    };
    let (comment, video) = match found.await {
        Ok(found) => found,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !access::may_see(&video, who) || !may_read(service, &comment, &video, who) {
        return Ok(None);
    }
    let rows = [comment];
    let shower = Shower::of(service, &rows).await?;
    let [comment] = rows;
    Ok(Some(shower.show(comment, (0, 0))))
}

/// A comment without its words if they are not for the asker: its place holds the replies together.
fn cleared(mut comment: Comment, readable: impl Fn(&Comment) -> bool) -> Comment {
    if !readable(&comment) {
        comment.text.clear();
        if !comment.is_deleted() {
            comment.state = CommentState::Deleted { at: comment.updated_at };
        }
    }
    comment
}

/// What a page of comments is shown with: their authors, and whom their words mention.
pub(super) struct Shower {
    accounts: HashMap<Id<Account>, Account>,
    known: Known,
}

impl Shower {
    pub(super) async fn of(service: &Service, comments: &[Comment]) -> Result<Self, Error> {
        let written = comments.iter().filter(|comment| !comment.is_deleted());
        let authors: HashSet<_> = written.clone().map(|comment| comment.account).collect();
        let keys: Vec<_> = authors.iter().map(|id| id.to_key().to_vec()).collect();
        let rows = service.store.get_many::<Account>(&keys).await?;
        let accounts = rows.into_iter().flatten().map(|row| (row.id, row.into_row())).collect();
        let ours = written.filter(|comment| comment.format == CommentFormat::Markdown);
        let known = mentions::known(service, ours.map(|comment| comment.text.as_str())).await?;
        Ok(Self { accounts, known })
    }

    pub(super) fn author(&self, comment: &Comment) -> Option<&Account> {
        self.accounts.get(&comment.account).filter(|_| !comment.is_deleted())
    }

    pub(super) fn show(&self, comment: Comment, (replies, replies_of_owner): (u64, u64)) -> Seen {
        let account = self.author(&comment).cloned();
        let html = words::html(&comment, &self.known);
        Seen { account, html, comment, replies, replies_of_owner }
    }
}
