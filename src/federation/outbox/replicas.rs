//! What is told of copies that this node keeps.

use kinora_activity::cache_file::CacheFile;
use kinora_activity::verb::{self, Audience, Verb};
use kinora_model::actor::ActorRef;
use kinora_model::id::Id;
use kinora_model::mirror::ReplicaState;
use kinora_model::video::Video;
use kinora_service::replicas;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::Letter;
use crate::Federation;
use crate::address::Ours;
use crate::error::Error;
use crate::mapping;

impl Federation {
    /// `Create` of a `CacheFile`, or its `Undo`, to who made the video.
    pub(super) async fn tell_replica(
        &self,
        video: Id<Video>,
        kept: bool,
    ) -> Result<Vec<Letter>, Error> {
        let video = self.service.store.get::<Video>(&video.to_key()).await?;
        let video = video.ok_or(Error::NotFound("Video"))?;
        let Some(author) = self.remote_actor(ActorRef::Account(video.account)).await? else {
            return Ok(Vec::new());
        };
        let Some((id, object)) = self.cache_file(&video, &author.uri) else {
            return Ok(Vec::new());
        };
        let by = self.addresses.of(&Ours::Instance);
        let to = Audience::only(&[&author.uri]);
        let create =
            verb::write(&Verb::Create, &self.addresses.below(&id, "activity"), &by, object, &to);
        let activity = if kept {
            create
        } else {
            let path = format!("undo/{}", self.service.now().as_ms());
            mapping::undo(&self.addresses.below(&id, &path), &by, &create)
        };
        let inbox = author.shared_inbox.unwrap_or(author.inbox);
        Ok(vec![Letter::quiet(ActorRef::HERE, activity, inbox)])
    }

    fn cache_file(&self, video: &Video, author: &Url) -> Option<(Url, Value)> {
        let remote = video.remote.as_ref()?;
        let copy = CacheFile {
            id: self.addresses.url(&format!("/redundancy/streaming-playlists/hls/{}", video.uuid)),
            object: remote.uri.clone(),
            folder: self.addresses.url(&format!("/static/streaming-playlists/hls/{}", video.uuid)),
            expires: None,
        };
        Some((copy.id.clone(), copy.write(author)))
    }

    /// The document of a copy that this node keeps of the video of this uuid.
    pub(crate) async fn replica_value(&self, uuid: Uuid) -> Result<Value, Error> {
        let missing = || Error::NotFound("Copy");
        let video = self.public_video_of(uuid).await?.ok_or_else(missing)?;
        let replica = replicas::of_video(&self.service, video.id).await?;
        replica.filter(|it| it.state == ReplicaState::Whole).ok_or_else(missing)?;
        let author = self.remote_actor(ActorRef::Account(video.account)).await?;
        let found = self.cache_file(&video, &author.ok_or_else(missing)?.uri);
        found.map(|(_, value)| value).ok_or_else(missing)
    }
}
