//! Reports (PeerTube's abuses): sent by anyone who is signed in, looked after by moderators.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::comment::Comment;
use kinora_model::id::Id;
use kinora_model::report::{Report, ReportState, ReportTarget};
use kinora_model::video::{Video, short_uuid};
use kinora_service::reports::{self, Decision, NewReport};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::lists::Asked;
use super::shapes::actor;
use crate::auth::{Moderator, SignedIn};
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// PeerTube's words for why, by number from 1.
const REASONS: [&str; 8] = [
    "violentOrRepulsive",
    "hatefulOrAbusive",
    "spamOrMisleading",
    "privacy",
    "rights",
    "serverRules",
    "thumbnails",
    "captions",
];

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/abuses").route(web::get().to(list)).route(web::post().to(report)))
        .service(
            web::resource("/abuses/{id}")
                .route(web::put().to(decide))
                .route(web::delete().to(delete)),
        )
        .service(
            web::resource("/abuses/{id}/messages")
                .route(web::get().to(messages))
                .route(web::post().to(say)),
        )
        .route("/abuses/{id}/messages/{message}", web::delete().to(unsay))
        .route("/users/me/abuses", web::get().to(mine));
}

/// A thing by its number.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Numbered {
    /// Its number.
    id: u64,
    /// From which second on.
    #[serde(rename = "startAt")]
    start_at: Option<u32>,
    /// Up to which second.
    #[serde(rename = "endAt")]
    end_at: Option<u32>,
}

/// What is reported, and why.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AbuseCreate)]
pub(crate) struct Wanted {
    /// Why.
    reason: String,
    /// Why, in PeerTube's words.
    #[serde(default)]
    predefined_reasons: Vec<String>,
    /// A video.
    video: Option<Numbered>,
    /// A comment.
    comment: Option<Numbered>,
    /// An account.
    account: Option<Numbered>,
}

/// Reports a video, a comment or an account to the moderators here and where it lives.
#[utoipa::path(
    post,
    path = "/api/v1/abuses",
    tag = "Abuses",
    security(("oauth2" = [])),
    request_body = Wanted,
    responses((status = 200), (status = 400), (status = 401), (status = 404))
)]
pub(crate) async fn report(
    app: web::Data<App>,
    who: SignedIn,
    wanted: web::Json<Wanted>,
) -> Result<impl Responder, Problem> {
    let (target, part) = match (&wanted.video, &wanted.comment, &wanted.account) {
        (Some(video), None, None) => (ReportTarget::Video(Id::from_raw(video.id)), Some(video)),
        (None, Some(comment), None) => (ReportTarget::Comment(Id::from_raw(comment.id)), None),
        (None, None, Some(account)) => (ReportTarget::Account(Id::from_raw(account.id)), None),
        _ => return Err(Problem::bad_request("Should name one video, comment or account")),
    };
    let number = |word: &String| REASONS.iter().zip(1_u8..).find(|(it, _)| *it == word);
    let new = NewReport {
        target,
        reason: wanted.reason.clone(),
        predefined: wanted.predefined_reasons.iter().filter_map(number).map(|(_, it)| it).collect(),
        starts_at_s: part.and_then(|it| it.start_at),
        ends_at_s: part.and_then(|it| it.end_at),
    };
    let made = reports::report(&app.service, &who.0, &new).await?;
    Ok(web::Json(json!({ "abuse": { "id": made.id } })))
}

/// Lists reports, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/abuses",
    tag = "Abuses",
    security(("oauth2" = [])),
    responses((status = 200), (status = 403))
)]
pub(crate) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
    _who: Moderator,
) -> Result<impl Responder, Problem> {
    listed(&app, &request, &page, None).await
}

/// Lists what the asker reported, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/abuses",
    tag = "Abuses",
    security(("oauth2" = [])),
    responses((status = 200), (status = 401))
)]
pub(crate) async fn mine(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    listed(&app, &request, &page, Some(ActorRef::Account(who.0.account))).await
}

async fn listed(
    app: &App,
    request: &HttpRequest,
    page: &Page,
    reporter: Option<ActorRef>,
) -> Result<web::Json<List<Value>>, Problem> {
    let asked = Asked::of(request)?;
    let state = asked.one("state").map(str::parse::<u8>).transpose();
    let state = state.map_err(|_no_number| Problem::invalid("state", "Should be a number"))?;
    let mut all = reports::list(&app.service).await?;
    all.retain(|row| state.is_none_or(|it| row.state.number() == it));
    all.retain(|row| reporter.is_none_or(|it| row.reporter == it));
    if !page.order(&["createdAt", "id", "state"])?.descending {
        all.reverse();
    }
    let List { total, data } = page.cut(all);
    let mut shown = Vec::with_capacity(data.len());
    for row in &data {
        let mut told = show(app, row).await?;
        if let Some(told) = told.as_object_mut().filter(|_| reporter.is_some()) {
            // What moderators note is for moderators alone.
            told.remove("moderationComment");
        }
        shown.push(told);
    }
    Ok(web::Json(List { total, data: shown }))
}

async fn account(app: &App, id: Id<Account>) -> Result<Option<actor::Account>, Problem> {
    let row = app.service.store.get::<Account>(&id.to_key()).await?;
    Ok(row.map(|row| actor::Account::of(&app.config, &row)))
}

fn video_facts(video: &Video) -> Value {
    json!({
        "id": video.id,
        "uuid": video.uuid,
        "shortUUID": short_uuid(video.uuid),
        "name": video.words.title.as_str(),
        "deleted": false,
    })
}

