//! Who may have the media of a video: asked for every segment, so kept in memory, and yet never out of date.
//!
//! What is remembered is checked against the journal before each answer: a change of privacy is seen by the next
//! request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::video::Video;
use kinora_service::{Service, Viewer, access};
use kinora_store::tables::{BlobOwner, Owner, blob_owner_key, video_by_uuid};
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use crate::error::Error;

/// Videos that are remembered; one more, and all are forgotten.
const VIDEOS_MAX: usize = 10_000;

/// Events that are read at a time to catch up; a reader further behind forgets everything instead.
const EVENTS_MAX: usize = 512;

/// Remembers videos by uuid.
#[derive(Debug)]
pub struct Door {
    known: RwLock<Known>,
    /// Commits with news, counted by the journal.
    news: watch::Receiver<u64>,
    /// Which of them are taken account of.
    seen: AtomicU64,
    /// The last event that is taken account of; whoever changes what is known holds it.
    read: Mutex<u64>,
}

#[derive(Debug, Default)]
struct Known {
    videos: HashMap<Uuid, Arc<Video>>,
    uuids: HashMap<Id<Video>, Uuid>,
}

impl Known {
    fn remember(&mut self, video: Arc<Video>) {
        if self.videos.len() >= VIDEOS_MAX {
            *self = Self::default();
        }
        self.uuids.insert(video.id, video.uuid);
        self.videos.insert(video.uuid, video);
    }

    fn forget(&mut self, video: Id<Video>) {
        if let Some(uuid) = self.uuids.remove(&video) {
            self.videos.remove(&uuid);
        }
    }
}

/// Who asks for media: someone logged in, someone with a token for one video, or anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// Who is logged in.
    pub viewer: Option<Viewer>,
    /// The video that a valid token in the address is for.
    pub admitted: Option<Id<Video>>,
}

impl Asker {
    /// True if they may have the media of this video.
    #[must_use]
    pub fn may_see(&self, video: &Video) -> bool {
        self.admitted == Some(video.id) || access::may_see(video, self.viewer.as_ref())
    }
}

impl Door {
    /// A door that remembers nothing yet.
    #[must_use]
    pub fn new(service: &Service) -> Self {
        let news = service.journal.subscribe();
        // No count is this high: the first question reads the journal.
        let seen = AtomicU64::new(u64::MAX);
        Self { known: RwLock::default(), news, seen, read: Mutex::new(0) }
    }

