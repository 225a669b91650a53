//! What other servers are told of a change: decided where the change is made, and written in its batch.

use kinora_model::actor::ActorRef;
use kinora_model::job::Job;
use kinora_model::outbound::Outbound;
use kinora_model::video::{Privacy, Video, VideoState};
use kinora_store::Batch;

use crate::Service;
use crate::error::Error;

/// True if other servers may know of a video because of us: it lives here, everyone may see it, and it can be watched.
#[must_use]
pub fn is_told(video: &Video) -> bool {
    video.is_local()
        && video.words.privacy == Privacy::Public
        && video.state == VideoState::Published
}

/// Adds to a batch that others are told something.
///
/// # Errors
/// [`Error::Store`].
pub(crate) fn tell(service: &Service, batch: &mut Batch, outbound: Outbound) -> Result<(), Error> {
    service.queue.enqueue(batch, &Job::Federate { outbound })?;
    Ok(())
}

/// Adds to a batch what others are told of a video that was as `old` says and is as `new` says.
pub(crate) fn video_changed(
    service: &Service,
    batch: &mut Batch,
    old: Option<&Video>,
    new: Option<&Video>,
) -> Result<(), Error> {
    let (before, now) = (old.filter(|video| is_told(video)), new.filter(|video| is_told(video)));
    let outbound = match (before, now) {
        (None, None) => return Ok(()),
        (None, Some(video)) => Outbound::VideoPublished { video: video.id },
        (Some(_), Some(video)) => Outbound::VideoUpdated { video: video.id },
        (Some(video), None) => Outbound::VideoWithdrawn {
            uuid: video.uuid,
            channel: video.channel,
            account: video.account,
        },
    };
    tell(service, batch, outbound)
}

/// Adds to a batch that others are told of new words or pictures of an actor of ours.
pub(crate) fn actor_changed(
    service: &Service,
    batch: &mut Batch,
    actor: ActorRef,
) -> Result<(), Error> {
    tell(service, batch, Outbound::ActorUpdated { actor })
}

/// Adds to a batch that others are told that an actor of ours is gone.
pub(crate) fn actor_gone(
    service: &Service,
    batch: &mut Batch,
    actor: ActorRef,
) -> Result<(), Error> {
    tell(service, batch, Outbound::ActorDeleted { actor })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::stage::Stage;
    use crate::videos::{self, Change};
    use kinora_model::job::Lane;

    async fn told(stage: &Stage) -> Vec<Outbound> {
        let mut all = Vec::new();
        while let Some(leased) = stage.service.queue.lease(Lane::Federate, "test").await.unwrap() {
            if let Job::Federate { outbound } = &leased.job {
                all.push(outbound.clone());
            }
            stage.service.queue.finish(&leased, Batch::default()).await.unwrap();
        }
        all
    }

    #[tokio::test]
    async fn others_hear_of_a_video_while_everyone_may_see_it() {
        let stage = Stage::new().await;
        let video = stage.video("A film", |_| {}).await;
        let id = video.id;
        let name = id.to_string();
        let privacy = |privacy| Change { privacy: Some(privacy), ..Change::default() };
        let change = |to| {
            let (service, owner, name) = (&stage.service, &stage.owner, name.clone());
            async move { videos::update(service, owner, &name, &privacy(to)).await.unwrap() }
        };
        let gone = Outbound::VideoWithdrawn {
            uuid: video.uuid,
            channel: video.channel,
            account: video.account,
        };
        change(Privacy::Public).await;
        assert_eq!(told(&stage).await, [Outbound::VideoUpdated { video: id }]);
        change(Privacy::Private).await;
        assert_eq!(told(&stage).await, std::slice::from_ref(&gone));
        change(Privacy::Unlisted).await;
        assert_eq!(told(&stage).await, []);
        change(Privacy::Public).await;
        assert_eq!(told(&stage).await, [Outbound::VideoPublished { video: id }]);
        videos::delete(&stage.service, &stage.owner, &name).await.unwrap();
        assert_eq!(told(&stage).await, [gone]);
    }
}
