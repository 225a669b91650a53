//! Uploads, and waiting for what becomes of them.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt as _;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::{Answer, Client};

pub(crate) const RESUMABLE: &str = "/api/v1/videos/upload-resumable";

/// How long a small clip may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(300);

/// A resumable upload that was begun.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    /// Where parts go, as the node said it.
    pub(crate) place: String,
    pub(crate) size: u64,
}

impl Client {
    /// Asks to begin a resumable upload.
    pub(crate) async fn ask_begin(&self, size: u64, words: &Value) -> Answer {
        let ask = self.ask(Method::POST, RESUMABLE).json(words);
        let ask = ask
            .header("X-Upload-Content-Length", size)
            .header("X-Upload-Content-Type", "video/mp4");
        Answer::to(ask).await
    }

    /// Begins a resumable upload of a file of `size` bytes.
    pub(crate) async fn begin(&self, size: u64, name: &str) -> Begun {
        let words = json!({"name": name, "channelId": self.channel().await, "filename": "clip.mp4", "privacy": 1});
        let begun = self.ask_begin(size, &words).await;
        assert_eq!(begun.status, 201, "{}", begun.text());
        let place = begun.header("location");
        let place =
            place.strip_prefix("//").map_or(place.to_owned(), |rest| format!("http://{rest}"));
        Begun { place, size }
    }

    /// Sends the bytes of a part, the first of which is byte `from`.
    pub(crate) async fn part(&self, begun: &Begun, from: u64, bytes: &[u8]) -> Answer {
        let last = from + bytes.len() as u64 - 1;
        let range = format!("bytes {from}-{last}/{}", begun.size);
        self.part_as(begun, &range, bytes).await
    }

    /// Sends a part with any Content-Range.
    pub(crate) async fn part_as(&self, begun: &Begun, range: &str, bytes: &[u8]) -> Answer {
        let put = self.ask(Method::PUT, &begun.place).header("Content-Range", range);
        let put = put.header("Content-Type", "application/octet-stream").body(bytes.to_vec());
        Answer::to(put).await
    }

    /// Asks how many bytes of an upload are safe.
    pub(crate) async fn received(&self, begun: &Begun) -> u64 {
        let asked = self.part_as(begun, &format!("bytes */{}", begun.size), b"").await;
        assert_eq!(asked.status, 308, "{}", asked.text());
        match asked.header("range") {
            "" => 0,
            range => range.strip_prefix("bytes=0-").unwrap().parse::<u64>().unwrap() + 1,
        }
    }

    /// Uploads bytes by the resumable form, in one part; the video's uuid.
    pub(crate) async fn upload_bytes(&self, bytes: &[u8], name: &str) -> String {
        let begun = self.begin(bytes.len() as u64, name).await;
        uuid(&self.part(&begun, 0, bytes).await.expect_done())
    }

    /// Uploads a file by the resumable form, in one part; the video's uuid.
    pub(crate) async fn upload(&self, clip: &Path, name: &str) -> String {
        self.upload_bytes(&std::fs::read(clip).unwrap(), name).await
    }

    /// Uploads a file as a multipart form, with more fields.
    pub(crate) async fn upload_form(&self, bytes: &[u8], fields: &[(&str, &str)]) -> Answer {
        let channel = self.channel().await;
        let mut form = Form::new().text("channelId", channel.to_string());
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        let file = Part::bytes(bytes.to_vec()).file_name("clip.mp4").mime_str("video/mp4").unwrap();
        self.post_form("/api/v1/videos/upload", form.part("videofile", file)).await
    }

    /// Follows a video's events until `done` likes one; that one.
    pub(crate) async fn wait_for(&self, uuid: &str, done: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let wait = async {
            // A stream may end with the node; the next begins with the present state.
            loop {
                let path = format!("/api/kinora/v1/videos/{uuid}/events");
                let response = self.ask(Method::GET, &path).send().await.unwrap();
                assert_eq!(response.status().as_u16(), 200);
                let (mut events, mut text) = (response.bytes_stream(), Vec::new());
                while let Some(Ok(bytes)) = events.next().await {
                    text.extend_from_slice(&bytes);
                    while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                        let line = String::from_utf8(text.drain(..=end).collect()).unwrap();
                        let Some(data) = line.strip_prefix("data:") else { continue };
                        last = serde_json::from_str(data.trim()).unwrap();
                        if done(&last) {
                            return last.clone();
                        }
                    }
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("{uuid} did not get so far"))
    }

    /// Waits until every rendition is made.
    pub(crate) async fn wait_until_made(&self, uuid: &str) -> Value {
        let made = |state: &Value| {
            let renditions = state["renditions"].as_array().unwrap();
            state["state"] == "failed"
                || (!renditions.is_empty()
                    && renditions.iter().all(|rendition| rendition["state"] == "ready"))
        };
        let state = self.wait_for(uuid, made).await;
        assert_eq!(state["state"], "published", "{state}");
        state
    }

    /// Waits until it is clear that a video cannot be made; why.
    pub(crate) async fn wait_until_failed(&self, uuid: &str) -> Value {
        let over = |state: &Value| state["state"] == "failed" || state["state"] == "published";
        let state = self.wait_for(uuid, over).await;
        assert_eq!(state["state"], "failed", "{state}");
        state["error"].clone()
    }
}

/// The uuid of an answer to an upload.
pub(crate) fn uuid(answer: &Answer) -> String {
    answer.json()["video"]["uuid"].as_str().unwrap().to_owned()
}
