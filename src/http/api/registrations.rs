//! Joining: at once, or by asking a moderator.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_model::id::Id;
use kinora_model::text::Reason;
use kinora_service::limits::Action;
use kinora_service::registrations::{self, Application};
use kinora_service::users;
use serde::Deserialize;
use utoipa::ToSchema;

use super::fields::{name, needed, text, text_if};
use super::shapes::registration::{Registration, state};
use crate::address::ClientAddress;
use crate::auth::Moderator;
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/users/register", web::post().to(register))
        .route("/users/registrations/request", web::post().to(request))
        .route("/users/registrations", web::get().to(list))
        .route("/users/registrations/{id}/accept", web::post().to(accept))
        .route("/users/registrations/{id}/reject", web::post().to(reject))
        .route("/users/registrations/{id}", web::delete().to(delete));
}

/// What someone who wants to join says.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RegisterUser)]
pub(crate) struct Join {
    username: Option<String>,
    password: Option<String>,
    email: Option<String>,
    display_name: Option<String>,
    channel: Option<JoinChannel>,
    registration_reason: Option<String>,
}

/// The first channel of someone who wants to join.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RegisterUserChannel)]
pub(crate) struct JoinChannel {
    name: Option<String>,
    display_name: Option<String>,
}

impl Join {
    fn application(self) -> Result<(Application, Option<String>), Problem> {
        let (channel, channel_display_name) = match self.channel {
            Some(channel) => (channel.name, channel.display_name),
            None => (None, None),
        };
        let channel = channel.filter(|channel| !channel.is_empty());
        let application = Application {
            username: name("username", &needed("username", self.username)?)?,
            email: users::email(&needed("email", self.email)?)?,
            password: needed("password", self.password)?,
            display_name: text_if("displayName", self.display_name.as_deref())?,
            channel: channel.as_deref().map(|channel| name("channel.name", channel)).transpose()?,
            channel_display_name: text_if("channel.displayName", channel_display_name.as_deref())?,
        };
        Ok((application, self.registration_reason))
    }
}

/// Registers someone at once.
#[utoipa::path(
    post,
    path = "/api/v1/users/register",
    tag = "Register",
    request_body = Join,
    responses((status = 204), (status = 400), (status = 403), (status = 409), (status = 429))
)]
pub(crate) async fn register(
    app: web::Data<App>,
    address: ClientAddress,
    join: web::Json<Join>,
) -> Result<impl Responder, Problem> {
    app.limits.count(Action::Register, address.0)?;
    let (application, _reason) = join.into_inner().application()?;
    registrations::register(&app.service, &application).await?;
    Ok(HttpResponse::NoContent())
}

/// Asks for an account.
#[utoipa::path(
    post,
    path = "/api/v1/users/registrations/request",
    tag = "Register",
    request_body = Join,
    responses((status = 200, body = Registration), (status = 400), (status = 403), (status = 409), (status = 429))
)]
pub(crate) async fn request(
    app: web::Data<App>,
    address: ClientAddress,
    join: web::Json<Join>,
) -> Result<impl Responder, Problem> {
    app.limits.count(Action::Register, address.0)?;
    let (application, reason) = join.into_inner().application()?;
    let reason: Reason = text("registrationReason", &needed("registrationReason", reason)?)?;
    let request = registrations::request(&app.service, &application, &reason).await?;
    Ok(web::Json(Registration::of(&request)))
}

/// Lists requests.
#[utoipa::path(
    get,
    path = "/api/v1/users/registrations",
    tag = "Register",
    security(("oauth2" = [])),
    responses((status = 200, body = List<Registration>), (status = 403))
)]
pub(crate) async fn list(
    app: web::Data<App>,
    _who: Moderator,
    page: Page,
    asked: HttpRequest,
) -> Result<impl Responder, Problem> {
    let sort = page.order(&["createdAt", "state"])?;
    let wanted = Wanted::parse(asked.query_string())?;
    let mut found = registrations::list(&app.service).await?;
    found.retain(|request| {
        let search = wanted.search.as_ref().is_none_or(|search| {
            request.username.as_str().contains(search) || request.email.contains(search)
        });
        search && (wanted.states.is_empty() || wanted.states.contains(&state(&request.answer).id))
    });
    if sort.field == "state" {
        found.sort_by_key(|request| std::cmp::Reverse(state(&request.answer).id));
    }
    if !sort.descending {
        found.reverse();
    }
    let List { total, data } = page.cut(found);
    Ok(web::Json(List { total, data: data.iter().map(Registration::of).collect() }))
}

/// Which requests are listed.
#[derive(Default)]
struct Wanted {
    search: Option<String>,
    states: Vec<u8>,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        for (key, value) in pairs {
            match key.trim_end_matches("[]") {
                "search" if !value.is_empty() => wanted.search = Some(value.to_lowercase()),
                "stateOneOf" => {
                    let number = value.parse().ok().filter(|state| (1..=3).contains(state));
                    wanted.states.push(needed("stateOneOf", number)?);
                }
                _ => {}
            }
        }
        Ok(wanted)
    }
}

/// What a moderator answers.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserRegistrationAcceptOrReject)]
pub(crate) struct Response {
    moderation_response: Option<String>,
}

impl Response {
    fn words(self) -> Result<Reason, Problem> {
        text("moderationResponse", &needed("moderationResponse", self.moderation_response)?)
    }
}

/// Accepts a request.
#[utoipa::path(
    post,
    path = "/api/v1/users/registrations/{id}/accept",
    tag = "Register",
    security(("oauth2" = [])),
    request_body = Response,
    responses((status = 204), (status = 404), (status = 409))
)]
pub(crate) async fn accept(
    app: web::Data<App>,
    _who: Moderator,
    id: web::Path<u64>,
    response: web::Json<Response>,
) -> Result<impl Responder, Problem> {
    let response = response.into_inner().words()?;
    registrations::accept(&app.service, Id::from_raw(*id), &response).await?;
    Ok(HttpResponse::NoContent())
}

/// Rejects a request.
#[utoipa::path(
    post,
    path = "/api/v1/users/registrations/{id}/reject",
    tag = "Register",
    security(("oauth2" = [])),
    request_body = Response,
    responses((status = 204), (status = 404), (status = 409))
)]
pub(crate) async fn reject(
    app: web::Data<App>,
    _who: Moderator,
    id: web::Path<u64>,
    response: web::Json<Response>,
) -> Result<impl Responder, Problem> {
    let response = response.into_inner().words()?;
    registrations::reject(&app.service, Id::from_raw(*id), &response).await?;
    Ok(HttpResponse::NoContent())
}

/// Removes a request.
#[utoipa::path(
    delete,
    path = "/api/v1/users/registrations/{id}",
    tag = "Register",
    security(("oauth2" = [])),
    responses((status = 204), (status = 404))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    _who: Moderator,
    id: web::Path<u64>,
) -> Result<impl Responder, Problem> {
    registrations::delete(&app.service, Id::from_raw(*id)).await?;
    Ok(HttpResponse::NoContent())
}
