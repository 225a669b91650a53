//! Pictures that people pick for themselves and their channels.

use actix_multipart::{Multipart, MultipartError};
use bytes::Bytes;
use futures::StreamExt;
use kinora_media::images::{Fit, Size};
use kinora_service::pictures::{AVATAR_SIZES, BANNER_SIZES, NewPicture};
use tokio::io::AsyncWriteExt;

use crate::problem::Problem;
use crate::server::App;

/// The largest avatar that is taken, in bytes.
pub(crate) const AVATAR_BYTES_MAX: usize = 4 << 20;

/// The largest banner that is taken, in bytes.
pub(crate) const BANNER_BYTES_MAX: usize = 8 << 20;

/// The most parts of a form.
const PARTS_MAX: usize = 20;

/// Reads the part `avatarfile`, and makes all sizes of it.
///
/// # Errors
/// 400 if there is no such part, or if it is no picture; 413 if it is too large.
pub(crate) async fn avatar(app: &App, form: Multipart) -> Result<Vec<NewPicture>, Problem> {
    let file = part(form, "avatarfile", AVATAR_BYTES_MAX).await?;
    let size = |side: u32| Size { width: side, height: side, fit: Fit::Cover };
    make(app, "avatarfile", file, &AVATAR_SIZES.map(size)).await
}

/// Reads the part `bannerfile`, and makes all sizes of it.
///
/// # Errors
/// As [`avatar`].
pub(crate) async fn banner(app: &App, form: Multipart) -> Result<Vec<NewPicture>, Problem> {
    let file = part(form, "bannerfile", BANNER_BYTES_MAX).await?;
    let size = |(width, height): (u32, u32)| Size { width, height, fit: Fit::Cover };
    make(app, "bannerfile", file, &BANNER_SIZES.map(size)).await
}

/// Reads one part of a form.
///
/// # Errors
/// 400 if there is no such part, 413 if it is too large.
pub(crate) async fn part(
    mut form: Multipart,
    name: &'static str,
    max: usize,
) -> Result<Bytes, Problem> {
    for _ in 0..PARTS_MAX {
        let Some(next) = form.next().await else { break };
        let mut field = next.map_err(|error| broken(&error))?;
        if field.name() == Some(name) {
            return match field.bytes(max).await {
                Ok(Ok(bytes)) if !bytes.is_empty() => Ok(bytes),
                Ok(Ok(_)) => Err(Problem::invalid(name, "The file is empty")),
                Ok(Err(_)) => Err(Problem::bad_request("The form ended early")),
                Err(_) => Err(Problem::new(
                    actix_web::http::StatusCode::PAYLOAD_TOO_LARGE,
                    format!("The file is too large: at most {max} bytes are taken"),
                )),
            };
        }
    }
    Err(Problem::invalid(name, "The file is missing"))
}

fn broken(error: &MultipartError) -> Problem {
    Problem::bad_request(format!("The form cannot be read: {error}"))
}

/// Makes sizes of a picture in the sandbox.
///
/// # Errors
/// 400 naming `field` if it is no picture.
/// Makes pictures of a file that someone sent, one for each size.
///
/// # Errors
/// 400 naming the field if it is no picture.
pub(crate) async fn make(
    app: &App,
    field: &'static str,
    file: Bytes,
    sizes: &[Size],
) -> Result<Vec<NewPicture>, Problem> {
    let (path, kept) =
        write(&file).await.map_err(|error| Problem::from(kinora_service::Error::from(error)))?;
    let made = app.media.picture(&path, sizes).await;
    drop(kept);
    let made = made.map_err(|error| match error {
        kinora_media::Error::Refused { detail, .. } => Problem::invalid(field, detail),
        other => Problem::from(other),
    })?;
    let picture = |made: kinora_media::images::Made| NewPicture {
        bytes: made.bytes,
        width: made.width,
        height: made.height,
    };
    Ok(made.into_iter().map(picture).collect())
}

/// Writes bytes to a file that is gone when the path is dropped.
async fn write(bytes: &Bytes) -> std::io::Result<(std::path::PathBuf, tempfile::TempPath)> {
    let (file, kept) = tempfile::NamedTempFile::new()?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    file.write_all(bytes).await?;
    file.flush().await?;
    Ok((kept.to_path_buf(), kept))
}
