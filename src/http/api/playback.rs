//! Players say how playback went, in the fields of PeerTube's players. It serves statistics alone: anybody can say anything.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kinora_model::traffic::Traffic;
use kinora_service::videos;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::MaybeSignedIn;
use crate::metrics::Played;
use crate::problem::Problem;
use crate::server::App;

/// Bytes that one report may tell of in each field: more than a line carries between two reports.
const BYTES_MAX: u64 = 4 << 30;

/// Stops that one report may tell of.
const STALLS_MAX: u64 = 1_000;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/metrics/playback", web::post().to(report));
}

/// How playback went since the last report; what is not here is passed over.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlaybackMetric {
    /// The video's uuid, short uuid or number.
    #[schema(value_type = String)]
    video_id: serde_json::Value,
    /// Bytes that came from other viewers.
    #[serde(rename = "downloadedBytesP2P")]
    downloaded_bytes_p2p: u64,
    /// Bytes that came from servers.
    #[serde(rename = "downloadedBytesHTTP")]
    downloaded_bytes_http: u64,
    /// Bytes that were given to other viewers.
    #[serde(rename = "uploadedBytesP2P")]
    uploaded_bytes_p2p: u64,
    /// How often the picture stood still for want of bytes.
    #[serde(default)]
    buffer_stalled: u64,
}

/// Takes a report.
#[utoipa::path(
    post,
    path = "/api/v1/metrics/playback",
    tag = "Stats",
    request_body = PlaybackMetric,
    responses((status = 204), (status = 400), (status = 404))
)]
pub(crate) async fn report(
    app: web::Data<App>,
    who: MaybeSignedIn,
    said: web::Json<PlaybackMetric>,
) -> Result<impl Responder, Problem> {
    let id = match &said.video_id {
        serde_json::Value::String(id) => id.clone(),
        serde_json::Value::Number(id) => id.to_string(),
        _ => return Err(Problem::invalid("videoId", "Should be the id of a video")),
    };
    let video = videos::find(&app.service, who.0.as_ref(), &id).await?;
    let bytes = [
        ("downloadedBytesP2P", said.downloaded_bytes_p2p),
        ("downloadedBytesHTTP", said.downloaded_bytes_http),
        ("uploadedBytesP2P", said.uploaded_bytes_p2p),
    ];
    if let Some((field, _)) = bytes.iter().find(|(_, bytes)| *bytes > BYTES_MAX) {
        return Err(Problem::invalid(*field, "Should be at most 4 GiB"));
    }
    if said.buffer_stalled > STALLS_MAX {
        return Err(Problem::invalid("bufferStalled", "Should be at most 1000"));
    }
    let traffic = Traffic {
        from_node: 0,
        from_peers: said.downloaded_bytes_p2p,
        given: said.uploaded_bytes_p2p,
        stalls: said.buffer_stalled,
    };
    app.service.traffic.passed(video.id, traffic);
    app.metrics.played(&Played {
        from_peers: said.downloaded_bytes_p2p,
        from_origin: said.downloaded_bytes_http,
        given: said.uploaded_bytes_p2p,
        stalls: said.buffer_stalled,
    });
    Ok(HttpResponse::NoContent())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use actix_web::http::StatusCode;
    use kinora_model::user::Role;
    use serde_json::json;

    use crate::stage::Stage;

    const PATH: &str = "/api/v1/metrics/playback";

    #[actix_web::test]
    async fn reports_are_counted_and_made_up_ones_refused() {
        let stage = Stage::new();
        let owner = stage.user("ana", Role::User).await;
        let other = stage.user("ben", Role::User).await;
        let root = stage.user("root", Role::Administrator).await;
        let video = stage.video("ana", "A film").await;
        let report = json!({
            "playerMode": "p2p-media-loader", "resolution": 720, "fps": null, "p2pEnabled": true,
            "p2pPeers": 2, "resolutionChanges": 0, "errors": 0, "bufferStalled": 1,
            "downloadedBytesP2P": 300, "downloadedBytesHTTP": 100, "uploadedBytesP2P": 50,
            "videoId": video,
        });
        assert_eq!(stage.post(PATH, "", &report).await.status, StatusCode::NO_CONTENT);
        let told = stage.text("/metrics", "").await;
        for line in [
            r#"http_played_bytes_total{way="Peers"} 300"#,
            r#"http_played_bytes_total{way="Origin"} 100"#,
            r#"http_played_bytes_total{way="Given"} 50"#,
            "http_stalls_total 1",
        ] {
            assert!(told.contains(line), "{line}: {told}");
        }
        let of_video = format!("/api/kinora/v1/videos/{video}/traffic");
        for (path, token) in [(of_video.as_str(), &owner), ("/api/kinora/v1/server/traffic", &root)]
        {
            assert_eq!(stage.get(path, "").await.status, StatusCode::UNAUTHORIZED);
            assert_eq!(stage.get(path, &other).await.status, StatusCode::FORBIDDEN);
            let told = stage.get(path, token).await.body;
            let ways = json!({ "fromNode": 0, "fromPeers": 300, "given": 50, "stalls": 1 });
            assert_eq!((&told["total"], &told["offload"]), (&ways, &json!(1.0)));
            let days = told["days"].as_array().unwrap();
            assert_eq!((days.len(), &days[29]["fromPeers"]), (30, &json!(300)));
        }
        for (field, value, status) in [
            ("downloadedBytesP2P", json!(u64::MAX), StatusCode::BAD_REQUEST),
            ("uploadedBytesP2P", json!(-1), StatusCode::BAD_REQUEST),
            ("bufferStalled", json!(100_000), StatusCode::BAD_REQUEST),
            ("videoId", json!([]), StatusCode::BAD_REQUEST),
            ("videoId", json!("nowhere"), StatusCode::NOT_FOUND),
        ] {
            let mut bad = report.clone();
            bad[field] = value;
            assert_eq!(stage.post(PATH, "", &bad).await.status, status, "{field}");
        }
    }
}
