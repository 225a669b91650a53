//! Activities of ours: what people, channels and the server here did, as others read it.

use kinora_activity::verb::Verb;
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::clock::Timestamp;
use kinora_model::comment::Comment;
use kinora_model::delivery::Grave;
use kinora_model::follow::Follow;
use kinora_model::id::Id;
use kinora_model::instance::Instance;
use kinora_model::reaction::Rating;
use kinora_model::share::Share;
use kinora_model::video::Video;
use kinora_service::{captions, manifest, mentions, videos};
use kinora_store::tables::remote::digest;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::Federation;
use crate::error::Error;
use crate::mapping::{self, ActorFacts, Reply, VideoFacts};

impl Federation {
    /// A video of ours as an object, without context.
    pub(crate) async fn video_value(&self, uuid: Uuid) -> Result<Value, Error> {
        Ok(mapping::to_video(&self.addresses, &self.video_facts(uuid).await?))
    }

    /// All that is said of a video of ours.
    pub(crate) async fn video_facts(&self, uuid: Uuid) -> Result<VideoFacts, Error> {
        let name = uuid.to_string();
        let details = videos::details(&self.service, None, &name).await?;
        if !kinora_service::outbound::is_told(&details.video) {
            return Err(Error::NotFound("Video"));
        }
        let captions = captions::list(&self.service, None, &name).await?;
        let manifest = manifest::of(&self.service, &details.video).await?;
        Ok(VideoFacts { details, captions, manifest })
    }

    /// `Create` of a video of ours, by its account.
    pub(crate) async fn video_create(&self, uuid: Uuid) -> Result<Value, Error> {
        let facts = self.video_facts(uuid).await?;
        let object = mapping::to_video(&self.addresses, &facts);
        let id = self.addresses.below(&self.video_id(&facts.details.video), "activity");
        let actor = self.account_id(&facts.details.account);
        let at = facts.details.video.published_at;
        Ok(mapping::about(&Verb::Create, &id, &actor, object, at))
    }

    /// The id of the announcement of a video of ours by its channel or this server.
    pub(crate) async fn video_announce_id(
        &self,
        actor: ActorRef,
        video: &Video,
    ) -> Result<Option<Url>, Error> {
        let actor = self.actor_id(actor).await?;
        Ok(actor.map(|actor| self.addresses.below(&actor, &format!("announces/{}", video.id))))
    }

    /// `Announce` of a video of ours by its channel or this server.
    pub(crate) async fn video_announce(
        &self,
        actor: ActorRef,
        video: &Video,
    ) -> Result<Value, Error> {
        let gone = || Error::NotFound("Actor");
        let id = self.video_announce_id(actor, video).await?.ok_or_else(gone)?;
        let by = self.actor_id(actor).await?.ok_or_else(gone)?;
        let account = self.actor_id(ActorRef::Account(video.account)).await?.ok_or_else(gone)?;
        let followers = self.addresses.below(&by, "followers");
        let at = video.published_at.unwrap_or(video.created_at);
        let object = json!(self.video_id(video));
        Ok(mapping::announce(&id, &by, object, &[&followers, &account], at))
    }

    /// A comment by someone here as an object, without context.
    pub(crate) async fn comment_value(
        &self,
        comment: &Comment,
        video: &Video,
    ) -> Result<Value, Error> {
        let reply = self.reply(comment, video).await?;
        Ok(mapping::to_note(&self.addresses, comment, &reply))
    }

    /// `Create` of a comment by someone here.
    pub(crate) async fn comment_create(
        &self,
        comment: &Comment,
        video: &Video,
    ) -> Result<Value, Error> {
        let reply = self.reply(comment, video).await?;
        let object = mapping::to_note(&self.addresses, comment, &reply);
        let id = self.addresses.below(&self.comment_id(comment, video), "activity");
        Ok(mapping::about(&Verb::Create, &id, &reply.author, object, Some(comment.created_at)))
    }

