//! What others say becomes ours. Whoever signed is known here (the inbox saw to that); what they say of an object is
//! believed only if it is theirs, else the object is asked for where it lives (FEP-fe34).
//!
//! A job may run twice: the second time everything is as the first left it.

use kinora_activity::actor::Actor;
use kinora_activity::cache_file::CacheFile;
use kinora_activity::lenient;
use kinora_activity::note::{self, Note};
use kinora_activity::verb::{Activity, Verb};
use kinora_activity::video as words;
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::clock::Timestamp;
use kinora_model::comment::Comment;
use kinora_model::delivery::{Made, Received};
use kinora_model::follow::Follow;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::reaction::Rating;
use kinora_model::report::ReportTarget;
use kinora_model::video::Video;
use kinora_service::comments::NewRemoteComment;
use kinora_service::mirrors::NewMirror;
use kinora_service::reports::{self, NewReport};
use kinora_service::{comments, follows, mirrors, names, reactions, remote, shares};
use kinora_store::Batch;
use kinora_store::tables::follow::follow_by_id;
use kinora_store::tables::remote::digest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tracing::debug;
use url::Url;

use crate::Federation;
use crate::address::Ours;
use crate::error::Error;
use crate::mapping::from_note;
use crate::resolve::PARENTS_MAX;

/// Views that one server may add to a video within the time in which a viewer counts once.
const VIEWS_OF_HOST_MAX: u64 = 128;

/// Things that one report is about.
const REPORTED_MAX: usize = 10;

/// An activity that is handled: who is believed to have said it, and the words as they came.
struct Said<'a> {
    activity: Activity,
    raw: &'a str,
    /// True if its actor said it themselves; else only ids in it are believed.
    own: bool,
    host: Host,
}

impl Said<'_> {
    /// The object, if it is written out and its owner said it.
    fn believed(&self) -> Option<&Value> {
        let object = self.activity.embedded().filter(|_| self.own)?;
        let id = lenient::id_of(object)?;
        (Host::of(&id).as_ref() == Some(&self.host)).then_some(object)
    }

    /// What is passed on to the followers of a video of ours: only what carries its own signature is of use to others.
    fn forward(&self) -> Option<(String, Host)> {
        self.own.then(|| (self.raw.to_owned(), self.host.clone()))
    }
}

impl Federation {
    /// Handles an activity that is believed to be said by `signer`, an actor.
    ///
    /// # Errors
    /// Those that pass are tried again; others end the matter.
    pub(crate) async fn receive_activity(&self, activity: &str, signer: &Url) -> Result<(), Error> {
        let json: Value =
            serde_json::from_str(activity).map_err(|error| Error::Unreadable(error.to_string()))?;
        let read = Activity::read(&json).map_err(|error| Error::Unreadable(error.to_string()))?;
        let host = Host::of(signer).ok_or(Error::Refused("a signer without a server"))?;
        if self.service.domains.blocks(&host) {
            return Err(Error::Blocked(host));
        }
        let said = Said { own: read.actor == *signer, activity: read, raw: activity, host };
        // What follows from an activity is deep: it does not lie on the stack of whoever waits for it.
        Box::pin(self.follow_up(&said)).await
    }

    async fn follow_up(&self, said: &Said<'_>) -> Result<(), Error> {
        match said.activity.verb {
            Verb::Create | Verb::Update => Box::pin(self.receive_object(said)).await,
            Verb::Delete if said.own => self.receive_delete(said).await,
            Verb::Follow if said.own => self.receive_follow(said).await,
            Verb::Accept | Verb::Reject if said.own => self.receive_answer(said).await,
            Verb::Undo if said.own => self.receive_undo(said).await,
            Verb::Announce if said.own => self.receive_announce(said).await,
            Verb::Like | Verb::Dislike | Verb::EmojiReact if said.own => {
                self.receive_rating(said).await
            }
            Verb::View if said.own => self.receive_view(said).await,
            Verb::QuoteRequest if said.own => self.receive_quote_request(&said.activity).await,
            Verb::Flag if said.own => self.receive_report(said).await,
            Verb::ApproveReply | Verb::RejectReply if said.own => self.receive_decision(said).await,
            ref other => {
                debug!(activity.verb = other.name(), "nothing is to be done");
                Ok(())
            }
        }
    }

