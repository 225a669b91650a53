//! Users: who can log in here, and what administrators may do about them.

use kinora_model::account::Account;
use kinora_model::channel::{Channel, Handle};
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::name::Name;
use kinora_model::text::DisplayName;
use kinora_model::user::{Role, SensitivePolicy, User};
use kinora_store::tables::user_by_email;
use kinora_store::{Batch, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, names, passwords, secret};

mod change;
mod list;
mod removal;

pub use change::{Change, MyChange, block, set_password, unblock, update, update_me};
pub use list::{Filter, Found, Order, list};
pub use removal::{delete, delete_me};

/// The name of the first administrator, whom nobody can remove.
pub const ROOT: &str = "root";

/// The longest e-mail address, in bytes (RFC 5321, section 4.5.3.1.3).
pub const EMAIL_BYTES_MAX: usize = 254;

/// Someone who is to be able to log in.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name of the account.
    pub name: Name,
    /// Where to write to them, as [`email`] returns it.
    pub email: String,
    /// The hash of the password.
    pub password: String,
    /// The name shown; the account's own name if absent.
    pub display_name: Option<DisplayName>,
    /// Name of the first channel; made from the account's if absent.
    pub channel: Option<Name>,
    /// The name shown of the first channel.
    pub channel_display_name: Option<DisplayName>,
    /// What they may do.
    pub role: Role,
    /// How many bytes they may use; `None` is without limit.
    pub quota_bytes: Option<u64>,
    /// How many bytes they may upload in a day; `None` is without limit.
    pub quota_daily_bytes: Option<u64>,
}

impl NewUser {
    /// A plain user with the quotas of the node.
    #[must_use]
    pub fn named(service: &Service, name: Name, email: String, password: String) -> Self {
        Self {
            name,
            email,
            password,
            display_name: None,
            channel: None,
            channel_display_name: None,
            role: Role::User,
            quota_bytes: service.config.accounts.quota_bytes,
            quota_daily_bytes: service.config.accounts.quota_daily_bytes,
        }
    }
}

/// What was made for a new user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// The user.
    pub user: Id<User>,
    /// Their account.
    pub account: Id<Account>,
    /// Their first channel.
    pub channel: Id<Channel>,
}

/// The first administrator, made at the first start.
#[derive(Clone, Debug)]
pub struct FirstAdministrator {
    /// The name to log in with.
    pub name: String,
    /// The password, if it was made up: shown once, known to nobody afterwards.
    pub password: Option<String>,
}

/// Makes the first administrator (`root`) if nobody can log in yet; `None` if somebody can.
///
/// # Errors
/// [`Error::Invalid`] if the given password is too short or too long.
pub async fn ensure_administrator(
    service: &Service,
    password: Option<String>,
) -> Result<Option<FirstAdministrator>, Error> {
    if names::holder(service, ROOT).await?.is_some() {
        return Ok(None);
    }
    if let Some(password) = &password {
        passwords::check("password", password)?;
    }
    let made_up = password.is_none().then(secret::password);
    let word = made_up.clone().or(password).unwrap_or_default();
    let name = Name::parse(ROOT).map_err(|error| Error::invalid("username", error))?;
    let email = format!("{ROOT}@localhost");
    let hash = passwords::hash(&word).await?;
    let new = NewUser {
        role: Role::Administrator,
        quota_bytes: None,
        quota_daily_bytes: None,
        ..NewUser::named(service, name, email, hash)
    };
    create(service, &new).await?;
    Ok(Some(FirstAdministrator { name: ROOT.to_owned(), password: made_up }))
}

/// Makes a user, their account and their first channel.
///
/// # Errors
/// [`Error::Taken`] if a name or the e-mail is, [`Error::Invalid`] if the channel has the account's name.
pub async fn create(service: &Service, new: &NewUser) -> Result<Created, Error> {
    attempt(|| async {
        let mut batch = Batch::default();
        if service.store.kv().get(&user_by_email(&new.email)).await?.is_some() {
            return Err(Error::Taken("The e-mail address"));
        }
        let account = service.id();
        names::take(service, &mut batch, &new.name, Some(Handle::Account(account)), "The username")
            .await?;
        let name = match &new.channel {
            Some(name) => name.clone(),
            None => names::first_channel(service, &new.name).await?,
        };
        check_channel_name(&new.name, &name)?;
        let channel = service.id();
        let handle = Some(Handle::Channel(channel));
        names::take(service, &mut batch, &name, handle, "The channel name").await?;
        let created = add(service, &mut batch, new, (account, channel, name))?;
        service.store.commit(batch).await?;
        Ok(created)
    })
    .await
}

