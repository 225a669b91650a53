//! Who is notified of a comment: the owner of the video, the author of what it replies to, whom it mentions; nobody of
//! their own doing, and nobody twice.

use kinora_model::account::Account;
use kinora_model::comment::{Comment, CommentFormat};
use kinora_model::id::Id;
use kinora_model::notification::Notice;
use kinora_model::user::User;
use kinora_model::video::Video;
use kinora_store::Batch;

use crate::error::Error;
use crate::{Service, mentions, notifications};

/// The accounts here that a text mentions.
pub(super) async fn mentioned_here(
    service: &Service,
    text: &str,
) -> Result<Vec<Id<Account>>, Error> {
    let accounts = mentions::resolve(service, text).await?;
    Ok(accounts.iter().filter(|account| account.is_local()).map(|account| account.id).collect())
}

/// Adds to a batch that those are notified whom a comment concerns: of one that waits, only who can approve it.
pub(super) async fn tell(
    service: &Service,
    batch: &mut Batch,
    comment: &Comment,
    video: &Video,
    mentioned: &[Id<Account>],
) -> Result<(), Error> {
    for (user, notice) in concerned(service, comment, video, mentioned).await? {
        notifications::add(service, batch, user, notice).await?;
    }
    Ok(())
}

/// Adds to a batch that nobody is notified of a comment any more, as far as its words tell who was.
pub(super) async fn take_back(
    service: &Service,
    batch: &mut Batch,
    comment: &Comment,
    video: &Video,
) -> Result<(), Error> {
    let mentioned = match comment.format {
        CommentFormat::Markdown => mentioned_here(service, &comment.text).await?,
        CommentFormat::Html => Vec::new(),
    };
    for (user, notice) in concerned(service, comment, video, &mentioned).await? {
        notifications::take_back(batch, user, notice, service);
    }
    Ok(())
}

async fn concerned(
    service: &Service,
    comment: &Comment,
    video: &Video,
    mentioned: &[Id<Account>],
) -> Result<Vec<(Id<User>, Notice)>, Error> {
    let (id, under) = (comment.id, video.id);
    let answered = Notice::NewComment { comment: id, video: under };
    let mut accounts = vec![(video.account, answered)];
    if comment.is_shown() {
        if let Some(parent) = comment.parent
            && let Some(parent) = service.store.get::<Comment>(&parent.to_key()).await?
            && !parent.is_deleted()
        {
            accounts.push((parent.account, answered));
        }
        let called = Notice::Mention { comment: id, video: under };
        accounts.extend(mentioned.iter().take(mentions::MENTIONS_MAX).map(|it| (*it, called)));
    }
    let mut users: Vec<(Id<User>, Notice)> = Vec::new();
    for (account, notice) in accounts {
        if account == comment.account {
            continue;
        }
        if let Some(user) = notifications::user_of(service, account).await?
            && !users.iter().any(|(known, _)| *known == user)
        {
            users.push((user, notice));
        }
    }
    Ok(users)
}
