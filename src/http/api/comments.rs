//! Comments under videos.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_model::comment::{Comment, CommentText};
use kinora_model::id::Id;
use kinora_service::comments::{self, Asked, Found, Order, Seen};
use kinora_service::{Viewer, videos};
use serde::Deserialize;
use utoipa::ToSchema;

use super::fields::text;
use super::shapes::comment::{self, Branch, Made, OfVideo, Threads};
use crate::auth::{MaybeSignedIn, Moderator, SignedIn};
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// The longest text searched for, in bytes.
const SEARCH_BYTES_MAX: usize = 500;

/// Adds the routes of PeerTube's. Before those of videos: `comments` is no video.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/videos/comments", web::get().to(all))
        .route("/users/me/videos/comments", web::get().to(of_owner))
        .route("/videos/{id}/comment-threads", web::get().to(threads))
        .route("/videos/{id}/comment-threads", web::post().to(begin))
        .route("/videos/{id}/comment-threads/{thread}", web::get().to(thread))
        .route("/videos/{id}/comments/{comment}", web::post().to(reply))
        .route("/videos/{id}/comments/{comment}", web::delete().to(delete))
        .route("/videos/{id}/comments/{comment}/approve", web::post().to(approve));
}

/// Adds the routes of our own.
pub(crate) fn kinora_routes(config: &mut ServiceConfig) {
    config.route("/videos/{id}/comments/{comment}", web::put().to(edit));
}

/// The words of a comment.
#[derive(Deserialize, ToSchema)]
#[schema(as = CommentWords)]
pub(crate) struct Words {
    /// Markdown, 1 to 10,000 characters.
    text: String,
}

impl Words {
    fn checked(&self) -> Result<CommentText, Problem> {
        text("text", &self.text)
    }
}

/// Lists the threads under a video.
#[utoipa::path(
    get,
    path = "/api/v1/videos/{id}/comment-threads",
    tag = "Video Comments",
    params(("start" = Option<u64>, Query), ("count" = Option<u64>, Query), ("sort" = Option<String>, Query)),
    responses((status = 200, body = Threads), (status = 404))
)]
pub(crate) async fn threads(
    app: web::Data<App>,
    path: web::Path<String>,
    page: Page,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let sort = page.order(&["createdAt", "totalReplies"])?;
    let order = match (sort.field, sort.descending) {
        ("totalReplies", true) => Order::MostReplies,
        ("totalReplies", false) => Order::FewestReplies,
        (_, true) => Order::Latest,
        (_, false) => Order::Oldest,
    };
    let who = who.0.as_ref();
    let video = videos::find(&app.service, who, &path).await?.uuid;
    let found = comments::threads(&app.service, who, &path, order, page.start, page.count).await?;
    let show = |seen: &Seen| comment::Comment::of(&app.config, video, seen);
    Ok(web::Json(Threads {
        total: found.total,
        total_not_deleted_comments: found.not_deleted,
        data: found.page.iter().map(show).collect(),
    }))
}

/// Tells a whole thread.
#[utoipa::path(
    get,
    path = "/api/v1/videos/{id}/comment-threads/{thread}",
    tag = "Video Comments",
    responses((status = 200, body = Branch), (status = 404))
)]
pub(crate) async fn thread(
    app: web::Data<App>,
    path: web::Path<(String, u64)>,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let (name, thread) = path.into_inner();
    let who = who.0.as_ref();
    let video = videos::find(&app.service, who, &name).await?.uuid;
    let tree = comments::thread(&app.service, who, &name, Id::from_raw(thread)).await?;
    Ok(web::Json(Branch::of(&app.config, video, &tree)))
}

