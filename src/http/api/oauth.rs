//! OAuth2 as PeerTube's clients speak it: one client for all, passwords and refresh tokens (RFC 6749, 4.3 and 6).

use actix_web::http::header::{CACHE_CONTROL, PRAGMA};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_service::limits::Action;
use kinora_service::sessions::{self, Tokens};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::address::ClientAddress;
use crate::auth::{self, SignedIn};
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/oauth-clients/local", web::get().to(client))
        .route("/users/token", web::post().to(token))
        .route("/users/revoke-token", web::post().to(revoke));
}

/// The OAuth2 client that all apps of this node are.
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthClient)]
pub(crate) struct Client {
    /// Its name.
    client_id: String,
    /// Its secret, told to everybody.
    client_secret: String,
}

/// Tells the OAuth2 client.
#[utoipa::path(get, path = "/api/v1/oauth-clients/local", tag = "Session", responses((status = 200, body = Client)))]
pub(crate) async fn client(app: web::Data<App>) -> Result<impl Responder, Problem> {
    let client = sessions::client(&app.service).await?;
    Ok(web::Json(Client { client_id: client.id, client_secret: client.secret }))
}

/// What a client sends for tokens.
#[derive(Deserialize, ToSchema)]
#[schema(as = OAuthToken)]
pub(crate) struct Asked {
    client_id: Option<String>,
    client_secret: Option<String>,
    grant_type: Option<String>,
    username: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
}

/// What a client gets.
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthTokens)]
pub(crate) struct Given {
    /// Always `Bearer`.
    token_type: &'static str,
    /// Sent with each request.
    access_token: String,
    /// Gets a new pair.
    refresh_token: String,
    /// Seconds that the access token is good.
    expires_in: u64,
    /// Seconds that the refresh token is good.
    refresh_token_expires_in: u64,
}

impl From<Tokens> for Given {
    fn from(tokens: Tokens) -> Self {
        Self {
            token_type: "Bearer",
            access_token: tokens.access,
            refresh_token: tokens.refresh,
            expires_in: tokens.access_for.as_secs(),
            refresh_token_expires_in: tokens.refresh_for.as_secs(),
        }
    }
}

/// Logs someone in, or renews their tokens.
#[utoipa::path(
    post,
    path = "/api/v1/users/token",
    tag = "Session",
    request_body(content = Asked, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Given), (status = 400), (status = 429))
)]
pub(crate) async fn token(
    app: web::Data<App>,
    address: ClientAddress,
    form: web::Form<Asked>,
) -> Result<impl Responder, Problem> {
    let asked = form.into_inner();
    check_client(&app, &asked).await?;
    let tokens = match asked.grant_type.as_deref() {
        Some("password") => {
            app.limits.count(Action::LogIn, address.0)?;
            let username = parameter("username", asked.username)?;
            let password = parameter("password", asked.password)?;
            sessions::log_in(&app.service, &username, &password).await?
        }
        Some("refresh_token") => {
            let token = parameter("refresh_token", asked.refresh_token)?;
            sessions::refresh(&app.service, &token).await.map_err(|error| match error {
                kinora_service::Error::InvalidToken => {
                    Problem::bad_request("Invalid grant: refresh token is invalid")
                        .with_code("invalid_grant")
                }
                other => other.into(),
            })?
        }
        Some(_) => {
            return Err(Problem::bad_request("Unsupported grant type: `grant_type` is invalid")
                .with_code("unsupported_grant_type"));
        }
        None => return Err(missing("grant_type")),
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
    Ok(response.json(Given::from(tokens)))
}

async fn check_client(app: &App, asked: &Asked) -> Result<(), Problem> {
    let invalid = |detail: &'static str| Problem::bad_request(detail).with_code("invalid_client");
    let (Some(id), Some(secret)) = (&asked.client_id, &asked.client_secret) else {
        return Err(invalid("Invalid client: cannot retrieve client credentials"));
    };
    if !sessions::is_client(&app.service, id, secret).await? {
        return Err(invalid("Invalid client: client is invalid"));
    }
    Ok(())
}

fn parameter(name: &'static str, value: Option<String>) -> Result<String, Problem> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| missing(name))
}

fn missing(name: &'static str) -> Problem {
    Problem::bad_request(format!("Missing parameter: `{name}`")).with_code("invalid_request")
}

/// What is said of an ended session.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revoked {
    /// Always true.
    success: bool,
}

/// Ends the session of the token that comes with the request.
#[utoipa::path(
    post,
    path = "/api/v1/users/revoke-token",
    tag = "Session",
    security(("oauth2" = [])),
    responses((status = 200, body = Revoked), (status = 401))
)]
pub(crate) async fn revoke(
    app: web::Data<App>,
    _who: SignedIn,
    request: HttpRequest,
) -> Result<impl Responder, Problem> {
    if let Some(token) = auth::bearer(&request) {
        sessions::revoke(&app.service, token).await?;
    }
    Ok(web::Json(Revoked { success: true }))
}
