//! Requests for accounts, as moderators see them.

use kinora_model::registration::{self, Answer};
use serde::Serialize;
use utoipa::ToSchema;

use super::user::{Labelled, Numbered};

/// A request for an account.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserRegistration)]
pub struct Registration {
    /// Its number.
    pub id: u64,
    /// What became of it: 1 pending, 2 rejected, 3 accepted.
    pub state: Labelled,
    /// Why they want an account.
    pub registration_reason: String,
    /// What the moderator wrote.
    pub moderation_response: Option<String>,
    /// The name asked for.
    pub username: String,
    /// Where to write to them.
    pub email: String,
    /// Whether the address was verified.
    pub email_verified: bool,
    /// The name shown.
    pub account_display_name: Option<String>,
    /// Name of the first channel.
    pub channel_handle: Option<String>,
    /// The name shown of the first channel.
    pub channel_display_name: Option<String>,
    /// When they asked.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// The user that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Numbered>,
}

/// The number and word of an answer.
#[must_use]
pub const fn state(answer: &Answer) -> Labelled {
    match answer {
        Answer::Pending => Labelled { id: 1, label: "Pending" },
        Answer::Rejected { .. } => Labelled { id: 2, label: "Rejected" },
        Answer::Accepted { .. } => Labelled { id: 3, label: "Accepted" },
    }
}

impl Registration {
    /// A request of this node.
    #[must_use]
    pub fn of(request: &registration::Registration) -> Self {
        let (user, response) = match &request.answer {
            Answer::Pending => (None, None),
            Answer::Accepted { user, response } => {
                (Some(Numbered { id: user.raw() }), Some(response))
            }
            Answer::Rejected { response } => (None, Some(response)),
        };
        Self {
            id: request.id.raw(),
            state: state(&request.answer),
            registration_reason: request.reason.to_string(),
            moderation_response: response.map(ToString::to_string),
            username: request.username.to_string(),
            email: request.email.clone(),
            email_verified: false,
            account_display_name: request.display_name.as_ref().map(ToString::to_string),
            channel_handle: request.channel.as_ref().map(ToString::to_string),
            channel_display_name: request.channel_display_name.as_ref().map(ToString::to_string),
            created_at: request.created_at.to_string(),
            updated_at: request.updated_at.to_string(),
            user,
        }
    }
}
