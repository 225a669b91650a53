//! Quotes (FEP-044f): someone elsewhere wants to show a video of ours within a post of their own. Whoever may see a video
//! may quote it, unless their server is blocked: so no quote is written down, and its authorization can be worked out
//! whenever somebody asks for it. A rule for a domain takes back those of its people.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kinora_activity::lenient;
use kinora_activity::verb::Activity;
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::outbound::Outbound;
use kinora_model::video::Video;
use kinora_service::outbound::is_told;
use kinora_service::remote;
use kinora_store::Batch;
use serde_json::Value;
use url::Url;

use crate::Federation;
use crate::error::Error;
use crate::mapping;
use crate::outbox::Letter;

impl Federation {
    /// Someone asks whether they may quote something of ours: they are answered.
    pub(crate) async fn receive_quote_request(&self, asked: &Activity) -> Result<(), Error> {
        let (Some(request), Some(object)) = (asked.id.clone(), asked.object_id()) else {
            return Err(Error::Refused("a request that cannot be answered"));
        };
        let post = asked.instrument.as_ref().and_then(lenient::id_of);
        let post = post.ok_or(Error::Refused("a quote without a post"))?;
        if Host::of(&post) != Host::of(&asked.actor) {
            return Err(Error::Refused("a post of somebody on another server"));
        }
        // Whoever asks is known from then on, and so is their inbox.
        self.actor(&asked.actor).await?;
        let Some(video) = self.known_video(&object).await? else {
            return Err(Error::NotFound("video"));
        };
        let outbound = Outbound::QuoteAnswered { video, request, by: asked.actor.clone(), post };
        let mut batch = Batch::default();
        self.service.queue.enqueue(&mut batch, &Job::Federate { outbound })?;
        Ok(self.service.store.commit(batch).await?)
    }

    /// `Accept` of a quote, with its authorization, or `Reject` if it is of what not everyone may see.
    pub(crate) async fn tell_quote_answer(
        &self,
        video: Id<Video>,
        request: &Url,
        by: &Url,
        post: &Url,
    ) -> Result<Vec<Letter>, Error> {
        let Some(whom) = remote::actor(&self.service, by).await? else { return Ok(Vec::new()) };
        let video = self.service.store.get::<Video>(&video.to_key()).await?;
        let video = video.filter(|video| video.is_local()).ok_or(Error::NotFound("Video"))?;
        let author = ActorRef::Account(video.account);
        let author_id = self.actor_id(author).await?.ok_or(Error::NotFound("Account"))?;
        let quoted = self.video_id(&video);
        let authorization = is_told(&video).then(|| self.authorization_id(&quoted, post));
        let asked = mapping::QuoteAsked { request, by, post, object: &quoted };
        let folder = if authorization.is_some() { "accepts" } else { "rejects" };
        let number = self.service.now().as_ms();
        let id = self.addresses.below(&author_id, &format!("{folder}/quotes/{number}"));
        let answer = mapping::answer_to_quote(&id, &author_id, &asked, authorization.as_ref());
        Ok(vec![Letter::quiet(author, answer, whom.inbox.clone())])
    }

    /// Where the authorization lies of a post to quote a video of ours.
    fn authorization_id(&self, video: &Url, post: &Url) -> Url {
        let name = URL_SAFE_NO_PAD.encode(post.as_str());
        self.addresses.below(video, &format!("quotes/{name}"))
    }

    /// The authorization of the post of this name to quote a video of ours that everyone may see.
    pub(crate) async fn quote_authorization(
        &self,
        video: &Video,
        name: &str,
    ) -> Result<Value, Error> {
        let missing = || Error::NotFound("Quote authorization");
        let post = URL_SAFE_NO_PAD.decode(name).map_err(|_bad| missing())?;
        let post = std::str::from_utf8(&post).ok().and_then(lenient::url).ok_or_else(missing)?;
        self.ask_rules(&post).map_err(|_blocked| missing())?;
        let account = self.service.store.get::<Account>(&video.account.to_key()).await?;
        let author = self.account_id(&*account.ok_or_else(missing)?);
        let quoted = self.video_id(video);
        let id = self.authorization_id(&quoted, &post);
        Ok(mapping::quote_authorization(&id, &author, &post, &quoted))
    }
}