/// Begins a thread.
#[utoipa::path(
    post,
    path = "/api/v1/videos/{id}/comment-threads",
    tag = "Video Comments",
    security(("oauth2" = [])),
    request_body = Words,
    responses((status = 200, body = Made), (status = 400), (status = 404), (status = 409), (status = 429))
)]
pub(crate) async fn begin(
    app: web::Data<App>,
    path: web::Path<String>,
    who: SignedIn,
    words: web::Either<web::Json<Words>, web::Form<Words>>,
) -> Result<impl Responder, Problem> {
    let text = words.into_inner().checked()?;
    let made = comments::add(&app.service, &who.0, &path, None, text).await?;
    answer(&app, &who.0, &made).await
}

/// Replies to a comment.
#[utoipa::path(
    post,
    path = "/api/v1/videos/{id}/comments/{comment}",
    tag = "Video Comments",
    security(("oauth2" = [])),
    request_body = Words,
    responses((status = 200, body = Made), (status = 400), (status = 404), (status = 409), (status = 429))
)]
pub(crate) async fn reply(
    app: web::Data<App>,
    path: web::Path<(String, u64)>,
    who: SignedIn,
    words: web::Either<web::Json<Words>, web::Form<Words>>,
) -> Result<impl Responder, Problem> {
    let (video, parent) = path.into_inner();
    let text = words.into_inner().checked()?;
    let made =
        comments::add(&app.service, &who.0, &video, Some(Id::from_raw(parent)), text).await?;
    answer(&app, &who.0, &made).await
}

async fn answer(app: &App, who: &Viewer, made: &Comment) -> Result<web::Json<Made>, Problem> {
    let missing = || Problem::not_found("Comment not found");
    let seen = comments::seen(&app.service, Some(who), made.id).await?.ok_or_else(missing)?;
    let video = videos::find(&app.service, Some(who), &made.video.to_string()).await?.uuid;
    Ok(web::Json(Made { comment: comment::Comment::of(&app.config, video, &seen) }))
}

/// The comment of a path, if it is under its video and the asker may see that.
async fn named(
    app: &App,
    who: &Viewer,
    (video, comment): (String, u64),
) -> Result<Id<Comment>, Problem> {
    let comment = Id::from_raw(comment);
    let video = videos::find(&app.service, Some(who), &video).await?;
    let found = comments::get(&app.service, comment).await?;
    if found.video != video.id {
        return Err(Problem::not_found("Comment not found"));
    }
    Ok(comment)
}

/// Changes the words of the asker's own comment.
#[utoipa::path(
    put,
    path = "/api/kinora/v1/videos/{id}/comments/{comment}",
    tag = "Kinora",
    security(("oauth2" = [])),
    request_body = Words,
    responses((status = 200, body = Made), (status = 400), (status = 403), (status = 404))
)]
pub(crate) async fn edit(
    app: web::Data<App>,
    path: web::Path<(String, u64)>,
    who: SignedIn,
    words: web::Json<Words>,
) -> Result<impl Responder, Problem> {
    let id = named(&app, &who.0, path.into_inner()).await?;
    let changed = comments::edit(&app.service, &who.0, id, words.checked()?).await?;
    answer(&app, &who.0, &changed).await
}

/// Takes a comment away: its author, the owner of the video and moderators may.
#[utoipa::path(
    delete,
    path = "/api/v1/videos/{id}/comments/{comment}",
    tag = "Video Comments",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    path: web::Path<(String, u64)>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let id = named(&app, &who.0, path.into_inner()).await?;
    comments::delete(&app.service, &who.0, id).await?;
    Ok(HttpResponse::NoContent())
}

/// Shows a comment that was held for review.
#[utoipa::path(
    post,
    path = "/api/v1/videos/{id}/comments/{comment}/approve",
    tag = "Video Comments",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404), (status = 409))
)]
pub(crate) async fn approve(
    app: web::Data<App>,
    path: web::Path<(String, u64)>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let id = named(&app, &who.0, path.into_inner()).await?;
    comments::approve(&app.service, &who.0, id).await?;
    Ok(HttpResponse::NoContent())
}

