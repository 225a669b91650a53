//! What other servers of the fediverse ask: documents of actors and videos, who is behind a handle, what runs here; and the
//! inboxes where they tell what happened there.
//!
//! Documents share addresses with pages: `Accept` decides.

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, LOCATION, VARY};
use actix_web::web::{self, Data, Payload, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use kinora_federation::documents::{Answer, Document};
use kinora_federation::inbox::ACTIVITY_BYTES_MAX;
use kinora_federation::verify::Request;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;
use crate::server::App;

pub(crate) mod accept;
#[cfg(test)]
mod tests;

/// The media type of ActivityPub documents.
const ACTIVITY_JSON: &str = "application/activity+json; charset=utf-8";

/// Addresses that are pages for people and documents for servers.
const SHARED: [&str; 10] = [
    "/accounts/{name}",
    "/a/{name}",
    "/a/{name}/video-channels",
    "/video-channels/{name}",
    "/c/{name}",
    "/c/{name}/videos",
    "/videos/watch/{id}",
    "/w/{id}",
    "/videos/watch/{id}/comments/{comment}",
    "/about",
];

/// Addresses that are documents for whoever asks.
const OWN: [&str; 6] = [
    "/actor",
    "/actor/{rest:.+}",
    "/accounts/{name}/{rest:.+}",
    "/video-channels/{name}/{rest:.+}",
    "/videos/watch/{id}/{rest:.+}",
    "/redundancy/streaming-playlists/hls/{id}",
];

/// Inboxes: that of all, and those of each actor.
const INBOXES: [&str; 4] =
    ["/inbox", "/actor/inbox", "/accounts/{name}/inbox", "/video-channels/{name}/inbox"];

/// Adds the routes; those of pages come after them.
pub(crate) fn routes(config: &mut ServiceConfig) {
    for path in INBOXES {
        config.route(path, web::post().to(inbox));
    }
    for path in SHARED {
        config.route(path, read().guard(guard::fn_guard(accept::document)).to(document));
    }
    config.route("/videos/watch/{id}/comments/{comment}", read().to(comment_page));
    for path in OWN {
        config.route(path, read().to(document));
    }
    config
        .service(both("/.well-known/webfinger", web::get().to(webfinger)))
        .service(both("/.well-known/host-meta", web::get().to(host_meta)))
        .service(both("/.well-known/host-meta.json", web::get().to(host_meta_json)))
        .service(both("/.well-known/nodeinfo", web::get().to(nodeinfo_index)))
        .service(both("/nodeinfo/{version}", web::get().to(nodeinfo)));
}

fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

fn both(path: &str, get: Route) -> Resource {
    web::resource(path.to_owned()).route(get)
}

/// Takes an activity: `202` once it is on disk.
async fn inbox(
    app: Data<App>,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, Problem> {
    let body = bounded(&request, body).await?;
    Box::pin(app.federation.receive(&as_it_came(&request, body))).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// A request as its signature speaks of it.
fn as_it_came(request: &HttpRequest, body: Bytes) -> Request {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut came = Request {
        method: request.method().as_str().to_owned(),
        target: target.to_owned(),
        headers: Default::default(),
        body,
    };
    for (name, value) in request.headers() {
        came.headers.append(name.as_str(), value.as_bytes());
    }
    came
}

/// The bytes of an activity as they came.
async fn bounded(request: &HttpRequest, mut body: Payload) -> Result<Bytes, Problem> {
    let too_large = || {
        let status = actix_web::http::StatusCode::PAYLOAD_TOO_LARGE;
        Problem::new(status, "Activities may have at most 1 MiB")
    };
    let told = request.headers().get(actix_web::http::header::CONTENT_LENGTH);
    let told = told.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|bytes| bytes > ACTIVITY_BYTES_MAX) {
        return Err(too_large());
    }
    let mut bytes = BytesMut::with_capacity(told.unwrap_or(0));
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_broken| Problem::bad_request("The body cannot be read"))?;
        if bytes.len().saturating_add(piece.len()) > ACTIVITY_BYTES_MAX {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// Answers with the document of an address.
async fn document(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let federation = &app.federation;
    let found = if federation.config.authorized_fetch {
        Box::pin(federation.document_for(&as_it_came(&request, Bytes::new()))).await?
    } else {
        federation.document(request.path(), request.query_string()).await?
    };
    Ok(match found {
        Answer::Document(document) => send(&request, &document),
        Answer::Elsewhere(url) => HttpResponse::SeeOther()
            .insert_header((LOCATION, url.as_str()))
            .insert_header((VARY, "accept"))
            .finish(),
    })
}

/// The address of a comment leads people to the page of its video.
async fn comment_page(path: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("Comment not found");
    let uuid = kinora_model::video::parse_uuid(&path.0).ok_or_else(missing)?;
    let comment: u64 = path.1.parse().map_err(|_none| missing())?;
    let page = format!("/w/{}?comment={comment}", kinora_model::video::short_uuid(uuid));
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, page))
        .insert_header((VARY, "accept"))
        .finish())
}