/// A channel cannot have the name of its account: both would be the same handle.
pub(crate) fn check_channel_name(account: &Name, channel: &Name) -> Result<(), Error> {
    if account == channel {
        return Err(Error::invalid(
            "channel.name",
            "Channel name cannot be the same as user username.",
        ));
    }
    Ok(())
}

/// Adds the rows and events of a user whose names are held already, or in the same batch.
pub(crate) fn add(
    service: &Service,
    batch: &mut Batch,
    new: &NewUser,
    (account, channel, channel_name): (Id<Account>, Id<Channel>, Name),
) -> Result<Created, Error> {
    let now = service.now();
    let user = service.id();
    batch.insert_row(&User {
        id: user,
        account,
        email: new.email.clone(),
        password: new.password.clone(),
        role: new.role,
        blocked: None,
        quota_bytes: new.quota_bytes,
        quota_daily_bytes: new.quota_daily_bytes,
        sensitive: SensitivePolicy::default(),
        autoplay: true,
        p2p: true,
        language: None,
        theme: "default".to_owned(),
        created_at: now,
        last_login_at: None,
    })?;
    batch.insert_row(&Account {
        id: account,
        user: Some(user),
        name: new.name.clone(),
        display_name: match &new.display_name {
            Some(name) => name.clone(),
            None => displayed(new.name.as_str())?,
        },
        description: None,
        avatars: Vec::new(),
        created_at: now,
        updated_at: now,
        origin: None,
    })?;
    batch.insert_row(&Channel {
        id: channel,
        account,
        name: channel_name,
        display_name: match &new.channel_display_name {
            Some(name) => name.clone(),
            None => displayed(&format!("Main {} channel", new.name))?,
        },
        description: None,
        support: None,
        avatars: Vec::new(),
        banners: Vec::new(),
        created_at: now,
        updated_at: now,
        origin: None,
        without_peers: false,
    })?;
    service.journal.record(batch, &Event::UserCreated { user, account }, now)?;
    service.journal.record(batch, &Event::ChannelCreated { channel }, now)?;
    Ok(Created { user, account, channel })
}

fn displayed(text: &str) -> Result<DisplayName, Error> {
    DisplayName::parse(text).map_err(|error| Error::invalid("displayName", error))
}

/// Checks an e-mail address as typed, and returns it as it is kept: lower case.
///
/// # Errors
/// [`Error::Invalid`] if nothing could be delivered to it.
pub fn email(text: &str) -> Result<String, Error> {
    let sound = |text: &str| {
        let (name, host) = text.rsplit_once('@')?;
        let odd =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | '@');
        let parts = [name, host].iter().all(|part| !part.is_empty() && !part.contains(odd));
        (parts && !host.starts_with('.') && !host.ends_with('.') && text.len() <= EMAIL_BYTES_MAX)
            .then(|| text.to_lowercase())
    };
    sound(text.trim()).ok_or_else(|| Error::invalid("email", "Should be an e-mail address"))
}

/// A user by number.
///
/// # Errors
/// [`Error::Store`].
pub async fn get(service: &Service, user: Id<User>) -> Result<Option<Stored<User>>, Error> {
    Ok(service.store.get(&user.to_key()).await?)
}

/// A user by number, who must exist.
pub(crate) async fn existing(service: &Service, user: Id<User>) -> Result<Stored<User>, Error> {
    get(service, user).await?.ok_or(Error::NotFound("User"))
}

/// A user by what they type to log in: name or e-mail, whatever the case.
///
/// # Errors
/// [`Error::Store`].
pub async fn by_login(service: &Service, login: &str) -> Result<Option<Stored<User>>, Error> {
    if login.len() > EMAIL_BYTES_MAX {
        return Ok(None);
    }
    let login = login.trim().to_lowercase();
    if login.contains('@') {
        return Ok(service.store.find(&user_by_email(&login)).await?);
    }
    match names::account(service, &login).await {
        Ok(account) => match account.user {
            Some(user) => get(service, user).await,
            None => Ok(None),
        },
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
