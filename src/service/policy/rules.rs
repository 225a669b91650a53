//! The rules for domains as administrators change them, and what follows from a block.

use kinora_model::host::Host;
use kinora_model::instance::{DomainLevel, DomainRule};
use kinora_model::text::Text;
use kinora_model::user::Role;
use kinora_store::{Batch, Row as _};

use super::domains::{RULES_MAX, parse_domain};
use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, follows, pacts};

/// Why a rule was made: up to 1,000 characters.
pub type Reason = Text<1, 1_000>;

/// A rule that was made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The rule.
    pub rule: DomainRule,
    /// How many follows ended because of it.
    pub severed: u64,
}

fn administrates(who: &Viewer) -> Result<(), Error> {
    if who.role < Role::Administrator {
        return Err(Error::Forbidden("Only administrators make rules for domains"));
    }
    Ok(())
}

/// Says what may come from a domain and go to it. A block ends all follows between here and there.
///
/// # Errors
/// [`Error::Forbidden`] if the asker is no administrator; [`Error::Invalid`] if that is no domain of somebody;
/// [`Error::Refused`] beyond [`RULES_MAX`] rules; [`Error::NoSpace`], [`Error::Store`].
pub async fn set(
    service: &Service,
    who: &Viewer,
    domain: &str,
    level: DomainLevel,
    reason: Option<Reason>,
) -> Result<Changed, Error> {
    administrates(who)?;
    let domain = parse_domain(domain)
        .ok_or_else(|| Error::invalid("domain", "should be the domain of one server or more"))?;
    let rule = attempt(|| async {
        let old = service.store.get::<DomainRule>(domain.as_bytes()).await?;
        if old.is_none() && service.domains.all().len() >= RULES_MAX {
            return Err(Error::Refused("There are too many rules"));
        }
        let rule = DomainRule {
            domain: domain.clone(),
            level,
            reason: reason.as_ref().map(ToString::to_string),
            updated_at: service.now(),
        };
        let mut batch = Batch::default();
        match &old {
            Some(old) => batch.replace_row(old, &rule)?,
            None => batch.insert_row(&rule)?,
        }
        service.store.commit(batch).await?;
        Ok(rule)
    })
    .await?;
    // In force before follows end, so that none begins in between.
    service.domains.put(rule.clone());
    let blocked = |host: &Host| service.domains.blocks(host) && is_below(host, &domain);
    let severed =
        if level == DomainLevel::Block { follows::sever(service, blocked).await? } else { 0 };
    pacts::reconsider(service).await?;
    tracing::info!(domain, ?level, severed, "a rule for a domain was made");
    Ok(Changed { rule, severed })
}

