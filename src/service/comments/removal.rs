//! Comments of what is gone.

use kinora_model::account::Account;
use kinora_model::comment::Comment;
use kinora_model::id::Id;
use kinora_model::video::Video;
use kinora_store::table::row_key;
use kinora_store::tables::comment::{comments_by_account, comments_by_video};
use kinora_store::{Batch, Row};

use super::{bury, get, video_of};
use crate::Service;
use crate::attempt::attempt;
use crate::error::Error;

/// Comments that are removed together.
const TOGETHER_MAX: usize = 200;

/// Removes all comments of a video that is gone. May run twice.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget_video(service: &Service, video: Id<Video>) -> Result<(), Error> {
    loop {
        let range = comments_by_video(video);
        let page = service.store.follow::<Comment>(&range, TOGETHER_MAX).await?;
        if page.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for comment in &page {
            batch.delete(row_key::<Comment>(&comment.key()));
            comment.entries().into_iter().for_each(|entry| batch.delete(entry.key));
        }
        service.store.commit(batch).await?;
    }
}

/// Takes away all that an account wrote, so that the counts of videos stay exact when it is gone; places stay for the
/// replies. Others are not told: they hear that the account is gone. May run twice.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn forget_account(service: &Service, account: Id<Account>) -> Result<(), Error> {
    let mut rest = comments_by_account(account);
    loop {
        let page = service.store.kv().scan(&rest, TOGETHER_MAX).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        rest = rest.after(last);
        let keys: Vec<_> = page.iter().map(|(_, key)| key.to_vec()).collect();
        let rows = service.store.get_many::<Comment>(&keys).await?;
        for row in rows.into_iter().flatten().filter(|row| !row.is_deleted()) {
            take_away(service, row.id).await?;
        }
    }
}

async fn take_away(service: &Service, id: Id<Comment>) -> Result<(), Error> {
    let done = attempt(|| async {
        let old = get(service, id).await?;
        if old.is_deleted() {
            return Ok(());
        }
        let video = video_of(service, &old).await?;
        let mut batch = Batch::default();
        bury(service, &mut batch, &old, &video).await?;
        service.store.commit(batch).await?;
        Ok(())
    });
    match done.await {
        // Its video is gone: the job that removes it takes its comments along.
        Err(Error::NotFound(_)) => Ok(()),
        other => other,
    }
}
