//! Comments of many videos at once, for those who look after them.

use std::collections::{HashMap, HashSet};

use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::comment::{Comment, CommentState};
use kinora_model::id::Id;
use kinora_model::video::{Privacy, Video};
use kinora_store::tables::comment::{comments_by_video, held_comments};
use kinora_store::tables::{COMMENTS, videos_by_account};
use kinora_store::{Range, Stored};

use super::threads::{LOOKED_AT_MAX, Seen, Shower, is_hidden};
use crate::error::Error;
use crate::{Service, Viewer, access};

/// Which comments are asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// A part of the words, of the author's name or of the title of the video.
    pub search: Option<String>,
    /// A part of the author's name.
    pub account: Option<String>,
    /// A part of the title of the video.
    pub title: Option<String>,
    /// Under which video.
    pub video: Option<Id<Video>>,
    /// Under the videos of which channel.
    pub channel: Option<Id<Channel>>,
    /// By people here, or elsewhere.
    pub local: Option<bool>,
    /// Under videos here, or elsewhere.
    pub on_local_video: Option<bool>,
    /// Those that wait, or that do not.
    pub held: Option<bool>,
    /// The oldest first.
    pub oldest_first: bool,
}

/// A page of comments with their videos.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many there are.
    pub total: usize,
    /// Those of the page.
    pub page: Vec<(Seen, Video)>,
}

/// Comments of the whole node, of the latest [`LOOKED_AT_MAX`]; for moderators.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::Store`].
pub async fn all(
    service: &Service,
    who: &Viewer,
    asked: &Asked,
    start: usize,
    count: usize,
) -> Result<Found, Error> {
    if !who.moderates() {
        return Err(Error::Forbidden("You do not have the right to do this"));
    }
    let rows = match asked.video {
        Some(video) => of_video(service, video, asked.held, LOOKED_AT_MAX).await?,
        None => {
            let range = Range::prefix(&COMMENTS.key(&[])).reversed();
            service.store.list_range::<Comment>(&range, LOOKED_AT_MAX).await?
        }
    };
    page(service, rows, asked, start, count).await
}

/// Comments under the asker's own videos, of the latest [`LOOKED_AT_MAX`] or so.
///
/// # Errors
/// [`Error::Store`].
pub async fn of_owner(
    service: &Service,
    who: &Viewer,
    asked: &Asked,
    start: usize,
    count: usize,
) -> Result<Found, Error> {
    let range = videos_by_account(who.account).reversed();
    let mut rows = Vec::new();
    for (_, key) in service.store.kv().scan(&range, LOOKED_AT_MAX).await? {
        let Ok(id) = key.as_ref().try_into().map(u64::from_be_bytes) else { continue };
        let video = Id::from_raw(id);
        let left = LOOKED_AT_MAX.saturating_sub(rows.len());
        if left == 0 {
            break;
        }
        if asked.video.is_none_or(|wanted| wanted == video) {
            rows.extend(of_video(service, video, asked.held, left).await?);
        }
    }
    page(service, rows, asked, start, count).await
}

/// The latest comments that everyone may read, under videos that everyone may see: of the node, or of the video, channel
/// and owner asked for. Of the node and of an owner, only the latest thousand are looked at.
///
/// # Errors
/// [`Error::Store`].
pub async fn newest(
    service: &Service,
    asked: &Asked,
    owner: Option<Id<Account>>,
    count: usize,
) -> Result<Vec<(Seen, Video)>, Error> {
    let rows = match asked.video {
        Some(video) => of_video(service, video, None, NEWEST_OF).await?,
        None => {
            let range = Range::prefix(&COMMENTS.key(&[])).reversed();
            service.store.list_range::<Comment>(&range, NEWEST_OF).await?
        }
    };
    let asked = Asked { held: Some(false), ..asked.clone() };
    let found = page(service, rows, &asked, 0, NEWEST_OF).await?.page.into_iter();
    let shown = found.filter(|(seen, video)| {
        access::may_see(video, None)
            && video.words.privacy == Privacy::Public
            && seen.comment.is_shown()
            && owner.is_none_or(|owner| owner == video.account)
    });
    Ok(shown.take(count).collect())
}

/// How many of the latest comments a feed is made of.
const NEWEST_OF: usize = 1_000;

async fn of_video(
    service: &Service,
    video: Id<Video>,
    held: Option<bool>,
    limit: usize,
) -> Result<Vec<Stored<Comment>>, Error> {
    let range = if held == Some(true) { held_comments(video) } else { comments_by_video(video) };
    Ok(service.store.follow::<Comment>(&range.reversed(), limit).await?)
}

async fn page(
    service: &Service,
    rows: Vec<Stored<Comment>>,
    asked: &Asked,
    start: usize,
    count: usize,
) -> Result<Found, Error> {
    let mut rows: Vec<_> = rows.into_iter().map(Stored::into_row).collect();
    rows.retain(|row| {
        let held = row.state == CommentState::Held;
        !row.is_deleted()
            && !is_hidden(service, row)
            && asked.held.is_none_or(|wanted| wanted == held)
            && asked.local.is_none_or(|wanted| wanted == row.uri.is_none())
    });
    let videos = videos_of(service, &rows).await?;
    let shower = Shower::of(service, &rows).await?;
    rows.retain(|row| {
        let video = videos.get(&row.video);
        video.is_some_and(|video| fits(asked, row, shower.author(row), video))
    });
    rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
    if asked.oldest_first {
        rows.reverse();
    }
    let total = rows.len();
    let page = rows.into_iter().skip(start).take(count).filter_map(|row| {
        let video = videos.get(&row.video)?;
        Some((shower.show(row, (0, 0)), video.clone()))
    });
    Ok(Found { total, page: page.collect() })
}

async fn videos_of(
    service: &Service,
    rows: &[Comment],
) -> Result<HashMap<Id<Video>, Video>, Error> {
    let ids: HashSet<_> = rows.iter().map(|row| row.video).collect();
    let keys: Vec<_> = ids.iter().map(|id| id.to_key().to_vec()).collect();
    let rows = service.store.get_many::<Video>(&keys).await?;
    Ok(rows.into_iter().flatten().map(|row| (row.id, row.into_row())).collect())
}

fn fits(asked: &Asked, comment: &Comment, author: Option<&Account>, video: &Video) -> bool {
    let part = |wanted: &str, text: &str| text.to_lowercase().contains(&wanted.to_lowercase());
    let by = |wanted: &str| {
        let named =
            |it: &Account| part(wanted, it.name.as_str()) || part(wanted, it.display_name.as_str());
        author.is_some_and(named)
    };
    let titled = |wanted: &str| part(wanted, video.words.title.as_str());
    let said = |wanted: &str| part(wanted, &comment.text);
    asked.search.as_ref().is_none_or(|it| said(it) || by(it) || titled(it))
        && asked.account.as_ref().is_none_or(|it| by(it))
        && asked.title.as_ref().is_none_or(|it| titled(it))
        && asked.channel.is_none_or(|channel| channel == video.channel)
        && asked.on_local_video.is_none_or(|wanted| wanted == video.is_local())
}