    /// The video with this uuid, as it is now, whoever asks.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn video(&self, service: &Service, uuid: Uuid) -> Result<Option<Arc<Video>>, Error> {
        self.catch_up(service).await?;
        if let Some(video) = self.remembered(uuid) {
            return Ok(Some(video));
        }
        let before = *self.read.lock().await;
        let Some(video) = service.store.find::<Video>(&video_by_uuid(uuid)).await? else {
            return Ok(None);
        };
        let video = Arc::new(video.into_row());
        // What was read may be older than an event that came meanwhile: then it is used once and not remembered.
        let read = self.read.lock().await;
        if *read == before {
            self.change(|known| known.remember(Arc::clone(&video)));
        }
        Ok(Some(video))
    }

    /// The video with this uuid if the asker may have its media.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, or if they may not know of it.
    pub async fn enter(
        &self,
        service: &Service,
        uuid: Uuid,
        asker: &Asker,
    ) -> Result<Arc<Video>, Error> {
        let video = self.video(service, uuid).await?;
        video.filter(|video| asker.may_see(video)).ok_or(Error::NotFound("Video"))
    }

    /// True if the asker may see a picture or caption: one of those who refer to it must be theirs to see.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn may_see_blob(
        &self,
        service: &Service,
        blob: &BlobName,
        asker: &Asker,
    ) -> Result<bool, Error> {
        for owner in service.store.list::<BlobOwner>(blob.digest(), OWNERS_MAX).await? {
            let seen = match owner.owner {
                Owner::Account(_) | Owner::Channel(_) => true,
                Owner::Video(id) => {
                    let video = service.store.get::<Video>(&id.to_key()).await?;
                    video.is_some_and(|video| asker.may_see(&video))
                }
            };
            if seen {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes account of what happened since the last question.
    async fn catch_up(&self, service: &Service) -> Result<(), Error> {
        let commits = *self.news.borrow();
        if self.seen.load(Ordering::Acquire) == commits {
            return Ok(());
        }
        let mut read = self.read.lock().await;
        let events = service.journal.read(*read, EVENTS_MAX).await?;
        if events.len() == EVENTS_MAX {
            let head = service.journal.head().await?;
            self.change(|known| *known = Known::default());
            *read = head;
        } else {
            let changed = events.iter().filter_map(|entry| entry.event.video());
            self.change(|known| changed.for_each(|video| known.forget(video)));
            *read = events.last().map_or(*read, |entry| entry.number);
        }
        self.seen.store(commits, Ordering::Release);
        Ok(())
    }

    fn remembered(&self, uuid: Uuid) -> Option<Arc<Video>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.videos.get(&uuid).cloned()
    }

    fn change(&self, work: impl FnOnce(&mut Known)) {
        work(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Owners of one picture that are looked at.
const OWNERS_MAX: usize = 64;

/// True if a video refers to a blob.
///
/// # Errors
/// If the store cannot be read.
pub async fn refers(service: &Service, video: Id<Video>, blob: &BlobName) -> Result<bool, Error> {
    let key = blob_owner_key(blob, Owner::Video(video));
    Ok(service.store.get::<BlobOwner>(&key).await?.is_some())
}

#[cfg(test)]
mod tests {
    use kinora_model::event::Event;
    use kinora_model::user::Role;
    use kinora_model::video::Privacy;
    use kinora_store::Batch;

    use super::*;
    use crate::tests::{service, video};

    async fn set(service: &Service, id: Id<Video>, privacy: Privacy) {
        let stored = service.store.get::<Video>(&id.to_key()).await.unwrap().unwrap();
        let mut row = (*stored).clone();
        row.words.privacy = privacy;
        let mut batch = Batch::default();
        batch.replace_row(&stored, &row).unwrap();
        let event = Event::VideoUpdated { video: id };
        service.journal.record(&mut batch, &event, service.now()).unwrap();
        service.store.commit(batch).await.unwrap();
    }

    #[tokio::test]
    async fn a_change_of_privacy_is_seen_by_the_next_request() {
        let folder = tempfile::tempdir().unwrap();
        let service = service(folder.path());
        let video = video(&service).await;
        let door = Door::new(&service);
        let anybody = Asker::default();
        for _ in 0..2 {
            assert!(door.enter(&service, video.uuid, &anybody).await.is_ok());
            set(&service, video.id, Privacy::Private).await;
            let refused = door.enter(&service, video.uuid, &anybody).await;
            assert!(matches!(refused, Err(Error::NotFound(_))));
            set(&service, video.id, Privacy::Unlisted).await;
        }
    }

    #[tokio::test]
    async fn a_private_video_opens_for_its_owner_and_for_its_token() {
        let folder = tempfile::tempdir().unwrap();
        let service = service(folder.path());
        let (video, other) = (video(&service).await, video(&service).await);
        set(&service, video.id, Privacy::Private).await;
        let door = Door::new(&service);
        let enter = async |asker: &Asker| door.enter(&service, video.uuid, asker).await.is_ok();
        let viewer = |account, role| Viewer { user: Id::from_raw(9), account, role };
        let owner = Some(viewer(video.account, Role::User));
        let stranger = Some(viewer(Id::from_raw(77), Role::User));
        assert!(enter(&Asker { viewer: owner, admitted: None }).await);
        assert!(!enter(&Asker { viewer: stranger, admitted: None }).await);
        assert!(enter(&Asker { viewer: None, admitted: Some(video.id) }).await);
        assert!(!enter(&Asker { viewer: None, admitted: Some(other.id) }).await);
        assert!(door.enter(&service, Uuid::nil(), &Asker::default()).await.is_err());
    }
}
