//! Sessions: logging in, staying logged in, leaving.

use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::session::Session;
use kinora_model::user::User;
use kinora_store::table::{Row, Table};
use kinora_store::tables::{SETTINGS, session_by_access, session_by_refresh, sessions_by_user};
use kinora_store::{Batch, Stored};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use subtle::ConstantTimeEq;

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, passwords, registrations, secret, users};

/// The most sessions of one user; a login beyond ends the oldest.
pub const SESSIONS_MAX: usize = 100;

/// How many sessions one round of [`collect_ended`] looks at.
const COLLECT_MAX: usize = 1_000;

/// What a client gets when someone logs in: known to the client alone from then on.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Sent with each request.
    pub access: String,
    /// How long it is good.
    pub access_for: Duration,
    /// Gets a new pair.
    pub refresh: String,
    /// How long it is good.
    pub refresh_for: Duration,
}

/// Tokens are never logged.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// The OAuth2 client that all of the node's own pages and apps are: no secret in truth, since everybody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// 32 hex digits.
    pub id: String,
    /// 32 hex digits.
    pub secret: String,
}

impl Row for Client {
    const TABLE: Table = SETTINGS;
    fn key(&self) -> Vec<u8> {
        CLIENT_KEY.to_vec()
    }
}

const CLIENT_KEY: &[u8] = b"oauth-client";

/// The node's OAuth2 client, made when it is first asked for.
///
/// # Errors
/// [`Error::Store`].
pub async fn client(service: &Service) -> Result<Client, Error> {
    attempt(|| async {
        if let Some(client) = service.store.get::<Client>(CLIENT_KEY).await? {
            return Ok(client.into_row());
        }
        let client = Client { id: secret::word(), secret: secret::word() };
        let mut batch = Batch::default();
        batch.insert_row(&client)?;
        service.store.commit(batch).await?;
        Ok(client)
    })
    .await
}

/// True if this is the node's OAuth2 client.
///
/// # Errors
/// [`Error::Store`].
pub async fn is_client(service: &Service, id: &str, secret: &str) -> Result<bool, Error> {
    let client = client(service).await?;
    let same = client.id.as_bytes().ct_eq(id.as_bytes())
        & client.secret.as_bytes().ct_eq(secret.as_bytes());
    Ok(same.into())
}

/// Logs someone in by name or e-mail, and password.
///
/// # Errors
/// [`Error::WrongPassword`], [`Error::Blocked`]; [`Error::AwaitsApproval`] or [`Error::Rejected`] if there is only a
/// registration of that name.
pub async fn log_in(service: &Service, login: &str, password: &str) -> Result<Tokens, Error> {
    let user = users::by_login(service, login).await?;
    let hash = user.as_ref().map(|user| user.password.as_str());
    let right = passwords::verify(password, hash).await?;
    let Some(user) = user else {
        return Err(registrations::refusal(service, login).await?.unwrap_or(Error::WrongPassword));
    };
    if !right {
        return Err(Error::WrongPassword);
    }
    let (id, hash) = (user.id, user.password.clone());
    attempt(|| begin(service, id, &hash)).await
}

/// Begins a session of a user whose password is still the one that was verified.
async fn begin(service: &Service, user: Id<User>, hash: &str) -> Result<Tokens, Error> {
    let stored = users::get(service, user).await?.ok_or(Error::WrongPassword)?;
    if stored.password != hash {
        return Err(Error::WrongPassword);
    }
    if let Some(reason) = &stored.blocked {
        return Err(Error::Blocked(reason.clone()));
    }
    let now = service.now();
    let tokens = new_tokens(service);
    let mut batch = Batch::default();
    batch.insert_row(&session(service.id(), user, &tokens, now, now))?;
    for old in oldest(service, user).await? {
        batch.delete_row(&old);
    }
    batch.replace_row(&stored, &User { last_login_at: Some(now), ..User::clone(&stored) })?;
    service.store.commit(batch).await?;
    Ok(tokens)
}

/// The sessions that must end for one more to begin.
async fn oldest(service: &Service, user: Id<User>) -> Result<Vec<Stored<Session>>, Error> {
    let all = of_user(service, user).await?;
    let excess = all.len().saturating_add(1).saturating_sub(SESSIONS_MAX);
    Ok(all.into_iter().take(excess).collect())
}

async fn of_user(service: &Service, user: Id<User>) -> Result<Vec<Stored<Session>>, Error> {
    Ok(service.store.follow(&sessions_by_user(user), SESSIONS_MAX.saturating_mul(2)).await?)
}

