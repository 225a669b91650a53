//! Media: playlists, segments, files, torrents and pictures, at the addresses where PeerTube's clients look for them.
//!
//! A video that the asker may not see is answered as one that does not exist, by whatever path it is asked for.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Resource};

mod answer;
mod asker;
mod counted;
mod downloads;
mod elsewhere;
mod lane;
mod manifests;
mod pictures;
mod playlists;
mod range;
mod renditions;
mod segments;
mod streams;
mod torrents;

pub(crate) use asker::asker;
pub(crate) use elsewhere::Fetches;
pub(crate) use lane::fast;

/// Adds the routes of this room.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let read = |path: &str| web::resource(path.to_owned());
    config
        .service(both(read("/static/streaming-playlists/hls/{uuid}/{name}"), streams::get))
        .service(both(read("/static/streaming-playlists/hls/private/{uuid}/{name}"), streams::get))
        .service(both(
            read("/download/streaming-playlists/hls/videos/{name}"),
            downloads::rendition,
        ))
        .service(both(read("/download/videos/generate/{id}"), downloads::generate))
        .service(both(read("/static/manifests/{uuid}/{name}"), manifests::get))
        .service(both(read("/lazy-static/torrents/{name}"), torrents::get))
        .service(both(read("/download/torrents/{name}"), torrents::download))
        .service(both(read("/lazy-static/remote/{kind}/{name}"), elsewhere::get))
        .service(both(read("/lazy-static/{kind}/{name}"), pictures::get));
}

/// A resource that answers `GET` and `HEAD` alike.
fn both<F, Args>(resource: Resource, handler: F) -> Resource
where
    F: actix_web::Handler<Args> + Clone,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    resource.route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// A part of the path, as it stands in the pattern of the route.
fn part<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.match_info().get(name).unwrap_or_default()
}

#[cfg(test)]
mod tests;
