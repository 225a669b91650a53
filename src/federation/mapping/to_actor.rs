//! People, channels and this server as actors.

use kinora_activity::actor::{Actor, ActorKind, Image, KeyRef};
use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::clock::Timestamp;
use kinora_model::picture::Picture;
use kinora_service::markdown;
use serde_json::Value;
use url::Url;

use crate::address::{Addresses, Ours};
use crate::keys::{ED25519_KEY, RSA_KEY};

/// What this node can do (FEP-844e): it takes signatures as RFC 9421 has them.
const IMPLEMENTS: [&str; 1] = ["https://datatracker.ietf.org/doc/html/rfc9421"];

/// Under which name the server is followed, as `PeerTube` has it.
const SERVER_NAME: &str = "peertube";

/// The public keys of an actor of ours.
#[derive(Clone, Debug)]
pub(crate) struct ActorFacts {
    /// The RSA key, PEM.
    pub(crate) rsa_pem: String,
    /// The Ed25519 key, multibase.
    pub(crate) ed25519_multibase: String,
}

/// An actor with all that every actor of ours has.
fn base(
    addresses: &Addresses,
    kind: ActorKind,
    ours: &Ours,
    name: &str,
    facts: &ActorFacts,
) -> Actor {
    let id = addresses.of(ours);
    let below = |rest: &str| addresses.below(&id, rest);
    let key = |fragment: &str, text: &str| KeyRef {
        id: below(fragment),
        owner: id.clone(),
        text: text.to_owned(),
    };
    let mut actor = Actor::new(kind, id.clone(), name.to_owned(), below("inbox"));
    actor.shared_inbox = Some(addresses.shared_inbox());
    actor.outbox = Some(below("outbox"));
    actor.followers = Some(below("followers"));
    actor.following = Some(below("following"));
    actor.playlists = Some(below("playlists"));
    actor.public_keys = vec![key(RSA_KEY, &facts.rsa_pem)];
    actor.assertion_methods = vec![key(ED25519_KEY, &facts.ed25519_multibase)];
    actor.webfinger = Some(format!("{name}@{}", addresses.host()));
    actor.implements = IMPLEMENTS.iter().filter_map(|url| url.parse().ok()).collect();
    actor
}

/// An account here as a `Person`.
pub(crate) fn to_account(addresses: &Addresses, account: &Account, facts: &ActorFacts) -> Value {
    let name = account.name.as_str();
    let ours = Ours::Account(account.name.clone());
    let mut actor = base(addresses, ActorKind::Person, &ours, name, facts);
    actor.url = Some(addresses.url(&format!("/a/{name}")));
    describe(
        &mut actor,
        account.display_name.as_str(),
        account.description.as_ref().map(|it| it.as_str()),
    );
    actor.icons = pictures(addresses, "avatars", &account.avatars);
    actor.attribution_domains = vec![addresses.host().domain().to_owned()];
    date(&mut actor, account.created_at, account.updated_at);
    actor.write()
}

/// A channel here as a `Group` that belongs to a `Person`.
pub(crate) fn to_channel(
    addresses: &Addresses,
    channel: &Channel,
    owner: &Url,
    facts: &ActorFacts,
) -> Value {
    let name = channel.name.as_str();
    let ours = Ours::Channel(channel.name.clone());
    let mut actor = base(addresses, ActorKind::Group, &ours, name, facts);
    actor.url = Some(addresses.url(&format!("/c/{name}")));
    describe(
        &mut actor,
        channel.display_name.as_str(),
        channel.description.as_ref().map(|it| it.as_str()),
    );
    actor.support = channel.support.as_ref().map(ToString::to_string).filter(|it| !it.is_empty());
    actor.icons = pictures(addresses, "avatars", &channel.avatars);
    actor.images = pictures(addresses, "banners", &channel.banners);
    actor.attributed_to = vec![owner.clone()];
    actor.attribution_domains = vec![addresses.host().domain().to_owned()];
    date(&mut actor, channel.created_at, channel.updated_at);
    actor.write()
}

/// This server as an `Application`.
pub(crate) fn to_server(
    addresses: &Addresses,
    name: &str,
    about: &str,
    facts: &ActorFacts,
) -> Value {
    let mut actor = base(addresses, ActorKind::Application, &Ours::Instance, SERVER_NAME, facts);
    actor.url = Some(addresses.url("/about"));
    describe(&mut actor, name, Some(about));
    actor.write()
}

fn describe(actor: &mut Actor, name: &str, about: Option<&str>) {
    actor.name = Some(name.to_owned());
    if let Some(about) = about.filter(|about| !about.is_empty()) {
        actor.summary = Some(markdown::html(about));
        actor.source = Some(about.to_owned());
    }
}

fn date(actor: &mut Actor, created_at: Timestamp, updated_at: Timestamp) {
    actor.published = Some(created_at.as_ms());
    actor.updated = Some(updated_at.as_ms());
}

/// The largest picture: some servers read one alone.
fn pictures(addresses: &Addresses, folder: &str, pictures: &[Picture]) -> Vec<Image> {
    let largest = pictures.iter().max_by_key(|picture| picture.width);
    let image = |picture: &Picture| Image {
        url: addresses.url(&format!("/lazy-static/{folder}/{}.jpg", picture.blob)),
        media_type: Some("image/jpeg".to_owned()),
        width: Some(picture.width),
        height: Some(picture.height),
    };
    largest.map(image).into_iter().collect()
}