    /// Somebody made or changed something.
    async fn receive_object(&self, said: &Said<'_>) -> Result<(), Error> {
        let Some(id) = said.activity.object_id() else { return Ok(()) };
        if self.addresses.is_ours(&id) {
            return Err(Error::Refused("others do not say what is ours"));
        }
        self.ask_rules(&id)?;
        let fetched = match said.believed() {
            Some(object) => object.clone(),
            None => self.client.get(&id).await?.json,
        };
        let is = |name: &str| lenient::is_a(&fetched, name);
        let uri = lenient::id_of(&fetched).ok_or(Error::Refused("an object without id"))?;
        let video = from_note::video(&fetched);
        if let Some(video) = video.map_err(|error| Error::Unreadable(error.to_string()))? {
            // Its owner may say it; another of the same server may not.
            let ours = remote::video(&self.service, &uri).await?.is_some();
            if !ours && !self.is_wanted(&said.activity.actor, &video).await? {
                debug!("nobody here follows who made this video");
                return Ok(());
            }
            // The words of the activity may be anybody's of that server: the video itself is asked for.
            let fresh = self.client.get(&uri).await?;
            self.keep_video(&fresh.json, &fresh.id).await?;
            return Ok(());
        }
        if note::KINDS.iter().any(|name| is(name)) {
            let note =
                Note::read(&fetched).map_err(|error| Error::Unreadable(error.to_string()))?;
            if note.attributed_to != said.activity.actor && said.own {
                return Err(Error::Refused("words of somebody else"));
            }
            return self.keep_note(&note, said.forward()).await;
        }
        if is("CacheFile") {
            return self.receive_mirror(said, &fetched).await;
        }
        if let Ok(actor) = Actor::read(&fetched) {
            // Somebody changed: themselves, or a channel that they own. It says so itself.
            if remote::actor(&self.service, &actor.id).await?.is_some() {
                let fresh = self.client.get(&actor.id).await?;
                self.keep_actor(&fresh.json, &fresh.id).await?;
            }
        }
        Ok(())
    }

    /// A server keeps a copy of a video of ours.
    async fn receive_mirror(&self, said: &Said<'_>, object: &Value) -> Result<(), Error> {
        let copy = CacheFile::read(object).map_err(|error| Error::Unreadable(error.to_string()))?;
        if !self.addresses.is_ours(&copy.object) {
            debug!("a copy of somebody else's video");
            return Ok(());
        }
        let video = self.known_video(&copy.object).await?.ok_or(Error::NotFound("video"))?;
        let new = NewMirror {
            video,
            uri: copy.id,
            base: copy.folder,
            expires_at: copy.expires.map(Timestamp::from_ms),
        };
        let server = self.actor(&said.activity.actor).await?;
        Ok(mirrors::receive(&self.service, server, &new).await?)
    }

    /// True if somebody here follows who made a video, its channel or its server.
    async fn is_wanted(&self, actor: &Url, video: &words::Video) -> Result<bool, Error> {
        let mut known = Vec::new();
        for uri in [Some(actor), video.channel(), video.person()].into_iter().flatten() {
            known.extend(remote::actor(&self.service, uri).await?.map(|row| row.actor));
        }
        let host = Host::of(actor).ok_or(Error::Refused("an actor without a server"))?;
        let instance =
            self.service.store.get::<kinora_model::instance::Instance>(host.as_str().as_bytes());
        known.extend(instance.await?.map(|row| ActorRef::Instance(row.id)));
        let counts = follows::counts(&self.service, &known).await?;
        Ok(counts.iter().any(|row| row.followers > 0))
    }

    /// Keeps words as a comment, with all that they reply to up to the video.
    pub(crate) async fn keep_note(
        &self,
        note: &Note,
        forward: Option<(String, Host)>,
    ) -> Result<(), Error> {
        let mut waiting = vec![note.clone()];
        let (mut parent, video) = loop {
            let last = waiting.last().ok_or(Error::NotFound("comment"))?;
            self.check_note(last).await?;
            let Some(uri) = last.in_reply_to.clone() else { return Ok(()) };
            if let Some(known) = self.known_comment(&uri).await? {
                break (Some(known.id), known.video);
            }
            if let Some(video) = self.known_video(&uri).await? {
                break (None, video);
            }
            if self.addresses.is_ours(&uri) || waiting.len() >= PARENTS_MAX {
                return Ok(());
            }
            self.ask_rules(&uri)?;
            let fetched = self.client.get(&uri).await?;
            if waiting.iter().any(|it| it.id == fetched.id) {
                return Err(Error::Refused("words that reply to themselves"));
            }
            match Note::read(&fetched.json) {
                Ok(next) if next.id == fetched.id => waiting.push(next),
                // It stands under a video, or something else, that nobody here has asked for.
                _ => return Ok(()),
            }
        };
        while let Some(next) = waiting.pop() {
            let forward = if waiting.is_empty() { forward.clone() } else { None };
            let made = self.keep_comment(&next, video, parent, forward).await?;
            parent = made.or(parent);
        }
        Ok(())
    }

