//! Notifications: what users want to know, the latest thousand of each.

use std::collections::HashSet;

use kinora_model::account::Account;
use kinora_model::id::Id;
use kinora_model::notification::{Notice, NoticeKind, Notification, Unwanted};
use kinora_model::user::{Role, User};
use kinora_store::table::row_key;
use kinora_store::tables::comment::{notifications_by_user, unread_notifications};
use kinora_store::{Batch, Range, Row, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer};

mod new_video;

pub(crate) use new_video::user_of;
pub use new_video::{follow_journal, new_video};

/// The most notifications that are kept for a user; older ones go.
pub const KEPT_MAX: usize = 1_000;

/// The most moderators and administrators that are told of one thing.
const STAFF_MAX: usize = 200;

/// Users that are read together.
const USERS_AT_ONCE: usize = 500;

/// The most that one call marks as read.
pub const READ_MAX: usize = 1_000;

/// Adds to a batch that a user is notified, if they want to know. What is about one comment, video, report or newcomer is told once: the
/// second time adds nothing.
///
/// # Errors
/// [`Error::Store`].
pub async fn add(
    service: &Service,
    batch: &mut Batch,
    user: Id<User>,
    notice: Notice,
) -> Result<(), Error> {
    let id = number_of(&notice).map_or_else(|| service.id(), Id::from_raw);
    let row = Notification { id, user, notice, read: false, created_at: service.now() };
    if service.store.get::<Notification>(&row.key()).await?.is_some() {
        return Ok(());
    }
    if unwanted(service, user).await?.contains(&row.notice.kind()) {
        return Ok(());
    }
    batch.put_row(&row)?;
    make_room(service, batch, user).await
}

/// Adds to a batch that all who have at least this role are notified: what moderators or administrators should know.
///
/// # Errors
/// [`Error::Store`].
pub async fn add_for(
    service: &Service,
    batch: &mut Batch,
    at_least: Role,
    notice: Notice,
) -> Result<(), Error> {
    let mut rest = Range::prefix(&row_key::<User>(&[]));
    let mut told = 0_usize;
    while told < STAFF_MAX {
        let page = service.store.list_range::<User>(&rest, USERS_AT_ONCE).await?;
        let Some(last) = page.last() else { break };
        rest = rest.after(&row_key::<User>(&last.key()));
        for user in page.iter().filter(|user| user.role >= at_least && user.blocked.is_none()) {
            add(service, batch, user.id, notice).await?;
            told = told.saturating_add(1);
        }
    }
    Ok(())
}

/// Tells moderators that someone registered.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub(crate) async fn new_user(service: &Service, account: Id<Account>) -> Result<(), Error> {
    let mut batch = Batch::default();
    add_for(service, &mut batch, Role::Moderator, Notice::NewUser { account }).await?;
    if !batch.is_empty() {
        service.store.commit(batch).await?;
    }
    Ok(())
}

/// What a user does not want to be told of.
///
/// # Errors
/// [`Error::Store`].
pub async fn unwanted(service: &Service, user: Id<User>) -> Result<Vec<NoticeKind>, Error> {
    let row = service.store.get::<Unwanted>(&user.to_key()).await?;
    Ok(row.map(|row| row.into_row().kinds).unwrap_or_default())
}

/// Says what the asker does not want to be told of from now on, instead of all they said before.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn choose(
    service: &Service,
    who: &Viewer,
    unwanted: Vec<NoticeKind>,
) -> Result<(), Error> {
    let mut batch = Batch::default();
    batch.put_row(&Unwanted { user: who.user, kinds: unwanted })?;
    service.store.commit(batch).await?;
    Ok(())
}

/// The number of what a notice is about, which no other noun shares: ids come from one mint.
fn number_of(notice: &Notice) -> Option<u64> {
    match notice {
        Notice::NewVideo { video } | Notice::VideoPublished { video } => Some(video.raw()),
        Notice::NewComment { comment, .. } | Notice::Mention { comment, .. } => Some(comment.raw()),
        Notice::NewReport { report } => Some(report.raw()),
        Notice::NewUser { account } => Some(account.raw()),
        Notice::ReportMessage { message, .. } => Some(message.raw()),
        Notice::NewFollower { .. }
        | Notice::NewInstanceFollower { .. }
        | Notice::ReportDecided { .. } => None,
    }
}

