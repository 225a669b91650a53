//! The fast lane: segments that everybody may have are answered before anything else looks at the request. They are
//! most of what a node sends, and need neither routes nor logs.
//!
//! Whatever is not as simple as that goes the ordinary way, which answers the same.

use std::time::Instant;

use actix_web::Error;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue, ORIGIN,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use kinora_media::door::Asker;
use kinora_model::picture::BlobName;
use uuid::Uuid;

use super::segments;
use crate::server::App;

/// The folder of all videos.
const FOLDER: &str = "/static/streaming-playlists/hls/";

/// Headers of an answer that pages of other sites may read.
const EXPOSED: &str = "accept-ranges, content-length, content-range, etag";

/// Answers what belongs on the fast lane, and hands on the rest.
pub(crate) async fn fast<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<BoxBody, B>>, Error> {
    let named = (request.method() == Method::GET && request.query_string().is_empty())
        .then(|| named(request.path()))
        .flatten();
    let app = request.app_data::<Data<App>>().cloned();
    if let (Some((uuid, blob)), Some(app)) = (named, app) {
        let began = Instant::now();
        let door = &app.media.door;
        if let Ok(video) = door.enter(&app.service, uuid, &Asker::default()).await
            && let Ok(mut answer) = segments::get(&app, request.request(), &video, &blob).await
        {
            let everybody = HeaderValue::from_static("*");
            answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
            if request.headers().contains_key(ORIGIN) {
                let exposed = HeaderValue::from_static(EXPOSED);
                answer.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            }
            app.metrics.answered(request.path(), answer.status(), began.elapsed());
            return Ok(request.into_response(answer).map_into_left_body());
        }
    }
    Ok(next.call(request).await?.map_into_right_body())
}

/// The video and the segment that a path names.
fn named(path: &str) -> Option<(Uuid, BlobName)> {
    let (uuid, name) = path.strip_prefix(FOLDER)?.split_once('/')?;
    let blob = name.strip_suffix(".m4s").or_else(|| name.strip_suffix(".mp4"))?;
    Some((Uuid::try_parse(uuid).ok()?, BlobName::parse(blob)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_segments_take_the_fast_lane() {
        let (uuid, hash) = (Uuid::nil(), "ab".repeat(32));
        assert!(named(&format!("{FOLDER}{uuid}/{hash}.m4s")).is_some());
        assert!(named(&format!("{FOLDER}{uuid}/{hash}.mp4")).is_some());
        assert!(named(&format!("{FOLDER}private/{uuid}/{hash}.m4s")).is_none());
        assert!(named(&format!("{FOLDER}{uuid}/master.m3u8")).is_none());
        assert!(named(&format!("{FOLDER}{uuid}/{hash}.m4s/")).is_none());
        assert!(named("/api/v1/videos").is_none());
    }
}
