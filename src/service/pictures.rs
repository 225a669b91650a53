//! Pictures of accounts and channels: avatars and banners, already decoded and cut to size by the sandbox.

use bytes::Bytes;
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::picture::{BlobName, Picture};
use kinora_store::Batch;
use kinora_store::blob::Blobs;
use kinora_store::table::row_key;
use kinora_store::tables::{BlobOwner, Owner, blob_owner_key};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, channels, outbound};

pub mod elsewhere;

/// Widths and heights of avatars, in pixels.
pub const AVATAR_SIZES: [u32; 4] = [48, 120, 600, 1500];

/// Widths and heights of banners, in pixels.
pub const BANNER_SIZES: [(u32, u32); 2] = [(600, 99), (1920, 317)];

/// A picture made by the sandbox, in one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPicture {
    /// The file.
    pub bytes: Bytes,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Which picture of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The square one.
    Avatar,
    /// The wide one.
    Banner,
}

/// Sets the asker's avatar, all sizes of it; none removes it.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn set_my_avatar(
    service: &Service,
    who: &Viewer,
    made: &[NewPicture],
) -> Result<Vec<Picture>, Error> {
    let pictures = keep(service, made);
    // Held until the batch has landed: no sweep may take them for orphans.
    let _hold = service.blobs.hold_all(pictures.iter().map(|picture| &picture.blob)).await;
    put_blobs(service, made).await?;
    attempt(|| async {
        let old = service.store.get::<Account>(&who.account.to_key()).await?;
        let old = old.ok_or(Error::NotFound("Account"))?;
        let new = Account {
            avatars: pictures.clone(),
            updated_at: service.now(),
            ..Account::clone(&old)
        };
        let mut batch = Batch::default();
        swap(service, &mut batch, Owner::Account(old.id), &old.avatars, &new.avatars)?;
        batch.replace_row(&old, &new)?;
        outbound::actor_changed(service, &mut batch, ActorRef::Account(old.id))?;
        let event = Event::AccountUpdated { account: old.id };
        service.journal.record(&mut batch, &event, new.updated_at)?;
        service.store.commit(batch).await?;
        Ok(pictures.clone())
    })
    .await
}

/// Sets a picture of a channel, all sizes of it; none removes it.
///
/// # Errors
/// As [`channels::update`]; [`Error::NoSpace`].
pub async fn set_of_channel(
    service: &Service,
    who: &Viewer,
    name: &str,
    kind: Kind,
    made: &[NewPicture],
) -> Result<Vec<Picture>, Error> {
    let pictures = keep(service, made);
    let _hold = service.blobs.hold_all(pictures.iter().map(|picture| &picture.blob)).await;
    put_blobs(service, made).await?;
    attempt(|| async {
        let old = channels::editable(service, who, name).await?;
        let mut new = Channel { updated_at: service.now(), ..Channel::clone(&old) };
        match kind {
            Kind::Avatar => new.avatars.clone_from(&pictures),
            Kind::Banner => new.banners.clone_from(&pictures),
        }
        let mut batch = Batch::default();
        swap(service, &mut batch, Owner::Channel(old.id), &of_channel(&old), &of_channel(&new))?;
        batch.replace_row(&old, &new)?;
        outbound::actor_changed(service, &mut batch, ActorRef::Channel(old.id))?;
        let event = Event::ChannelUpdated { channel: old.id };
        service.journal.record(&mut batch, &event, new.updated_at)?;
        service.store.commit(batch).await?;
        Ok(pictures.clone())
    })
    .await
}

/// All pictures of a channel.
pub(crate) fn of_channel(channel: &Channel) -> Vec<Picture> {
    channel.avatars.iter().chain(&channel.banners).cloned().collect()
}

fn keep(service: &Service, made: &[NewPicture]) -> Vec<Picture> {
    let created_at = service.now();
    let picture = |made: &NewPicture| Picture {
        blob: Blobs::name_of(&made.bytes),
        width: made.width,
        height: made.height,
        created_at,
    };
    made.iter().map(picture).collect()
}

async fn put_blobs(service: &Service, made: &[NewPicture]) -> Result<(), Error> {
    for picture in made {
        service.blobs.put(picture.bytes.clone()).await?;
    }
    Ok(())
}

/// Adds to a batch that an owner has other pictures now; blobs that it had alone are removed by a job.
pub(crate) fn swap(
    service: &Service,
    batch: &mut Batch,
    owner: Owner,
    old: &[Picture],
    new: &[Picture],
) -> Result<(), Error> {
    for picture in new {
        batch.put_row(&BlobOwner { blob: picture.blob, owner })?;
    }
    let gone = |picture: &&Picture| new.iter().all(|kept| kept.blob != picture.blob);
    let blobs: Vec<BlobName> = old.iter().filter(gone).map(|picture| picture.blob).collect();
    if blobs.is_empty() {
        return Ok(());
    }
    for blob in &blobs {
        batch.delete(row_key::<BlobOwner>(&blob_owner_key(blob, owner)));
    }
    service.queue.enqueue(batch, &Job::RemoveBlobs { blobs })?;
    Ok(())
}

/// Adds to a batch that an owner is gone, with all its pictures.
pub(crate) fn drop_all(
    service: &Service,
    batch: &mut Batch,
    owner: Owner,
    pictures: &[Picture],
) -> Result<(), Error> {
    swap(service, batch, owner, pictures, &[])
}

/// How many bytes the pictures of an account and its channels take on disk.
pub(crate) async fn bytes_of_account(
    service: &Service,
    account: Id<Account>,
) -> Result<u64, Error> {
    let mut pictures: Vec<Picture> = Vec::new();
    if let Some(account) = service.store.get::<Account>(&account.to_key()).await? {
        pictures.extend(account.avatars.iter().cloned());
    }
    for channel in channels::of_account(service, account).await? {
        pictures.extend(of_channel(&channel));
    }
    let mut bytes = 0_u64;
    for picture in pictures {
        // One that is being removed takes nothing.
        bytes = bytes.saturating_add(service.blobs.size(&picture.blob).await.unwrap_or(0));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
