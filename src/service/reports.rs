//! Reports: someone thinks that a moderator should look at something.

use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::comment::Comment;
use kinora_model::id::Id;
use kinora_model::notification::Notice;
use kinora_model::outbound::Outbound;
use kinora_model::report::{Report, ReportState, ReportTarget};
use kinora_model::user::Role;
use kinora_model::video::Video;
use kinora_store::table::row_key;
use kinora_store::{Batch, Range, Stored};
use url::Url;

use crate::attempt::attempt;
use crate::error::Error;
use crate::notifications::user_of;
use crate::{Service, Viewer, actors, notifications, outbound};

mod messages;

pub use messages::{MESSAGE_CHARS_MAX, MESSAGES_MAX, count, messages, say, unsay};

/// The most characters of a reason.
pub const REASON_CHARS_MAX: usize = 3_000;

/// The most reports that one list looks at, the latest.
pub const LISTED_MAX: usize = 5_000;

/// Reports by one actor that may wait at a time; more are refused.
pub const WAITING_MAX: usize = 50;

/// What a report says.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// What is reported.
    pub target: ReportTarget,
    /// Why, plain text.
    pub reason: String,
    /// Why, by PeerTube's numbers: 1 to 8.
    pub predefined: Vec<u8>,
    /// From which second of the video on.
    pub starts_at_s: Option<u32>,
    /// Up to which second.
    pub ends_at_s: Option<u32>,
}

/// Someone here reports something; what lives elsewhere is reported there too, without their name.
///
/// # Errors
/// [`Error::NotFound`] if there is no such thing, [`Error::Invalid`] without a reason, [`Error::Refused`] if too many
/// wait; [`Error::NoSpace`], [`Error::Store`].
pub async fn report(service: &Service, who: &Viewer, new: &NewReport) -> Result<Report, Error> {
    if new.reason.trim().chars().count() < 2 {
        return Err(Error::invalid("reason", "should say why"));
    }
    add(service, ActorRef::Account(who.account), new, None).await
}

/// Someone elsewhere reports something that is here.
///
/// # Errors
/// As [`report`].
pub async fn receive(
    service: &Service,
    reporter: ActorRef,
    new: &NewReport,
    uri: Option<Url>,
) -> Result<Report, Error> {
    add(service, reporter, new, uri).await
}

async fn add(
    service: &Service,
    reporter: ActorRef,
    new: &NewReport,
    uri: Option<Url>,
) -> Result<Report, Error> {
    attempt(|| async {
        let elsewhere = lives_elsewhere(service, new.target).await?;
        let known = list(service).await?;
        let mine = || known.iter().filter(|it| it.reporter == reporter);
        let same = |it: &&Report| it.target == new.target && it.state == ReportState::Pending;
        if let Some(same) = mine().find(same) {
            return Ok(same.clone());
        }
        if mine().filter(|it| it.state == ReportState::Pending).count() >= WAITING_MAX {
            return Err(Error::Refused("Too many of your reports wait for an answer"));
        }
        let now = service.now();
        let report = Report {
            id: service.id(),
            reporter,
            target: new.target,
            reason: new.reason.trim().chars().take(REASON_CHARS_MAX).collect(),
            predefined: new
                .predefined
                .iter()
                .copied()
                .filter(|it| (1..=8).contains(it))
                .take(8)
                .collect(),
            starts_at_s: new.starts_at_s,
            ends_at_s: new.ends_at_s,
            state: ReportState::Pending,
            note: None,
            uri: uri.clone(),
            created_at: now,
            updated_at: now,
        };
        let mut batch = Batch::default();
        batch.insert_row(&report)?;
        for user in actors::staff(service, Role::Moderator).await? {
            let notice = Notice::NewReport { report: report.id };
            notifications::add(service, &mut batch, user, notice).await?;
        }
        if elsewhere && uri.is_none() {
            outbound::tell(service, &mut batch, Outbound::Reported { report: report.id })?;
        }
        service.store.commit(batch).await?;
        Ok(report)
    })
    .await
}

