//! Who asks for media: most players send no header, so that a token may stand in the address instead.

use std::sync::Arc;

use actix_web::HttpRequest;
use kinora_media::Error;
use kinora_media::door::Asker;
use kinora_model::video::{Video, VideoState};
use kinora_service::{Viewer, video_tokens};
use uuid::Uuid;

use crate::auth;
use crate::problem::Problem;
use crate::server::App;

/// What the query of a request says of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    /// PeerTube's `videoFileToken`.
    pub(super) token: Option<String>,
    /// PeerTube's `reinjectVideoFileToken`: the token is to stand in every address of a playlist.
    pub(super) reinject: bool,
}

/// The values of a parameter of the query; each may also be a list with commas.
pub(super) fn query(request: &HttpRequest, name: &str) -> Vec<String> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
    let named = |(key, value): (String, String)| {
        (key == name || key.strip_suffix("[]") == Some(name)).then_some(value)
    };
    let values = pairs.into_iter().filter_map(named);
    values.flat_map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Reads the tokens of a request.
pub(super) fn tokens(request: &HttpRequest) -> Tokens {
    if request.query_string().is_empty() {
        return Tokens::default();
    }
    let flag = query(request, "reinjectVideoFileToken").pop();
    Tokens {
        token: query(request, "videoFileToken").pop(),
        reinject: flag.is_some_and(|flag| flag == "true" || flag == "1"),
    }
}

/// Who is logged in; a token that is not valid is no token.
pub(super) async fn viewer(app: &App, request: &HttpRequest) -> Option<Viewer> {
    auth::viewer(app, request).await.ok().flatten()
}

/// Who asks, by header and by address.
pub(crate) async fn asker(app: &App, request: &HttpRequest) -> Asker {
    let admitted = match tokens(request).token {
        Some(token) => video_tokens::video_of(&app.service, &token),
        None => None,
    };
    Asker { viewer: viewer(app, request).await, admitted }
}

/// The video with this uuid, if whoever asks may have its media.
pub(super) async fn enter(
    app: &App,
    request: &HttpRequest,
    uuid: Uuid,
) -> Result<Arc<Video>, Problem> {
    let door = &app.media.door;
    // Nearly all videos are open to everybody: no token need be looked at.
    match door.enter(&app.service, uuid, &Asker::default()).await {
        Err(Error::NotFound(_)) => {
            Ok(door.enter(&app.service, uuid, &asker(app, request).await).await?)
        }
        other => Ok(other?),
    }
}

/// As [`enter`], but lets everybody in to open videos that nobody can watch yet: a torrent's address is given out as
/// soon as the upload ends, and says "not yet" until it is there.
pub(super) async fn enter_early(
    app: &App,
    request: &HttpRequest,
    uuid: Uuid,
) -> Result<Arc<Video>, Problem> {
    let early =
        |video: &Arc<Video>| video.words.privacy.is_open() && video.state == VideoState::Processing;
    match app.media.door.video(&app.service, uuid).await?.filter(early) {
        Some(video) => Ok(video),
        None => enter(app, request, uuid).await,
    }
}
