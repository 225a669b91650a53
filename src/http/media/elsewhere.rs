//! Pictures of other servers: fetched when they are first asked for, made anew in the sandbox, then served as our own.
//!
//! Only pictures that rows here name can be asked for, by the number of what they are of: nobody can make this node fetch an
//! address of their choice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use kinora_media::images::{Fit, Size};
use kinora_model::clock::Timestamp;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::instance::DomainLevel;
use kinora_model::picture::BlobName;
use kinora_service::pictures::elsewhere::{self, Of, Place};
use kinora_service::pictures::{AVATAR_SIZES, BANNER_SIZES};
use kinora_service::videos::{LARGE, SMALL};
use tokio::sync::Semaphore;
use url::Url;

use super::part;
use crate::api::picked;
use crate::problem::Problem;
use crate::server::App;

/// Pictures that are fetched at a time, whoever asks.
const FETCHES_AT_ONCE: usize = 8;

/// How long a picture that could not be fetched is not asked for again.
const FAILED_FOR: Duration = Duration::from_mins(10);

/// Pictures that are remembered as not fetched.
const FAILED_MAX: usize = 10_000;

/// Shown while there is none.
const NONE: &str = "/static/no-picture.svg";

/// Which pictures are being fetched, and which could not be.
#[derive(Debug)]
pub(crate) struct Fetches {
    places: Semaphore,
    under_way: Mutex<HashMap<Of, Arc<tokio::sync::Mutex<()>>>>,
    failed: Mutex<HashMap<Url, Timestamp>>,
}

impl Default for Fetches {
    fn default() -> Self {
        Self {
            places: Semaphore::new(FETCHES_AT_ONCE),
            under_way: Mutex::default(),
            failed: Mutex::default(),
        }
    }
}

impl Fetches {
    /// The turn of a picture: who asks for it while it is fetched waits for that.
    fn turn(&self, of: Of) -> Arc<tokio::sync::Mutex<()>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|known, turn| *known == of || Arc::strong_count(turn) > 1);
        Arc::clone(under_way.entry(of).or_default())
    }

    fn failed_lately(&self, url: &Url, now: Timestamp) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get(url).is_some_and(|at| now.since(*at) < FAILED_FOR)
    }

    fn failed(&self, url: Url, now: Timestamp) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.len() >= FAILED_MAX {
            failed.clear();
        }
        failed.insert(url, now);
    }
}

/// Sends to where the picture lies now; to a placeholder if it cannot be had.
pub(super) async fn get(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let of = named(part(&request, "kind"), part(&request, "name"))
        .ok_or_else(|| Problem::not_found("File not found"))?;
    let (folder, blob) = match find(&app, of).await? {
        Some(blob) => (folder(of), blob),
        None => return Ok(placeholder()),
    };
    Ok(HttpResponse::Found()
        .insert_header((LOCATION, format!("/lazy-static/{folder}/{blob}.jpg")))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .finish())
}

fn placeholder() -> HttpResponse {
    HttpResponse::Found()
        .insert_header((LOCATION, NONE))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

/// What a path asks for.
fn named(kind: &str, name: &str) -> Option<Of> {
    let number = name.strip_suffix(".jpg")?.parse::<u64>().ok()?;
    match kind {
        "videos" => Some(Of::Video(Id::from_raw(number))),
        "accounts" => Some(Of::Account(Id::from_raw(number))),
        "channels" => Some(Of::Channel(Id::from_raw(number))),
        "banners" => Some(Of::Banner(Id::from_raw(number))),
        _ => None,
    }
}

const fn folder(of: Of) -> &'static str {
    match of {
        Of::Video(_) => "previews",
        Of::Account(_) | Of::Channel(_) => "avatars",
        Of::Banner(_) => "banners",
    }
}

fn sizes(of: Of) -> Vec<Size> {
    let size = |(width, height): (u32, u32)| Size { width, height, fit: Fit::Cover };
    match of {
        Of::Video(_) => [SMALL, LARGE].map(size).to_vec(),
        Of::Account(_) | Of::Channel(_) => AVATAR_SIZES.map(|side| size((side, side))).to_vec(),
        Of::Banner(_) => BANNER_SIZES.map(size).to_vec(),
    }
}

/// The picture here, fetched if it is not yet; `None` if it cannot be had.
async fn find(app: &App, of: Of) -> Result<Option<BlobName>, Problem> {
    let turn = app.fetches.turn(of);
    let _alone = turn.lock().await;
    let url = match elsewhere::find(&app.service, of).await? {
        Place::Here(blob) => return Ok(Some(blob)),
        Place::There(url) => url,
    };
    let now = app.service.now();
    if is_shut(app, &url) || app.fetches.failed_lately(&url, now) {
        return Ok(None);
    }
    if let Err(reason) = fetch(app, of, &url).await {
        tracing::debug!(%url, reason, "a picture could not be had");
        app.fetches.failed(url, now);
        return Ok(None);
    }
    match elsewhere::find(&app.service, of).await? {
        Place::Here(blob) => Ok(Some(blob)),
        // It was changed meanwhile; the next who asks gets the new one.
        Place::There(_) => Ok(None),
    }
}

/// True if rules keep pictures of its server out.
fn is_shut(app: &App, url: &Url) -> bool {
    Host::of(url).is_none_or(|host| app.service.domains.level(&host) >= DomainLevel::RejectMedia)
}

async fn fetch(app: &App, of: Of, url: &Url) -> Result<(), String> {
    let _place = app.fetches.places.acquire().await.map_err(|error| error.to_string())?;
    let fetched = app.federation.client.picture(url).await.map_err(|error| error.to_string())?;
    let made = picked::make(app, "picture", fetched.bytes, &sizes(of)).await;
    let made = made.map_err(|problem| problem.detail().to_owned())?;
    let kept = elsewhere::keep_fetched(&app.service, of, url, &made).await;
    kept.map_err(|error| error.to_string())
}
