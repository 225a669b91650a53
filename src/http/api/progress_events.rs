//! How far a video is, told as it happens; and the pictures to choose from.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use kinora_model::id::Id;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::{Video, VideoState};
use kinora_service::progress::Progress;
use kinora_service::{Service, Viewer, sessions, videos};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::shapes::video::Resolution;
use crate::auth::{self, SignedIn};
use crate::page::List;
use crate::problem::Problem;
use crate::server::App;

/// Streams that are open at a time.
const STREAMS_MAX: usize = 1_000;

/// How long one stream lasts, if what it tells of is not over before; browsers open the next by themselves.
const STREAM_MAX: Duration = Duration::from_hours(1);

/// How often something is sent, so that proxies keep the connection.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long changes are gathered before they are told.
const GATHER: Duration = Duration::from_millis(250);

static STREAMS: Semaphore = Semaphore::const_new(STREAMS_MAX);

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/videos/{id}/progress", web::get().to(progress))
        .route("/videos/{id}/events", web::get().to(events))
        .route("/videos/{id}/thumbnails", web::get().to(thumbnails))
        .route("/videos/{id}/thumbnails/{index}/pick", web::post().to(pick));
}

/// How far a video is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct VideoProgress {
    /// `processing`, `published` or `failed`.
    state: &'static str,
    /// Whether something of it can be watched.
    playable: bool,
    /// What stands in the way, if something does.
    error: Option<Obstacle>,
    renditions: Vec<RenditionProgress>,
}

/// What stands in the way of a video.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Obstacle {
    /// A stable word.
    code: String,
    /// A sentence.
    detail: String,
}

/// How far a rendition is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RenditionProgress {
    /// 720 for `720p`, 0 for sound alone.
    height: u32,
    label: String,
    /// `waiting`, `running`, `ready` or `failed`.
    state: &'static str,
    /// 0 to 100.
    percent: f32,
    /// Seconds until it is whole at the present pace.
    eta_seconds: Option<u32>,
}

impl VideoProgress {
    fn of(video: &Video, renditions: &[Rendition], progress: &Progress) -> Self {
        let failure = video.failure.as_ref().filter(|_| video.state == VideoState::Failed);
        let failure = failure
            .map(|failure| Obstacle { code: failure.code.clone(), detail: failure.detail.clone() });
        let waits = || Obstacle {
            code: "no-space".to_owned(),
            detail: "The server's disk is full; the work goes on when there is room.".to_owned(),
        };
        let mut renditions: Vec<_> =
            renditions.iter().map(|row| RenditionProgress::of(row, progress)).collect();
        renditions.sort_by_key(|rendition| std::cmp::Reverse(rendition.height));
        Self {
            state: match video.state {
                VideoState::Processing => "processing",
                VideoState::Published => "published",
                VideoState::Failed => "failed",
            },
            playable: video.state == VideoState::Published
                && renditions.iter().any(|rendition| rendition.state == "ready"),
            error: failure.or_else(|| progress.no_space.then(waits)),
            renditions,
        }
    }

    /// True if nothing more will happen by itself.
    fn is_over(&self) -> bool {
        let settled = |rendition: &RenditionProgress| matches!(rendition.state, "ready" | "failed");
        self.state != "processing" && self.renditions.iter().all(settled)
    }
}

impl RenditionProgress {
    fn of(row: &Rendition, progress: &Progress) -> Self {
        let made = progress.renditions.get(&row.id).copied().unwrap_or_default();
        let (state, percent, eta_seconds) = match row.state {
            // The row of a rendition changes with its first segment; percentages come before.
            RenditionState::Waiting if made.percent > 0.0 => ("running", made.percent, made.eta_s),
            // Whole is only what the store says is whole.
            RenditionState::Running => ("running", made.percent.clamp(0.0, 99.0), made.eta_s),
            RenditionState::Waiting => ("waiting", 0.0, None),
            RenditionState::Ready => ("ready", 100.0, None),
            RenditionState::Failed => ("failed", 0.0, None),
        };
        let Resolution { id, label } = Resolution::of(row.resolution);
        Self { height: id, label, state, percent: percent.round(), eta_seconds }
    }
}

async fn look(
    service: &Service,
    who: Option<&Viewer>,
    name: &str,
    progress: &Progress,
) -> Result<VideoProgress, Problem> {
    let video = videos::find(service, who, name).await?;
    let renditions = videos::renditions(service, video.id).await?;
    Ok(VideoProgress::of(&video, &renditions, progress))
}

/// A token in the address, for readers of events that cannot set headers.
#[derive(Deserialize)]
pub(crate) struct Asker {
    access_token: Option<String>,
}

async fn viewer(
    app: &App,
    request: &HttpRequest,
    asker: &Asker,
) -> Result<Option<Viewer>, Problem> {
    match &asker.access_token {
        Some(token) => Ok(Some(sessions::viewer(&app.service, token).await?)),
        None => auth::viewer(app, request).await,
    }
}