async fn show(app: &App, row: &Report) -> Result<Value, Problem> {
    let store = &app.service.store;
    let reporter = match row.reporter {
        ActorRef::Account(id) => account(app, id).await?.map(|it| json!(it)),
        server => {
            let wire = kinora_service::remote::wire_of(&app.service, server).await?;
            wire.map(|it| json!({ "name": it.name, "displayName": it.host, "host": it.host, "url": it.uri }))
        }
    };
    let (mut video, mut comment, mut flagged) = (Value::Null, Value::Null, None);
    match row.target {
        ReportTarget::Video(id) => {
            if let Some(found) = store.get::<Video>(&id.to_key()).await? {
                video = video_facts(&found);
                flagged = account(app, found.account).await?;
            }
        }
        ReportTarget::Comment(id) => {
            if let Some(found) = store.get::<Comment>(&id.to_key()).await? {
                let below = store.get::<Video>(&found.video.to_key()).await?;
                comment = json!({
                    "id": found.id,
                    "threadId": found.thread,
                    "text": kinora_service::comments::words::preview(&found, 1_000),
                    "deleted": found.is_deleted(),
                    "video": below.map(|it| video_facts(&it)),
                });
                flagged = account(app, found.account).await?;
            }
        }
        ReportTarget::Account(id) => flagged = account(app, id).await?,
    }
    let word = |number: &u8| REASONS.get(usize::from(number.saturating_sub(1)));
    let label = match row.state {
        ReportState::Pending => "Pending",
        ReportState::Rejected => "Rejected",
        ReportState::Accepted => "Accepted",
    };
    Ok(json!({
        "id": row.id,
        "reason": row.reason,
        "predefinedReasons": row.predefined.iter().filter_map(word).collect::<Vec<_>>(),
        "state": { "id": row.state.number(), "label": label },
        "moderationComment": row.note,
        "countMessages": reports::count(&app.service, row.id).await?,
        "reporterAccount": reporter,
        "flaggedAccount": flagged,
        "video": video,
        "comment": comment,
        "createdAt": row.created_at.to_string(),
        "updatedAt": row.updated_at.to_string(),
    }))
}

/// What is decided.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AbuseUpdate)]
pub(crate) struct Decided {
    /// 1 pending, 2 rejected, 3 accepted.
    state: Option<u8>,
    /// A note for moderators.
    moderation_comment: Option<String>,
}

/// Decides about a report.
#[utoipa::path(
    put,
    path = "/api/v1/abuses/{id}",
    tag = "Abuses",
    security(("oauth2" = [])),
    request_body = Decided,
    responses((status = 204), (status = 400), (status = 403), (status = 404))
)]
pub(crate) async fn decide(
    app: web::Data<App>,
    who: Moderator,
    path: web::Path<u64>,
    decided: web::Json<Decided>,
) -> Result<impl Responder, Problem> {
    let state = match decided.state {
        None => None,
        Some(1) => Some(ReportState::Pending),
        Some(2) => Some(ReportState::Rejected),
        Some(3) => Some(ReportState::Accepted),
        Some(_) => return Err(Problem::invalid("state", "Should be 1, 2 or 3")),
    };
    let decision = Decision { state, note: decided.moderation_comment.clone() };
    reports::decide(&app.service, &who.0, Id::from_raw(*path), &decision).await?;
    Ok(HttpResponse::NoContent())
}

/// Removes a report.
#[utoipa::path(
    delete,
    path = "/api/v1/abuses/{id}",
    tag = "Abuses",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    who: Moderator,
    path: web::Path<u64>,
) -> Result<impl Responder, Problem> {
    reports::delete(&app.service, &who.0, Id::from_raw(*path)).await?;
    Ok(HttpResponse::NoContent())
}

/// Lists what a reporter and the moderators said to each other about a report, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/abuses/{id}/messages",
    tag = "Abuses",
    security(("oauth2" = [])),
    responses((status = 200), (status = 401), (status = 404))
)]
pub(crate) async fn messages(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<u64>,
) -> Result<impl Responder, Problem> {
    let all = reports::messages(&app.service, &who.0, Id::from_raw(*path)).await?;
    let mut data = Vec::with_capacity(all.len());
    for message in &all {
        data.push(json!({
            "id": message.id,
            "message": message.text,
            "byModerator": message.by_moderator,
            "createdAt": message.created_at.to_string(),
            "account": account(&app, message.account).await?,
        }));
    }
    Ok(web::Json(List { total: data.len(), data }))
}

/// What is said about a report.
#[derive(Deserialize, ToSchema)]
#[schema(as = AbuseMessageCreate)]
pub(crate) struct Words {
    /// Plain text of at most 3,000 characters.
    message: String,
}

/// Says something about a report: to the moderators, or as one of them to the reporter.
#[utoipa::path(
    post,
    path = "/api/v1/abuses/{id}/messages",
    tag = "Abuses",
    security(("oauth2" = [])),
    request_body = Words,
    responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 409))
)]
pub(crate) async fn say(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<u64>,
    words: web::Json<Words>,
) -> Result<impl Responder, Problem> {
    let said = reports::say(&app.service, &who.0, Id::from_raw(*path), &words.message).await?;
    Ok(web::Json(json!({ "abuseMessage": { "id": said.id } })))
}

/// Takes back what was said about a report.
#[utoipa::path(
    delete,
    path = "/api/v1/abuses/{id}/messages/{message}",
    tag = "Abuses",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn unsay(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<(u64, u64)>,
) -> Result<impl Responder, Problem> {
    let (report, message) = path.into_inner();
    reports::unsay(&app.service, &who.0, Id::from_raw(report), Id::from_raw(message)).await?;
    Ok(HttpResponse::NoContent())
}