fn send(request: &HttpRequest, document: &Document) -> HttpResponse {
    let mut answer = if document.gone { HttpResponse::Gone() } else { HttpResponse::Ok() };
    answer.insert_header((VARY, "accept"));
    tagged(request, answer, ACTIVITY_JSON, document.body.clone())
}

/// An answer that need not be sent again to whoever has it.
fn tagged(
    request: &HttpRequest,
    mut answer: actix_web::HttpResponseBuilder,
    kind: &str,
    body: Bytes,
) -> HttpResponse {
    let digest: String =
        Sha256::digest(&body).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    answer.insert_header((CACHE_CONTROL, "no-cache")).insert_header((ETAG, tag.clone()));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.is_some_and(|known| known.split(',').any(|it| it.trim().ends_with(&tag)));
    if known && matches!(*request.method(), Method::GET | Method::HEAD) {
        return answer.status(actix_web::http::StatusCode::NOT_MODIFIED).finish();
    }
    answer.content_type(kind).body(body)
}

#[derive(Deserialize)]
struct Asked {
    resource: String,
}

/// Tells who is behind a handle (RFC 7033).
async fn webfinger(
    app: Data<App>,
    request: HttpRequest,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let body = app.federation.webfinger(&asked.resource).await?;
    let kind = "application/jrd+json; charset=utf-8";
    Ok(tagged(&request, HttpResponse::Ok(), kind, body))
}

/// Tells where to ask who is behind a handle (RFC 6415), in XML.
async fn host_meta(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let kind = "application/xrd+xml; charset=utf-8";
    tagged(&request, HttpResponse::Ok(), kind, app.federation.host_meta())
}

/// The same in JSON.
async fn host_meta_json(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let kind = "application/jrd+json; charset=utf-8";
    tagged(&request, HttpResponse::Ok(), kind, app.federation.host_meta_json())
}

/// Tells where to ask what runs here (NodeInfo).
async fn nodeinfo_index(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let kind = "application/jrd+json; charset=utf-8";
    tagged(&request, HttpResponse::Ok(), kind, app.federation.nodeinfo_index())
}

/// Tells what runs here: `2.0`, `2.1`, also with `.json`.
async fn nodeinfo(
    app: Data<App>,
    request: HttpRequest,
    version: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let version = version.trim_end_matches(".json");
    let statistics = app.statistics.get(&app.service).await?;
    let body = app.federation.nodeinfo(version, &statistics);
    let body = body.ok_or_else(|| Problem::not_found("There is no such version of NodeInfo"))?;
    let kind = format!(
        "application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/{version}#\"; charset=utf-8"
    );
    Ok(tagged(&request, HttpResponse::Ok(), &kind, body))
}
