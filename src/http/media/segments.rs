//! Segments: the hottest path of the node.

use actix_web::{HttpRequest, HttpResponse};
use kinora_media::files::{Piece, Reader};
use kinora_media::shelf::Found;
use kinora_model::picture::BlobName;
use kinora_model::video::Video;

use super::answer::{self, Described, Keep};
use super::counted::counted;
use crate::problem::Problem;
use crate::server::App;

/// Answers with a segment that the video refers to.
pub(super) async fn get(
    app: &App,
    request: &HttpRequest,
    video: &Video,
    blob: &BlobName,
) -> Result<HttpResponse, Problem> {
    let found = app.media.shelf.find(&app.service, video.id, blob).await?;
    let etag = blob.to_string();
    let described = |bytes| Described {
        kind: "video/mp4",
        bytes,
        etag: &etag,
        keep: Keep::forever_if_open(video),
    };
    let answer = match found {
        Found::Bytes(all) => {
            let bytes = u64::try_from(all.len()).unwrap_or(u64::MAX);
            answer::bytes(request, &described(bytes), all)
        }
        Found::Large(bytes) => answer::stream(request, &described(bytes), |range| {
            let piece = Piece { blob: *blob, range };
            Reader::new(app.service.clone(), [piece].into()).into_stream()
        }),
    };
    Ok(counted(answer, app, video.id))
}