    /// Refuses words that are not for everybody, not of their own server, or were deleted.
    async fn check_note(&self, note: &Note) -> Result<(), Error> {
        if !note.public {
            return Err(Error::Refused("words that are not for everybody"));
        }
        if Host::of(&note.id) != Host::of(&note.attributed_to) {
            return Err(Error::Refused("words of somebody on another server"));
        }
        if remote::is_buried(&self.service, &note.id).await? {
            return Err(Error::Gone);
        }
        Ok(())
    }

    pub(crate) async fn known_video(&self, uri: &Url) -> Result<Option<Id<Video>>, Error> {
        match self.addresses.read(uri) {
            Some(Ours::Video(_)) => match self.video(uri).await {
                Ok(id) => Ok(Some(id)),
                Err(Error::Service(kinora_service::Error::NotFound(_))) => Ok(None),
                Err(error) => Err(error),
            },
            Some(_) => Ok(None),
            None => Ok(remote::video(&self.service, uri).await?.map(|row| row.id)),
        }
    }

    async fn keep_comment(
        &self,
        note: &Note,
        video: Id<Video>,
        parent: Option<Id<Comment>>,
        forward: Option<(String, Host)>,
    ) -> Result<Option<Id<Comment>>, Error> {
        let ActorRef::Account(account) = self.actor(&note.attributed_to).await? else {
            return Err(Error::Refused("words of a group"));
        };
        let now = self.service.now();
        let created_at = note.published.map_or(now, Timestamp::from_ms).min(now);
        let new = NewRemoteComment {
            uri: note.id.clone(),
            url: note.url.clone(),
            video,
            parent,
            account,
            html: note.content.clone(),
            created_at,
            updated_at: note.updated.map_or(created_at, Timestamp::from_ms).min(now),
            mentions: self.mentioned_here(note).await?,
            forward,
        };
        match comments::receive(&self.service, new).await? {
            comments::Reception::Made(it)
            | comments::Reception::Held(it)
            | comments::Reception::Changed(it) => Ok(Some(it.id)),
            comments::Reception::Known => {
                Ok(comments::find_by_uri(&self.service, &note.id).await?.map(|it| it.id))
            }
            comments::Reception::Refused(reason) => Err(Error::Refused(reason)),
        }
    }

