//! What is told of comments.

use kinora_activity::verb::Verb;
use kinora_model::actor::ActorRef;
use kinora_model::comment::Comment;
use kinora_model::id::Id;
use kinora_model::video::Video;
use kinora_service::outbound::is_told;
use kinora_store::Stored;
use url::Url;

use super::Letter;
use crate::Federation;
use crate::audience::Audience;
use crate::error::Error;
use crate::mapping;

impl Federation {
    /// A comment and its video, as long as others may know of both.
    async fn told_comment(&self, id: Id<Comment>) -> Result<(Comment, Video), Error> {
        let store = &self.service.store;
        let comment = store.get::<Comment>(&id.to_key()).await?.map(Stored::into_row);
        let comment = comment.ok_or(Error::NotFound("Comment"))?;
        let video = self.public_video(comment.video).await?;
        let video = video.filter(|video| is_told(video) || !video.is_local());
        Ok((comment, video.ok_or(Error::NotFound("Video"))?))
    }

    /// Who hears of a comment: those who follow its author, who follow the video or own it, whom it answers and mentions.
    async fn comment_audience(
        &self,
        comment: &Comment,
        video: &Video,
        mentioned: &[ActorRef],
    ) -> Result<Audience, Error> {
        let mut audience =
            if video.is_local() { self.video_audience(video).await? } else { Audience::default() };
        let author = self.followers(&[ActorRef::Account(comment.account)]).await?;
        for inbox in author.all() {
            if !audience.threads.contains(inbox) {
                audience.inboxes.insert(inbox.clone());
            }
        }
        let mut others = vec![ActorRef::Account(video.account)];
        others.extend(mentioned);
        for actor in self.remote_actors(&others).await? {
            audience.add(&actor);
        }
        Ok(audience)
    }

    /// Who wrote what a comment answers, and whom its words mention.
    async fn mentioned(&self, comment: &Comment) -> Result<Vec<ActorRef>, Error> {
        let store = &self.service.store;
        let mut actors = Vec::new();
        if let Some(parent) = comment.parent
            && let Some(parent) = store.get::<Comment>(&parent.to_key()).await?
        {
            actors.push(ActorRef::Account(parent.account));
        }
        let named = kinora_service::mentions::resolve(&self.service, &comment.text).await?;
        actors.extend(named.iter().map(|account| ActorRef::Account(account.id)));
        Ok(actors)
    }

    /// `Create` or `Update` of a comment by someone here.
    pub(super) async fn tell_comment(
        &self,
        id: Id<Comment>,
        verb: &Verb,
    ) -> Result<Vec<Letter>, Error> {
        let (comment, video) = self.told_comment(id).await?;
        // What waits under a video elsewhere waits for its owner there, who must hear of it.
        let waits = !comment.is_shown();
        if (waits && (video.is_local() || comment.is_deleted())) || comment.uri.is_some() {
            return Ok(Vec::new());
        }
        let activity = if *verb == Verb::Create {
            self.comment_create(&comment, &video).await?
        } else {
            let object = self.comment_value(&comment, &video).await?;
            let path = format!("updates/{}", comment.updated_at.as_ms());
            let id = self.addresses.below(&self.comment_id(&comment, &video), &path);
            let author = self.account_row(comment.account).await?;
            let at = Some(comment.updated_at);
            mapping::about(verb, &id, &self.account_id(&author), object, at)
        };
        let audience = if waits {
            let mut owner = Audience::default();
            for actor in self.remote_actors(&[ActorRef::Account(video.account)]).await? {
                owner.add(&actor);
            }
            owner
        } else {
            let mentioned = self.mentioned(&comment).await?;
            self.comment_audience(&comment, &video, &mentioned).await?
        };
        let by = ActorRef::Account(comment.account);
        Ok(self.spread(by, activity, audience, self.group_if_ours(&video).await?))
    }

    async fn group_if_ours(&self, video: &Video) -> Result<Option<(ActorRef, Url)>, Error> {
        if video.is_local() { self.group_of(video).await } else { Ok(None) }
    }

    /// `Delete` of a comment: by its author here, or by the owner of our video under which someone elsewhere wrote it.
    pub(super) async fn tell_comment_gone(&self, id: Id<Comment>) -> Result<Vec<Letter>, Error> {
        let (comment, video) = self.told_comment(id).await?;
        let ours = comment.uri.is_none();
        let by = if ours { comment.account } else { video.account };
        let actor = self.account_row(by).await?;
        if !actor.is_local() {
            return Ok(Vec::new());
        }
        let actor = self.account_id(&actor);
        let object = self.comment_id(&comment, &video);
        let path = format!("comments/{}/delete", comment.id);
        let place = self.addresses.of(&crate::address::Ours::Video(video.uuid));
        let id = self.addresses.below(&place, &path);
        let followers = self.addresses.below(&actor, "followers");
        let delete = mapping::delete(&id, &actor, &object, &[&followers], comment.updated_at);
        let mut mentioned = self.mentioned(&comment).await?;
        mentioned.push(ActorRef::Account(comment.account));
        let audience = self.comment_audience(&comment, &video, &mentioned).await?;
        let group = self.group_if_ours(&video).await?;
        Ok(self.spread(ActorRef::Account(by), delete, audience, group))
    }

    /// `ApproveReply` or `RejectReply`, to who wrote the comment.
    pub(super) async fn tell_reply(
        &self,
        id: Id<Comment>,
        approved: bool,
    ) -> Result<Vec<Letter>, Error> {
        let (comment, video) = self.told_comment(id).await?;
        let author = self.remote_actor(ActorRef::Account(comment.account)).await?;
        let (Some(author), true) = (author, video.is_local()) else { return Ok(Vec::new()) };
        let answer = self.reply_answer(&comment, &video, approved).await?;
        Ok(vec![Letter::quiet(ActorRef::Account(video.account), answer, author.inbox)])
    }
}
