//! Channels: where accounts publish.

use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::{CHANNELS_MAX, Channel, Handle};
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::name::Name;
use kinora_model::text::{About, DisplayName, Support};
use kinora_store::table::row_key;
use kinora_store::tables::channels_by_account;
use kinora_store::{Batch, Range, Row, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::listing::fold;
use crate::{Service, Viewer, names, outbound};

mod removal;

pub use removal::delete;
pub(crate) use removal::remove;

/// How many channels are read at a time.
const READ_AT_ONCE: usize = 500;

/// A channel that is to begin.
#[derive(Clone, Debug)]
pub struct NewChannel {
    /// Its name, that of no account and no other channel.
    pub name: Name,
    /// The name shown.
    pub display_name: DisplayName,
    /// What it is about.
    pub description: Option<About>,
    /// How to support it.
    pub support: Option<Support>,
}

/// What changes of a channel; what is absent stays, an empty text goes.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name shown.
    pub display_name: Option<DisplayName>,
    /// What it is about.
    pub description: Option<About>,
    /// How to support it.
    pub support: Option<Support>,
    /// Whether viewers of its videos may give them to each other.
    pub peers: Option<bool>,
}

/// Begins a channel of the asker's account.
///
/// # Errors
/// [`Error::Taken`] if an account or another channel has the name, [`Error::Refused`] if the account has [`CHANNELS_MAX`]
/// channels.
pub async fn create(service: &Service, who: &Viewer, new: &NewChannel) -> Result<Channel, Error> {
    attempt(|| async {
        let account = service.store.get::<Account>(&who.account.to_key()).await?;
        let account = account.ok_or(Error::NotFound("Account"))?;
        let has = service.store.count(&channels_by_account(who.account)).await?;
        if has >= CHANNELS_MAX {
            return Err(Error::Refused("You have reached the maximum number of channels"));
        }
        let now = service.now();
        let channel = Channel {
            id: service.id(),
            account: who.account,
            name: new.name.clone(),
            display_name: new.display_name.clone(),
            description: new.description.clone().filter(|text| !text.is_empty()),
            support: new.support.clone().filter(|text| !text.is_empty()),
            avatars: Vec::new(),
            banners: Vec::new(),
            created_at: now,
            updated_at: now,
            origin: None,
            without_peers: false,
        };
        let mut batch = Batch::default();
        let handle = Some(Handle::Channel(channel.id));
        names::take(service, &mut batch, &new.name, handle, "The channel name").await?;
        // Two channels at once must not both see room for one: the account settles their order.
        batch.replace_row(&account, &Account { updated_at: now, ..Account::clone(&account) })?;
        batch.insert_row(&channel)?;
        let event = Event::ChannelCreated { channel: channel.id };
        service.journal.record(&mut batch, &event, now)?;
        service.store.commit(batch).await?;
        Ok(channel)
    })
    .await
}

/// Changes a channel.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`] if the asker neither owns it nor moderates.
pub async fn update(
    service: &Service,
    who: &Viewer,
    name: &str,
    change: &Change,
) -> Result<(), Error> {
    attempt(|| async {
        let old = editable(service, who, name).await?;
        let mut new = Channel { updated_at: service.now(), ..Channel::clone(&old) };
        new.display_name = change.display_name.clone().unwrap_or(new.display_name);
        if let Some(description) = &change.description {
            new.description = Some(description.clone()).filter(|text| !text.is_empty());
        }
        if let Some(support) = &change.support {
            new.support = Some(support.clone()).filter(|text| !text.is_empty());
        }
        if let Some(peers) = change.peers {
            new.without_peers = !peers;
        }
        let mut batch = Batch::default();
        batch.replace_row(&old, &new)?;
        outbound::actor_changed(service, &mut batch, ActorRef::Channel(old.id))?;
        let event = Event::ChannelUpdated { channel: old.id };
        service.journal.record(&mut batch, &event, new.updated_at)?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// A channel that the asker may change.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`] if the asker neither owns it nor moderates.
pub async fn editable(
    service: &Service,
    who: &Viewer,
    name: &str,
) -> Result<Stored<Channel>, Error> {
    let channel = names::channel(service, name).await?;
    if channel.account != who.account && !who.moderates() {
        return Err(Error::Forbidden("Only the owner of this channel may change it"));
    }
    Ok(channel)
}

/// The channels of an account, oldest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn of_account(service: &Service, account: Id<Account>) -> Result<Vec<Channel>, Error> {
    let rows = service.store.follow(&channels_by_account(account), READ_AT_ONCE).await?;
    Ok(rows.into_iter().map(Stored::into_row).collect())
}

/// All channels of the node, oldest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn all(service: &Service) -> Result<Vec<Channel>, Error> {
    let mut channels = Vec::new();
    let mut range = Range::prefix(&row_key::<Channel>(&[]));
    loop {
        let page = service.store.list_range::<Channel>(&range, READ_AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(channels) };
        range = range.after(&row_key::<Channel>(&last.key()));
        channels.extend(page.into_iter().map(Stored::into_row).filter(Channel::is_local));
    }
}

/// Channels, here and elsewhere, whose name or display name has each of these words, letters folded; at most
/// [`FOUND_MAX`], oldest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn search(
    service: &Service,
    words: &str,
    local: Option<bool>,
) -> Result<Vec<Channel>, Error> {
    let words: Vec<String> = words.split_whitespace().map(fold).collect();
    let matches = |channel: &Channel| {
        let name = fold(channel.display_name.as_str());
        let blocked = |host| service.domains.blocks(host);
        let host = channel.origin.as_ref().map(|origin| &origin.host);
        let shown =
            local.is_none_or(|local| local == channel.is_local()) && !host.is_some_and(blocked);
        shown
            && words
                .iter()
                .all(|word| name.contains(word) || fold(channel.name.as_str()).contains(word))
    };
    let mut found = Vec::new();
    let mut range = Range::prefix(&row_key::<Channel>(&[]));
    loop {
        let page = service.store.list_range::<Channel>(&range, READ_AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        range = range.after(&row_key::<Channel>(&last.key()));
        found.extend(page.into_iter().map(Stored::into_row).filter(matches));
        if found.len() >= FOUND_MAX {
            found.truncate(FOUND_MAX);
            return Ok(found);
        }
        tokio::task::yield_now().await;
    }
}

/// The most channels that one search finds.
pub const FOUND_MAX: usize = 1_000;

/// All accounts of the node, oldest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn accounts(service: &Service) -> Result<Vec<Account>, Error> {
    let mut accounts = Vec::new();
    let mut range = Range::prefix(&row_key::<Account>(&[]));
    loop {
        let page = service.store.list_range::<Account>(&range, READ_AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(accounts) };
        range = range.after(&row_key::<Account>(&last.key()));
        accounts.extend(page.into_iter().map(Stored::into_row).filter(Account::is_local));
    }
}

#[cfg(test)]
mod tests;
