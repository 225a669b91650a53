//! Actors: accounts, channels and servers, here and elsewhere, where it does not matter which.

use std::collections::HashMap;

use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::instance::Instance;
use kinora_model::user::User;
use kinora_store::tables::remote::instance_by_id;
use kinora_store::{Batch, Stored};

use crate::Service;
use crate::error::Error;

/// An actor as it is kept.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A person.
    Account(Stored<Account>),
    /// A channel.
    Channel(Stored<Channel>),
    /// Another server.
    Instance(Stored<Instance>),
    /// Our own server, which has no row.
    Here,
}

impl Actor {
    /// Where it lives, if that is elsewhere.
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        match self {
            Self::Account(row) => row.origin.as_ref().map(|origin| &origin.host),
            Self::Channel(row) => row.origin.as_ref().map(|origin| &origin.host),
            Self::Instance(row) => Some(&row.host),
            Self::Here => None,
        }
    }

    /// Adds to a batch that it must still be there, as it was read.
    pub(crate) fn expect(&self, batch: &mut Batch) {
        match self {
            Self::Account(row) => batch.expect_row(row),
            Self::Channel(row) => batch.expect_row(row),
            // Servers are never forgotten.
            Self::Instance(_) | Self::Here => {}
        }
    }

    /// The account behind it, if there is one.
    #[must_use]
    pub fn account(&self) -> Option<Id<Account>> {
        match self {
            Self::Account(row) => Some(row.id),
            Self::Channel(row) => Some(row.account),
            Self::Instance(_) | Self::Here => None,
        }
    }
}

/// An actor, if it is known.
///
/// # Errors
/// [`Error::Store`].
pub async fn find(service: &Service, actor: ActorRef) -> Result<Option<Actor>, Error> {
    let store = &service.store;
    if actor == ActorRef::HERE {
        return Ok(Some(Actor::Here));
    }
    Ok(match actor {
        ActorRef::Account(id) => store.get(&id.to_key()).await?.map(Actor::Account),
        ActorRef::Channel(id) => store.get(&id.to_key()).await?.map(Actor::Channel),
        ActorRef::Instance(id) => store.find(&instance_by_id(id)).await?.map(Actor::Instance),
    })
}

/// An actor that must be known.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub async fn get(service: &Service, actor: ActorRef) -> Result<Actor, Error> {
    find(service, actor).await?.ok_or(Error::NotFound("Actor"))
}

/// These actors, as far as they are known.
///
/// # Errors
/// [`Error::Store`].
pub async fn find_many(
    service: &Service,
    actors: impl IntoIterator<Item = ActorRef>,
) -> Result<HashMap<ActorRef, Actor>, Error> {
    let mut found = HashMap::new();
    let (mut accounts, mut channels) = (Vec::new(), Vec::new());
    for actor in actors {
        match actor {
            ActorRef::Account(id) => accounts.push(id.to_key().to_vec()),
            ActorRef::Channel(id) => channels.push(id.to_key().to_vec()),
            ActorRef::Instance(_) if found.contains_key(&actor) => {}
            ActorRef::Instance(_) => {
                found.extend(find(service, actor).await?.map(|it| (actor, it)));
            }
        }
    }
    for row in service.store.get_many::<Account>(&accounts).await?.into_iter().flatten() {
        found.insert(ActorRef::Account(row.id), Actor::Account(row));
    }
    for row in service.store.get_many::<Channel>(&channels).await?.into_iter().flatten() {
        found.insert(ActorRef::Channel(row.id), Actor::Channel(row));
    }
    Ok(found)
}

/// The user here who is told of what happens to an actor: its own, or the owner of the channel.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn user_behind(
    service: &Service,
    actor: &Actor,
) -> Result<Option<Id<User>>, Error> {
    match actor {
        Actor::Account(row) => Ok(row.user),
        Actor::Channel(row) => crate::notifications::user_of(service, row.account).await,
        Actor::Instance(_) | Actor::Here => Ok(None),
    }
}

/// The users here whose role is at least this.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn staff(
    service: &Service,
    at_least: kinora_model::user::Role,
) -> Result<Vec<Id<User>>, Error> {
    use kinora_store::table::row_key;
    use kinora_store::{Range, Row as _};
    let mut staff = Vec::new();
    let mut range = Range::prefix(&row_key::<User>(&[]));
    loop {
        let page = service.store.list_range::<User>(&range, READ_AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(staff) };
        range = range.after(&row_key::<User>(&last.key()));
        staff.extend(page.iter().filter(|user| user.role >= at_least).map(|user| user.id));
    }
}

/// Users that are read at a time.
const READ_AT_ONCE: usize = 500;
