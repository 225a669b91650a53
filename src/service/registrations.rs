//! Registrations: joining at once, or asking and waiting for a moderator's word.

use kinora_model::channel::Handle;
use kinora_model::id::Id;
use kinora_model::name::Name;
use kinora_model::registration::{Answer, Registration};
use kinora_model::text::{DisplayName, Reason};
use kinora_store::table::row_key;
use kinora_store::tables::{NameHolder, user_by_email};
use kinora_store::{Batch, Range, Stored};
use tracing::warn;

use crate::attempt::attempt;
use crate::config::Registration as Policy;
use crate::error::Error;
use crate::users::{self, Created, NewUser};
use crate::{Service, names, notifications, passwords};

/// The most requests that wait at a time: whoever comes later is told to come again.
pub const PENDING_MAX: usize = 10_000;

/// The most requests that one list reads.
const LIST_MAX: usize = 10_000;

/// What someone who wants to join says.
#[derive(Clone, Debug)]
pub struct Application {
    /// The name of the account.
    pub username: Name,
    /// Where to write to them, as [`users::email`] returns it.
    pub email: String,
    /// The password.
    pub password: String,
    /// The name shown.
    pub display_name: Option<DisplayName>,
    /// Name of the first channel.
    pub channel: Option<Name>,
    /// The name shown of the first channel.
    pub channel_display_name: Option<DisplayName>,
}

impl Application {
    fn check(&self) -> Result<(), Error> {
        passwords::check("password", &self.password)?;
        match &self.channel {
            Some(channel) => users::check_channel_name(&self.username, channel),
            None => Ok(()),
        }
    }
}

/// Registers someone at once, where registration is open.
///
/// # Errors
/// [`Error::RegistrationClosed`] where it is closed or waits for approval, [`Error::Taken`], [`Error::Invalid`].
pub async fn register(service: &Service, application: &Application) -> Result<Created, Error> {
    if service.config.accounts.registration != Policy::Open {
        return Err(Error::RegistrationClosed);
    }
    application.check()?;
    expect_free(service, application).await?;
    let hash = passwords::hash(&application.password).await?;
    let Application { username, email, display_name, channel, channel_display_name, .. } =
        application.clone();
    let new = NewUser {
        display_name,
        channel,
        channel_display_name,
        ..NewUser::named(service, username, email, hash)
    };
    let created = users::create(service, &new).await?;
    if let Err(error) = notifications::new_user(service, created.account).await {
        warn!(%error, "moderators do not hear of a new user");
    }
    Ok(created)
}

/// Asks for an account, where a moderator has to accept. The request holds its names and e-mail.
///
/// # Errors
/// As [`register`]; [`Error::Refused`] if too many wait already.
pub async fn request(
    service: &Service,
    application: &Application,
    reason: &Reason,
) -> Result<Registration, Error> {
    if service.config.accounts.registration != Policy::Approval {
        return Err(Error::RegistrationClosed);
    }
    application.check()?;
    expect_free(service, application).await?;
    if pending(service).await? >= PENDING_MAX {
        return Err(Error::Refused(
            "Too many requests wait for an answer; please come again later",
        ));
    }
    let hash = passwords::hash(&application.password).await?;
    attempt(|| async {
        expect_free(service, application).await?;
        let now = service.now();
        let registration = Registration {
            id: service.id(),
            username: application.username.clone(),
            email: application.email.clone(),
            password: hash.clone(),
            display_name: application.display_name.clone(),
            channel: application.channel.clone(),
            channel_display_name: application.channel_display_name.clone(),
            reason: reason.clone(),
            answer: Answer::Pending,
            created_at: now,
            updated_at: now,
        };
        let mut batch = Batch::default();
        for name in held(&registration) {
            batch.insert_row(&NameHolder { name, handle: None })?;
        }
        batch.insert_row(&registration)?;
        service.store.commit(batch).await?;
        Ok(registration)
    })
    .await
}

/// Looks whether all names and the e-mail are free, before the costly hash.
async fn expect_free(service: &Service, application: &Application) -> Result<(), Error> {
    let Application { username, email, channel, .. } = application;
    if names::holder(service, username.as_str()).await?.is_some() {
        return Err(Error::Taken("The username"));
    }
    if service.store.kv().get(&user_by_email(email)).await?.is_some() {
        return Err(Error::Taken("The e-mail address"));
    }
    match channel {
        Some(name) if names::holder(service, name.as_str()).await?.is_some() => {
            Err(Error::Taken("The channel name"))
        }
        _ => Ok(()),
    }
}

/// The names that a pending request holds.
fn held(registration: &Registration) -> Vec<Name> {
    std::iter::once(&registration.username).chain(&registration.channel).cloned().collect()
}