/// Tells how far a video is.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/videos/{id}/progress",
    tag = "Kinora",
    responses((status = 200, body = VideoProgress), (status = 404))
)]
pub(crate) async fn progress(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<String>,
    asker: web::Query<Asker>,
) -> Result<impl Responder, Problem> {
    let who = viewer(&app, &request, &asker).await?;
    let video = videos::find(&app.service, who.as_ref(), &path).await?;
    let mut watching = Watching::begin(&app.service, video.id);
    let now = watching.now();
    let told = look(&app.service, who.as_ref(), &path, &now).await?;
    watching.over = told.is_over();
    Ok(web::Json(told))
}

/// Tells how far a video is, at once and with each change, as server-sent events named `progress`.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/videos/{id}/events",
    tag = "Kinora",
    responses((status = 200, content_type = "text/event-stream", body = VideoProgress), (status = 404), (status = 503))
)]
pub(crate) async fn events(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<String>,
    asker: web::Query<Asker>,
) -> Result<impl Responder, Problem> {
    let who = viewer(&app, &request, &asker).await?;
    let video = videos::find(&app.service, who.as_ref(), &path).await?;
    let busy = |_full| Problem::unavailable("Too many people watch progress right now", 10);
    let place = STREAMS.try_acquire().map_err(busy)?;
    let now = Instant::now();
    let telling = Telling {
        watching: Watching::begin(&app.service, video.id),
        app: app.into_inner(),
        who,
        name: path.into_inner(),
        told: None,
        ends: now.checked_add(STREAM_MAX).unwrap_or(now),
        _place: place,
    };
    let events = stream::unfold(Some(telling), |telling| async { telling?.next().await });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-cache"))
        // Some proxies gather answers unless they are told not to.
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(events.map_err(actix_web::Error::from)))
}

/// Someone who watches a video being made.
struct Watching {
    service: Arc<Service>,
    video: Id<Video>,
    progress: Option<watch::Receiver<Progress>>,
    over: bool,
}

impl Watching {
    fn begin(service: &Arc<Service>, video: Id<Video>) -> Self {
        let progress = Some(service.progress.watch(video));
        Self { service: Arc::clone(service), video, progress, over: false }
    }

    fn now(&mut self) -> Progress {
        let now = |progress: &mut watch::Receiver<Progress>| progress.borrow_and_update().clone();
        self.progress.as_mut().map(now).unwrap_or_default()
    }

    async fn changed(&mut self) -> bool {
        match self.progress.as_mut() {
            Some(progress) => progress.changed().await.is_ok(),
            None => false,
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.progress = None;
        if self.over {
            self.service.progress.settle(self.video);
        }
    }
}

/// A stream of events.
struct Telling {
    app: Arc<App>,
    who: Option<Viewer>,
    name: String,
    watching: Watching,
    told: Option<VideoProgress>,
    ends: Instant,
    _place: SemaphorePermit<'static>,
}

type Told = Option<(Result<Bytes, Problem>, Option<Telling>)>;

impl Telling {
    async fn next(mut self) -> Told {
        loop {
            if self.watching.over {
                return None;
            }
            if self.told.is_some() {
                let stopping = self.app.stopping.clone();
                tokio::select! {
                    () = stopping.cancelled() => return None,
                    () = tokio::time::sleep_until(self.ends) => return None,
                    () = tokio::time::sleep(HEARTBEAT) => {
                        return Some((Ok(Bytes::from_static(b": here\n\n")), Some(self)));
                    }
                    changed = self.watching.changed() => if !changed { return None },
                }
                tokio::time::sleep(GATHER).await;
            }
            let now = self.watching.now();
            let looked = look(&self.app.service, self.who.as_ref(), &self.name, &now).await;
            // A video that is gone, or hidden now, has nothing more to tell.
            let Ok(progress) = looked else {
                return Some((Ok(Bytes::from_static(b"event: gone\ndata: {}\n\n")), None));
            };
            if self.told.as_ref() == Some(&progress) {
                continue;
            }
            let json = serde_json::to_string(&progress).unwrap_or_default();
            self.watching.over = progress.is_over();
            self.told = Some(progress);
            let event = format!("event: progress\ndata: {json}\n\n");
            return Some((Ok(Bytes::from(event)), Some(self)));
        }
    }
}

/// A picture to choose.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Candidate {
    index: usize,
    url: String,
}

/// Lists the pictures that were made of a video, for its owner to choose from.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/videos/{id}/thumbnails",
    tag = "Kinora",
    security(("oauth2" = [])),
    responses((status = 200, body = List<Candidate>), (status = 403), (status = 404))
)]
pub(crate) async fn thumbnails(
    app: web::Data<App>,
    path: web::Path<String>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let video = videos::editable(&app.service, &who.0, &path).await?;
    let candidates = video.candidates.iter().enumerate().map(|(index, thumbnail)| {
        let path = format!("/lazy-static/previews/{}.jpg", thumbnail.large.blob);
        Candidate { index, url: app.config.url(&path) }
    });
    let data: Vec<_> = candidates.collect();
    Ok(web::Json(List { total: data.len(), data }))
}

/// Takes one of the pictures that were made of a video.
#[utoipa::path(
    post,
    path = "/api/kinora/v1/videos/{id}/thumbnails/{index}/pick",
    tag = "Kinora",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn pick(
    app: web::Data<App>,
    path: web::Path<(String, usize)>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let (video, index) = path.into_inner();
    videos::pick_thumbnail(&app.service, &who.0, &video, index).await?;
    Ok(HttpResponse::NoContent())
}
