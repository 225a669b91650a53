//! Pictures of people and videos of other servers, once they were fetched and made anew here.

use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::video::{Thumbnail, Video};
use kinora_store::Batch;
use kinora_store::tables::Owner;
use url::Url;

use super::{NewPicture, keep, of_channel, put_blobs, swap};
use crate::Service;
use crate::attempt::attempt;
use crate::error::Error;
use crate::publishing::own_pictures;

/// What a picture is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// A video: its thumbnail.
    Video(Id<Video>),
    /// An account: its avatar.
    Account(Id<Account>),
    /// A channel: its avatar.
    Channel(Id<Channel>),
    /// A channel: its banner.
    Banner(Id<Channel>),
}

/// Where a picture is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Here already.
    Here(BlobName),
    /// On another server.
    There(Url),
}

/// Where a picture is.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub async fn find(service: &Service, of: Of) -> Result<Place, Error> {
    let place = match of {
        Of::Video(id) => {
            let video = service.store.get::<Video>(&id.to_key()).await?;
            video.and_then(|video| match &video.thumbnail {
                Some(thumbnail) => Some(Place::Here(thumbnail.large.blob)),
                None => there(&video),
            })
        }
        Of::Account(id) => {
            let account = service.store.get::<Account>(&id.to_key()).await?;
            account.and_then(|account| match account.avatars.last() {
                Some(picture) => Some(Place::Here(picture.blob)),
                None => {
                    account.origin.as_ref()?.icon.as_ref().map(|it| Place::There(it.url.clone()))
                }
            })
        }
        Of::Channel(id) | Of::Banner(id) => {
            let channel = service.store.get::<Channel>(&id.to_key()).await?;
            channel.and_then(|channel| {
                let origin = channel.origin.as_ref();
                let (here, there) = match of {
                    Of::Banner(_) => (&channel.banners, origin.and_then(|it| it.banner.as_ref())),
                    _ => (&channel.avatars, origin.and_then(|it| it.icon.as_ref())),
                };
                match here.last() {
                    Some(picture) => Some(Place::Here(picture.blob)),
                    None => there.map(|picture| Place::There(picture.url.clone())),
                }
            })
        }
    };
    place.ok_or(Error::NotFound("Picture"))
}

fn there(video: &Video) -> Option<Place> {
    let picture = video.remote.as_ref()?.thumbnails.first()?;
    Some(Place::There(picture.url.clone()))
}

/// Keeps what was made of a picture that was fetched from `from`, all sizes of it, smallest first. If the picture lies
/// elsewhere by now, or is here already, nothing changes.
///
/// # Errors
/// [`Error::NotFound`] if what it is of is gone; [`Error::NoSpace`], [`Error::Store`].
pub async fn keep_fetched(
    service: &Service,
    of: Of,
    from: &Url,
    made: &[NewPicture],
) -> Result<(), Error> {
    let pictures = keep(service, made);
    // Held until the batch has landed: no sweep may take them for orphans.
    let _hold = service.blobs.hold_all(pictures.iter().map(|picture| &picture.blob)).await;
    put_blobs(service, made).await?;
    attempt(|| async {
        if find(service, of).await? != Place::There(from.clone()) {
            return Ok(());
        }
        let mut batch = Batch::default();
        let event = match of {
            Of::Video(id) => {
                let old = service.store.get::<Video>(&id.to_key()).await?;
                let old = old.ok_or(Error::NotFound("Video"))?;
                let mut new = Video::clone(&old);
                let (small, large) = (pictures.first().cloned(), pictures.last().cloned());
                new.thumbnail = small.zip(large).map(|(small, large)| Thumbnail { small, large });
                own_pictures(service, &mut batch, Some(&old), Some(&new))?;
                batch.replace_row(&old, &new)?;
                Event::VideoUpdated { video: id }
            }
            Of::Account(id) => {
                let old = service.store.get::<Account>(&id.to_key()).await?;
                let old = old.ok_or(Error::NotFound("Account"))?;
                let new = Account { avatars: pictures.clone(), ..Account::clone(&old) };
                swap(service, &mut batch, Owner::Account(id), &old.avatars, &new.avatars)?;
                batch.replace_row(&old, &new)?;
                Event::AccountUpdated { account: id }
            }
            Of::Channel(id) | Of::Banner(id) => {
                let old = service.store.get::<Channel>(&id.to_key()).await?;
                let old = old.ok_or(Error::NotFound("Video channel"))?;
                let mut new = Channel::clone(&old);
                match of {
                    Of::Banner(_) => new.banners.clone_from(&pictures),
                    _ => new.avatars.clone_from(&pictures),
                }
                let owner = Owner::Channel(id);
                swap(service, &mut batch, owner, &of_channel(&old), &of_channel(&new))?;
                batch.replace_row(&old, &new)?;
                Event::ChannelUpdated { channel: id }
            }
        };
        service.journal.record(&mut batch, &event, service.now())?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::stage::Stage;
    use bytes::Bytes;
    use kinora_model::actor::{Origin, RemotePicture};
    use kinora_model::host::Host;

    fn made(text: &'static str) -> Vec<NewPicture> {
        vec![NewPicture { bytes: Bytes::from_static(text.as_bytes()), width: 1, height: 1 }]
    }

    #[tokio::test]
    async fn a_fetched_picture_is_kept_until_its_owner_has_another() {
        let stage = Stage::new().await;
        let service = &stage.service;
        let url: Url = "https://a.example/avatar.png".parse().unwrap();
        let account = Account {
            id: service.id(),
            user: None,
            origin: Some(Origin {
                host: Host::parse("a.example").unwrap(),
                uri: "https://a.example/users/bob".parse().unwrap(),
                url: None,
                icon: Some(RemotePicture { url: url.clone(), width: None, height: None }),
                banner: None,
                followers: None,
                following: None,
                videos: None,
            }),
            ..Account::clone(
                &service
                    .store
                    .get::<Account>(&stage.owner.account.to_key())
                    .await
                    .unwrap()
                    .unwrap(),
            )
        };
        let mut batch = Batch::default();
        batch.insert_row(&account).unwrap();
        service.store.commit(batch).await.unwrap();

        let of = Of::Account(account.id);
        assert_eq!(find(service, of).await.unwrap(), Place::There(url.clone()));
        let elsewhere: Url = "https://a.example/other.png".parse().unwrap();
        keep_fetched(service, of, &elsewhere, &made("late")).await.unwrap();
        assert_eq!(find(service, of).await.unwrap(), Place::There(url.clone()));
        keep_fetched(service, of, &url, &made("right")).await.unwrap();
        let Place::Here(blob) = find(service, of).await.unwrap() else { panic!("kept") };
        assert_eq!(service.blobs.get(&blob).await.unwrap(), "right");
    }
}
