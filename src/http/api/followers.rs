//! Follows as they are shown: of accounts, of channels, of the server.

use std::collections::HashMap;

use actix_web::web;
use kinora_model::actor::{ActorCounts, ActorRef, RemoteActor};
use kinora_model::follow::{self, FollowState};
use kinora_model::id::Id;
use kinora_service::{actors, follows};
use kinora_store::tables::remote::remote_actor_by_ref;

use super::shapes::actor;
use super::shapes::follow::{Actor, Follow};
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// The page of those who follow an actor, the latest first unless asked otherwise; `search` is part of a handle.
pub(super) async fn of_actor(
    app: &App,
    followed: ActorRef,
    page: &Page,
    search: Option<&str>,
) -> Result<web::Json<List<Follow>>, Problem> {
    let mut rows = follows::followers(&app.service, followed).await?;
    rows.retain(|row| row.state == FollowState::Accepted);
    Ok(web::Json(listed(app, rows, page, search, |follow| &follow.follower).await?))
}

/// A page of follows, which come the latest first; with `search` those whose `other` end is called so.
pub(super) async fn listed(
    app: &App,
    mut rows: Vec<follow::Follow>,
    page: &Page,
    search: Option<&str>,
    other: impl Fn(&Follow) -> &Actor,
) -> Result<List<Follow>, Problem> {
    if !page.order(&["createdAt", "score", "redundancyAllowed"])?.descending {
        rows.reverse();
    }
    let Some(search) = search.map(str::to_lowercase).filter(|search| !search.is_empty()) else {
        let List { total, data } = page.cut(rows);
        return Ok(List { total, data: shown(app, &data).await? });
    };
    let mut found = shown(app, &rows).await?;
    found.retain(|follow| {
        let actor = other(follow);
        actor.handle().to_lowercase().contains(&search)
            || actor.display_name.to_lowercase().contains(&search)
    });
    Ok(page.cut(found))
}

/// Follows with both ends; those of which one is gone are left out.
pub(super) async fn shown(app: &App, rows: &[follow::Follow]) -> Result<Vec<Follow>, Problem> {
    let mut ends: Vec<_> = rows.iter().flat_map(|row| [row.follower, row.followed]).collect();
    ends.sort_unstable();
    ends.dedup();
    let counts: HashMap<ActorRef, ActorCounts> = follows::counts(&app.service, &ends)
        .await?
        .into_iter()
        .map(|counts| (counts.actor, counts))
        .collect();
    let known = actors::find_many(&app.service, ends).await?;
    let mut shown: HashMap<ActorRef, Actor> = HashMap::new();
    for (id, actor) in &known {
        let server = match id {
            ActorRef::Instance(_) => server_actor(app, *id).await?,
            _ => None,
        };
        let none = ActorCounts { actor: *id, followers: 0, following: 0 };
        let counts = counts.get(id).copied().unwrap_or(none);
        shown.insert(*id, Actor::of(&app.config, actor, server, counts));
    }
    let both = |row: &follow::Follow| {
        let (by, of) = (shown.get(&row.follower)?, shown.get(&row.followed)?);
        Some(Follow::of(row, by.clone(), of.clone()))
    };
    Ok(rows.iter().filter_map(both).collect())
}

/// The name and the id of a server elsewhere.
async fn server_actor(app: &App, actor: ActorRef) -> Result<Option<(String, String)>, Problem> {
    let row = app.service.store.find::<RemoteActor>(&remote_actor_by_ref(actor)).await?;
    Ok(row.map(|row| (row.name.clone(), row.uri.to_string())))
}

/// Adds to channels, and to the accounts that own them, how many follow them: as this server knows, or as their own says.
pub(crate) async fn count_channels(
    app: &App,
    channels: &mut [actor::Channel],
) -> Result<(), Problem> {
    let owner = |it: &actor::Channel| it.owner_account.as_ref().map(|owner| owner.id);
    let mut all: Vec<_> =
        channels.iter().map(|it| ActorRef::Channel(Id::from_raw(it.id))).collect();
    all.extend(channels.iter().filter_map(owner).map(|id| ActorRef::Account(Id::from_raw(id))));
    let counts = by_actor(app, &all).await?;
    for channel in channels {
        if let Some(known) = counts.get(&ActorRef::Channel(Id::from_raw(channel.id))) {
            channel.followers_count = channel.followers_count.max(known.followers);
            channel.following_count = channel.following_count.max(known.following);
        }
        if let Some(owner) = &mut channel.owner_account {
            raise(owner, &counts);
        }
    }
    Ok(())
}

/// Adds to accounts how many follow them, and how many they follow.
pub(crate) async fn count_accounts(
    app: &App,
    accounts: &mut [actor::Account],
) -> Result<(), Problem> {
    let all: Vec<_> = accounts.iter().map(|it| ActorRef::Account(Id::from_raw(it.id))).collect();
    let counts = by_actor(app, &all).await?;
    accounts.iter_mut().for_each(|account| raise(account, &counts));
    Ok(())
}

fn raise(account: &mut actor::Account, counts: &HashMap<ActorRef, ActorCounts>) {
    if let Some(known) = counts.get(&ActorRef::Account(Id::from_raw(account.id))) {
        account.followers_count = account.followers_count.max(known.followers);
        account.following_count = account.following_count.max(known.following);
    }
}

async fn by_actor(
    app: &App,
    actors: &[ActorRef],
) -> Result<HashMap<ActorRef, ActorCounts>, Problem> {
    let counts = follows::counts(&app.service, actors).await?;
    Ok(counts.into_iter().map(|counts| (counts.actor, counts)).collect())
}