fn is_below(host: &Host, domain: &str) -> bool {
    let rest = host.domain().strip_suffix(domain);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Forgets the rule for a domain: what it hid is shown again, follows that it ended stay so.
///
/// # Errors
/// [`Error::Forbidden`] if the asker is no administrator; [`Error::NotFound`] if there is no such rule;
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn remove(service: &Service, who: &Viewer, domain: &str) -> Result<(), Error> {
    administrates(who)?;
    let domain = parse_domain(domain).ok_or(Error::NotFound("Rule"))?;
    attempt(|| async {
        let old = service.store.get::<DomainRule>(domain.as_bytes()).await?;
        let old = old.ok_or(Error::NotFound("Rule"))?;
        let mut batch = Batch::default();
        batch.delete_row(&old);
        service.store.commit(batch).await?;
        Ok(())
    })
    .await?;
    service.domains.take(&domain);
    tracing::info!(domain, "a rule for a domain was removed");
    Ok(())
}

/// All rules, by domain.
#[must_use]
pub fn list(service: &Service) -> Vec<DomainRule> {
    let mut rules: Vec<_> = service.domains.all().values().cloned().collect();
    rules.sort_by_key(DomainRule::key);
    rules
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::stage::Stage;
    use crate::{listing, names, videos};
    use kinora_model::actor::{ActorRef, RemoteActor};
    use kinora_model::clock::Timestamp;
    use kinora_model::video::remote::RemoteVideo;
    use url::Url;

    #[tokio::test]
    async fn a_block_ends_follows_in_both_directions_and_stops_new_ones() {
        let stage = Stage::new().await;
        let service = &stage.service;
        let root = Viewer { role: Role::Administrator, ..stage.owner };
        let (bad, bad_channel) = stage.elsewhere("bad", "a.bad.example").await;
        let (_, good) = stage.elsewhere("good", "good.example").await;
        let (bad, bad_channel) = (ActorRef::Account(bad.id), ActorRef::Channel(bad_channel.id));
        let (good, ours) = (ActorRef::Channel(good.id), ActorRef::Channel(stage.channel.id));
        follows::follow(service, &stage.owner, bad_channel).await.unwrap();
        follows::follow(service, &stage.owner, good).await.unwrap();
        follows::receive(service, bad, ours, None, false).await.unwrap();
        let set = |who: Viewer, level| async move {
            super::set(service, &who, "*.Bad.example", level, None).await
        };
        assert!(matches!(set(stage.owner, DomainLevel::Block).await, Err(Error::Forbidden(_))));
        assert_eq!(set(root, DomainLevel::Silence).await.unwrap().severed, 0);
        let changed = set(root, DomainLevel::Block).await.unwrap();
        assert_eq!((changed.severed, changed.rule.domain.as_str()), (2, "bad.example"));
        assert_eq!(list(service), [changed.rule]);
        let left = follows::following(service, ActorRef::Account(stage.owner.account)).await;
        assert_eq!(left.unwrap().iter().map(|it| it.followed).collect::<Vec<_>>(), [good]);
        assert_eq!(follows::counts(service, &[ours]).await.unwrap()[0].followers, 0);
        let again = follows::receive(service, bad, ours, None, false).await;
        assert!(matches!(again, Err(Error::Forbidden(_))));
        let again = follows::follow(service, &stage.owner, bad_channel).await;
        assert!(matches!(again, Err(Error::Forbidden(_))));

        // What is kept is in force after the next start, too.
        let started = super::super::Domains::new(None);
        started.load(&service.store).await.unwrap();
        assert!(started.blocks(&Host::parse("a.bad.example").unwrap()));
        remove(service, &root, "bad.example").await.unwrap();
        assert!(matches!(remove(service, &root, "bad.example").await, Err(Error::NotFound(_))));
        assert_eq!(list(service), []);
        follows::follow(service, &stage.owner, bad_channel).await.unwrap();
        let wrong = super::set(service, &root, "com", DomainLevel::Block, None).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "domain", .. })));
    }

    #[tokio::test]
    async fn what_a_blocked_server_has_is_hidden_until_the_rule_is_gone() {
        let stage = Stage::new().await;
        let service = &stage.service;
        let root = Viewer { role: Role::Administrator, ..stage.owner };
        let host = Host::parse("bad.example").unwrap();
        let (account, channel) = stage.elsewhere("bad", "bad.example").await;
        let video = stage.video("From there", |video| {
            (video.account, video.channel) = (account.id, channel.id);
            video.remote = Some(elsewhere(host.clone()));
        });
        let video = video.await.id.to_string();
        let seen = async || {
            let query = |filter| listing::Query { filter, count: 10, ..listing::Query::default() };
            let all = query(listing::Filter::listed());
            let all = service.listing.find(service, &all).await.unwrap().total;
            let channels = vec![channel.id];
            let one = query(listing::Filter { channels, ..listing::Filter::listed() });
            let one = service.listing.find(service, &one).await.unwrap().total;
            let page = videos::find(service, Some(&root), &video).await.is_ok();
            (all, one, page, names::remote_channel(service, "bad", &host).await.is_ok())
        };
        let known = RemoteActor {
            uri: Url::parse("https://bad.example/video-channels/bad").unwrap(),
            actor: ActorRef::Channel(channel.id),
            host: host.clone(),
            name: "bad".to_owned(),
            url: None,
            inbox: Url::parse("https://bad.example/inbox").unwrap(),
            shared_inbox: None,
            outbox: None,
            followers: None,
            playlists: None,
            keys: Vec::new(),
            fetched_at: service.now(),
            gone: false,
            moved_to: None,
        };
        let mut batch = Batch::default();
        batch.insert_row(&known).unwrap();
        service.store.commit(batch).await.unwrap();
        assert_eq!(seen().await, (1, 1, true, true));
        for (level, rest) in [
            (DomainLevel::Silence, (0, 1, true, true)),
            (DomainLevel::RejectMedia, (0, 0, false, true)),
            (DomainLevel::Block, (0, 0, false, false)),
            (DomainLevel::Allow, (1, 1, true, true)),
        ] {
            set(service, &root, "bad.example", level, None).await.unwrap();
            assert_eq!(seen().await, rest, "{level:?}");
        }
        set(service, &root, "bad.example", DomainLevel::Block, None).await.unwrap();
        remove(service, &root, "bad.example").await.unwrap();
        assert_eq!(seen().await, (1, 1, true, true));
    }

    fn elsewhere(host: Host) -> RemoteVideo {
        RemoteVideo {
            uri: Url::parse("https://bad.example/videos/1").unwrap(),
            host,
            url: None,
            embed: None,
            thumbnails: Vec::new(),
            hls: None,
            files: Vec::new(),
            captions: Vec::new(),
            trackers: Vec::new(),
            comments: None,
            shares: None,
            likes: None,
            dislikes: None,
            live: false,
            fetched_at: Timestamp::parse("2026-01-01").unwrap(),
            manifest: None,
        }
    }
}
