//! Notifications of the asker.

use std::collections::{HashMap, HashSet};

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::comment::Comment;
use kinora_model::follow::Follow;
use kinora_model::id::Id;
use kinora_model::instance::Instance;
use kinora_model::notification::{self, Notice};
use kinora_model::report::{Report, ReportTarget};
use kinora_model::video::Video;
use kinora_service::{Viewer, access, notifications};
use kinora_store::Row;
use kinora_store::tables::follow::follow_key;
use kinora_store::tables::remote::instance_by_id;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::comment;
use super::shapes::notification::{
    Actor, Followed, NewsComment, NewsFollow, NewsReport, NewsVideo, Notification, ReportedComment,
    kind,
};
use super::shapes::user::SETTINGS;
use crate::auth::SignedIn;
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/users/me/notifications", web::get().to(list))
        .route("/users/me/notifications/read", web::post().to(read))
        .route("/users/me/notifications/read-all", web::post().to(read_all))
        .route("/users/me/notification-settings", web::put().to(choose));
}

/// Lists the asker's notifications, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/notifications",
    tag = "My Notifications",
    security(("oauth2" = [])),
    params(
        ("start" = Option<u64>, Query), ("count" = Option<u64>, Query), ("sort" = Option<String>, Query),
        ("unread" = Option<bool>, Query), ("typeOneOf" = Option<Vec<u8>>, Query)
    ),
    responses((status = 200, body = List<Notification>), (status = 401))
)]
pub(crate) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let sort = page.order(&["createdAt"])?;
    let wanted = Wanted::parse(request.query_string())?;
    if page.count == 0 && wanted.unread == Some(true) && wanted.kinds.is_empty() {
        let total = notifications::unread(&app.service, &who.0).await?;
        return Ok(web::Json(List { total, data: Vec::new() }));
    }
    let mut rows = notifications::list(&app.service, &who.0, |row| wanted.is(row)).await?;
    if !sort.descending {
        rows.reverse();
    }
    let List { total, data: rows } = page.cut(rows);
    let (mut data, mut gone) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        match shown(&app, &who.0, row).await? {
            Some(shown) => data.push(shown),
            None => gone.push(row.id),
        }
    }
    // What it was about is gone: the next page does not ask again.
    notifications::forget(&app.service, &who.0, &gone).await?;
    Ok(web::Json(List { total: total.saturating_sub(gone.len()), data }))
}

/// Which notifications are listed.
#[derive(Default)]
struct Wanted {
    unread: Option<bool>,
    kinds: HashSet<u8>,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        for (key, value) in pairs {
            match (key.split('[').next().unwrap_or_default(), value.as_str()) {
                ("unread", "true" | "1") => wanted.unread = Some(true),
                ("unread", "false" | "0") => wanted.unread = Some(false),
                ("typeOneOf", "") => {}
                ("typeOneOf", number) => {
                    let wrong = |_| Problem::invalid("typeOneOf", "Should be an array of numbers");
                    wanted.kinds.insert(number.parse().map_err(wrong)?);
                }
                _ => {}
            }
        }
        Ok(wanted)
    }

    fn is(&self, row: &notification::Notification) -> bool {
        self.unread.is_none_or(|unread| unread != row.read)
            && (self.kinds.is_empty() || self.kinds.contains(&kind(&row.notice)))
    }
}

/// Which notifications were seen.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Read {
    ids: Vec<u64>,
}

/// Says that the asker saw some of their notifications.
#[utoipa::path(
    post,
    path = "/api/v1/users/me/notifications/read",
    tag = "My Notifications",
    security(("oauth2" = [])),
    request_body = Read,
    responses((status = 204), (status = 400))
)]
pub(crate) async fn read(
    app: web::Data<App>,
    who: SignedIn,
    seen: web::Json<Read>,
) -> Result<impl Responder, Problem> {
    let ids: Vec<_> = seen.ids.iter().map(|id| Id::from_raw(*id)).collect();
    notifications::read(&app.service, &who.0, &ids).await?;
    Ok(HttpResponse::NoContent())
}

/// Says that the asker saw all their notifications.
#[utoipa::path(
    post,
    path = "/api/v1/users/me/notifications/read-all",
    tag = "My Notifications",
    security(("oauth2" = [])),
    responses((status = 204))
)]
pub(crate) async fn read_all(
    app: web::Data<App>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    notifications::read_all(&app.service, &who.0).await?;
    Ok(HttpResponse::NoContent())
}

/// Chooses what the asker is told of: by the names in `notificationSettings` of a user, 1 for yes and 0 for no. Names that
/// are not said, and those of what this server never tells, stay as they are.
#[utoipa::path(
    put,
    path = "/api/v1/users/me/notification-settings",
    tag = "My Notifications",
    security(("oauth2" = [])),
    request_body = HashMap<String, u8>,
    responses((status = 204), (status = 400))
)]
pub(crate) async fn choose(
    app: web::Data<App>,
    who: SignedIn,
    said: web::Json<HashMap<String, u8>>,
) -> Result<impl Responder, Problem> {
    let mut unwanted = notifications::unwanted(&app.service, who.0.user).await?;
    for (name, kind) in SETTINGS {
        if let Some(value) = said.get(name) {
            unwanted.retain(|known| *known != kind);
            // The second bit asks for e-mail, which is not sent.
            if value % 2 == 0 {
                unwanted.push(kind);
            }
        }
    }
    notifications::choose(&app.service, &who.0, unwanted).await?;
    Ok(HttpResponse::NoContent())
}

