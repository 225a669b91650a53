//! What is told of videos: that they are there, changed, gone; rated, spread, watched.

use std::collections::BTreeSet;

use kinora_activity::verb::Verb;
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::instance::Instance;
use kinora_model::reaction::Rating;
use kinora_model::share::Share;
use kinora_model::video::Video;
use kinora_store::tables::follow::shares_of;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::Letter;
use crate::Federation;
use crate::address::Ours;
use crate::audience::Audience;
use crate::error::Error;
use crate::mapping;

/// The most people elsewhere who spread a video and are told of its changes.
const SHARERS_MAX: usize = 1_000;

/// The most `View` activities that are sent at once.
const VIEWS_MAX: u64 = 20;

impl Federation {
    /// `Create` by the account; the channel and this server spread it to those who follow them.
    pub(super) async fn tell_published(&self, id: Id<Video>) -> Result<Vec<Letter>, Error> {
        let video = self.told_video(id).await?;
        let (account, channel) =
            (ActorRef::Account(video.account), ActorRef::Channel(video.channel));
        let mut create = self.video_create(video.uuid).await?;
        let mut announces = Vec::new();
        for actor in [channel, ActorRef::HERE] {
            announces.push(self.video_announce(actor, &video).await?);
        }
        // A video that was hidden for a while comes back under the same id, but as something that happened anew.
        if let Some(at) = again(&video) {
            suffix(&mut create, &format!("/{at}"));
            announces.iter_mut().for_each(|announce| suffix(announce, &format!("-{at}")));
        }
        let of_account = self.followers(&[account]).await?;
        let of_channel = self.followers(&[channel]).await?;
        let of_here = self.followers(&[ActorRef::HERE]).await?;
        let channel_id = self.actor_id(channel).await?.ok_or(Error::NotFound("Channel"))?;
        let mut first = of_channel.clone();
        first
            .inboxes
            .extend(of_account.all().filter(|it| !of_channel.threads.contains(it)).cloned());
        let mut letters = self.spread(account, create, first, Some((channel, channel_id)));
        for ((actor, inboxes), announce) in
            [(channel, of_channel.inboxes), (ActorRef::HERE, of_here.all().cloned().collect())]
                .into_iter()
                .zip(announces)
        {
            letters.push(Letter::open(actor, announce, inboxes));
        }
        Ok(letters)
    }

    /// `Update` by the account.
    pub(super) async fn tell_updated(&self, id: Id<Video>) -> Result<Vec<Letter>, Error> {
        let video = self.told_video(id).await?;
        let object = self.video_value(video.uuid).await?;
        let video_id = self.video_id(&video);
        let at = video.updated_at;
        let id = self.addresses.below(&video_id, &format!("updates/{}", at.as_ms()));
        let by = ActorRef::Account(video.account);
        let actor = self.actor_id(by).await?.ok_or(Error::NotFound("Account"))?;
        let update = mapping::about(&Verb::Update, &id, &actor, object, Some(at));
        let mut audience = self.video_audience(&video).await?;
        self.add_sharers(&video, &mut audience).await?;
        Ok(self.spread(by, update, audience, self.group_of(&video).await?))
    }

    /// `Delete` by the account, as long as that is there: with it goes all that it made.
    pub(super) async fn tell_withdrawn(
        &self,
        uuid: Uuid,
        channel: Id<Channel>,
        account: Id<Account>,
    ) -> Result<Vec<Letter>, Error> {
        let by = ActorRef::Account(account);
        let actor = self.account_id(&self.account_row(account).await?);
        let object = self.addresses.of(&Ours::Video(uuid));
        let id = self.addresses.below(&object, "delete");
        let group = ActorRef::Channel(channel);
        let group_id = self.actor_id(group).await?;
        let mut cc = vec![self.addresses.below(&actor, "followers")];
        cc.extend(group_id.as_ref().map(|id| self.addresses.below(id, "followers")));
        let cc: Vec<_> = cc.iter().collect();
        let now = self.service.now();
        let mut delete = mapping::delete(&id, &actor, &object, &cc, now);
        suffix(&mut delete, &format!("/{}", now.as_ms()));
        let audience = self.followers(&[by, group, ActorRef::HERE]).await?;
        Ok(self.spread(by, delete, audience, group_id.map(|id| (group, id))))
    }

    /// All who hear of a video of ours: who follows its account, its channel or this server.
    pub(super) async fn video_audience(&self, video: &Video) -> Result<Audience, Error> {
        let (account, channel) =
            (ActorRef::Account(video.account), ActorRef::Channel(video.channel));
        self.followers(&[account, channel, ActorRef::HERE]).await
    }

    /// The channel of a video of ours, as who spreads activities in it.
    pub(super) async fn group_of(&self, video: &Video) -> Result<Option<(ActorRef, Url)>, Error> {
        let channel = ActorRef::Channel(video.channel);
        Ok(self.actor_id(channel).await?.map(|id| (channel, id)))
    }

    async fn add_sharers(&self, video: &Video, audience: &mut Audience) -> Result<(), Error> {
        let range = shares_of(video.id);
        let shares = self.service.store.list_range::<Share>(&range, SHARERS_MAX).await?;
        let sharers: Vec<_> = shares.iter().map(|share| share.actor).collect();
        for actor in self.remote_actors(&sharers).await? {
            audience.add(&actor);
        }
        Ok(())
    }

    /// The inbox of the owner of a video that lives elsewhere.
    pub(super) async fn owner_inbox(&self, video: &Video) -> Result<Option<Url>, Error> {
        let owner = self.remote_actor(ActorRef::Account(video.account)).await?;
        Ok(owner.map(|owner| owner.shared_inbox.unwrap_or(owner.inbox)))
    }