    /// What a comment by someone here replies to, and who should hear of it.
    pub(crate) async fn reply(&self, comment: &Comment, video: &Video) -> Result<Reply, Error> {
        let store = &self.service.store;
        let author = store.get::<Account>(&comment.account.to_key()).await?;
        let author = author.ok_or(Error::NotFound("Account"))?.into_row();
        let parent = match comment.parent {
            Some(parent) => store.get::<Comment>(&parent.to_key()).await?,
            None => None,
        };
        let answered = parent.as_ref().map_or(video.account, |parent| parent.account);
        let answered = store.get::<Account>(&answered.to_key()).await?;
        let mut mentioned = mentions::resolve(&self.service, &comment.text).await?;
        if let Some(answered) = answered
            && answered.id != author.id
            && !mentioned.iter().any(|account| account.id == answered.id)
        {
            mentioned.push(answered.into_row());
        }
        let host = |account: &Account| {
            account.origin.as_ref().map_or(self.addresses.host(), |it| &it.host).to_string()
        };
        let video_id = self.video_id(video);
        let context = video.is_local().then(|| self.addresses.below(&video_id, "context"));
        Ok(Reply {
            id: self.comment_id(comment, video),
            page: self.addresses.url(&format!(
                "/w/{}?comment={}",
                kinora_model::video::short_uuid(video.uuid),
                comment.id
            )),
            author: self.account_id(&author),
            parent: parent.map_or_else(|| video_id.clone(), |it| self.comment_id(&it, video)),
            channel: self.actor_id(ActorRef::Channel(video.channel)).await?,
            owner: self.actor_id(ActorRef::Account(video.account)).await?,
            mentioned: mentioned
                .iter()
                .map(|it| (self.account_id(it), format!("@{}@{}", it.name, host(it))))
                .collect(),
            context,
            known: mentions::known(&self.service, std::iter::once(comment.text.as_str())).await?,
        })
    }

    /// `ApproveReply` of a comment under a video of ours, by its owner.
    pub(crate) async fn reply_approval(
        &self,
        comment: &Comment,
        video: &Video,
    ) -> Result<Value, Error> {
        self.reply_answer(comment, video, true).await
    }

    /// `ApproveReply` or `RejectReply` of a comment under a video of ours, by its owner.
    pub(crate) async fn reply_answer(
        &self,
        comment: &Comment,
        video: &Video,
        approved: bool,
    ) -> Result<Value, Error> {
        let (verb, path) = if approved {
            (Verb::ApproveReply, "approve-reply")
        } else {
            (Verb::RejectReply, "reject-reply")
        };
        let owner = self.actor_id(ActorRef::Account(video.account)).await?;
        let owner = owner.ok_or(Error::NotFound("Account"))?;
        let path = format!("comments/{}/{path}", comment.id);
        let video_id = self.video_id(video);
        let id = self.addresses.below(&video_id, &path);
        let comment = self.comment_id(comment, video);
        Ok(mapping::reply_answer(&verb, &id, &owner, &comment, &video_id))
    }

    /// The id of a rating by someone here; `None` for those of others.
    pub(crate) async fn rating_id(
        &self,
        video: Id<Video>,
        account: Id<Account>,
        rating: Rating,
    ) -> Result<Option<String>, Error> {
        let row = self.service.store.get::<Account>(&account.to_key()).await?;
        let row = row.filter(|account| account.is_local());
        Ok(row.map(|account| {
            let path = format!("{}/{video}", mapping::rating_folder(rating));
            self.addresses.below(&self.account_id(&account), &path).to_string()
        }))
    }