/// Why someone without a user cannot log in, if they asked for an account: by the name or e-mail they type.
///
/// # Errors
/// [`Error::Store`].
pub async fn refusal(service: &Service, login: &str) -> Result<Option<Error>, Error> {
    let login = login.trim().to_lowercase();
    let all = list(service).await?;
    let asked =
        |request: &&Registration| request.username.as_str() == login || request.email == login;
    // The newest first: who was rejected may have asked again.
    Ok(all.iter().find(asked).and_then(|request| match request.answer {
        Answer::Pending => Some(Error::AwaitsApproval),
        Answer::Rejected { .. } => Some(Error::Rejected),
        Answer::Accepted { .. } => None,
    }))
}

/// All requests, the newest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(service: &Service) -> Result<Vec<Registration>, Error> {
    let range = Range::prefix(&row_key::<Registration>(&[])).reversed();
    let rows = service.store.list_range::<Registration>(&range, LIST_MAX).await?;
    Ok(rows.into_iter().map(Stored::into_row).collect())
}

async fn pending(service: &Service) -> Result<usize, Error> {
    let all = list(service).await?;
    Ok(all.iter().filter(|request| request.answer == Answer::Pending).count())
}

async fn waiting(service: &Service, id: Id<Registration>) -> Result<Stored<Registration>, Error> {
    let found = service.store.get::<Registration>(&id.to_key()).await?;
    let found = found.ok_or(Error::NotFound("Registration"))?;
    match found.answer {
        Answer::Pending => Ok(found),
        _ => Err(Error::Refused("This registration is already accepted or rejected.")),
    }
}

/// Accepts a request: the user, the account and the first channel begin.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] if it was answered already.
pub async fn accept(
    service: &Service,
    id: Id<Registration>,
    response: &Reason,
) -> Result<Created, Error> {
    attempt(|| async {
        let old = waiting(service, id).await?;
        let (account, channel) = (service.id(), service.id());
        let mut batch = Batch::default();
        give(service, &mut batch, &old.username, Handle::Account(account)).await?;
        let name = match &old.channel {
            Some(name) => {
                give(service, &mut batch, name, Handle::Channel(channel)).await?;
                name.clone()
            }
            None => {
                let name = names::first_channel(service, &old.username).await?;
                let handle = Some(Handle::Channel(channel));
                names::take(service, &mut batch, &name, handle, "The channel name").await?;
                name
            }
        };
        let new = NewUser {
            display_name: old.display_name.clone(),
            channel_display_name: old.channel_display_name.clone(),
            ..NewUser::named(service, old.username.clone(), old.email.clone(), old.password.clone())
        };
        let entry = service.store.kv().get(&user_by_email(&old.email)).await?;
        let answer = |user| Answer::Accepted { user, response: response.clone() };
        let mut landing = Batch::default();
        let created = users::add(service, &mut landing, &new, (account, channel, name))?;
        batch.replace_row(&old, &answered(service, &old, answer(created.user)))?;
        // The user's row comes last: its e-mail entry takes the place of the request's.
        batch.merge(landing);
        batch.expect(user_by_email(&old.email), entry.unwrap_or_default());
        service.store.commit(batch).await?;
        Ok(created)
    })
    .await
}

/// Gives a name that a request held to what was made of it.
async fn give(
    service: &Service,
    batch: &mut Batch,
    name: &Name,
    handle: Handle,
) -> Result<(), Error> {
    let holder = names::holder(service, name.as_str()).await?;
    let holder = holder.filter(|holder| holder.handle.is_none()).ok_or(Error::Taken("The name"))?;
    batch.replace_row(&holder, &NameHolder { name: name.clone(), handle: Some(handle) })?;
    Ok(())
}

/// Rejects a request: its names and e-mail are free again.
///
/// # Errors
/// As [`accept`].
pub async fn reject(
    service: &Service,
    id: Id<Registration>,
    response: &Reason,
) -> Result<(), Error> {
    attempt(|| async {
        let old = waiting(service, id).await?;
        let mut batch = Batch::default();
        release(service, &mut batch, &old).await?;
        let answer = Answer::Rejected { response: response.clone() };
        batch.replace_row(&old, &answered(service, &old, answer))?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Removes a request; if it was not answered, its names and e-mail are free again.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn delete(service: &Service, id: Id<Registration>) -> Result<(), Error> {
    attempt(|| async {
        let old = service.store.get::<Registration>(&id.to_key()).await?;
        let old = old.ok_or(Error::NotFound("Registration"))?;
        let mut batch = Batch::default();
        if old.answer == Answer::Pending {
            release(service, &mut batch, &old).await?;
        }
        batch.delete_row(&old);
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

async fn release(service: &Service, batch: &mut Batch, old: &Registration) -> Result<(), Error> {
    for name in held(old) {
        let holder = names::holder(service, name.as_str()).await?;
        if let Some(holder) = holder.filter(|holder| holder.handle.is_none()) {
            batch.delete_row(&holder);
        }
    }
    Ok(())
}

/// The request as it is kept once it is answered: without the password.
fn answered(service: &Service, old: &Registration, answer: Answer) -> Registration {
    Registration { password: String::new(), answer, updated_at: service.now(), ..old.clone() }
}

#[cfg(test)]
mod tests;
