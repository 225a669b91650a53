//! Names: accounts, channels and pending registrations share one namespace, since all become handles.
//!
//! A name is held for ever once something was published under it, so that nobody can pass for someone who is gone.

use kinora_model::account::Account;
use kinora_model::actor::{ActorRef, RemoteActor};
use kinora_model::channel::{Channel, Handle};
use kinora_model::host::Host;
use kinora_model::name::Name;
use kinora_store::tables::NameHolder;
use kinora_store::tables::remote::remote_actors_by_handle;
use kinora_store::{Batch, Stored};

use crate::Service;
use crate::error::Error;

/// Who holds a name, as typed in a path.
///
/// # Errors
/// [`Error::Store`].
pub async fn holder(service: &Service, name: &str) -> Result<Option<Stored<NameHolder>>, Error> {
    Ok(service.store.get(name.as_bytes()).await?)
}

/// Adds to a batch that a name is held.
///
/// # Errors
/// [`Error::Taken`] with `what` if someone holds it already.
pub(crate) async fn take(
    service: &Service,
    batch: &mut Batch,
    name: &Name,
    handle: Option<Handle>,
    what: &'static str,
) -> Result<(), Error> {
    if holder(service, name.as_str()).await?.is_some() {
        return Err(Error::Taken(what));
    }
    batch.insert_row(&NameHolder { name: name.clone(), handle })?;
    Ok(())
}

/// The account with this name.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn account(service: &Service, name: &str) -> Result<Stored<Account>, Error> {
    let holder = holder(service, name).await?;
    let Some(Handle::Account(id)) = holder.and_then(|holder| holder.handle) else {
        return Err(Error::NotFound("Account"));
    };
    service.store.get(&id.to_key()).await?.ok_or(Error::NotFound("Account"))
}

/// The channel with this name.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn channel(service: &Service, name: &str) -> Result<Stored<Channel>, Error> {
    let holder = holder(service, name).await?;
    let Some(Handle::Channel(id)) = holder.and_then(|holder| holder.handle) else {
        return Err(Error::NotFound("Video channel"));
    };
    service.store.get(&id.to_key()).await?.ok_or(Error::NotFound("Video channel"))
}

/// The account elsewhere with this name on this server, as far as it is known here.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn remote_account(
    service: &Service,
    name: &str,
    host: &Host,
) -> Result<Stored<Account>, Error> {
    for actor in remote(service, name, host).await? {
        if let ActorRef::Account(id) = actor.actor
            && let Some(account) = service.store.get(&id.to_key()).await?
        {
            return Ok(account);
        }
    }
    Err(Error::NotFound("Account"))
}

/// The channel elsewhere with this name on this server, as far as it is known here.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn remote_channel(
    service: &Service,
    name: &str,
    host: &Host,
) -> Result<Stored<Channel>, Error> {
    for actor in remote(service, name, host).await? {
        if let ActorRef::Channel(id) = actor.actor
            && let Some(channel) = service.store.get(&id.to_key()).await?
        {
            return Ok(channel);
        }
    }
    Err(Error::NotFound("Video channel"))
}

/// Actors elsewhere that share a handle: an account and a channel may.
const NAMESAKES_MAX: usize = 8;

async fn remote(
    service: &Service,
    name: &str,
    host: &Host,
) -> Result<Vec<Stored<RemoteActor>>, Error> {
    if service.domains.blocks(host) {
        return Ok(Vec::new());
    }
    let range = remote_actors_by_handle(name, host);
    let mut actors = service.store.follow::<RemoteActor>(&range, NAMESAKES_MAX).await?;
    actors.retain(|actor| !actor.gone);
    Ok(actors)
}

/// The first free name for the first channel of an account: `ana_channel`, `ana_channel1`, …
///
/// # Errors
/// [`Error::Taken`] if a thousand of them are taken.
pub(crate) async fn first_channel(service: &Service, account: &Name) -> Result<Name, Error> {
    // Long names are cut so that what is added still fits.
    let stem: String = account.as_str().chars().take(STEM_LEN_MAX).collect();
    for number in 0..FIRST_CHANNELS_MAX {
        let end = if number == 0 { String::new() } else { number.to_string() };
        let name = Name::parse(&format!("{stem}_channel{end}"));
        let name = name.map_err(|error| Error::invalid("channel.name", error))?;
        if holder(service, name.as_str()).await?.is_none() {
            return Ok(name);
        }
    }
    Err(Error::Taken("The name of the first channel"))
}

/// The most characters of an account's name within that of its first channel.
const STEM_LEN_MAX: usize = 38;

/// How many names are tried for a first channel.
const FIRST_CHANNELS_MAX: u32 = 1_000;
