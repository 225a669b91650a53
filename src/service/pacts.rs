//! Agreements with other servers about copies of each other's videos.

use kinora_model::host::Host;
use kinora_model::job::Job;
use kinora_model::mirror::{Keeping, Pact};
use kinora_model::user::Role;
use kinora_store::table::row_key;
use kinora_store::{Batch, Range, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer};

/// The most agreements.
pub const PACTS_MAX: usize = 200;

/// The most channels that one agreement names.
pub const CHANNELS_MAX: usize = 500;

fn administrates(who: &Viewer) -> Result<(), Error> {
    if who.role < Role::Administrator {
        return Err(Error::Forbidden("Only administrators make agreements with other servers"));
    }
    Ok(())
}

/// All agreements, by host.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(service: &Service) -> Result<Vec<Pact>, Error> {
    let all = Range::prefix(&row_key::<Pact>(&[]));
    let rows = service.store.list_range::<Pact>(&all, PACTS_MAX).await?;
    Ok(rows.into_iter().map(Stored::into_row).collect())
}

/// The agreement with a server, if there is one.
///
/// # Errors
/// [`Error::Store`].
pub async fn with(service: &Service, host: &Host) -> Result<Option<Pact>, Error> {
    let row = service.store.get::<Pact>(host.as_str().as_bytes()).await?;
    Ok(row.map(Stored::into_row))
}

/// Agrees with a server, or changes what was agreed: copies that are wanted are fetched by and by, others let go.
///
/// # Errors
/// [`Error::Forbidden`] if the asker is no administrator, [`Error::Invalid`] for too many channels, [`Error::Refused`]
/// beyond [`PACTS_MAX`] agreements or with a server that is blocked; [`Error::NoSpace`], [`Error::Store`].
pub async fn set(
    service: &Service,
    who: &Viewer,
    host: &Host,
    may_keep: bool,
    keeps: Option<Keeping>,
) -> Result<Pact, Error> {
    administrates(who)?;
    if keeps.as_ref().is_some_and(|keeps| keeps.channels.len() > CHANNELS_MAX) {
        return Err(Error::invalid("channels", "are too many"));
    }
    if service.domains.blocks(host) {
        return Err(Error::Refused("This server is blocked"));
    }
    attempt(|| async {
        let old = service.store.get::<Pact>(host.as_str().as_bytes()).await?;
        if old.is_none() && list(service).await?.len() >= PACTS_MAX {
            return Err(Error::Refused("There are too many agreements"));
        }
        let updated_at = service.now();
        let pact = Pact { host: host.clone(), may_keep, keeps: keeps.clone(), updated_at };
        let mut batch = Batch::default();
        match &old {
            Some(old) => batch.replace_row(old, &pact)?,
            None => batch.insert_row(&pact)?,
        }
        service.queue.enqueue(&mut batch, &Job::KeepPact { host: host.clone() })?;
        service.store.commit(batch).await?;
        Ok(pact)
    })
    .await
}

/// Ends an agreement: copies of that server's videos are let go.
///
/// # Errors
/// [`Error::Forbidden`] if the asker is no administrator, [`Error::NotFound`] if there is none; [`Error::NoSpace`],
/// [`Error::Store`].
pub async fn end(service: &Service, who: &Viewer, host: &Host) -> Result<(), Error> {
    administrates(who)?;
    attempt(|| async {
        let old = service.store.get::<Pact>(host.as_str().as_bytes()).await?;
        let mut batch = Batch::default();
        batch.delete_row(&old.ok_or(Error::NotFound("Agreement"))?);
        service.queue.enqueue(&mut batch, &Job::KeepPact { host: host.clone() })?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Has all agreements looked at again: a rule for domains changed what may come from where.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub(crate) async fn reconsider(service: &Service) -> Result<(), Error> {
    let mut batch = Batch::default();
    for pact in list(service).await? {
        service.queue.enqueue(&mut batch, &Job::KeepPact { host: pact.host })?;
    }
    if !batch.is_empty() {
        service.store.commit(batch).await?;
    }
    Ok(())
}