fn new_tokens(service: &Service) -> Tokens {
    let accounts = &service.config.accounts;
    Tokens {
        access: secret::token(),
        access_for: Duration::from_secs(accounts.access_token_s),
        refresh: secret::token(),
        refresh_for: Duration::from_secs(accounts.refresh_token_s),
    }
}

fn session(
    id: Id<Session>,
    user: Id<User>,
    tokens: &Tokens,
    created_at: Timestamp,
    now: Timestamp,
) -> Session {
    Session {
        id,
        user,
        access: secret::hash(&tokens.access),
        access_until: now.after(tokens.access_for),
        refresh: secret::hash(&tokens.refresh),
        refresh_until: now.after(tokens.refresh_for),
        created_at,
    }
}

/// Gives a new pair of tokens for a refresh token; the old pair ends at once.
///
/// # Errors
/// [`Error::InvalidToken`], [`Error::Blocked`].
pub async fn refresh(service: &Service, token: &str) -> Result<Tokens, Error> {
    let hash = secret::hash(token);
    attempt(|| async {
        let old = service.store.find::<Session>(&session_by_refresh(&hash)).await?;
        let now = service.now();
        let old = old.filter(|old| old.refresh_until > now).ok_or(Error::InvalidToken)?;
        let user = users::get(service, old.user).await?.ok_or(Error::InvalidToken)?;
        if let Some(reason) = &user.blocked {
            return Err(Error::Blocked(reason.clone()));
        }
        let tokens = new_tokens(service);
        let mut batch = Batch::default();
        batch.replace_row(&old, &session(old.id, old.user, &tokens, old.created_at, now))?;
        service.store.commit(batch).await?;
        Ok(tokens)
    })
    .await
}

/// Who holds an access token.
///
/// # Errors
/// [`Error::InvalidToken`] if it is unknown or has ended, or its holder was blocked or is gone.
pub async fn viewer(service: &Service, token: &str) -> Result<Viewer, Error> {
    let session = by_access(service, token).await?;
    let session = session.filter(|session| session.access_until > service.now());
    let session = session.ok_or(Error::InvalidToken)?;
    let user = users::get(service, session.user).await?;
    let user = user.filter(|user| user.blocked.is_none()).ok_or(Error::InvalidToken)?;
    Ok(Viewer { user: user.id, account: user.account, role: user.role })
}

async fn by_access(service: &Service, token: &str) -> Result<Option<Stored<Session>>, Error> {
    Ok(service.store.find(&session_by_access(&secret::hash(token))).await?)
}

/// The session of an access token, if it has not ended.
///
/// # Errors
/// [`Error::Store`].
pub async fn id_of(service: &Service, token: &str) -> Result<Option<Id<Session>>, Error> {
    Ok(by_access(service, token).await?.map(|session| session.id))
}

/// Ends the session of an access token; says nothing if there is none.
///
/// # Errors
/// [`Error::Store`].
pub async fn revoke(service: &Service, token: &str) -> Result<(), Error> {
    attempt(|| async {
        let Some(session) = by_access(service, token).await? else { return Ok(()) };
        let mut batch = Batch::default();
        batch.delete_row(&session);
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Adds to a batch that all sessions of a user end, but for the one to `keep`.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn end_all(
    service: &Service,
    batch: &mut Batch,
    user: Id<User>,
    keep: Option<Id<Session>>,
) -> Result<(), Error> {
    for session in of_user(service, user).await? {
        if Some(session.id) != keep {
            batch.delete_row(&session);
        }
    }
    Ok(())
}

/// Removes sessions whose refresh tokens have ended; returns how many. For a clock to call now and then.
///
/// # Errors
/// [`Error::Store`].
pub async fn collect_ended(service: &Service) -> Result<usize, Error> {
    let (mut after, mut removed) = (Vec::new(), 0_usize);
    loop {
        let from = kinora_store::Range::prefix(&Session::TABLE.key(&[]));
        let range = if after.is_empty() { from } else { from.after(&after) };
        let page = service.store.list_range::<Session>(&range, COLLECT_MAX).await?;
        let Some(last) = page.last() else { return Ok(removed) };
        after = kinora_store::table::row_key::<Session>(&last.key());
        let now = service.now();
        for ended in page.iter().filter(|session| session.refresh_until <= now) {
            let mut batch = Batch::default();
            batch.delete_row(ended);
            match service.store.commit(batch).await {
                Ok(()) => removed = removed.saturating_add(1),
                // It was refreshed or revoked meanwhile.
                Err(kinora_store::Error::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
