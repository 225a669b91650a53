//! The REST API: PeerTube's under `/api/v1`, what is Kinora's alone under `/api/kinora/v1`.

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

use crate::problem::{Problem, plain_problems};

mod abuses;
pub(crate) mod accounts;
mod blocklist;
mod captions;
pub(crate) mod channels;
mod comment_events;
mod comments;
mod config_api;
mod domains;
pub(crate) mod federation;
mod fields;
mod followers;
mod hosts;
pub(crate) mod lists;
mod mirrors;
mod my_user;
mod notifications;
mod oauth;
pub mod openapi;
mod peers;
pub(crate) mod picked;
mod playback;
mod progress_events;
mod rates;
mod registrations;
mod search;
mod server_follows;
pub mod shapes;
mod shares;
mod statistics;
mod subscriptions;
mod traffic;
mod uploads;
mod users;
mod video_form;
mod videos;
mod views;

/// Adds every noun's routes. Paths within a noun are written without the `/api/v1` before them.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/api/kinora/v1")
            .wrap(from_fn(plain_problems))
            .configure(kinora)
            .default_service(web::to(nowhere)),
    );
    config.service(web::scope("/api/v1").configure(peertube).default_service(web::to(nowhere)));
}

/// What PeerTube's clients ask.
fn peertube(config: &mut ServiceConfig) {
    config
        .route("/ping", web::get().to(ping))
        .configure(config_api::routes)
        .configure(statistics::routes)
        .configure(oauth::routes)
        .configure(my_user::routes)
        .configure(registrations::routes)
        .configure(users::routes)
        .configure(accounts::routes)
        .configure(channels::routes)
        .configure(lists::routes)
        .configure(search::routes)
        .configure(abuses::routes)
        .configure(blocklist::routes)
        .configure(server_follows::routes)
        .configure(uploads::routes)
        .configure(comments::routes)
        .configure(notifications::routes)
        .configure(subscriptions::routes)
        .configure(videos::routes)
        .configure(captions::routes)
        .configure(rates::routes)
        .configure(views::routes)
        .configure(playback::routes);
}

/// What is Kinora's alone.
fn kinora(config: &mut ServiceConfig) {
    config
        .configure(openapi::routes)
        .configure(federation::routes)
        .configure(progress_events::routes)
        .configure(comment_events::routes)
        .configure(comments::kinora_routes)
        .configure(peers::kinora_routes)
        .configure(traffic::kinora_routes)
        .configure(shares::kinora_routes)
        .configure(domains::kinora_routes)
        .configure(hosts::kinora_routes)
        .configure(mirrors::kinora_routes);
}

/// `GET /ping`: `pong`, for clients that want to know whether there is a node.
async fn ping() -> &'static str {
    "pong"
}

async fn nowhere() -> Result<&'static str, Problem> {
    Err(Problem::not_found("There is nothing at this address"))
}

#[cfg(test)]
mod tests;
