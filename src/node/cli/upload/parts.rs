//! The file, part by part: what broke off goes on where the node says that it stopped.

use std::io::SeekFrom;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::stream;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{Body, Method, Response, StatusCode};
use serde_json::Value;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::client::{Client, accepted, json, text};

/// Bytes of a part: what is sent again at most when a connection breaks.
const PART_BYTES: u64 = 16 << 20;

/// Bytes after which the bar moves.
const STEP_BYTES: usize = 64 << 10;

/// How often a part is tried before giving up.
const TRIES_MAX: u32 = 10;

/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(60);

const RESUMABLE: &str = "/api/v1/videos/upload-resumable";

/// The video that an upload became.
pub(super) struct Uploaded {
    /// Its uuid.
    pub(super) uuid: String,
    /// The same, as it stands in addresses.
    pub(super) short: String,
}

/// How a part ended.
enum Sent {
    /// The node has everything up to this byte.
    UpTo(u64),
    /// The node has all of it.
    Whole(Uploaded),
}

/// Sends a file of `size` bytes, with what is said about it.
pub(super) async fn send(
    client: &Client,
    path: &Path,
    size: u64,
    words: &Value,
) -> anyhow::Result<Uploaded> {
    let begun = client
        .ask(Method::POST, RESUMABLE)?
        .header("X-Upload-Content-Length", size)
        .header("X-Upload-Content-Type", "application/octet-stream")
        .json(words)
        .send()
        .await?;
    let begun = accepted(begun).await?;
    let place = begun.headers().get(LOCATION).and_then(|place| place.to_str().ok());
    let place = place.context("the node does not say where to upload to")?.to_owned();
    // Relative to the scheme, as some servers write it.
    let place = place.strip_prefix("//").map_or(place.clone(), |rest| format!("http://{rest}"));

    let bar = bar(size);
    let mut file = File::open(path).await.with_context(|| path.display().to_string())?;
    let (mut at, mut tries) = (0_u64, 0_u32);
    loop {
        bar.set_position(at);
        let sent = match part(client, &place, &mut file, at, size, &bar).await {
            Ok(sent) => Ok(sent),
            Err(error) => {
                tries = tries.saturating_add(1);
                if tries >= TRIES_MAX || !error.passes {
                    bar.abandon();
                    return Err(error.why);
                }
                bar.set_message(format!("broken off, try {tries} of {TRIES_MAX}"));
                tokio::time::sleep(error.wait.unwrap_or_else(|| wait_after(tries))).await;
                state(client, &place, size).await
            }
        };
        match sent {
            Ok(Sent::Whole(video)) => {
                bar.set_position(size);
                bar.finish_with_message("uploaded");
                return Ok(video);
            }
            Ok(Sent::UpTo(byte)) => {
                if byte > at {
                    tries = 0;
                    bar.set_message("");
                }
                at = byte;
            }
            Err(error) if error.passes => {}
            Err(error) => return Err(error.why),
        }
    }
}

/// Doubles from half a second up to [`WAIT_MAX`].
fn wait_after(tries: u32) -> Duration {
    let doubled = Duration::from_millis(250).saturating_mul(1_u32.wrapping_shl(tries.min(10)));
    doubled.min(WAIT_MAX)
}

/// Why a part did not arrive, and whether the same may work later.
struct Broken {
    why: anyhow::Error,
    passes: bool,
    wait: Option<Duration>,
}

impl From<reqwest::Error> for Broken {
    fn from(error: reqwest::Error) -> Self {
        Self { why: error.into(), passes: true, wait: None }
    }
}

impl From<anyhow::Error> for Broken {
    fn from(why: anyhow::Error) -> Self {
        Self { why, passes: false, wait: None }
    }
}

async fn part(
    client: &Client,
    place: &str,
    file: &mut File,
    from: u64,
    size: u64,
    bar: &ProgressBar,
) -> Result<Sent, Broken> {
    let bytes = read(file, from, size.saturating_sub(from).min(PART_BYTES)).await?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let last = from.saturating_add(length).saturating_sub(1);
    let steps: Vec<bytes::Bytes> = steps(bytes);
    let bar = bar.clone();
    let told = move |step: bytes::Bytes| {
        bar.inc(u64::try_from(step.len()).unwrap_or(0));
        Ok::<_, std::io::Error>(step)
    };
    let body = Body::wrap_stream(stream::iter(steps.into_iter().map(told)));
    let sent = client
        .ask(Method::PUT, place)?
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_RANGE, format!("bytes {from}-{last}/{size}"))
        .header(CONTENT_LENGTH, length)
        .body(body)
        .send()
        .await?;
    outcome(sent).await
}

/// Asks the node how much it has.
async fn state(client: &Client, place: &str, size: u64) -> Result<Sent, Broken> {
    let asked = client
        .ask(Method::PUT, place)?
        .header(CONTENT_RANGE, format!("bytes */{size}"))
        .header(CONTENT_LENGTH, 0)
        .send()
        .await?;
    outcome(asked).await
}

async fn outcome(response: Response) -> Result<Sent, Broken> {
    let status = response.status();
    // What a node says that is full, busy, or just starting: the same part may be taken later.
    let passes = status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::CONFLICT
                | StatusCode::RANGE_NOT_SATISFIABLE
        );
    let wait =
        response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let wait = wait.map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX));
    let response = match accepted(response).await {
        Ok(response) => response,
        Err(why) => return Err(Broken { why, passes, wait }),
    };
    if status == StatusCode::PERMANENT_REDIRECT {
        return Ok(Sent::UpTo(received(&response)?));
    }
    let answer = json(response).await?;
    Ok(Sent::Whole(Uploaded {
        uuid: text(&answer, "/video/uuid")?.to_owned(),
        short: text(&answer, "/video/shortUUID")?.to_owned(),
    }))
}

/// The byte after the last of `Range: bytes=0-N`; 0 without one.
fn received(response: &Response) -> anyhow::Result<u64> {
    let Some(range) = response.headers().get(RANGE) else { return Ok(0) };
    let range = range.to_str().context("the node's Range is not text")?;
    let Some((_, last)) = range.split_once('-') else { bail!("the node's Range is {range}") };
    Ok(last.trim().parse::<u64>().context("the node's Range")?.saturating_add(1))
}

async fn read(file: &mut File, from: u64, length: u64) -> anyhow::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from)).await.context("the file cannot be read")?;
    let mut bytes = vec![0; usize::try_from(length)?];
    let read = file.read_exact(&mut bytes).await;
    read.context("the file became shorter while it was uploaded")?;
    Ok(bytes)
}

fn steps(bytes: Vec<u8>) -> Vec<bytes::Bytes> {
    let mut rest = bytes::Bytes::from(bytes);
    let mut steps = Vec::new();
    while rest.len() > STEP_BYTES {
        steps.push(rest.split_to(STEP_BYTES));
    }
    steps.push(rest);
    steps
}

fn bar(size: u64) -> ProgressBar {
    let look = "{prefix:>8} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta} {msg}";
    let style = ProgressStyle::with_template(look).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(size).with_style(style).with_prefix("upload")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        assert_eq!(wait_after(1), Duration::from_millis(500));
        assert_eq!(wait_after(2), Duration::from_secs(1));
        assert_eq!(wait_after(60), WAIT_MAX);
    }

    #[test]
    fn a_part_is_told_step_by_step_and_whole() {
        let told = steps(vec![7; STEP_BYTES * 2 + 5]);
        assert_eq!(
            told.iter().map(bytes::Bytes::len).collect::<Vec<_>>(),
            [STEP_BYTES, STEP_BYTES, 5]
        );
    }
}