    /// `Like` or `Dislike` of a video by someone here.
    pub(crate) async fn rating_value(
        &self,
        video: &Video,
        account: Id<Account>,
        rating: Rating,
    ) -> Result<Value, Error> {
        let gone = || Error::NotFound("Account");
        let by = self.actor_id(ActorRef::Account(account)).await?.ok_or_else(gone)?;
        let owner = self.actor_id(ActorRef::Account(video.account)).await?.ok_or_else(gone)?;
        let path = format!("{}/{}", mapping::rating_folder(rating), video.id);
        let id = self.addresses.below(&by, &path);
        Ok(mapping::rating(&id, &by, &self.video_id(video), &owner, rating))
    }

    /// The id of a share by an actor here.
    pub(crate) async fn share_id(
        &self,
        share: Id<Share>,
        actor: ActorRef,
    ) -> Result<Option<Url>, Error> {
        let actor = self.actor_id(actor).await?;
        Ok(actor.map(|actor| self.addresses.below(&actor, &format!("announces/{share}"))))
    }

    /// `Announce` of a video by someone here.
    pub(crate) async fn share_value(
        &self,
        share: Id<Share>,
        video: &Video,
        actor: ActorRef,
        by: &Url,
    ) -> Result<Value, Error> {
        let id = self.share_id(share, actor).await?.ok_or(Error::NotFound("Actor"))?;
        let owner = self.actor_id(ActorRef::Account(video.account)).await?;
        let followers = self.addresses.below(by, "followers");
        let cc: Vec<_> = std::iter::once(&followers).chain(&owner).collect();
        let at = kinora_model::id::made_at(share);
        Ok(mapping::announce(&id, by, json!(self.video_id(video)), &cc, at))
    }

    /// `Follow` by someone here.
    pub(crate) async fn follow_value(
        &self,
        follow: Id<Follow>,
        follower: ActorRef,
        followed: ActorRef,
    ) -> Result<Value, Error> {
        let gone = || Error::NotFound("Actor");
        let by = self.actor_id(follower).await?.ok_or_else(gone)?;
        let whom = self.actor_id(followed).await?.ok_or_else(gone)?;
        let id = self.addresses.below(&by, &format!("follows/{follow}"));
        Ok(mapping::follow(&id, &by, &whom))
    }

    /// An actor of ours, with its context.
    pub(crate) async fn actor_value(&self, actor: ActorRef) -> Result<Value, Error> {
        let store = &self.service.store;
        let nothing = || Error::NotFound("Actor");
        let facts = self.actor_facts(actor).await?;
        match actor {
            ActorRef::Account(id) => {
                let account = store.get::<Account>(&id.to_key()).await?;
                let account = account.filter(|it| it.is_local()).ok_or_else(nothing)?;
                Ok(mapping::to_account(&self.addresses, &account, &facts))
            }
            ActorRef::Channel(id) => {
                let channel = store.get::<Channel>(&id.to_key()).await?;
                let channel = channel.filter(|it| it.is_local()).ok_or_else(nothing)?;
                let owner = self.actor_id(ActorRef::Account(channel.account)).await?;
                let owner = owner.ok_or_else(nothing)?;
                Ok(mapping::to_channel(&self.addresses, &channel, &owner, &facts))
            }
            ActorRef::Instance(id) if id == Instance::HERE => {
                let place = &self.service.config.instance;
                let (name, about) = (&place.name, &place.short_description);
                Ok(mapping::to_server(&self.addresses, name, about, &facts))
            }
            ActorRef::Instance(_) => Err(nothing()),
        }
    }

    /// The public keys of an actor of ours.
    async fn actor_facts(&self, actor: ActorRef) -> Result<ActorFacts, Error> {
        let keys = &self.keys.of(actor).await?.keys;
        Ok(ActorFacts {
            rsa_pem: keys.rsa_public_pem(),
            ed25519_multibase: keys.ed25519_multibase(),
        })
    }

    /// When something of ours was deleted.
    pub(crate) async fn buried(&self, id: &Url) -> Result<Option<Timestamp>, Error> {
        let grave = self.service.store.get::<Grave>(&digest(id)).await?;
        Ok(grave.map(|grave| grave.at))
    }
}
