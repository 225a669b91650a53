//! Numbers about the node as a whole; those about other servers are all none before the node meets them.

use kinora_service::statistics;
use serde::Serialize;
use utoipa::ToSchema;

/// PeerTube's `ServerStats`.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServerStats)]
#[expect(missing_docs, reason = "PeerTube's names say what they count")]
pub struct Statistics {
    pub total_users: u64,
    pub total_daily_active_users: u64,
    pub total_weekly_active_users: u64,
    pub total_monthly_active_users: u64,
    pub total_moderators: u64,
    pub total_admins: u64,
    pub total_local_videos: u64,
    pub total_local_video_views: u64,
    pub total_local_video_comments: u64,
    pub total_local_video_files_size: u64,
    pub total_videos: u64,
    pub total_video_comments: u64,
    pub total_local_video_channels: u64,
    pub total_local_daily_active_video_channels: u64,
    pub total_local_weekly_active_video_channels: u64,
    pub total_local_monthly_active_video_channels: u64,
    pub total_local_playlists: u64,
    pub total_instance_followers: u64,
    pub total_instance_following: u64,
    pub videos_redundancy: Vec<u64>,
    pub total_activity_pub_messages_processed: u64,
    pub total_activity_pub_messages_successes: u64,
    pub total_activity_pub_messages_errors: u64,
    pub activity_pub_messages_processed_per_second: u64,
    pub total_activity_pub_messages_waiting: u64,
    pub average_registration_request_response_time_ms: Option<u64>,
    pub total_registration_requests_processed: u64,
    pub total_registration_requests: u64,
    pub average_abuse_response_time_ms: Option<u64>,
    pub total_abuses_processed: u64,
    pub total_abuses: u64,
}

impl From<statistics::Statistics> for Statistics {
    fn from(counted: statistics::Statistics) -> Self {
        let [daily_users, weekly_users, monthly_users] = counted.active_users;
        let [daily_channels, weekly_channels, monthly_channels] = counted.active_channels;
        Self {
            total_users: counted.users,
            total_daily_active_users: daily_users,
            total_weekly_active_users: weekly_users,
            total_monthly_active_users: monthly_users,
            total_moderators: counted.moderators,
            total_admins: counted.administrators,
            total_local_videos: counted.videos,
            total_local_video_views: counted.views,
            total_local_video_comments: counted.comments,
            total_local_video_files_size: counted.file_bytes,
            total_videos: counted.known_videos,
            total_video_comments: counted.comments.saturating_add(counted.known_comments),
            total_local_video_channels: counted.channels,
            total_local_daily_active_video_channels: daily_channels,
            total_local_weekly_active_video_channels: weekly_channels,
            total_local_monthly_active_video_channels: monthly_channels,
            average_registration_request_response_time_ms: counted.registration_answer_ms,
            total_registration_requests_processed: counted.registrations_answered,
            total_registration_requests: counted.registrations,
            ..Self::default()
        }
    }
}
