//! Pictures and captions, named by the hash of their bytes.

use actix_web::{HttpRequest, HttpResponse, web};
use kinora_media::Error;
use kinora_media::door::Asker;
use kinora_model::picture::BlobName;

use super::answer::{self, Described, Keep};
use super::{asker, part};
use crate::problem::Problem;
use crate::server::App;

/// Answers with a picture or a caption if it belongs to something that the asker may see.
pub(super) async fn get(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("File not found");
    let (stem, extension) = part(&request, "name").rsplit_once('.').ok_or_else(missing)?;
    let kind = kind(part(&request, "kind"), extension).ok_or_else(missing)?;
    let blob = BlobName::parse(stem).ok_or_else(missing)?;
    let door = &app.media.door;
    let mut keep = Keep::Forever;
    if !door.may_see_blob(&app.service, &blob, &Asker::default()).await? {
        let asker = asker::asker(&app, &request).await;
        if !door.may_see_blob(&app.service, &blob, &asker).await? {
            return Err(missing());
        }
        keep = Keep::Privately;
    }
    let bytes = app.service.blobs.get(&blob).await.map_err(Error::from)?;
    let etag = blob.to_string();
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let described = Described { kind, bytes: length, etag: &etag, keep };
    Ok(answer::bytes(&request, &described, bytes))
}

/// The media type of a file in a folder; `None` where no such thing lies.
fn kind(folder: &str, extension: &str) -> Option<&'static str> {
    match (folder, extension) {
        ("thumbnails" | "previews" | "avatars" | "banners" | "storyboards", "jpg" | "jpeg") => {
            Some("image/jpeg")
        }
        ("thumbnails" | "previews" | "avatars" | "banners", "png") => Some("image/png"),
        ("video-captions", "vtt") => Some("text/vtt; charset=utf-8"),
        _ => None,
    }
}
