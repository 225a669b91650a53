//! What lies in the HLS folder of a video: which kind of file a name means.

use actix_web::{HttpRequest, HttpResponse, web};
use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::rendition::Rendition;
use kinora_model::video::parse_uuid;
use uuid::Uuid;

use super::{asker, part, playlists, renditions, segments};
use crate::problem::Problem;
use crate::server::App;

/// What a name in the folder of a video means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Multivariant,
    Media(Id<Rendition>),
    Segment(BlobName),
    /// The file of the rendition with this label number.
    File(u32),
    Hashes,
}

/// Answers with a playlist, a segment, the file of a rendition or the hashes of its parts.
pub(super) async fn get(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("File not found");
    let uuid = parse_uuid(part(&request, "uuid")).ok_or_else(missing)?;
    let named = named(uuid, part(&request, "name")).ok_or_else(missing)?;
    let video = asker::enter(&app, &request, uuid).await?;
    match named {
        Named::Segment(blob) => segments::get(&app, &request, &video, &blob).await,
        Named::Multivariant => playlists::multivariant(&app, &request, &video).await,
        Named::Media(id) => playlists::media(&app, &request, &video, id).await,
        Named::File(resolution) => renditions::file(&app, &request, &video, resolution).await,
        Named::Hashes => playlists::hashes(&app, &request, &video).await,
    }
}

fn named(uuid: Uuid, name: &str) -> Option<Named> {
    if name == "master.m3u8" || name.ends_with("-master.m3u8") {
        return Some(Named::Multivariant);
    }
    if name == "segments-sha256.json" || name.ends_with("-segments-sha256.json") {
        return Some(Named::Hashes);
    }
    let (stem, extension) = name.rsplit_once('.')?;
    match extension {
        "m3u8" => stem.parse().ok().map(Named::Media),
        "m4s" => BlobName::parse(stem).map(Named::Segment),
        "mp4" => match BlobName::parse(stem) {
            Some(blob) => Some(Named::Segment(blob)),
            None => {
                let (named, resolution) = resolution(stem.strip_suffix("-fragmented")?)?;
                (named == uuid).then_some(Named::File(resolution))
            }
        },
        _ => None,
    }
}

/// Reads `{uuid}-{resolution}`.
pub(super) fn resolution(stem: &str) -> Option<(Uuid, u32)> {
    let (uuid, resolution) = stem.rsplit_once('-')?;
    Some((Uuid::try_parse(uuid).ok()?, resolution.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_the_api_gives_out() {
        let uuid = Uuid::from_u128(0x8a5e_e3ad_74f9_4814_a483_204b_1216_8ce1);
        let hash = "ab".repeat(32);
        let blob = BlobName::parse(&hash);
        assert_eq!(named(uuid, "master.m3u8"), Some(Named::Multivariant));
        assert_eq!(named(uuid, "77.m3u8"), Some(Named::Media(Id::from_raw(77))));
        assert_eq!(named(uuid, &format!("{hash}.m4s")), blob.map(Named::Segment));
        assert_eq!(named(uuid, &format!("{hash}.mp4")), blob.map(Named::Segment));
        assert_eq!(named(uuid, &format!("{uuid}-720-fragmented.mp4")), Some(Named::File(720)));
        assert_eq!(named(uuid, "segments-sha256.json"), Some(Named::Hashes));
        assert_eq!(named(Uuid::nil(), &format!("{uuid}-720-fragmented.mp4")), None);
        assert_eq!(named(uuid, "../../etc/passwd"), None);
        assert_eq!(named(uuid, ".m3u8"), None);
    }
}
