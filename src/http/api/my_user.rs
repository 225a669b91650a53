//! What people see and change of themselves.

use actix_multipart::Multipart;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_model::account::Account;
use kinora_service::users::{self, MyChange};
use kinora_service::{Viewer, channels, notifications, pictures, quota, sessions};
use serde::Deserialize;
use utoipa::ToSchema;

use super::fields::{known, nullable, text_if};
use super::picked;
use super::shapes::actor::{Avatars, Image};
use super::shapes::user::{NotificationSettings, QuotaUsed, User, parse_nsfw_policy};
use crate::auth::{self, SignedIn};
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/users/me")
                .route(web::get().to(get))
                .route(web::put().to(update))
                .route(web::delete().to(delete)),
        )
        .route("/users/me/video-quota-used", web::get().to(quota_used))
        .route("/users/me/avatar/pick", web::post().to(pick_avatar))
        .route("/users/me/avatar", web::delete().to(delete_avatar));
}

/// Tells people who they are.
#[utoipa::path(
    get,
    path = "/api/v1/users/me",
    tag = "My User",
    security(("oauth2" = [])),
    responses((status = 200, body = User), (status = 401))
)]
pub(crate) async fn get(app: web::Data<App>, who: SignedIn) -> Result<impl Responder, Problem> {
    Ok(web::Json(me(&app, &who.0).await?))
}

async fn me(app: &App, who: &Viewer) -> Result<User, Problem> {
    let service = &app.service;
    let gone = || Problem::not_found("User not found");
    let user = users::get(service, who.user).await?.ok_or_else(gone)?;
    let account = service.store.get::<Account>(&who.account.to_key()).await?.ok_or_else(gone)?;
    let channels = channels::of_account(service, who.account).await?;
    let unwanted = notifications::unwanted(service, who.user).await?;
    let settings = NotificationSettings::without(&unwanted);
    let user = User::of(&app.config, &user, &account, &channels, None);
    Ok(User { notification_settings: settings, ..user })
}

/// What people change of themselves; fields that Kinora has no use for are passed over.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UpdateMe)]
pub(crate) struct Update {
    display_name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    nsfw_policy: Option<String>,
    auto_play_video: Option<bool>,
    p2p_enabled: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    language: Option<Option<String>>,
    theme: Option<String>,
    email: Option<String>,
    password: Option<String>,
    current_password: Option<String>,
}

impl Update {
    fn change(self) -> Result<MyChange, Problem> {
        let sensitive = match self.nsfw_policy.as_deref() {
            Some(word) => Some(known("nsfwPolicy", parse_nsfw_policy(word), word)?),
            None => None,
        };
        if let Some(Some(language)) = &self.language {
            known("language", is_language(language).then_some(()), language)?;
        }
        Ok(MyChange {
            display_name: text_if("displayName", self.display_name.as_deref())?,
            description: text_if(
                "description",
                self.description.map(Option::unwrap_or_default).as_deref(),
            )?,
            sensitive,
            autoplay: self.auto_play_video,
            p2p: self.p2p_enabled,
            language: self.language,
            theme: self.theme,
            email: self.email.as_deref().map(users::email).transpose()?,
            password: self.password,
            current_password: self.current_password,
        })
    }
}

/// True for what looks like a BCP 47 tag.
fn is_language(tag: &str) -> bool {
    tag.len() <= LANGUAGE_LEN_MAX
        && tag
            .split(['-', '_'])
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The longest tag of a language.
const LANGUAGE_LEN_MAX: usize = 35;

/// Changes what people say of themselves, their address or their password.
#[utoipa::path(
    put,
    path = "/api/v1/users/me",
    tag = "My User",
    security(("oauth2" = [])),
    request_body = Update,
    responses((status = 204), (status = 400), (status = 401))
)]
pub(crate) async fn update(
    app: web::Data<App>,
    who: SignedIn,
    request: HttpRequest,
    update: web::Json<Update>,
) -> Result<impl Responder, Problem> {
    let change = update.into_inner().change()?;
    let keep = match auth::bearer(&request) {
        Some(token) => sessions::id_of(&app.service, token).await?,
        None => None,
    };
    let updated = users::update_me(&app.service, &who.0, &change, keep).await;
    updated.map_err(|error| match error {
        kinora_service::Error::WrongPassword => {
            Problem::new(actix_web::http::StatusCode::UNAUTHORIZED, "currentPassword is invalid.")
        }
        other => other.into(),
    })?;
    Ok(HttpResponse::NoContent())
}

/// Removes whoever asks, with all they published.
#[utoipa::path(
    delete,
    path = "/api/v1/users/me",
    tag = "My User",
    security(("oauth2" = [])),
    responses((status = 204), (status = 401), (status = 403))
)]
pub(crate) async fn delete(app: web::Data<App>, who: SignedIn) -> Result<impl Responder, Problem> {
    users::delete_me(&app.service, &who.0).await?;
    Ok(HttpResponse::NoContent())
}

/// Tells how many bytes whoever asks takes on disk.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/video-quota-used",
    tag = "My User",
    security(("oauth2" = [])),
    responses((status = 200, body = QuotaUsed), (status = 401))
)]
pub(crate) async fn quota_used(
    app: web::Data<App>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let usage = quota::used(&app.service, who.0.user).await?;
    Ok(web::Json(QuotaUsed {
        video_quota_used: usage.bytes,
        video_quota_used_daily: usage.daily_bytes,
    }))
}

/// Sets the avatar (`avatarfile`).
#[utoipa::path(
    post,
    path = "/api/v1/users/me/avatar/pick",
    tag = "My User",
    security(("oauth2" = [])),
    responses((status = 200, body = Avatars), (status = 400), (status = 413))
)]
pub(crate) async fn pick_avatar(
    app: web::Data<App>,
    who: SignedIn,
    form: Multipart,
) -> Result<impl Responder, Problem> {
    let made = picked::avatar(&app, form).await?;
    let avatars = pictures::set_my_avatar(&app.service, &who.0, &made).await?;
    Ok(web::Json(Avatars { avatars: Image::avatars(&app.config, &avatars) }))
}

/// Removes the avatar.
#[utoipa::path(
    delete,
    path = "/api/v1/users/me/avatar",
    tag = "My User",
    security(("oauth2" = [])),
    responses((status = 204))
)]
pub(crate) async fn delete_avatar(
    app: web::Data<App>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    pictures::set_my_avatar(&app.service, &who.0, &[]).await?;
    Ok(HttpResponse::NoContent())
}