async fn make_room(service: &Service, batch: &mut Batch, user: Id<User>) -> Result<(), Error> {
    let range = notifications_by_user(user);
    let has = service.store.kv().scan(&range, KEPT_MAX.saturating_mul(2)).await?.len();
    let over = has.saturating_add(1).saturating_sub(KEPT_MAX);
    if over > 0 {
        for old in service.store.list_range::<Notification>(&range, over).await? {
            drop_row(batch, &old);
        }
    }
    Ok(())
}

/// Deletes whatever stands there: someone may mark it as read in the same moment.
fn drop_row(batch: &mut Batch, row: &Notification) {
    batch.delete(row_key::<Notification>(&row.key()));
    let unread = Notification { read: false, ..row.clone() };
    unread.entries().into_iter().for_each(|entry| batch.delete(entry.key));
}

/// Adds to a batch that a user is not notified after all.
pub(crate) fn take_back(batch: &mut Batch, user: Id<User>, notice: Notice, service: &Service) {
    if let Some(number) = number_of(&notice) {
        let id = Id::from_raw(number);
        let row = Notification { id, user, notice, read: false, created_at: service.now() };
        drop_row(batch, &row);
    }
}

/// The asker's notifications that `wanted` lets through, the latest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(
    service: &Service,
    who: &Viewer,
    wanted: impl Fn(&Notification) -> bool,
) -> Result<Vec<Notification>, Error> {
    let range = notifications_by_user(who.user);
    let rows = service.store.list_range::<Notification>(&range, KEPT_MAX.saturating_mul(2)).await?;
    let mut rows: Vec<_> = rows.into_iter().map(Stored::into_row).filter(wanted).collect();
    // Numbers are those of what they are about, which may be older than the news.
    rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
    Ok(rows)
}

/// How many notifications the asker did not see yet.
///
/// # Errors
/// [`Error::Store`].
pub async fn unread(service: &Service, who: &Viewer) -> Result<usize, Error> {
    Ok(service.store.count(&unread_notifications(who.user)).await?)
}

/// The asker saw these; those that are not theirs, or gone, are passed over.
///
/// # Errors
/// [`Error::Invalid`] for more than [`READ_MAX`]; [`Error::NoSpace`], [`Error::Store`].
pub async fn read(service: &Service, who: &Viewer, ids: &[Id<Notification>]) -> Result<(), Error> {
    if ids.len() > READ_MAX {
        return Err(Error::invalid("ids", format!("should have at most {READ_MAX} numbers")));
    }
    let ids: HashSet<_> = ids.iter().collect();
    mark(service, who, |row| ids.contains(&row.id)).await
}

/// The asker saw them all.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn read_all(service: &Service, who: &Viewer) -> Result<(), Error> {
    mark(service, who, |_| true).await
}

async fn mark(
    service: &Service,
    who: &Viewer,
    seen: impl Fn(&Notification) -> bool,
) -> Result<(), Error> {
    attempt(|| async {
        let range = unread_notifications(who.user);
        let mut batch = Batch::default();
        for row in service.store.follow::<Notification>(&range, KEPT_MAX.saturating_mul(2)).await? {
            if seen(&row) {
                batch
                    .replace_row(&row, &Notification { read: true, ..Notification::clone(&row) })?;
            }
        }
        if !batch.is_empty() {
            service.store.commit(batch).await?;
        }
        Ok(())
    })
    .await
}

/// Removes some of the asker's notifications: what they were about is gone.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget(
    service: &Service,
    who: &Viewer,
    ids: &[Id<Notification>],
) -> Result<(), Error> {
    let mut batch = Batch::default();
    for id in ids.iter().take(KEPT_MAX) {
        let key = [who.user.to_key(), id.to_key()].concat();
        if let Some(row) = service.store.get::<Notification>(&key).await? {
            drop_row(&mut batch, &row);
        }
    }
    if !batch.is_empty() {
        service.store.commit(batch).await?;
    }
    Ok(())
}

/// Removes all notifications of a user who is gone. May run twice.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget_user(service: &Service, user: Id<User>) -> Result<(), Error> {
    loop {
        let range = notifications_by_user(user);
        let rows = service.store.list_range::<Notification>(&range, KEPT_MAX).await?;
        let mut batch = Batch::default();
        if rows.is_empty() {
            batch.delete(row_key::<Unwanted>(&user.to_key()));
            service.store.commit(batch).await?;
            return Ok(());
        }
        rows.iter().for_each(|row| drop_row(&mut batch, row));
        service.store.commit(batch).await?;
    }
}

#[cfg(test)]
mod tests;