/// True if what is reported lives elsewhere.
async fn lives_elsewhere(service: &Service, target: ReportTarget) -> Result<bool, Error> {
    let store = &service.store;
    match target {
        ReportTarget::Video(id) => {
            let row = store.get::<Video>(&id.to_key()).await?;
            Ok(!row.ok_or(Error::NotFound("Video"))?.is_local())
        }
        ReportTarget::Comment(id) => {
            let row = store.get::<Comment>(&id.to_key()).await?;
            Ok(row.ok_or(Error::NotFound("Comment"))?.uri.is_some())
        }
        ReportTarget::Account(id) => {
            let row = store.get::<Account>(&id.to_key()).await?;
            Ok(!row.ok_or(Error::NotFound("Account"))?.is_local())
        }
    }
}

/// All reports, the latest first, at most [`LISTED_MAX`].
///
/// # Errors
/// [`Error::Store`].
pub async fn list(service: &Service) -> Result<Vec<Report>, Error> {
    let range = Range::prefix(&row_key::<Report>(&[])).reversed();
    let rows = service.store.list_range::<Report>(&range, LISTED_MAX).await?;
    Ok(rows.into_iter().map(Stored::into_row).collect())
}

/// What a moderator decides about a report.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Where it stands now.
    pub state: Option<ReportState>,
    /// A note for moderators.
    pub note: Option<String>,
}

/// A moderator decides about a report.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`]; [`Error::NoSpace`], [`Error::Store`].
pub async fn decide(
    service: &Service,
    who: &Viewer,
    id: Id<Report>,
    decision: &Decision,
) -> Result<(), Error> {
    moderates(who)?;
    attempt(|| async {
        let old = service.store.get::<Report>(&id.to_key()).await?;
        let old = old.ok_or(Error::NotFound("Abuse"))?;
        let note = decision.note.clone().map(|it| it.chars().take(REASON_CHARS_MAX).collect());
        let new = Report {
            state: decision.state.unwrap_or(old.state),
            note: note.or_else(|| old.note.clone()),
            updated_at: service.now(),
            ..Report::clone(&old)
        };
        let mut batch = Batch::default();
        batch.replace_row(&old, &new)?;
        if new.state != old.state
            && let ActorRef::Account(account) = old.reporter
            && let Some(user) = user_of(service, account).await?
        {
            let notice = Notice::ReportDecided { report: id };
            notifications::add(service, &mut batch, user, notice).await?;
        }
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// A moderator removes a report.
///
/// # Errors
/// As [`decide`].
pub async fn delete(service: &Service, who: &Viewer, id: Id<Report>) -> Result<(), Error> {
    moderates(who)?;
    attempt(|| async {
        let old = service.store.get::<Report>(&id.to_key()).await?;
        let mut batch = Batch::default();
        batch.delete_row(&old.ok_or(Error::NotFound("Abuse"))?);
        messages::forget(service, &mut batch, id).await?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

fn moderates(who: &Viewer) -> Result<(), Error> {
    if who.moderates() {
        Ok(())
    } else {
        Err(Error::Forbidden("You do not have the right to do this"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::stage::Stage;

    #[tokio::test]
    async fn a_report_waits_for_a_moderator_and_is_made_once() {
        let stage = Stage::new().await;
        let (service, video) = (&stage.service, stage.video("Reported", |_| {}).await);
        let new = NewReport {
            target: ReportTarget::Video(video.id),
            reason: "It is not theirs".to_owned(),
            predefined: vec![5, 99],
            starts_at_s: None,
            ends_at_s: None,
        };
        let first = report(service, &stage.stranger, &new).await.unwrap();
        assert_eq!(first.predefined, [5]);
        assert_eq!(report(service, &stage.stranger, &new).await.unwrap().id, first.id);
        let silent = NewReport { reason: " ".to_owned(), ..new.clone() };
        assert!(report(service, &stage.stranger, &silent).await.is_err());
        let decision = Decision { state: Some(ReportState::Accepted), note: None };
        let refused = decide(service, &stage.owner, first.id, &decision).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let moderator = Viewer { role: Role::Moderator, ..stage.owner };
        decide(service, &moderator, first.id, &decision).await.unwrap();
        assert_eq!(list(service).await.unwrap()[0].state, ReportState::Accepted);
        delete(service, &moderator, first.id).await.unwrap();
        assert!(list(service).await.unwrap().is_empty());
    }
}