/// Lists the comments of the node.
#[utoipa::path(
    get,
    path = "/api/v1/videos/comments",
    tag = "Video Comments",
    security(("oauth2" = [])),
    params(
        ("start" = Option<u64>, Query), ("count" = Option<u64>, Query), ("sort" = Option<String>, Query),
        ("search" = Option<String>, Query), ("searchAccount" = Option<String>, Query),
        ("searchVideo" = Option<String>, Query), ("videoId" = Option<u64>, Query),
        ("videoChannelId" = Option<u64>, Query), ("isLocal" = Option<bool>, Query),
        ("onLocalVideo" = Option<bool>, Query), ("isHeldForReview" = Option<bool>, Query)
    ),
    responses((status = 200, body = List<OfVideo>), (status = 403))
)]
pub(crate) async fn all(
    app: web::Data<App>,
    request: HttpRequest,
    who: Moderator,
    page: Page,
) -> Result<impl Responder, Problem> {
    let asked = asked(&app, &who.0, &request, &page).await?;
    let found = comments::all(&app.service, &who.0, &asked, page.start, page.count).await?;
    Ok(web::Json(list(&app, &found)))
}

/// Lists the comments under the asker's own videos.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/videos/comments",
    tag = "Video Comments",
    security(("oauth2" = [])),
    params(
        ("start" = Option<u64>, Query), ("count" = Option<u64>, Query), ("sort" = Option<String>, Query),
        ("search" = Option<String>, Query), ("searchAccount" = Option<String>, Query),
        ("searchVideo" = Option<String>, Query), ("videoId" = Option<u64>, Query),
        ("videoChannelId" = Option<u64>, Query), ("isHeldForReview" = Option<bool>, Query)
    ),
    responses((status = 200, body = List<OfVideo>), (status = 401))
)]
pub(crate) async fn of_owner(
    app: web::Data<App>,
    request: HttpRequest,
    who: SignedIn,
    page: Page,
) -> Result<impl Responder, Problem> {
    let asked = asked(&app, &who.0, &request, &page).await?;
    let found = comments::of_owner(&app.service, &who.0, &asked, page.start, page.count).await?;
    Ok(web::Json(list(&app, &found)))
}

fn list(app: &App, found: &Found) -> List<OfVideo> {
    let show = |(seen, video): &(Seen, _)| OfVideo::of(&app.config, seen, video);
    List { total: found.total, data: found.page.iter().map(show).collect() }
}

async fn asked(
    app: &App,
    who: &Viewer,
    request: &HttpRequest,
    page: &Page,
) -> Result<Asked, Problem> {
    let sort = page.order(&["createdAt"])?;
    let mut asked = Asked { oldest_first: !sort.descending, ..Asked::default() };
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
    for (key, value) in pairs {
        if value.is_empty() {
            continue;
        }
        match key.as_str() {
            "search" => asked.search = Some(searched("search", value)?),
            "searchAccount" => asked.account = Some(searched("searchAccount", value)?),
            "searchVideo" => asked.title = Some(searched("searchVideo", value)?),
            "videoId" => {
                asked.video = Some(videos::find(&app.service, Some(who), &value).await?.id);
            }
            "videoChannelId" => asked.channel = Some(number("videoChannelId", &value)?),
            "isLocal" => asked.local = Some(flag("isLocal", &value)?),
            "onLocalVideo" => asked.on_local_video = Some(flag("onLocalVideo", &value)?),
            "isHeldForReview" => asked.held = Some(flag("isHeldForReview", &value)?),
            _ => {}
        }
    }
    Ok(asked)
}

fn searched(field: &'static str, value: String) -> Result<String, Problem> {
    if value.len() > SEARCH_BYTES_MAX {
        return Err(Problem::invalid(field, "Is too long"));
    }
    Ok(value)
}

fn number<T>(field: &'static str, value: &str) -> Result<Id<T>, Problem> {
    value.parse().map_err(|_none| Problem::invalid(field, "Should be a number"))
}

fn flag(field: &'static str, value: &str) -> Result<bool, Problem> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Problem::invalid(field, "Should be a boolean")),
    }
}

#[cfg(test)]
mod tests;
