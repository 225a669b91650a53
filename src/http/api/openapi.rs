//! The description of the API (OpenAPI), collected from what stands above each handler. It is served by every node and
//! checked in as `config/openapi.json`, so that a change of the API is seen in the change of a file.

use std::sync::OnceLock;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use bytes::Bytes;
use utoipa::OpenApi as _;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Flow, OAuth2, Password, Scopes, SecurityScheme};
use utoipa::openapi::{OpenApi, PathItem, RefOr, Required};

use super::{
    abuses, accounts, blocklist, captions, channels, comment_events, comments, config_api, domains,
    federation, hosts, lists, mirrors, my_user, notifications, oauth, peers, playback,
    progress_events, rates, registrations, search, server_follows, shares, statistics,
    subscriptions, traffic, uploads, users, videos, views,
};

/// Adds the route.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/openapi.json", web::get().to(get));
}

async fn get() -> impl Responder {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| Bytes::from(text()));
    HttpResponse::Ok().content_type("application/json").body(text.clone())
}

/// The description as JSON, ending with a new line.
#[must_use]
pub fn text() -> String {
    let mut text = described().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Kinora",
        description = "The REST API that PeerTube's clients speak, under /api/v1, and what is Kinora's alone, under \
                       /api/kinora/v1. Paths may end with a slash. Errors are problem details (RFC 9457).",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later"),
        contact()
    ),
    paths(
        config_api::get,
        config_api::get_about,
        statistics::get,
        oauth::client,
        oauth::token,
        oauth::revoke,
        my_user::get,
        my_user::update,
        my_user::delete,
        my_user::quota_used,
        my_user::pick_avatar,
        my_user::delete_avatar,
        registrations::register,
        registrations::request,
        registrations::list,
        registrations::accept,
        registrations::reject,
        registrations::delete,
        users::list,
        users::get,
        users::create,
        users::update,
        users::delete,
        users::block,
        users::unblock,
        accounts::list,
        accounts::get,
        accounts::video_channels,
        accounts::ratings,
        accounts::followers,
        channels::list,
        channels::get,
        channels::create,
        channels::update,
        channels::delete,
        channels::pick_avatar,
        channels::delete_avatar,
        channels::pick_banner,
        channels::delete_banner,
        channels::followers,
        lists::all,
        lists::of_account,
        lists::of_channel,
        lists::mine,
        search::videos,
        search::video_channels,
        search::playlists,
        uploads::upload,
        uploads::begin,
        uploads::part,
        uploads::cancel,
        uploads::update,
        videos::get,
        videos::delete,
        captions::list,
        captions::put,
        captions::delete,
        rates::rate,
        rates::mine,
        views::watch,
        playback::report,
        traffic::of_node,
        traffic::of_video,
        abuses::report,
        abuses::list,
        abuses::decide,
        abuses::delete,
        abuses::mine,
        abuses::messages,
        abuses::say,
        abuses::unsay,
        blocklist::status,
        domains::list,
        domains::put,
        domains::delete,
        hosts::list,
        mirrors::list,
        mirrors::set,
        mirrors::end,
        mirrors::videos,
        peers::bootstrap,
        peers::watch,
        federation::resolve,
        federation::interact,
        federation::backfill,
        federation::fetch_more,
        server_follows::list_followers,
        server_follows::list_following,
        server_follows::follow,
        server_follows::unfollow,
        server_follows::accept,
        server_follows::reject,
        progress_events::progress,
        progress_events::events,
        progress_events::thumbnails,
        progress_events::pick,
        comments::threads,
        comments::thread,
        comments::begin,
        comments::reply,
        comments::edit,
        comments::delete,
        comments::approve,
        comments::all,
        comments::of_owner,
        comment_events::events,
        notifications::list,
        notifications::read,
        notifications::read_all,
        notifications::choose,
        subscriptions::list,
        subscriptions::subscribe,
        subscriptions::exist,
        subscriptions::videos,
        subscriptions::get,
        subscriptions::unsubscribe,
        shares::get,
        shares::share,
        shares::unshare,
    )
)]
struct Described;