/// A notification with what it is about; `None` if that is gone.
async fn shown(
    app: &App,
    who: &Viewer,
    row: &notification::Notification,
) -> Result<Option<Notification>, Problem> {
    let mut news = Notification::of(row);
    let whole = match row.notice {
        Notice::NewVideo { video } | Notice::VideoPublished { video } => {
            news.video = video_of(app, who, video).await?;
            news.video.is_some()
        }
        Notice::NewComment { comment, .. } | Notice::Mention { comment, .. } => {
            news.comment = comment_of(app, comment).await?;
            news.comment.is_some()
        }
        Notice::NewReport { report }
        | Notice::ReportDecided { report }
        | Notice::ReportMessage { report, .. } => {
            news.abuse = report_of(app, report).await?;
            news.abuse.is_some()
        }
        Notice::NewUser { account } => {
            news.account = actor_of(app, ActorRef::Account(account)).await?;
            news.account.is_some()
        }
        Notice::NewFollower { follower, followed } => {
            news.actor_follow = follow_of(app, follower, followed).await?;
            news.actor_follow.is_some()
        }
        Notice::NewInstanceFollower { follower } => {
            news.actor_follow = follow_of(app, follower, ActorRef::HERE).await?;
            news.actor_follow.is_some()
        }
    };
    Ok(whole.then_some(news))
}

async fn get<T: Row>(app: &App, key: &[u8]) -> Result<Option<T>, Problem> {
    Ok(app.service.store.get::<T>(key).await?.map(kinora_store::Stored::into_row))
}

async fn video_of(app: &App, who: &Viewer, id: Id<Video>) -> Result<Option<NewsVideo>, Problem> {
    let video = get::<Video>(app, &id.to_key()).await?;
    let Some(video) = video.filter(|video| access::may_see(video, Some(who))) else {
        return Ok(None);
    };
    let channel = actor_of(app, ActorRef::Channel(video.channel)).await?;
    Ok(channel.map(|channel| NewsVideo { video: comment::Video::of(&video), channel }))
}

async fn comment_of(app: &App, id: Id<Comment>) -> Result<Option<NewsComment>, Problem> {
    let comment = get::<Comment>(app, &id.to_key()).await?;
    let Some(comment) = comment.filter(|comment| !comment.is_deleted()) else { return Ok(None) };
    let video = get::<Video>(app, &comment.video.to_key()).await?;
    let account = actor_of(app, ActorRef::Account(comment.account)).await?;
    let (Some(video), Some(account)) = (video, account) else { return Ok(None) };
    Ok(Some(NewsComment::of(&comment, account, comment::Video::of(&video))))
}

async fn report_of(app: &App, id: Id<Report>) -> Result<Option<NewsReport>, Problem> {
    let Some(report) = get::<Report>(app, &id.to_key()).await? else { return Ok(None) };
    let mut news = NewsReport::of(&report);
    match report.target {
        ReportTarget::Video(id) => {
            let video = get::<Video>(app, &id.to_key()).await?;
            news.video = video.as_ref().map(comment::Video::of);
        }
        ReportTarget::Account(id) => news.account = actor_of(app, ActorRef::Account(id)).await?,
        ReportTarget::Comment(id) => {
            if let Some(comment) = get::<Comment>(app, &id.to_key()).await?
                && let Some(video) = get::<Video>(app, &comment.video.to_key()).await?
            {
                let video = comment::Video::of(&video);
                news.comment = Some(ReportedComment { thread_id: comment.thread.raw(), video });
            }
        }
    }
    Ok(Some(news))
}

async fn follow_of(
    app: &App,
    follower: ActorRef,
    followed: ActorRef,
) -> Result<Option<NewsFollow>, Problem> {
    let Some(follow) = get::<Follow>(app, &follow_key(followed, follower)).await? else {
        return Ok(None);
    };
    let (by, of) = (actor_of(app, follower).await?, actor_of(app, followed).await?);
    let (Some(by), Some(of)) = (by, of) else { return Ok(None) };
    let kind = match followed {
        ActorRef::Account(_) => "account",
        ActorRef::Channel(_) => "channel",
        ActorRef::Instance(_) => "instance",
    };
    Ok(Some(NewsFollow::of(&follow, by, Followed::of(kind, of))))
}

async fn actor_of(app: &App, actor: ActorRef) -> Result<Option<Actor>, Problem> {
    Ok(match actor {
        ActorRef::Account(id) => {
            let account = get::<Account>(app, &id.to_key()).await?;
            account.map(|account| Actor::account(&app.config, &account))
        }
        ActorRef::Channel(id) => {
            let channel = get::<Channel>(app, &id.to_key()).await?;
            channel.map(|channel| Actor::channel(&app.config, &channel))
        }
        ActorRef::Instance(id) if id == Instance::HERE => {
            Some(Actor::server(0, &app.config.host()))
        }
        ActorRef::Instance(id) => {
            let found = app.service.store.find::<Instance>(&instance_by_id(id)).await?;
            found.map(|instance| Actor::server(id.raw(), instance.host.as_str()))
        }
    })
}
