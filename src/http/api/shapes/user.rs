//! Users, as they see themselves and as moderators see them.

use kinora_model::notification::NoticeKind;
use kinora_model::user::{self, Role, SensitivePolicy};
use kinora_model::{account, channel};
use kinora_service::quota::Usage;
use serde::Serialize;
use utoipa::ToSchema;

use super::actor::{Account, Channel};
use crate::config::Config;

/// A number and the word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Labelled {
    /// PeerTube's number.
    pub id: u8,
    /// The English word.
    pub label: &'static str,
}

impl From<Role> for Labelled {
    fn from(role: Role) -> Self {
        Self { id: role.number(), label: role.label() }
    }
}

/// The word of PeerTube's for how sensitive videos are shown.
#[must_use]
pub const fn nsfw_policy(policy: SensitivePolicy) -> &'static str {
    match policy {
        SensitivePolicy::Display => "display",
        SensitivePolicy::Warn => "warn",
        SensitivePolicy::Blur => "blur",
        SensitivePolicy::Hide => "do_not_list",
    }
}

/// The policy of PeerTube's word.
#[must_use]
pub fn parse_nsfw_policy(word: &str) -> Option<SensitivePolicy> {
    match word {
        "display" => Some(SensitivePolicy::Display),
        "warn" => Some(SensitivePolicy::Warn),
        "blur" => Some(SensitivePolicy::Blur),
        "do_not_list" => Some(SensitivePolicy::Hide),
        _ => None,
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Their number.
    pub id: u64,
    /// The name they log in with.
    pub username: String,
    /// Where to write to them.
    pub email: String,
    /// An address that waits to be verified: never, here.
    pub pending_email: Option<String>,
    /// Whether others see the address.
    pub email_public: bool,
    /// Whether the address was verified.
    pub email_verified: bool,
    /// How they see sensitive videos.
    pub nsfw_policy: &'static str,
    /// Kinds of sensitive videos that are shown all the same.
    pub nsfw_flags_displayed: u32,
    /// Kinds of sensitive videos that are hidden.
    pub nsfw_flags_hidden: u32,
    /// Kinds of sensitive videos that are warned of.
    pub nsfw_flags_warned: u32,
    /// Kinds of sensitive videos that are blurred.
    pub nsfw_flags_blurred: u32,
    /// What they may do, in bits: nothing beyond their role.
    pub admin_flags: u32,
    /// Whether their player may take segments from other viewers.
    pub p2p_enabled: bool,
    /// Whether it is kept what they watch.
    pub videos_history_enabled: bool,
    /// Whether videos start by themselves.
    pub auto_play_video: bool,
    /// Whether the next video starts by itself.
    pub auto_play_next_video: bool,
    /// Whether the next video of a playlist starts by itself.
    pub auto_play_next_video_playlist: bool,
    /// Languages they want to see videos in; absent is all.
    pub video_languages: Option<Vec<String>>,
    /// The language of the pages.
    pub language: Option<String>,
    /// What they may do.
    pub role: Labelled,
    /// How many bytes they may use, -1 without limit.
    pub video_quota: i64,
    /// How many bytes they may upload in a day, -1 without limit.
    pub video_quota_daily: i64,
    /// What they use, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_quota_used: Option<u64>,
    /// What they uploaded in the last day, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_quota_used_daily: Option<u64>,
    /// How many videos they have, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub videos_count: Option<u64>,
    /// Whether they may not log in.
    pub blocked: bool,
    /// Why, if so.
    pub blocked_reason: Option<String>,
    /// Their public face.
    pub account: Account,
    /// What they are told of.
    pub notification_settings: NotificationSettings,
    /// Their channels, oldest first.
    pub video_channels: Vec<Channel>,
    /// Playlists that every user has: none yet.
    pub special_playlists: Vec<u64>,
    /// When they registered.
    pub created_at: String,
    /// The plugin that logs them in: none.
    pub plugin_auth: Option<String>,
    /// When they last logged in.
    pub last_login_date: Option<String>,
    /// Whether a second factor is asked for.
    pub two_factor_enabled: bool,
    /// The theme of the pages.
    pub theme: String,
    /// Whether hints of the pages were dismissed.
    pub no_instance_config_warning_modal: bool,
    /// Whether hints of the pages were dismissed.
    pub no_welcome_modal: bool,
    /// Whether hints of the pages were dismissed.
    pub no_account_setup_warning_modal: bool,
}

impl User {
    /// A user of this node.
    #[must_use]
    pub fn of(
        config: &Config,
        user: &user::User,
        account: &account::Account,
        channels: &[channel::Channel],
        usage: Option<Usage>,
    ) -> Self {
        Self {
            id: user.id.raw(),
            username: account.name.to_string(),
            email: user.email.clone(),
            pending_email: None,
            email_public: false,
            email_verified: false,
            nsfw_policy: nsfw_policy(user.sensitive),
            nsfw_flags_displayed: 0,
            nsfw_flags_hidden: 0,
            nsfw_flags_warned: 0,
            nsfw_flags_blurred: 0,
            admin_flags: 0,
            p2p_enabled: user.p2p,
            videos_history_enabled: false,
            auto_play_video: user.autoplay,
            auto_play_next_video: false,
            auto_play_next_video_playlist: true,
            video_languages: None,
            language: user.language.clone(),
            role: user.role.into(),
            video_quota: limit(user.quota_bytes),
            video_quota_daily: limit(user.quota_daily_bytes),
            video_quota_used: usage.map(|usage| usage.bytes),
            video_quota_used_daily: usage.map(|usage| usage.daily_bytes),
            videos_count: usage.map(|usage| usage.videos),
            blocked: user.blocked.is_some(),
            blocked_reason: user.blocked.clone().filter(|reason| !reason.is_empty()),
            account: Account::of(config, account),
            notification_settings: NotificationSettings::default(),
            video_channels: channels.iter().map(|one| Channel::of(config, one, None)).collect(),
            special_playlists: Vec::new(),
            created_at: user.created_at.to_string(),
            plugin_auth: None,
            last_login_date: user.last_login_at.map(|at| at.to_string()),
            two_factor_enabled: false,
            theme: user.theme.clone(),
            no_instance_config_warning_modal: false,
            no_welcome_modal: false,
            no_account_setup_warning_modal: false,
        }
    }
}

/// A limit as PeerTube writes it: -1 without limit.
#[must_use]
pub fn limit(bytes: Option<u64>) -> i64 {
    bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// What a user is told of, each 1 for "on the pages".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "PeerTube's names, all of one kind")]
pub struct NotificationSettings {
    pub abuse_as_moderator: u8,
    pub abuse_new_message: u8,
    pub abuse_state_change: u8,
    pub auto_instance_following: u8,
    pub blacklist_on_my_video: u8,
    pub comment_mention: u8,
    pub my_video_import_finished: u8,
    pub my_video_published: u8,
    pub my_video_studio_edition_finished: u8,
    pub my_video_transcription_generated: u8,
    pub new_comment_on_my_video: u8,
    pub new_follow: u8,
    pub new_instance_follower: u8,
    pub new_peer_tube_version: u8,
    pub new_plugin_version: u8,
    pub new_user_registration: u8,
    pub new_video_from_subscription: u8,
    pub video_auto_blacklist_as_moderator: u8,
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self {
            abuse_as_moderator: 1,
            abuse_new_message: 1,
            abuse_state_change: 1,
            auto_instance_following: 1,
            blacklist_on_my_video: 1,
            comment_mention: 1,
            my_video_import_finished: 1,
            my_video_published: 1,
            my_video_studio_edition_finished: 1,
            my_video_transcription_generated: 1,
            new_comment_on_my_video: 1,
            new_follow: 1,
            new_instance_follower: 1,
            new_peer_tube_version: 1,
            new_plugin_version: 1,
            new_user_registration: 1,
            new_video_from_subscription: 1,
            video_auto_blacklist_as_moderator: 1,
        }
    }
}

/// What can be chosen, by its name here.
pub const SETTINGS: [(&str, NoticeKind); 10] = [
    ("newVideoFromSubscription", NoticeKind::NewVideo),
    ("newCommentOnMyVideo", NoticeKind::NewComment),
    ("commentMention", NoticeKind::Mention),
    ("newFollow", NoticeKind::NewFollower),
    ("abuseAsModerator", NoticeKind::NewReport),
    ("abuseStateChange", NoticeKind::ReportDecided),
    ("abuseNewMessage", NoticeKind::ReportMessage),
    ("newInstanceFollower", NoticeKind::NewInstanceFollower),
    ("myVideoPublished", NoticeKind::VideoPublished),
    ("newUserRegistration", NoticeKind::NewUser),
];

impl NotificationSettings {
    /// All but what a user does not want.
    #[must_use]
    pub fn without(unwanted: &[NoticeKind]) -> Self {
        let mut settings = Self::default();
        for kind in unwanted {
            *match kind {
                NoticeKind::NewVideo => &mut settings.new_video_from_subscription,
                NoticeKind::NewComment => &mut settings.new_comment_on_my_video,
                NoticeKind::Mention => &mut settings.comment_mention,
                NoticeKind::NewFollower => &mut settings.new_follow,
                NoticeKind::NewReport => &mut settings.abuse_as_moderator,
                NoticeKind::ReportDecided => &mut settings.abuse_state_change,
                NoticeKind::ReportMessage => &mut settings.abuse_new_message,
                NoticeKind::NewInstanceFollower => &mut settings.new_instance_follower,
                NoticeKind::VideoPublished => &mut settings.my_video_published,
                NoticeKind::NewUser => &mut settings.new_user_registration,
            } = 0;
        }
        settings
    }
}

/// What a user takes on disk.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaUsed {
    /// Bytes on disk.
    pub video_quota_used: u64,
    /// Bytes uploaded in the last 24 hours.
    pub video_quota_used_daily: u64,
}

/// What was made for a new user.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Created {
    /// The user.
    pub user: CreatedUser,
}

/// A new user.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct CreatedUser {
    /// Their number.
    pub id: u64,
    /// Their account.
    pub account: Numbered,
}

/// The number of something new.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Numbered {
    /// The number.
    pub id: u64,
}
