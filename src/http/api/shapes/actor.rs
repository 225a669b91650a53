//! Accounts and channels, whole and as they stand beside a video.

use kinora_model::actor::{Origin, RemotePicture};
use kinora_model::picture::Picture;
use kinora_model::{account, channel};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::Config;

/// One size of an avatar or banner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActorImage)]
pub struct Image {
    /// Height in pixels.
    pub height: u32,
    /// Width in pixels.
    pub width: u32,
    /// Where it lies on this server.
    pub path: String,
    /// Its whole address.
    pub file_url: String,
    /// When it was set.
    pub created_at: String,
    /// When it was set.
    pub updated_at: String,
}

impl Image {
    /// All sizes of an avatar.
    #[must_use]
    pub fn avatars(config: &Config, pictures: &[Picture]) -> Vec<Self> {
        pictures.iter().map(|picture| Self::of(config, "avatars", picture)).collect()
    }

    /// All sizes of a banner.
    #[must_use]
    pub fn banners(config: &Config, pictures: &[Picture]) -> Vec<Self> {
        pictures.iter().map(|picture| Self::of(config, "banners", picture)).collect()
    }

    /// What is shown of an actor elsewhere until its picture was fetched: asking for it fetches it.
    fn elsewhere(
        config: &Config,
        kind: &str,
        id: u64,
        origin: Option<&Origin>,
        picture: impl Fn(&Origin) -> Option<&RemotePicture>,
    ) -> Vec<Self> {
        let Some(picture) = origin.and_then(picture) else { return Vec::new() };
        let path = format!("/lazy-static/remote/{kind}/{id}.jpg");
        let now = String::from("1970-01-01T00:00:00.000Z");
        vec![Self {
            height: picture.height.unwrap_or(0),
            width: picture.width.unwrap_or(0),
            file_url: config.url(&path),
            path,
            created_at: now.clone(),
            updated_at: now,
        }]
    }

    fn of_account(config: &Config, account: &account::Account) -> Vec<Self> {
        if !account.avatars.is_empty() {
            return Self::avatars(config, &account.avatars);
        }
        let origin = account.origin.as_ref();
        Self::elsewhere(config, "accounts", account.id.raw(), origin, |it| it.icon.as_ref())
    }

    fn of_channel(config: &Config, channel: &channel::Channel) -> Vec<Self> {
        if !channel.avatars.is_empty() {
            return Self::avatars(config, &channel.avatars);
        }
        let origin = channel.origin.as_ref();
        Self::elsewhere(config, "channels", channel.id.raw(), origin, |it| it.icon.as_ref())
    }

    fn banner_of_channel(config: &Config, channel: &channel::Channel) -> Vec<Self> {
        if !channel.banners.is_empty() {
            return Self::banners(config, &channel.banners);
        }
        let origin = channel.origin.as_ref();
        Self::elsewhere(config, "banners", channel.id.raw(), origin, |it| it.banner.as_ref())
    }

    fn of(config: &Config, folder: &str, picture: &Picture) -> Self {
        let path = format!("/lazy-static/{folder}/{}.jpg", picture.blob);
        Self {
            height: picture.height,
            width: picture.width,
            file_url: config.url(&path),
            path,
            created_at: picture.created_at.to_string(),
            updated_at: picture.created_at.to_string(),
        }
    }
}

/// An account or a channel as it stands beside a video in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActorSummary)]
pub struct Summary {
    /// Its number.
    pub id: u64,
    /// The part of the handle before the `@`.
    pub name: String,
    /// The name shown.
    pub display_name: String,
    /// What names it everywhere.
    pub url: String,
    /// The part of the handle after the `@`.
    pub host: String,
    /// Avatars, smallest first.
    pub avatars: Vec<Image>,
}

impl Summary {
    /// An account.
    #[must_use]
    pub fn account(config: &Config, account: &account::Account) -> Self {
        Self {
            id: account.id.raw(),
            name: account.name.to_string(),
            display_name: account.display_name.to_string(),
            url: account_url(config, account),
            host: host(config, account.origin.as_ref()),
            avatars: Image::of_account(config, account),
        }
    }

    /// A channel.
    #[must_use]
    pub fn channel(config: &Config, channel: &channel::Channel) -> Self {
        Self {
            id: channel.id.raw(),
            name: channel.name.to_string(),
            display_name: channel.display_name.to_string(),
            url: channel_url(config, channel),
            host: host(config, channel.origin.as_ref()),
            avatars: Image::of_channel(config, channel),
        }
    }
}

pub(crate) fn account_url(config: &Config, account: &account::Account) -> String {
    let ours = || config.url(&format!("/accounts/{}", account.name));
    account.origin.as_ref().map_or_else(ours, |origin| origin.uri.to_string())
}

