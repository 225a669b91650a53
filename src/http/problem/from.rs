//! What the errors of other rooms, and of actix itself, mean to who asks.

use actix_web::HttpRequest;
use actix_web::error::{JsonPayloadError, PathError, QueryPayloadError, UrlencodedError};
use actix_web::http::StatusCode;

use super::Problem;

impl From<kinora_service::Error> for Problem {
    fn from(error: kinora_service::Error) -> Self {
        use kinora_service::Error;
        match error {
            Error::NotFound(what) => Self::not_found(format!("{what} not found")),
            Error::Forbidden(why) => Self::forbidden(why),
            Error::Invalid { field, reason } => Self::invalid(field, reason),
            Error::Taken(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            Error::Refused(why) => Self::new(StatusCode::CONFLICT, why),
            Error::WrongPassword => {
                Self::bad_request("Invalid grant: user credentials are invalid")
                    .with_code("invalid_grant")
            }
            Error::Blocked(_) => Self::bad_request("User is blocked.").with_code("access_denied"),
            Error::AwaitsApproval => {
                Self::bad_request("Registration for this account is awaiting approval")
                    .with_code("account_waiting_for_approval")
            }
            Error::Rejected => {
                Self::bad_request("Registration approval for this account has been rejected")
                    .with_code("account_approval_rejected")
            }
            Error::InvalidToken => Self::unauthorized("invalid_token", "Token is invalid"),
            Error::RegistrationClosed => {
                Self::forbidden("User registration is not enabled on this instance.")
            }
            Error::QuotaExceeded { .. } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("The user video quota is exceeded with this video: {error}."),
            )
            .with_code("quota_reached"),
            Error::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
                .with_code("max_file_size_reached"),
            Error::TooOften { retry_after_s } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests, please try again later.",
            )
            .with_retry_after(retry_after_s),
            Error::WrongOffset { .. } | Error::UploadBusy => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            Error::NoSpace => no_space(),
            Error::NotReady => Self::unavailable("This file is still being made", 2),
            Error::Store(error) => Self::from(error),
            Error::Io(error) => failed(&error),
        }
    }
}

impl From<kinora_federation::Error> for Problem {
    fn from(error: kinora_federation::Error) -> Self {
        use kinora_federation::Error;
        match error {
            Error::NotFound(what) => Self::not_found(format!("{what} not found")),
            Error::Gone => Self::new(StatusCode::GONE, "It is gone"),
            Error::Unverified(_) => {
                Self::new(StatusCode::UNAUTHORIZED, error.to_string()).with_code("unverified")
            }
            Error::Blocked(_) => Self::forbidden("This server does not talk with yours"),
            Error::Unreadable(_) | Error::Refused(_) | Error::PrivateAddress => {
                Self::bad_request(error.to_string())
            }
            Error::Limit(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
            Error::Status { .. } | Error::Unreachable { .. } => {
                Self::new(StatusCode::BAD_GATEWAY, error.to_string())
            }
            Error::Stopping => Self::unavailable("The server is stopping", 5),
            Error::Service(error) => Self::from(error),
            Error::Store(error) => Self::from(error),
            Error::Setting(_) | Error::Keys => failed(&error),
        }
    }
}

impl From<kinora_store::Error> for Problem {
    fn from(error: kinora_store::Error) -> Self {
        match error {
            kinora_store::Error::NoSpace => no_space(),
            // Whoever gave up after many tries may try again later.
            kinora_store::Error::Conflict => {
                Self::unavailable("Others are changing the same thing; try again", 1)
            }
            // Deleted since it was looked up.
            kinora_store::Error::NoBlob(_) => Self::not_found("File not found"),
            other => failed(&other),
        }
    }
}

impl From<kinora_media::Error> for Problem {
    fn from(error: kinora_media::Error) -> Self {
        use kinora_media::Error;
        match error {
            Error::Refused { detail, .. } => Self::bad_request(detail),
            Error::NoSpace => no_space(),
            Error::NotReady => Self::unavailable("This file is still being made", 2),
            Error::NotFound(what) => Self::not_found(format!("{what} not found")),
            Error::Stopping => Self::unavailable("The server is stopping", 5),
            Error::Store(error) => Self::from(error),
            Error::Service(error) => Self::from(error),
            other => failed(&other),
        }
    }
}

/// The disk is full: nothing is lost, the same request may be sent again.
fn no_space() -> Problem {
    Problem::new(StatusCode::INSUFFICIENT_STORAGE, "There is no space left on this server")
        .with_code("no_space")
        .with_retry_after(60)
}

/// A failure of the node itself: its cause goes to the log, not to who asked.
fn failed(error: &dyn std::error::Error) -> Problem {
    let mut causes = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push_str(": ");
        causes.push_str(&cause.to_string());
        next = cause.source();
    }
    tracing::error!(error = %error, causes = %causes, "a request failed");
    Problem::internal()
}

/// A JSON body that cannot be read.
pub(crate) fn json(error: JsonPayloadError, _request: &HttpRequest) -> actix_web::Error {
    match &error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            too_large()
        }
        JsonPayloadError::ContentType => {
            Problem::bad_request("The body should be JSON (content-type: application/json)")
        }
        JsonPayloadError::Deserialize(error) => {
            Problem::bad_request(format!("The JSON is wrong: {error}"))
        }
        _ => Problem::bad_request("The body cannot be read"),
    }
    .into()
}

/// A form that cannot be read.
pub(crate) fn form(error: UrlencodedError, _request: &HttpRequest) -> actix_web::Error {
    match &error {
        UrlencodedError::Overflow { .. } => too_large(),
        UrlencodedError::ContentType => Problem::bad_request(
            "The body should be a form (content-type: application/x-www-form-urlencoded)",
        ),
        _ => Problem::bad_request("The form cannot be read"),
    }
    .into()
}

/// A query that cannot be read.
pub(crate) fn query(error: QueryPayloadError, _request: &HttpRequest) -> actix_web::Error {
    Problem::bad_request(format!("Incorrect request parameters: {error}")).into()
}

/// A path that leads nowhere.
pub(crate) fn path(_error: PathError, _request: &HttpRequest) -> actix_web::Error {
    Problem::not_found("Not found").into()
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large")
}
