//! Changing users: what they change themselves, and what administrators and moderators change.

use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::session::Session;
use kinora_model::text::{About, DisplayName};
use kinora_model::user::{Role, SensitivePolicy, User};
use kinora_store::tables::user_by_email;
use kinora_store::{Batch, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, outbound, passwords, sessions, users};

/// What users change of themselves; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct MyChange {
    /// The name shown.
    pub display_name: Option<DisplayName>,
    /// What they say of themselves; an empty text removes it.
    pub description: Option<About>,
    /// How they see sensitive videos.
    pub sensitive: Option<SensitivePolicy>,
    /// Whether videos start by themselves.
    pub autoplay: Option<bool>,
    /// Whether their player may take segments from other viewers.
    pub p2p: Option<bool>,
    /// The language of the pages; `Some(None)` is that of the browser.
    pub language: Option<Option<String>>,
    /// The theme of the pages.
    pub theme: Option<String>,
    /// A new e-mail address, checked.
    pub email: Option<String>,
    /// A new password.
    pub password: Option<String>,
    /// The present password: needed for a new password or e-mail.
    pub current_password: Option<String>,
}

/// Changes the asker's own user and account. A new password ends all their sessions but `keep`.
///
/// # Errors
/// [`Error::WrongPassword`] if the present password is needed and not right, [`Error::Taken`] if the e-mail is,
/// [`Error::Invalid`].
pub async fn update_me(
    service: &Service,
    who: &Viewer,
    change: &MyChange,
    keep: Option<Id<Session>>,
) -> Result<(), Error> {
    if let Some(theme) = &change.theme
        && !THEMES.contains(&theme.as_str())
    {
        return Err(Error::invalid("theme", "Should be one of default, light, dark"));
    }
    let verified = verified(service, who, change).await?;
    let hash = hash_of(change.password.as_deref()).await?;
    attempt(|| async {
        let old = users::existing(service, who.user).await?;
        // The password changed between its verification and now.
        if verified.as_ref().is_some_and(|hash| *hash != old.password) {
            return Err(Error::WrongPassword);
        }
        let mut new = User::clone(&old);
        new.sensitive = change.sensitive.unwrap_or(new.sensitive);
        new.autoplay = change.autoplay.unwrap_or(new.autoplay);
        new.p2p = change.p2p.unwrap_or(new.p2p);
        new.language = change.language.clone().unwrap_or(new.language);
        new.theme = change.theme.clone().unwrap_or(new.theme);
        new.email = change.email.clone().unwrap_or(new.email);
        new.password = hash.clone().unwrap_or(new.password);
        let mut batch = Batch::default();
        put(service, &mut batch, &old, &new, keep).await?;
        change_account(service, &mut batch, new.account, change).await?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// The themes that pages have.
const THEMES: [&str; 5] =
    ["default", "light", "dark", "peertube-core-dark-brown", "peertube-core-light-beige"];

async fn verified(
    service: &Service,
    who: &Viewer,
    change: &MyChange,
) -> Result<Option<String>, Error> {
    if change.password.is_none() && change.email.is_none() {
        return Ok(None);
    }
    let user = users::existing(service, who.user).await?;
    let Some(current) = &change.current_password else {
        return Err(Error::invalid("currentPassword", "currentPassword parameter is missing"));
    };
    if !passwords::verify(current, Some(&user.password)).await? {
        return Err(Error::WrongPassword);
    }
    Ok(Some(user.password.clone()))
}

async fn hash_of(password: Option<&str>) -> Result<Option<String>, Error> {
    let Some(password) = password else { return Ok(None) };
    passwords::check("password", password)?;
    Ok(Some(passwords::hash(password).await?))
}

async fn change_account(
    service: &Service,
    batch: &mut Batch,
    account: Id<Account>,
    change: &MyChange,
) -> Result<(), Error> {
    if change.display_name.is_none() && change.description.is_none() {
        return Ok(());
    }
    let now = service.now();
    let old: Stored<Account> =
        service.store.get(&account.to_key()).await?.ok_or(Error::NotFound("Account"))?;
    let mut new = Account::clone(&old);
    new.display_name = change.display_name.clone().unwrap_or(new.display_name);
    if let Some(description) = &change.description {
        new.description = Some(description.clone()).filter(|text| !text.is_empty());
    }
    new.updated_at = now;
    batch.replace_row(&old, &new)?;
    outbound::actor_changed(service, batch, ActorRef::Account(account))?;
    service.journal.record(batch, &Event::AccountUpdated { account }, now)?;
    Ok(())
}

/// What administrators change of others; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// A new e-mail address, checked.
    pub email: Option<String>,
    /// A new password.
    pub password: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// How many bytes they may use; `Some(None)` is without limit.
    pub quota_bytes: Option<Option<u64>>,
    /// How many bytes they may upload in a day; `Some(None)` is without limit.
    pub quota_daily_bytes: Option<Option<u64>>,
}

/// Changes another user. A new password ends all their sessions.
///
/// # Errors
/// [`Error::Forbidden`] if the asker may not touch them, [`Error::NotFound`], [`Error::Taken`], [`Error::Invalid`].
pub async fn update(
    service: &Service,
    who: &Viewer,
    user: Id<User>,
    change: &Change,
) -> Result<(), Error> {
    let hash = hash_of(change.password.as_deref()).await?;
    attempt(|| async {
        let old = users::existing(service, user).await?;
        may_touch(service, who, &old).await?;
        if change.role.is_some_and(|role| role > who.role) {
            return Err(Error::Forbidden("You cannot give more rights than you have"));
        }
        if change.role.is_some_and(|role| role != Role::Administrator)
            && is_root(service, &old).await?
        {
            return Err(Error::Forbidden("The first administrator stays one"));
        }
        let mut new = User::clone(&old);
        new.email = change.email.clone().unwrap_or(new.email);
        new.password = hash.clone().unwrap_or(new.password);
        new.role = change.role.unwrap_or(new.role);
        new.quota_bytes = change.quota_bytes.unwrap_or(new.quota_bytes);
        new.quota_daily_bytes = change.quota_daily_bytes.unwrap_or(new.quota_daily_bytes);
        let mut batch = Batch::default();
        put(service, &mut batch, &old, &new, None).await?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Sets the password of whoever logs in so, and ends all their sessions: for whoever owns the machine.
///
/// # Errors
/// [`Error::NotFound`] if there is nobody, [`Error::Invalid`] if the password is too short or too long.
pub async fn set_password(service: &Service, login: &str, password: &str) -> Result<(), Error> {
    let hash = hash_of(Some(password)).await?;
    attempt(|| async {
        let old = users::by_login(service, login).await?.ok_or(Error::NotFound("User"))?;
        let mut new = User::clone(&old);
        new.password = hash.clone().unwrap_or(new.password);
        let mut batch = Batch::default();
        put(service, &mut batch, &old, &new, None).await?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Keeps a user from logging in, and ends all their sessions.
///
/// # Errors
/// As [`update`].
pub async fn block(
    service: &Service,
    who: &Viewer,
    user: Id<User>,
    reason: &str,
) -> Result<(), Error> {
    set_blocked(service, who, user, Some(reason)).await
}

/// Lets a blocked user log in again.
///
/// # Errors
/// As [`update`].
pub async fn unblock(service: &Service, who: &Viewer, user: Id<User>) -> Result<(), Error> {
    set_blocked(service, who, user, None).await
}

async fn set_blocked(
    service: &Service,
    who: &Viewer,
    user: Id<User>,
    reason: Option<&str>,
) -> Result<(), Error> {
    attempt(|| async {
        let old = users::existing(service, user).await?;
        may_touch(service, who, &old).await?;
        if old.id == who.user || is_root(service, &old).await? {
            return Err(Error::Forbidden("This user cannot be blocked"));
        }
        let new = User { blocked: reason.map(str::to_owned), ..User::clone(&old) };
        let mut batch = Batch::default();
        batch.replace_row(&old, &new)?;
        if reason.is_some() {
            sessions::end_all(service, &mut batch, user, None).await?;
        }
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Adds the changed row of a user; a new password ends their sessions, but for the one to `keep`.
async fn put(
    service: &Service,
    batch: &mut Batch,
    old: &Stored<User>,
    new: &User,
    keep: Option<Id<Session>>,
) -> Result<(), Error> {
    let moves = new.email != old.email;
    if moves && service.store.kv().get(&user_by_email(&new.email)).await?.is_some() {
        return Err(Error::Taken("The e-mail address"));
    }
    batch.replace_row(old, new)?;
    if new.password != old.password {
        sessions::end_all(service, batch, old.id, keep).await?;
    }
    Ok(())
}

/// Administrators may touch everyone, moderators only plain users.
pub(super) async fn may_touch(
    service: &Service,
    who: &Viewer,
    user: &Stored<User>,
) -> Result<(), Error> {
    // Only the first administrator may touch the first administrator.
    let over_root = user.id != who.user && is_root(service, user).await?;
    let allowed = match who.role {
        Role::Administrator => !over_root,
        Role::Moderator => user.role == Role::User,
        Role::User => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(Error::Forbidden("You do not have the right to change this user"))
    }
}

/// True for the first administrator.
pub(super) async fn is_root(service: &Service, user: &User) -> Result<bool, Error> {
    let account = service.store.get::<Account>(&user.account.to_key()).await?;
    Ok(account.is_some_and(|account| account.name.as_str() == users::ROOT))
}