/// What needs no more words than these: answers that are a list of words, or nothing.
const PLAIN: &[(HttpMethod, &str, &str, &str)] = &[
    (HttpMethod::Get, "/api/v1/ping", "Config", "Says `pong`."),
    (HttpMethod::Get, "/api/v1/videos/categories", "Video", "All categories, by number."),
    (HttpMethod::Get, "/api/v1/videos/licences", "Video", "All licences, by number."),
    (HttpMethod::Get, "/api/v1/videos/languages", "Video", "All languages, by code."),
    (HttpMethod::Get, "/api/v1/videos/privacies", "Video", "Who can see a video, by number."),
    (HttpMethod::Get, "/api/v1/videos/{id}/description", "Video", "The whole description."),
    (HttpMethod::Get, "/api/v1/videos/{id}/storyboards", "Video", "Previews for seeking."),
    (
        HttpMethod::Get,
        "/api/v1/videos/{id}/source",
        "Video",
        "The file it was made of; for its owner.",
    ),
    (
        HttpMethod::Post,
        "/api/v1/videos/{id}/token",
        "Video",
        "A token that plays a private video, for addresses that cannot have headers.",
    ),
    (
        HttpMethod::Get,
        "/api/v1/accounts/{name}/video-playlists",
        "Accounts",
        "An account's playlists.",
    ),
    (
        HttpMethod::Get,
        "/api/v1/video-channels/{handle}/video-playlists",
        "Video Channels",
        "A channel's playlists.",
    ),
    (HttpMethod::Get, "/api/kinora/v1/openapi.json", "Config", "This description."),
];

fn described() -> OpenApi {
    let mut api = Described::openapi();
    env!("CARGO_PKG_VERSION").clone_into(&mut api.info.version);
    for (method, path, tag, summary) in PLAIN {
        let path = (*path).to_owned();
        let item = PathItem::new(method.clone(), plain(&path, tag, summary));
        match api.paths.paths.get_mut(&path) {
            Some(there) => there.merge_operations(item),
            None => drop(api.paths.paths.insert(path, item)),
        }
    }
    let tokens = Password::new("/api/v1/users/token", Scopes::new());
    let scheme = SecurityScheme::OAuth2(OAuth2::new([Flow::Password(tokens)]));
    api.components
        .get_or_insert_default()
        .security_schemes
        .insert("oauth2".to_owned(), scheme.into());
    name_operations(&mut api);
    api
}

fn plain(path: &str, tag: &str, summary: &str) -> Operation {
    let mut operation = OperationBuilder::new().tag(tag).summary(Some(summary));
    for name in path.split(['{', '}']).skip(1).step_by(2) {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        operation = operation.parameter(parameter.required(Required::True).schema(Some(text)));
    }
    let done = ResponseBuilder::new().description("");
    operation.responses(ResponsesBuilder::new().response("200", done)).build()
}

/// Gives each operation a name of its own, `getVideosCaptions`: handlers of different nouns are called the same.
fn name_operations(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let words = path.trim_start_matches("/api/").split('/').filter(|word| *word != "v1");
        let name: String = words.map(capitalized).collect();
        let methods = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}{name}"));
                describe_answers(operation);
            }
        }
    }
}

/// Every answer must have a description: where nobody wrote one, what its status means.
fn describe_answers(operation: &mut Operation) {
    for (status, answer) in &mut operation.responses.responses {
        let status = status.parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok());
        let meaning = status.and_then(|status| status.canonical_reason());
        if let (RefOr::T(answer), Some(meaning)) = (answer, meaning)
            && answer.description.is_empty()
        {
            meaning.clone_into(&mut answer.description);
        }
    }
}

/// `video-channels` as `VideoChannels`, `{id}` as `ById`.
fn capitalized(word: &str) -> String {
    let by = if word.starts_with('{') { "By" } else { "" };
    let words = word.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    by.chars().chain(words.flat_map(|word| capital(word).chars().collect::<Vec<_>>())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn the_file_that_is_checked_in_is_the_api() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/openapi.json");
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(
            kept == text(),
            "config/openapi.json is out of date: kinora check --openapi > config/openapi.json"
        );
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let api = described();
        let mut names = BTreeSet::new();
        for item in api.paths.paths.values() {
            for operation in [&item.get, &item.put, &item.post, &item.delete].into_iter().flatten()
            {
                assert!(names.insert(operation.operation_id.clone().unwrap()));
            }
        }
        assert!(names.contains("getVideosByIdCaptions"), "{names:?}");
    }

    #[test]
    fn every_route_is_described() {
        let api = described();
        let shape = |path: &str| {
            let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
            parts.collect::<Vec<_>>().join("/")
        };
        let told: BTreeSet<String> = api.paths.paths.keys().map(|path| shape(path)).collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("api");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_file() {
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for start in [".route(\"/", "resource(\"/"] {
                for rest in source.split(start).skip(1) {
                    let route = shape(rest.split('"').next().unwrap());
                    let known =
                        ["/api/v1/", "/api/kinora/v1/"].map(|base| format!("{base}{route}"));
                    assert!(known.iter().any(|path| told.contains(path)), "{route} in {path:?}");
                }
            }
        }
    }
}
