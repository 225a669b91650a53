//! Accounts and channels, whole and as they stand beside a video.

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
            host: config.host(),
            avatars: Image::avatars(config, &account.avatars),
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
            host: config.host(),
            avatars: Image::avatars(config, &channel.avatars),
        }
    }
}

fn account_url(config: &Config, account: &account::Account) -> String {
    config.url(&format!("/accounts/{}", account.name))
}

fn channel_url(config: &Config, channel: &channel::Channel) -> String {
    config.url(&format!("/video-channels/{}", channel.name))
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
    /// An account of this node.
    #[must_use]
    pub fn of(config: &Config, account: &account::Account) -> Self {
        Self {
            url: account_url(config, account),
            name: account.name.to_string(),
            host: config.host(),
            avatars: Image::avatars(config, &account.avatars),
            id: account.id.raw(),
            host_redundancy_allowed: false,
            following_count: 0,
            followers_count: 0,
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
    /// When it last changed.
    pub updated_at: String,
    /// The account that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_account: Option<Account>,
}

impl Channel {
    /// A channel of this node, with the account that owns it where the list does not say it anyway.
    #[must_use]
    pub fn of(
        config: &Config,
        channel: &channel::Channel,
        owner: Option<&account::Account>,
    ) -> Self {
        Self {
            url: channel_url(config, channel),
            name: channel.name.to_string(),
            host: config.host(),
            avatars: Image::avatars(config, &channel.avatars),
            id: channel.id.raw(),
            host_redundancy_allowed: false,
            following_count: 0,
            followers_count: 0,
            created_at: channel.created_at.to_string(),
            banners: Image::banners(config, &channel.banners),
            display_name: channel.display_name.to_string(),
            description: channel.description.as_ref().map(ToString::to_string),
            support: channel.support.as_ref().map(ToString::to_string),
            is_local: true,
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
