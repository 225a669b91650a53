//! oEmbed (oembed.com, 1.0): how other sites show a video of ours when someone gives them its address.

use actix_web::Responder;
use actix_web::web::{self, Data, Query, ServiceConfig};
use kinora_service::videos;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::api::shapes::video::Details;
use crate::pages::markup::escape;
use crate::problem::Problem;
use crate::server::App;

/// Size of the player unless less is asked for, in pixels.
const SIZE: (u32, u32) = (560, 315);

/// Size of the preview picture, in pixels.
const PICTURE_SIZE: (u32, u32) = (850, 480);

/// Adds the route.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/services/oembed", web::get().to(oembed));
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
struct Asked {
    url: String,
    format: Option<String>,
    maxwidth: Option<u32>,
    maxheight: Option<u32>,
}

/// A video as other sites show it.
#[derive(Serialize)]
struct Rich {
    #[serde(rename = "type")]
    kind: &'static str,
    version: &'static str,
    html: String,
    width: u32,
    height: u32,
    title: String,
    author_name: String,
    author_url: String,
    provider_name: String,
    provider_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_height: Option<u32>,
}

/// Tells how to embed the video of an address.
async fn oembed(app: Data<App>, asked: Query<Asked>) -> Result<impl Responder, Problem> {
    if asked.format.as_deref().is_some_and(|format| format != "json") {
        let status = actix_web::http::StatusCode::NOT_IMPLEMENTED;
        return Err(Problem::new(status, "Requested format is not implemented on server"));
    }
    let id = video_of(&app, &asked.url).ok_or_else(|| Problem::not_found("Video not found"))?;
    let video = videos::details(&app.service, None, &id).await?;
    let video = Details::of(&app.config, &video);
    let facts = &video.facts;
    let (width, height) = fitting(asked.maxwidth, asked.maxheight);
    // A picture must fit as well, or it is not told of.
    let fits = asked.maxwidth.is_none_or(|max| PICTURE_SIZE.0 <= max)
        && asked.maxheight.is_none_or(|max| PICTURE_SIZE.1 <= max);
    let picture = (fits && !facts.nsfw).then(|| app.config.url(&facts.preview_path));
    Ok(web::Json(Rich {
        kind: "video",
        version: "1.0",
        html: format!(
            "<iframe width=\"{width}\" height=\"{height}\" \
             sandbox=\"allow-same-origin allow-scripts allow-popups allow-forms\" title=\"{}\" src=\"{}\" \
             style=\"border: none\" allow=\"fullscreen\"></iframe>",
            escape(&facts.name),
            escape(&app.config.url(&facts.embed_path)),
        ),
        width,
        height,
        title: facts.name.clone(),
        author_name: video.channel.display_name.clone(),
        author_url: video.channel.url.clone(),
        provider_name: app.service.config.instance.name.clone(),
        provider_url: app.config.origin(),
        thumbnail_width: picture.is_some().then_some(PICTURE_SIZE.0),
        thumbnail_height: picture.is_some().then_some(PICTURE_SIZE.1),
        thumbnail_url: picture,
    }))
}

/// What names the video in the address of its page on this node.
fn video_of(app: &App, address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    if url.origin() != app.config.public_url.origin() {
        return None;
    }
    let parts: Vec<_> = url.path_segments()?.filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["w", id] | ["videos", "watch" | "embed", id] => Some((*id).to_owned()),
        _ => None,
    }
}

/// The largest player of the usual shape within what is asked for.
fn fitting(max_width: Option<u32>, max_height: Option<u32>) -> (u32, u32) {
    let (width, height) = SIZE;
    let width = max_width.map_or(width, |max| max.min(width));
    let height = max_height.map_or(height, |max| max.min(height));
    let by_width = width.saturating_mul(9) / 16;
    if by_width <= height { (width, by_width) } else { (height.saturating_mul(16) / 9, height) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_keep_their_shape_within_what_is_asked_for() {
        assert_eq!(fitting(None, None), (560, 315));
        assert_eq!(fitting(Some(320), None), (320, 180));
        assert_eq!(fitting(Some(320), Some(90)), (160, 90));
    }
}
