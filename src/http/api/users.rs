//! Users, as administrators look after them.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kinora_model::account::Account;
use kinora_model::id::Id;
use kinora_model::user::{self, Role};
use kinora_service::users::{self, Change, Filter, Found, NewUser, Order};
use kinora_service::{Viewer, channels, passwords, quota};
use serde::Deserialize;
use utoipa::ToSchema;

use super::fields::{known, limit, name, needed};
use super::shapes::user::{Created, CreatedUser, Numbered, User};
use crate::auth::{Administrator, Moderator, SignedIn};
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// The longest reason of a block, in characters.
const REASON_LEN_MAX: usize = 250;

/// Adds the routes. Those of `/users/me` and the like come before.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/users").route(web::get().to(list)).route(web::post().to(create)))
        .service(
            web::resource("/users/{id:[0-9]+}")
                .route(web::get().to(get))
                .route(web::put().to(update))
                .route(web::delete().to(delete)),
        )
        .route("/users/{id:[0-9]+}/block", web::post().to(block))
        .route("/users/{id:[0-9]+}/unblock", web::post().to(unblock));
}

/// Which users are listed.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    search: Option<String>,
    blocked: Option<bool>,
    role: Option<u8>,
}

/// Lists users.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "Users",
    security(("oauth2" = [])),
    responses((status = 200, body = List<User>), (status = 403))
)]
pub(crate) async fn list(
    app: web::Data<App>,
    _who: Moderator,
    page: Page,
    wanted: web::Query<Wanted>,
) -> Result<impl Responder, Problem> {
    let order = match &page.sort {
        Some(_) => {
            let sort = page.order(&[
                "createdAt",
                "id",
                "username",
                "role",
                "lastLoginDate",
                "videoQuotaUsed",
            ])?;
            let by = match sort.field {
                "username" => Order::Name,
                "role" => Order::Role,
                "lastLoginDate" => Order::LastLogin,
                // What is used is not kept as a number: such a list comes in the order of registration.
                _ => Order::CreatedAt,
            };
            (by, sort.descending)
        }
        None => (Order::CreatedAt, false),
    };
    let Wanted { search, blocked, role } = wanted.into_inner();
    let role = role.map(|role| known("role", Role::from_number(role), role)).transpose()?;
    let filter = Filter { search, blocked, role };
    let found = users::list(&app.service, &filter, order.0, order.1).await?;
    let List { total, data } = page.cut(found);
    let mut shown = Vec::with_capacity(data.len());
    for found in data {
        shown.push(show(&app, &found).await?);
    }
    Ok(web::Json(List { total, data: shown }))
}

async fn show(app: &App, found: &Found) -> Result<User, Problem> {
    let channels = channels::of_account(&app.service, found.account.id).await?;
    let usage = quota::used(&app.service, found.user.id).await?;
    Ok(User::of(&app.config, &found.user, &found.account, &channels, Some(usage)))
}

/// Tells of one user; people may ask for themselves.
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}",
    tag = "Users",
    security(("oauth2" = [])),
    responses((status = 200, body = User), (status = 403), (status = 404))
)]
pub(crate) async fn get(
    app: web::Data<App>,
    who: SignedIn,
    id: web::Path<u64>,
) -> Result<impl Responder, Problem> {
    let id = Id::from_raw(*id);
    if id != who.0.user && !who.0.moderates() {
        return Err(Problem::forbidden("You do not have the right to do this"));
    }
    Ok(web::Json(show(&app, &existing(&app, id).await?).await?))
}

async fn existing(app: &App, id: Id<user::User>) -> Result<Found, Problem> {
    let gone = || Problem::not_found("User not found");
    let user = users::get(&app.service, id).await?.ok_or_else(gone)?.into_row();
    let account = app.service.store.get::<Account>(&user.account.to_key()).await?;
    Ok(Found { user, account: account.ok_or_else(gone)?.into_row() })
}

/// Someone who is to be able to log in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AddUser)]
pub(crate) struct Add {
    username: Option<String>,
    password: Option<String>,
    email: Option<String>,
    channel_name: Option<String>,
    role: Option<u8>,
    video_quota: Option<i64>,
    video_quota_daily: Option<i64>,
}