    /// `Like`, `Dislike`, or `Undo` of what was said before.
    pub(super) async fn tell_rating(
        &self,
        id: Id<Video>,
        account: Id<Account>,
        before: Option<Rating>,
        now: Option<Rating>,
    ) -> Result<Vec<Letter>, Error> {
        let video = self.public_video(id).await?.ok_or(Error::NotFound("Video"))?;
        let by = ActorRef::Account(account);
        let (audience, group) = if video.is_local() {
            // Others take no notice of what people say of somebody else's video.
            let mut audience = self.followers(&[ActorRef::HERE]).await?;
            let of_channel = self.followers(&[ActorRef::Channel(video.channel)]).await?;
            audience.threads.extend(of_channel.threads);
            (audience, self.group_of(&video).await?)
        } else {
            let inboxes = self.owner_inbox(&video).await?.into_iter().collect();
            (Audience { inboxes, ..Audience::default() }, None)
        };
        let mut letters = Vec::new();
        for (rating, taken_back) in [(before, true), (now, false)] {
            let Some(rating) = rating.filter(|_| before != now) else { continue };
            let mut activity = self.rating_value(&video, account, rating).await?;
            if taken_back {
                let actor = self.actor_id(by).await?.ok_or(Error::NotFound("Account"))?;
                let id = activity.get("id").and_then(Value::as_str).map(Url::parse);
                let Some(Ok(id)) = id else { continue };
                let path = format!("undo/{}", self.service.now().as_ms());
                activity = mapping::undo(&self.addresses.below(&id, &path), &actor, &activity);
            }
            letters.extend(self.spread(by, activity, audience.clone(), group.clone()));
        }
        Ok(letters)
    }

    /// `Announce` of a video by someone here, or its `Undo`.
    pub(super) async fn tell_share(
        &self,
        share: Id<Share>,
        video: Id<Video>,
        actor: ActorRef,
        taken_back: bool,
    ) -> Result<Vec<Letter>, Error> {
        let video = self.public_video(video).await?.ok_or(Error::NotFound("Video"))?;
        let by = self.actor_id(actor).await?.ok_or(Error::NotFound("Actor"))?;
        let mut activity = self.share_value(share, &video, actor, &by).await?;
        if taken_back {
            let id = self.share_id(share, actor).await?.ok_or(Error::NotFound("Actor"))?;
            activity = mapping::undo(&self.addresses.below(&id, "undo"), &by, &activity);
        }
        let mut inboxes: BTreeSet<_> = self.followers(&[actor]).await?.all().cloned().collect();
        inboxes.extend(self.owner_inbox(&video).await?);
        Ok(vec![Letter::open(actor, activity, inboxes)])
    }

    /// `View` to the server of a video from elsewhere.
    pub(super) async fn tell_views(
        &self,
        video: Id<Video>,
        views: u64,
    ) -> Result<Vec<Letter>, Error> {
        let video = self.public_video(video).await?.ok_or(Error::NotFound("Video"))?;
        let Some(remote) = &video.remote else { return Ok(Vec::new()) };
        let Some(inbox) = self.owner_inbox(&video).await? else { return Ok(Vec::new()) };
        let owner = self.actor_id(ActorRef::Account(video.account)).await?;
        let owner = owner.ok_or(Error::NotFound("Account"))?;
        let instance = self.service.store.get::<Instance>(remote.host.as_str().as_bytes()).await?;
        let software = instance.and_then(|instance| instance.into_row().software);
        // Servers like ours read how many there were; others count one for each activity.
        let (times, each) = match software.as_deref() {
            Some("kinora") => (1, views),
            _ => (views.min(VIEWS_MAX), 1),
        };
        let here = self.addresses.of(&Ours::Instance);
        let at = self.service.now().as_ms();
        let letters = (0..times).map(|number| {
            let path = format!("views/{}/{at}-{number}", video.id);
            let id = self.addresses.below(&here, &path);
            let view = mapping::view(&id, &here, &owner, &remote.uri, each);
            Letter::quiet(ActorRef::HERE, view, inbox.clone())
        });
        Ok(letters.collect())
    }

    /// An activity about a video of ours goes on to those who follow it, as it came; servers of threads get it from the
    /// channel.
    pub(super) async fn pass_on(
        &self,
        body: &str,
        video: Id<Video>,
        from: &Host,
    ) -> Result<Vec<Letter>, Error> {
        let video = self.told_video(video).await?;
        let Some((channel, id)) = self.group_of(&video).await? else { return Ok(Vec::new()) };
        let audience = self.video_audience(&video).await?.without(from);
        let mut letters = vec![Letter::passed(channel, body.to_owned(), audience.inboxes)];
        if let Ok(activity) = serde_json::from_str::<Value>(body) {
            let announce = self.group_announce(&id, &activity);
            letters.push(Letter::open(channel, announce, audience.threads));
        }
        Ok(letters)
    }
}

/// When a video came back after it was hidden: its id was deleted elsewhere in the meantime.
fn again(video: &Video) -> Option<i64> {
    let published = video.published_at?;
    // Being published changes it in the same moment, or within the time that its first change of words may take.
    (video.updated_at > published).then(|| video.updated_at.as_ms())
}

/// Adds to the id of an activity.
fn suffix(activity: &mut Value, more: &str) {
    if let Some(fields) = activity.as_object_mut()
        && let Some(Value::String(id)) = fields.get_mut("id")
    {
        id.push_str(more);
    }
}
