//! What a reporter and the moderators say to each other about a report.

use kinora_model::actor::ActorRef;
use kinora_model::id::Id;
use kinora_model::notification::Notice;
use kinora_model::report::{Report, ReportMessage};
use kinora_model::user::Role;
use kinora_store::table::row_key;
use kinora_store::tables::comment::report_messages;
use kinora_store::{Batch, Row as _, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::notifications::{self, user_of};
use crate::{Service, Viewer};

/// The most characters of a message.
pub const MESSAGE_CHARS_MAX: usize = 3_000;

/// The most messages about one report.
pub const MESSAGES_MAX: usize = 500;

/// The asker says something about a report: to the moderators if it is theirs, to its reporter if they moderate.
///
/// # Errors
/// [`Error::NotFound`] if there is no such report or it is none of the asker's business, [`Error::Invalid`] without words,
/// [`Error::Refused`] if its reporter is on another server or there are too many messages; [`Error::NoSpace`],
/// [`Error::Store`].
pub async fn say(
    service: &Service,
    who: &Viewer,
    report: Id<Report>,
    text: &str,
) -> Result<ReportMessage, Error> {
    let text: String = text.trim().chars().take(MESSAGE_CHARS_MAX).collect();
    if text.is_empty() {
        return Err(Error::invalid("message", "should not be empty"));
    }
    attempt(|| async {
        let report = readable(service, who, report).await?;
        let mine = report.reporter == ActorRef::Account(who.account);
        let reporter = match report.reporter {
            ActorRef::Account(account) => user_of(service, account).await?,
            ActorRef::Channel(_) | ActorRef::Instance(_) => None,
        };
        let reporter =
            reporter.ok_or(Error::Refused("Whoever reported this has no account here"))?;
        if of(service, report.id).await?.len() >= MESSAGES_MAX {
            return Err(Error::Refused("There are too many messages about this report"));
        }
        let message = ReportMessage {
            id: service.id(),
            report: report.id,
            account: who.account,
            by_moderator: who.moderates() && !mine,
            text: text.clone(),
            created_at: service.now(),
        };
        let mut batch = Batch::default();
        batch.insert_row(&message)?;
        let notice = Notice::ReportMessage { report: report.id, message: message.id };
        if mine {
            notifications::add_for(service, &mut batch, Role::Moderator, notice).await?;
        } else {
            notifications::add(service, &mut batch, reporter, notice).await?;
        }
        service.store.commit(batch).await?;
        Ok(message)
    })
    .await
}

/// What was said about a report, oldest first.
///
/// # Errors
/// [`Error::NotFound`] if there is no such report or it is none of the asker's business; [`Error::Store`].
pub async fn messages(
    service: &Service,
    who: &Viewer,
    report: Id<Report>,
) -> Result<Vec<ReportMessage>, Error> {
    let report = readable(service, who, report).await?;
    Ok(of(service, report.id).await?.into_iter().map(Stored::into_row).collect())
}

/// How many messages there are about a report.
///
/// # Errors
/// [`Error::Store`].
pub async fn count(service: &Service, report: Id<Report>) -> Result<usize, Error> {
    Ok(service.store.count(&report_messages(report)).await?)
}

/// Takes back what somebody said: who said it may, and a moderator.
///
/// # Errors
/// As [`messages`]; [`Error::Forbidden`].
pub async fn unsay(
    service: &Service,
    who: &Viewer,
    report: Id<Report>,
    message: Id<ReportMessage>,
) -> Result<(), Error> {
    attempt(|| async {
        let report = readable(service, who, report).await?;
        let found = of(service, report.id).await?.into_iter().find(|it| it.id == message);
        let found = found.ok_or(Error::NotFound("Message"))?;
        if found.account != who.account && !who.moderates() {
            return Err(Error::Forbidden("Only who wrote a message may delete it"));
        }
        let mut batch = Batch::default();
        batch.delete_row(&found);
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Adds to a batch that what was said about a report is forgotten.
pub(super) async fn forget(
    service: &Service,
    batch: &mut Batch,
    report: Id<Report>,
) -> Result<(), Error> {
    for message in of(service, report).await? {
        batch.delete(row_key::<ReportMessage>(&message.key()));
    }
    Ok(())
}

async fn of(service: &Service, report: Id<Report>) -> Result<Vec<Stored<ReportMessage>>, Error> {
    Ok(service.store.list_range::<ReportMessage>(&report_messages(report), MESSAGES_MAX).await?)
}

async fn readable(
    service: &Service,
    who: &Viewer,
    report: Id<Report>,
) -> Result<Stored<Report>, Error> {
    let found = service.store.get::<Report>(&report.to_key()).await?;
    let mine = |it: &Stored<Report>| it.reporter == ActorRef::Account(who.account);
    found.filter(|it| who.moderates() || mine(it)).ok_or(Error::NotFound("Abuse"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::reports::{Decision, NewReport, decide, delete, receive, report};
    use crate::stage::Stage;
    use kinora_model::notification::Notification;
    use kinora_model::report::{ReportState, ReportTarget};
    use kinora_store::tables::comment::notifications_by_user;

    async fn told(stage: &Stage, who: &Viewer) -> Vec<Notice> {
        let range = notifications_by_user(who.user);
        let rows = stage.service.store.list_range::<Notification>(&range, 10).await.unwrap();
        rows.iter().map(|row| row.notice).collect()
    }

    #[tokio::test]
    async fn a_reporter_and_moderators_talk_and_nobody_else_listens() {
        let stage = Stage::new().await;
        let service = &stage.service;
        let video = stage.video("Reported", |_| {}).await;
        let new = NewReport {
            target: ReportTarget::Video(video.id),
            reason: "It is not theirs".to_owned(),
            predefined: Vec::new(),
            starts_at_s: None,
            ends_at_s: None,
        };
        let made = report(service, &stage.stranger, &new).await.unwrap();
        let moderator = Viewer { role: Role::Moderator, ..stage.owner };
        assert!(say(service, &moderator, made.id, " ").await.is_err());
        let asked = say(service, &moderator, made.id, "Whose is it?").await.unwrap();
        let answer = say(service, &stage.stranger, made.id, "Mine").await.unwrap();
        assert_eq!((asked.by_moderator, answer.by_moderator), (true, false));
        let texts = |all: Vec<ReportMessage>| all.into_iter().map(|it| it.text).collect::<Vec<_>>();
        let all = messages(service, &stage.stranger, made.id).await.unwrap();
        assert_eq!(texts(all), ["Whose is it?", "Mine"]);
        assert!(matches!(
            messages(service, &stage.owner, made.id).await,
            Err(Error::NotFound("Abuse"))
        ));
        let notice = Notice::ReportMessage { report: made.id, message: asked.id };
        assert_eq!(told(&stage, &stage.stranger).await, [notice]);

        let decision = Decision { state: Some(ReportState::Accepted), note: None };
        decide(service, &moderator, made.id, &decision).await.unwrap();
        decide(service, &moderator, made.id, &decision).await.unwrap();
        let decided = Notice::ReportDecided { report: made.id };
        assert_eq!(told(&stage, &stage.stranger).await, [notice, decided]);

        assert!(unsay(service, &stage.stranger, made.id, asked.id).await.is_err());
        unsay(service, &stage.stranger, made.id, answer.id).await.unwrap();
        assert_eq!(count(service, made.id).await.unwrap(), 1);
        delete(service, &moderator, made.id).await.unwrap();
        assert_eq!(count(service, made.id).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn there_is_nobody_to_talk_to_on_another_server() {
        let stage = Stage::new().await;
        let video = stage.video("Reported", |_| {}).await;
        let (ann, _) = stage.elsewhere("ann", "b.example").await;
        let new = NewReport {
            target: ReportTarget::Video(video.id),
            reason: String::new(),
            predefined: Vec::new(),
            starts_at_s: None,
            ends_at_s: None,
        };
        let reporter = ActorRef::Account(ann.id);
        let made = receive(&stage.service, reporter, &new, None).await.unwrap();
        let moderator = Viewer { role: Role::Moderator, ..stage.owner };
        let refused = say(&stage.service, &moderator, made.id, "Hello?").await;
        assert!(matches!(refused, Err(Error::Refused(_))));
    }
}
