//! Files to keep: the same bytes as the renditions' files, with a name.

use std::fs::File;
use std::io::Read;

use actix_web::body::SizedStream;
use actix_web::http::Method;
use actix_web::http::header::{
    CONTENT_DISPOSITION, Charset, ContentDisposition, DispositionParam, DispositionType,
    ExtendedValue,
};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use kinora_media::Error;
use kinora_media::files::SLICE_BYTES;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::{Video, parse_uuid};

use super::{asker, part, renditions, streams};
use crate::problem::Problem;
use crate::server::App;

/// The longest name of a file that is offered, in characters.
const NAME_MAX: usize = 120;

/// Answers with the file of one rendition, to be kept (`{uuid}-{resolution}-fragmented.mp4`).
pub(super) async fn rendition(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let stem = part(&request, "name").strip_suffix("-fragmented.mp4");
    let named = stem.and_then(streams::resolution);
    let (uuid, resolution) = named.ok_or_else(|| Problem::not_found("File not found"))?;
    let video = asker::enter(&app, &request, uuid).await?;
    offered(&app, &request, &video).await?;
    let rendition = renditions::whole(&app, &video, resolution).await?;
    let response = renditions::send(&app, &request, &video, &rendition).await?;
    Ok(attached(response, &file_name(&video, &rendition)))
}

/// Answers with the largest of the files that are named by `videoFileIds`, put together for players that want the
/// index first.
pub(super) async fn generate(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("Video not found");
    let uuid = parse_uuid(part(&request, "id")).ok_or_else(missing)?;
    let video = asker::enter(&app, &request, uuid).await?;
    offered(&app, &request, &video).await?;
    let wanted = asker::query(&request, "videoFileIds");
    let named = |rendition: &Rendition| wanted.iter().any(|id| id.parse() == Ok(rendition.id));
    let chosen = renditions::all(&app, &video).await?.into_iter().filter(named);
    let chosen = chosen.max_by_key(|rendition| rendition.resolution);
    let chosen = chosen.ok_or_else(|| Problem::invalid("videoFileIds", "no such file"))?;
    if chosen.state != RenditionState::Ready {
        return Err(renditions::not_ready(&video));
    }
    let name = file_name(&video, &chosen);
    if request.method() == Method::HEAD {
        let response = HttpResponse::Ok().content_type("video/mp4").finish();
        return Ok(attached(response, &name));
    }
    let download = app.media.download(&chosen).await?;
    let file = File::open(download.path()).map_err(Error::from)?;
    let length = download.bytes();
    // The file lives as long as it is being sent.
    let sent = futures::stream::try_unfold((file, download), |(mut file, download)| async move {
        let mut slice = Vec::new();
        let read = (&mut file).take(SLICE_BYTES).read_to_end(&mut slice)?;
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(slice), (file, download))))
    });
    let response =
        HttpResponse::Ok().content_type("video/mp4").body(SizedStream::new(length, sent));
    Ok(attached(response, &name))
}

/// Refuses what its owner does not offer for download; whoever may edit the video has it all the same.
async fn offered(app: &App, request: &HttpRequest, video: &Video) -> Result<(), Problem> {
    if video.words.download {
        return Ok(());
    }
    let viewer = asker::viewer(app, request).await;
    if viewer.is_some_and(|viewer| viewer.may_edit(video)) {
        return Ok(());
    }
    Err(Problem::forbidden("Downloads are disabled for this video"))
}

/// An answer that browsers save under a name.
pub(super) fn attached(mut response: HttpResponse, name: &str) -> HttpResponse {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_ ".contains(c) { c } else { '_' };
    let parameters = vec![
        DispositionParam::Filename(name.chars().map(plain).collect()),
        DispositionParam::FilenameExt(ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: name.as_bytes().to_vec(),
        }),
    ];
    let header = ContentDisposition { disposition: DispositionType::Attachment, parameters };
    if let Ok(value) = actix_web::http::header::TryIntoHeaderValue::try_into_value(header) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// `Title-720p.mp4`, without what paths and headers cannot hold.
pub(super) fn file_name(video: &Video, rendition: &Rendition) -> String {
    let harmless = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    let title: String = video.words.title.as_str().chars().map(harmless).take(NAME_MAX).collect();
    format!("{}-{}.mp4", title.trim().trim_start_matches('.'), rendition.rung)
}