    /// The accounts here that words mention.
    async fn mentioned_here(&self, note: &Note) -> Result<Vec<Id<Account>>, Error> {
        let mut all = Vec::new();
        for mention in &note.mentions {
            let Some(Ours::Account(name)) = self.addresses.read(&mention.href) else { continue };
            match names::account(&self.service, name.as_str()).await {
                Ok(account) => all.push(account.id),
                Err(kinora_service::Error::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(all)
    }

    /// Somebody deleted something of theirs, or themselves.
    async fn receive_delete(&self, said: &Said<'_>) -> Result<(), Error> {
        let Some(uri) = said.activity.object_id() else { return Ok(()) };
        let actor = &said.activity.actor;
        if uri == *actor {
            remote::remove_actor(&self.service, &uri).await?;
            return Ok(());
        }
        if Host::of(&uri).as_ref() != Some(&said.host) {
            // The owner of a video may take down a comment from elsewhere that stands under it.
            return self.receive_takedown(actor, &uri).await;
        }
        if mirrors::receive_undo(&self.service, &said.host, &uri).await? {
            return Ok(());
        }
        remote::bury(&self.service, &uri).await?;
        if let Some(video) = remote::video(&self.service, &uri).await? {
            let own = self.owns(actor, &video).await?;
            if own {
                remote::remove_video(&self.service, &uri).await?;
            }
            return Ok(());
        }
        if let Some(row) = remote::actor(&self.service, &uri).await? {
            // A channel of theirs.
            if let ActorRef::Channel(id) = row.actor
                && self.owns_channel(actor, id).await?
            {
                remote::remove_actor(&self.service, &uri).await?;
            }
            return Ok(());
        }
        let Some(row) = remote::actor(&self.service, actor).await? else { return Ok(()) };
        if let ActorRef::Account(author) = row.actor {
            comments::remove_remote(&self.service, &uri, author, said.forward()).await?;
        }
        Ok(())
    }

    async fn receive_takedown(&self, actor: &Url, uri: &Url) -> Result<(), Error> {
        let Some(comment) = self.known_comment(uri).await? else { return Ok(()) };
        let video = self.service.store.get::<Video>(&comment.video.to_key()).await?;
        let Some(video) = video.filter(|video| !video.is_local()) else { return Ok(()) };
        if self.owns(actor, &video).await? {
            comments::set_approved_by_origin(&self.service, comment.id, false).await?;
        }
        Ok(())
    }

    /// True if an actor made a video, or it is in a channel of theirs.
    async fn owns(&self, actor: &Url, video: &Video) -> Result<bool, Error> {
        let Some(row) = remote::actor(&self.service, actor).await? else { return Ok(false) };
        Ok(match row.actor {
            ActorRef::Account(id) => id == video.account,
            ActorRef::Channel(id) => id == video.channel,
            ActorRef::Instance(_) => video.remote.as_ref().is_some_and(|it| it.host == row.host),
        })
    }

    async fn owns_channel(&self, actor: &Url, channel: Id<Channel>) -> Result<bool, Error> {
        let Some(row) = remote::actor(&self.service, actor).await? else { return Ok(false) };
        let channel = self.service.store.get::<Channel>(&channel.to_key()).await?;
        Ok(channel.is_some_and(|it| row.actor == ActorRef::Account(it.account)))
    }

    /// Somebody wants to follow one of ours.
    async fn receive_follow(&self, said: &Said<'_>) -> Result<(), Error> {
        let Some(uri) = said.activity.object_id() else { return Ok(()) };
        let ours = self.addresses.read(&uri).ok_or(Error::Refused("nobody of ours"))?;
        let followed = self.our_actor(&ours).await?;
        let follower = self.actor(&said.activity.actor).await?;
        let approval = followed == ActorRef::HERE && !self.config.accept_instance_followers;
        let id = said.activity.id.clone();
        follows::receive(&self.service, follower, followed, id.clone(), approval).await?;
        self.note_made(id.as_ref(), Made::Follow { follower, followed }).await
    }

    /// Somebody answers one of ours who wants to follow them.
    async fn receive_answer(&self, said: &Said<'_>) -> Result<(), Error> {
        let Some(row) = remote::actor(&self.service, &said.activity.actor).await? else {
            return Ok(());
        };
        let Some(follower) = self.follower_of(&said.activity.object, row.actor).await? else {
            return Ok(());
        };
        let accepted = said.activity.verb == Verb::Accept;
        follows::receive_answer(&self.service, row.actor, follower, accepted).await?;
        Ok(())
    }

    /// Who of ours asked, by the follow that is answered: written out, or named.
    async fn follower_of(
        &self,
        object: &Value,
        followed: ActorRef,
    ) -> Result<Option<ActorRef>, Error> {
        if let Some(actor) = object.get("actor").and_then(lenient::id_of) {
            let Some(ours) = self.addresses.read(&actor) else { return Ok(None) };
            return match self.our_actor(&ours).await {
                Ok(actor) => Ok(Some(actor)),
                Err(Error::Service(kinora_service::Error::NotFound(_))) => Ok(None),
                Err(error) => Err(error),
            };
        }
        let Some(id) = lenient::id_of(object).filter(|id| self.addresses.is_ours(id)) else {
            return Ok(None);
        };
        let number = id.path_segments().and_then(|mut parts| parts.next_back()?.parse().ok());
        let Some(number) = number else { return Ok(None) };
        let follow = self.service.store.find::<Follow>(&follow_by_id(number)).await?;
        Ok(follow.filter(|it| it.followed == followed).map(|it| it.follower))
    }

    /// Somebody takes back what they did.
    async fn receive_undo(&self, said: &Said<'_>) -> Result<(), Error> {
        let actor = &said.activity.actor;
        let Some(row) = remote::actor(&self.service, actor).await? else { return Ok(()) };
        if let Some(id) = said.activity.object_id()
            && Host::of(&id).as_ref() == Some(&said.host)
            && let Some(received) = self.service.store.get::<Received>(&digest(&id)).await?
            && let Some(made) = received.made
        {
            self.unmake(made, row.actor).await?;
            return self.forget_received(&id).await;
        }
        if let Some(id) = said.activity.object_id()
            && matches!(row.actor, ActorRef::Instance(_))
            && mirrors::receive_undo(&self.service, &said.host, &id).await?
        {
            return Ok(());
        }
        let Some(object) = said.activity.embedded() else { return Ok(()) };
        let Ok(inner) = Activity::read(object) else { return Ok(()) };
        let Some(target) = inner.object_id().filter(|_| inner.actor == *actor) else {
            return Ok(());
        };
        match inner.verb {
            Verb::Follow => {
                let Some(ours) = self.addresses.read(&target) else { return Ok(()) };
                let followed = self.our_actor(&ours).await?;
                follows::receive_undo(&self.service, row.actor, followed).await?;
            }
            Verb::Like | Verb::Dislike | Verb::EmojiReact => {
                if let (Some(video), ActorRef::Account(account)) =
                    (self.known_video(&target).await?, row.actor)
                {
                    self.unmake(Made::Reaction { video, account }, row.actor).await?;
                }
            }
            // PeerTube takes back that it said so.
            Verb::Create if matches!(row.actor, ActorRef::Instance(_)) => {
                mirrors::receive_undo(&self.service, &said.host, &target).await?;
            }
            Verb::Announce => {
                if let Some(video) = self.known_video(&target).await? {
                    shares::receive_undo(&self.service, video, row.actor).await?;
                }
            }
            _ => {}
        }
        match inner.id.filter(|id| Host::of(id).as_ref() == Some(&said.host)) {
            Some(id) => self.forget_received(&id).await,
            None => Ok(()),
        }
    }

    /// Some servers use one id each time somebody likes the same thing: what was taken back may come again.
    async fn forget_received(&self, id: &Url) -> Result<(), Error> {
        let Some(old) = self.service.store.get::<Received>(&digest(id)).await? else {
            return Ok(());
        };
        let mut batch = Batch::default();
        batch.delete_row(&old);
        match self.service.store.commit(batch).await {
            Ok(()) | Err(kinora_store::Error::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes back what an actor made, if it was that actor.
    async fn unmake(&self, made: Made, by: ActorRef) -> Result<(), Error> {
        match made {
            Made::Follow { follower, followed } if follower == by => {
                follows::receive_undo(&self.service, follower, followed).await?;
            }
            Made::Reaction { video, account } if by == ActorRef::Account(account) => {
                reactions::rate_remote(&self.service, video, account, None, None).await?;
            }
            Made::Share { video, actor } if actor == by => {
                shares::receive_undo(&self.service, video, actor).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes what an activity made, for when it is taken back by its id alone.
    async fn note_made(&self, id: Option<&Url>, made: Made) -> Result<(), Error> {
        let Some(id) = id else { return Ok(()) };
        let Some(old) = self.service.store.get::<Received>(&digest(id)).await? else {
            return Ok(());
        };
        let mut batch = Batch::default();
        batch.replace_row(&old, &Received { made: Some(made), ..Received::clone(&old) })?;
        match self.service.store.commit(batch).await {
            Ok(()) | Err(kinora_store::Error::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Somebody spreads a video; a group passes on what was done in it (FEP-1b12).
    async fn receive_announce(&self, said: &Said<'_>) -> Result<(), Error> {
        let Some(uri) = said.activity.object_id() else { return Ok(()) };
        if let Some(inner) = said.activity.embedded().and_then(|it| Activity::read(it).ok()) {
            // What is passed on is believed only as it is where it lives.
            let wanted = matches!(inner.verb, Verb::Create | Verb::Update);
            let Some(id) = inner.object_id().filter(|_| wanted) else { return Ok(()) };
            if self.addresses.is_ours(&id) {
                return Ok(());
            }
            self.ask_rules(&id)?;
            let fetched = self.client.get(&id).await?;
            let note = Note::read(&fetched.json);
            return match note {
                Ok(note) if note.id == fetched.id => self.keep_note(&note, None).await,
                _ => Ok(()),
            };
        }
        let actor = self.actor(&said.activity.actor).await?;
        let video = match self.known_video(&uri).await? {
            Some(video) => video,
            None if self.addresses.is_ours(&uri) => return Ok(()),
            None => {
                let follows = follows::counts(&self.service, &[actor]).await?;
                if follows.iter().all(|row| row.followers == 0) {
                    debug!("nobody here follows who shares this");
                    return Ok(());
                }
                self.video(&uri).await?
            }
        };
        let row = self.service.store.get::<Video>(&video.to_key()).await?;
        if row.is_some_and(|row| actor == ActorRef::Channel(row.channel)) {
            // A channel's own videos are not shared by it: that is how it says that they are there.
            return Ok(());
        }
        let id = said.activity.id.clone();
        shares::receive(&self.service, video, actor, id.clone(), said.forward()).await?;
        self.note_made(id.as_ref(), Made::Share { video, actor }).await
    }

    /// Somebody likes a video, or not.
    async fn receive_rating(&self, said: &Said<'_>) -> Result<(), Error> {
        let Some(uri) = said.activity.object_id() else { return Ok(()) };
        let Some(video) = self.known_video(&uri).await? else { return Ok(()) };
        // Groups and servers have no opinion.
        let ActorRef::Account(account) = self.actor(&said.activity.actor).await? else {
            return Err(Error::Refused("only people rate"));
        };
        let rating =
            if said.activity.verb == Verb::Dislike { Rating::Dislike } else { Rating::Like };
        reactions::rate_remote(&self.service, video, account, Some(rating), said.forward()).await?;
        self.note_made(said.activity.id.as_ref(), Made::Reaction { video, account }).await
    }

    /// Another server says that a video of ours was watched there: believed a number of times for each server, since
    /// nothing proves it.
    async fn receive_view(&self, said: &Said<'_>) -> Result<(), Error> {
        let Some(uri) = said.activity.object_id() else { return Ok(()) };
        if !self.addresses.is_ours(&uri) {
            return Ok(());
        }
        let Some(video) = self.known_video(&uri).await? else { return Ok(()) };
        let id = said.activity.id.as_ref().map_or("", Url::as_str);
        let hash = |text: &str| {
            let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
            digest.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte))
        };
        let place = hash(id).checked_rem(VIEWS_OF_HOST_MAX).unwrap_or(0);
        let viewer = hash(&format!("{} {place}", said.host));
        self.service.views.watched(video, viewer, self.service.now());
        Ok(())
    }

    /// Somebody elsewhere thinks that a moderator here should look at something.
    async fn receive_report(&self, said: &Said<'_>) -> Result<(), Error> {
        let reporter = self.actor(&said.activity.actor).await?;
        let reason = said.activity.content.clone().unwrap_or_default();
        for uri in lenient::ids_of(Some(&said.activity.object)).iter().take(REPORTED_MAX) {
            let Some(target) = self.reported(uri).await? else { continue };
            let new = NewReport {
                target,
                reason: crate::mapping::from_theirs::plain(&reason),
                predefined: Vec::new(),
                starts_at_s: None,
                ends_at_s: None,
            };
            reports::receive(&self.service, reporter, &new, said.activity.id.clone()).await?;
        }
        Ok(())
    }

    /// What is reported, if it is ours.
    async fn reported(&self, uri: &Url) -> Result<Option<ReportTarget>, Error> {
        Ok(match self.addresses.read(uri) {
            Some(Ours::Video(_)) => self.known_video(uri).await?.map(ReportTarget::Video),
            Some(Ours::Comment(..)) => {
                self.known_comment(uri).await?.map(|it| ReportTarget::Comment(it.id))
            }
            Some(ours @ Ours::Account(_)) => match self.our_actor(&ours).await {
                Ok(ActorRef::Account(id)) => Some(ReportTarget::Account(id)),
                _ => None,
            },
            _ => None,
        })
    }

    /// The owner of a video elsewhere decided about a comment under it.
    async fn receive_decision(&self, said: &Said<'_>) -> Result<(), Error> {
        let Some(uri) = said.activity.object_id() else { return Ok(()) };
        let Some(comment) = self.known_comment(&uri).await? else { return Ok(()) };
        let video = self.service.store.get::<Video>(&comment.video.to_key()).await?;
        let Some(video) = video.filter(|video| !video.is_local()) else { return Ok(()) };
        if !self.owns(&said.activity.actor, &video).await? {
            return Err(Error::Refused("only the owner of a video decides about its comments"));
        }
        let approved = said.activity.verb == Verb::ApproveReply;
        comments::set_approved_by_origin(&self.service, comment.id, approved).await?;
        Ok(())
    }
}
