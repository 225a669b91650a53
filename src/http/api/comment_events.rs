//! What happens to the comments under a video, told as it happens.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use bytes::Bytes;
use futures::stream;
use kinora_model::id::Id;
use kinora_model::video::Video;
use kinora_service::comments::live::{News, What};
use kinora_service::comments::{self, Seen};
use kinora_service::{Viewer, sessions, videos};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use uuid::Uuid;

use super::shapes::comment::Comment;
use crate::auth;
use crate::problem::Problem;
use crate::server::App;

/// Streams that are open at a time.
const STREAMS_MAX: usize = 1_000;

/// How long one stream lasts; browsers open the next by themselves.
const STREAM_MAX: Duration = Duration::from_hours(1);

/// How often something is sent, so that proxies keep the connection.
const HEARTBEAT: Duration = Duration::from_secs(15);

static STREAMS: Semaphore = Semaphore::const_new(STREAMS_MAX);

/// Adds the route.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/videos/{id}/comments/events", web::get().to(events));
}

/// A token in the address, for readers of events that cannot set headers.
#[derive(Deserialize)]
pub(crate) struct Asker {
    access_token: Option<String>,
}

/// Tells what happens to the comments under a video, as server-sent events: `comment` with one that is new,
/// `comment-changed` with one whose words changed, `comment-deleted` with the `id` of one whose words are gone.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/videos/{id}/comments/events",
    tag = "Kinora",
    responses((status = 200, content_type = "text/event-stream", body = Comment), (status = 404), (status = 503))
)]
pub(crate) async fn events(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<String>,
    asker: web::Query<Asker>,
) -> Result<impl Responder, Problem> {
    let who = match &asker.access_token {
        Some(token) => Some(sessions::viewer(&app.service, token).await?),
        None => auth::viewer(&app, &request).await?,
    };
    let news = app.service.live.listen();
    let video = videos::find(&app.service, who.as_ref(), &path).await?;
    let busy = |_full| Problem::unavailable("Too many people watch comments right now", 10);
    let place = STREAMS.try_acquire().map_err(busy)?;
    let now = Instant::now();
    let telling = Telling {
        app: app.into_inner(),
        who,
        video: video.id,
        uuid: video.uuid,
        news,
        ends: now.checked_add(STREAM_MAX).unwrap_or(now),
        begun: false,
        _place: place,
    };
    let events = stream::unfold(telling, Telling::next);
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-cache"))
        // Some proxies gather answers unless they are told not to.
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(events))
}

/// A stream of events.
struct Telling {
    app: Arc<App>,
    who: Option<Viewer>,
    video: Id<Video>,
    uuid: Uuid,
    news: Receiver<News>,
    ends: Instant,
    begun: bool,
    _place: SemaphorePermit<'static>,
}

impl Telling {
    async fn next(mut self) -> Option<(Result<Bytes, actix_web::Error>, Self)> {
        if !self.begun {
            self.begun = true;
            // The head of the answer goes with its first bytes.
            return Some((Ok(Bytes::from_static(b": here\n\n")), self));
        }
        loop {
            let stopping = self.app.stopping.clone();
            let news = tokio::select! {
                () = stopping.cancelled() => return None,
                () = tokio::time::sleep_until(self.ends) => return None,
                () = tokio::time::sleep(HEARTBEAT) => {
                    return Some((Ok(Bytes::from_static(b": here\n\n")), self));
                }
                // Who fell too far behind opens the next stream, and looks anew.
                news = self.news.recv() => news.ok()?,
            };
            if news.video == self.video
                && let Some(event) = self.tell(news).await
            {
                return Some((Ok(Bytes::from(event)), self));
            }
        }
    }

    async fn tell(&self, news: News) -> Option<String> {
        if news.what == What::Gone {
            let data = json!({ "id": news.comment });
            return Some(format!("event: comment-deleted\ndata: {data}\n\n"));
        }
        let seen = comments::seen(&self.app.service, self.who.as_ref(), news.comment).await;
        let seen = seen.ok().flatten()?;
        let comment = Comment::of(&self.app.config, self.uuid, &seen);
        let json = serde_json::to_string(&comment).ok()?;
        Some(format!("event: {}\ndata: {json}\n\n", name(news.what, &seen)))
    }
}

/// A comment that was approved is new to most.
fn name(what: What, seen: &Seen) -> &'static str {
    let unchanged = seen.comment.updated_at == seen.comment.created_at;
    if what == What::Made || unchanged { "comment" } else { "comment-changed" }
}