/// Makes a user.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    tag = "Users",
    security(("oauth2" = [])),
    request_body = Add,
    responses((status = 200, body = Created), (status = 400), (status = 403), (status = 409))
)]
pub(crate) async fn create(
    app: web::Data<App>,
    _who: Administrator,
    add: web::Json<Add>,
) -> Result<impl Responder, Problem> {
    let add = add.into_inner();
    let username = name("username", &needed("username", add.username)?)?;
    let email = users::email(&needed("email", add.email)?)?;
    let password = needed("password", add.password)?;
    let role = match add.role {
        Some(role) => known("role", Role::from_number(role), role)?,
        None => Role::User,
    };
    passwords::check("password", &password)?;
    let hash = passwords::hash(&password).await?;
    let mut new = NewUser { role, ..NewUser::named(&app.service, username, email, hash) };
    if let Some(channel) = add.channel_name.filter(|channel| !channel.is_empty()) {
        new.channel = Some(name("channelName", &channel)?);
    }
    if let Some(quota) = add.video_quota {
        new.quota_bytes = limit("videoQuota", quota)?;
    }
    if let Some(quota) = add.video_quota_daily {
        new.quota_daily_bytes = limit("videoQuotaDaily", quota)?;
    }
    let created = users::create(&app.service, &new).await?;
    let account = Numbered { id: created.account.raw() };
    Ok(web::Json(Created { user: CreatedUser { id: created.user.raw(), account } }))
}

/// What administrators change of a user.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UpdateUser)]
pub(crate) struct Update {
    password: Option<String>,
    email: Option<String>,
    role: Option<u8>,
    video_quota: Option<i64>,
    video_quota_daily: Option<i64>,
}

/// Changes a user.
#[utoipa::path(
    put,
    path = "/api/v1/users/{id}",
    tag = "Users",
    security(("oauth2" = [])),
    request_body = Update,
    responses((status = 204), (status = 400), (status = 403), (status = 404))
)]
pub(crate) async fn update(
    app: web::Data<App>,
    who: Moderator,
    id: web::Path<u64>,
    update: web::Json<Update>,
) -> Result<impl Responder, Problem> {
    let Update { password, email, role, video_quota, video_quota_daily } = update.into_inner();
    let change = Change {
        email: email.as_deref().map(users::email).transpose()?,
        password,
        role: role.map(|role| known("role", Role::from_number(role), role)).transpose()?,
        quota_bytes: video_quota.map(|bytes| limit("videoQuota", bytes)).transpose()?,
        quota_daily_bytes: video_quota_daily
            .map(|bytes| limit("videoQuotaDaily", bytes))
            .transpose()?,
    };
    users::update(&app.service, &who.0, Id::from_raw(*id), &change).await?;
    Ok(HttpResponse::NoContent())
}

/// Removes a user, with all they published.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}",
    tag = "Users",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    who: Moderator,
    id: web::Path<u64>,
) -> Result<impl Responder, Problem> {
    users::delete(&app.service, &who.0, Id::from_raw(*id)).await?;
    Ok(HttpResponse::NoContent())
}

/// Why someone is blocked.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = BlockUser)]
pub(crate) struct Block {
    reason: Option<String>,
}

/// Keeps a user from logging in.
#[utoipa::path(
    post,
    path = "/api/v1/users/{id}/block",
    tag = "Users",
    security(("oauth2" = [])),
    request_body = Option<Block>,
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn block(
    app: web::Data<App>,
    who: Moderator,
    id: web::Path<u64>,
    body: web::Bytes,
) -> Result<impl Responder, Problem> {
    let Block { reason } = if body.is_empty() {
        Block::default()
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| Problem::bad_request(format!("The JSON is wrong: {error}")))?
    };
    let reason: String = reason.unwrap_or_default().chars().take(REASON_LEN_MAX).collect();
    let who: &Viewer = &who.0;
    users::block(&app.service, who, Id::from_raw(*id), &reason).await?;
    Ok(HttpResponse::NoContent())
}

/// Lets a blocked user log in again.
#[utoipa::path(
    post,
    path = "/api/v1/users/{id}/unblock",
    tag = "Users",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn unblock(
    app: web::Data<App>,
    who: Moderator,
    id: web::Path<u64>,
) -> Result<impl Responder, Problem> {
    users::unblock(&app.service, &who.0, Id::from_raw(*id)).await?;
    Ok(HttpResponse::NoContent())
}
