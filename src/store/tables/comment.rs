//! How comments, notifications about them and reports are kept.

use kinora_model::account::Account;
use kinora_model::comment::{Comment, CommentState};
use kinora_model::id::Id;
use kinora_model::notification::{Notification, Unwanted};
use kinora_model::report::{Report, ReportMessage};
use kinora_model::user::User;
use kinora_model::video::Video;
use url::Url;

use super::remote::digest;
use super::{
    COMMENTS, COMMENTS_BY_ACCOUNT, COMMENTS_BY_THREAD, COMMENTS_BY_URI, COMMENTS_BY_VIDEO,
    COMMENTS_HELD, NOTIFICATIONS, NOTIFICATIONS_UNREAD, NOTIFICATIONS_UNWANTED, REPORT_MESSAGES,
    REPORTS, THREADS_BY_VIDEO, entry, unique,
};
use crate::kv::Range;
use crate::table::{Entry, Row, Table};

/// All comments under a video, oldest first.
#[must_use]
pub fn comments_by_video(video: Id<Video>) -> Range {
    Range::prefix(&COMMENTS_BY_VIDEO.key(&[&video.to_key()]))
}

/// The comments under a video that begin a thread, oldest first.
#[must_use]
pub fn threads_by_video(video: Id<Video>) -> Range {
    Range::prefix(&THREADS_BY_VIDEO.key(&[&video.to_key()]))
}

/// The replies of a thread, oldest first, without the comment that began it.
#[must_use]
pub fn comments_by_thread(thread: Id<Comment>) -> Range {
    Range::prefix(&COMMENTS_BY_THREAD.key(&[&thread.to_key()]))
}

/// The comments of an account, oldest first.
#[must_use]
pub fn comments_by_account(account: Id<Account>) -> Range {
    Range::prefix(&COMMENTS_BY_ACCOUNT.key(&[&account.to_key()]))
}

/// The held comments under a video, oldest first.
#[must_use]
pub fn held_comments(video: Id<Video>) -> Range {
    Range::prefix(&COMMENTS_HELD.key(&[&video.to_key()]))
}

/// The entry that leads to a comment from elsewhere by its ActivityPub id.
#[must_use]
pub fn comment_by_uri(uri: &Url) -> Vec<u8> {
    COMMENTS_BY_URI.key(&[&digest(uri)])
}

impl Row for Comment {
    const TABLE: Table = COMMENTS;
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        let (id, video) = (self.id.to_key(), self.video.to_key());
        let mut entries = vec![
            entry(COMMENTS_BY_VIDEO.key(&[&video, &id]), &id),
            entry(COMMENTS_BY_ACCOUNT.key(&[&self.account.to_key(), &id]), &id),
            match self.parent {
                None => entry(THREADS_BY_VIDEO.key(&[&video, &id]), &id),
                Some(_) => entry(COMMENTS_BY_THREAD.key(&[&self.thread.to_key(), &id]), &id),
            },
        ];
        entries.extend(self.uri.as_ref().map(|uri| unique(comment_by_uri(uri), &id)));
        if self.state == CommentState::Held {
            entries.push(entry(COMMENTS_HELD.key(&[&video, &id]), &id));
        }
        entries
    }
}

/// The notifications of a user, oldest first.
#[must_use]
pub fn notifications_by_user(user: Id<User>) -> Range {
    Range::prefix(&NOTIFICATIONS.key(&[&user.to_key()]))
}

/// The entries of the notifications that a user did not see yet, oldest first.
#[must_use]
pub fn unread_notifications(user: Id<User>) -> Range {
    Range::prefix(&NOTIFICATIONS_UNREAD.key(&[&user.to_key()]))
}

impl Row for Notification {
    const TABLE: Table = NOTIFICATIONS;
    fn key(&self) -> Vec<u8> {
        [self.user.to_key(), self.id.to_key()].concat()
    }
    fn entries(&self) -> Vec<Entry> {
        let key = Row::key(self);
        let unread = || entry(NOTIFICATIONS_UNREAD.key(&[&key]), &key);
        if self.read { Vec::new() } else { vec![unread()] }
    }
}

impl Row for Unwanted {
    const TABLE: Table = NOTIFICATIONS_UNWANTED;
    fn key(&self) -> Vec<u8> {
        self.user.to_key().to_vec()
    }
}

/// What was said about a report, oldest first: rows of [`ReportMessage`].
#[must_use]
pub fn report_messages(report: Id<Report>) -> Range {
    Range::prefix(&REPORT_MESSAGES.key(&[&report.to_key()]))
}

impl Row for ReportMessage {
    const TABLE: Table = REPORT_MESSAGES;
    fn key(&self) -> Vec<u8> {
        [self.report.to_key(), self.id.to_key()].concat()
    }
}

impl Row for Report {
    const TABLE: Table = REPORTS;
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
}