pub(crate) fn channel_url(config: &Config, channel: &channel::Channel) -> String {
    let ours = || config.url(&format!("/video-channels/{}", channel.name));
    channel.origin.as_ref().map_or_else(ours, |origin| origin.uri.to_string())
}

/// The server where someone lives.
fn host(config: &Config, origin: Option<&Origin>) -> String {
    origin.map_or_else(|| config.host(), |origin| origin.host.to_string())
}

/// A whole account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// What names it everywhere.
    pub url: String,
    /// The part of the handle before the `@`.
    pub name: String,
    /// The part of the handle after the `@`.
    pub host: String,
    /// Avatars, smallest first.
    pub avatars: Vec<Image>,
    /// Its number.
    pub id: u64,
    /// Whether its server lets others keep copies of its videos.
    pub host_redundancy_allowed: bool,
    /// How many it follows.
    pub following_count: u64,
    /// How many follow it.
    pub followers_count: u64,
    /// When it began.
    pub created_at: String,
    /// The name shown.
    pub display_name: String,
    /// What they say of themselves, markdown.
    pub description: Option<String>,
    /// When it last changed.
    pub updated_at: String,
    /// The number of the user behind it.
    pub user_id: u64,
}

impl Account {
    /// An account, with the counts of its own server if that is another.
    #[must_use]
    pub fn of(config: &Config, account: &account::Account) -> Self {
        Self {
            url: account_url(config, account),
            name: account.name.to_string(),
            host: host(config, account.origin.as_ref()),
            avatars: Image::of_account(config, account),
            id: account.id.raw(),
            host_redundancy_allowed: false,
            following_count: account.origin.as_ref().and_then(|it| it.following).unwrap_or(0),
            followers_count: account.origin.as_ref().and_then(|it| it.followers).unwrap_or(0),
            created_at: account.created_at.to_string(),
            display_name: account.display_name.to_string(),
            description: account.description.as_ref().map(ToString::to_string),
            updated_at: account.updated_at.to_string(),
            user_id: account.user.map_or(0, |user| user.raw()),
        }
    }
}

/// A whole channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoChannel)]
pub struct Channel {
    /// What names it everywhere.
    pub url: String,
    /// The part of the handle before the `@`.
    pub name: String,
    /// The part of the handle after the `@`.
    pub host: String,
    /// Avatars, smallest first.
    pub avatars: Vec<Image>,
    /// Its number.
    pub id: u64,
    /// Whether its server lets others keep copies of its videos.
    pub host_redundancy_allowed: bool,
    /// How many it follows.
    pub following_count: u64,
    /// How many follow it.
    pub followers_count: u64,
    /// When it began.
    pub created_at: String,
    /// Banners, smallest first.
    pub banners: Vec<Image>,
    /// The name shown.
    pub display_name: String,
    /// What it is about, markdown.
    pub description: Option<String>,
    /// How to support it, markdown.
    pub support: Option<String>,
    /// True for channels of this node.
    pub is_local: bool,
    /// Whether viewers of its videos may give them to each other.
    pub peers_enabled: bool,
    /// When it last changed.
    pub updated_at: String,
    /// The account that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_account: Option<Account>,
}

impl Channel {
    /// A channel, with the counts of its own server if that is another, and with the account that owns it where the list
    /// does not say it anyway.
    #[must_use]
    pub fn of(
        config: &Config,
        channel: &channel::Channel,
        owner: Option<&account::Account>,
    ) -> Self {
        Self {
            url: channel_url(config, channel),
            name: channel.name.to_string(),
            host: host(config, channel.origin.as_ref()),
            avatars: Image::of_channel(config, channel),
            id: channel.id.raw(),
            host_redundancy_allowed: false,
            following_count: channel.origin.as_ref().and_then(|it| it.following).unwrap_or(0),
            followers_count: channel.origin.as_ref().and_then(|it| it.followers).unwrap_or(0),
            created_at: channel.created_at.to_string(),
            banners: Image::banner_of_channel(config, channel),
            display_name: channel.display_name.to_string(),
            description: channel.description.as_ref().map(ToString::to_string),
            support: channel.support.as_ref().map(ToString::to_string),
            is_local: channel.is_local(),
            peers_enabled: !channel.without_peers,
            updated_at: channel.updated_at.to_string(),
            owner_account: owner.map(|owner| Account::of(config, owner)),
        }
    }
}

/// The pictures of an account or channel that were just set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Avatars {
    /// All sizes, smallest first.
    pub avatars: Vec<Image>,
}

/// The banners of a channel that were just set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Banners {
    /// All sizes, smallest first.
    pub banners: Vec<Image>,
}
