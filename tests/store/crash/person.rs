//! Someone who uses a node and remembers what it answered for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::Chance;

mod look;

/// Videos each person keeps at most; then some are deleted.
const VIDEOS_MAX: usize = 4;

const PASSWORD: &str = "a password that is long enough";

/// The node was killed in the middle of a request.
#[derive(Debug)]
struct Gone;

/// Whether the node is being killed: until then, it must answer.
pub(crate) type Doomed = Arc<AtomicBool>;

/// A video as its owner remembers it.
struct Known {
    /// What it may be called: two names while it is not known whether the last change was made.
    names: Vec<String>,
    /// How its owner may have rated it.
    ratings: Vec<&'static str>,
    /// True once its deletion was asked for.
    deleting: bool,
    /// True once it could be watched.
    watchable: bool,
}

/// Someone who uses a node.
pub(crate) struct Person {
    name: String,
    doomed: Doomed,
    /// True for someone who deletes seldom, so that videos are made to their end.
    keeps: bool,
    client: Client,
    clip: PathBuf,
    chance: Chance,
    registered: bool,
    token: String,
    channel: u64,
    videos: BTreeMap<String, Known>,
    /// Where the parts of an upload go that is under way, without the address of the node.
    sending: Option<String>,
    /// Names of uploads that may have arrived.
    uploading: BTreeSet<String>,
    deleted: Vec<String>,
    uploads: u32,
    /// How often each thing was answered for.
    pub(crate) done: BTreeMap<&'static str, u32>,
}

impl Person {
    pub(crate) fn new(number: u32, client: Client, clip: PathBuf, chance: Chance) -> Self {
        Self {
            name: format!("person{number}"),
            doomed: Doomed::default(),
            keeps: number.is_multiple_of(2),
            client,
            clip,
            chance,
            registered: false,
            token: String::new(),
            channel: 0,
            videos: BTreeMap::new(),
            sending: None,
            uploading: BTreeSet::new(),
            deleted: Vec::new(),
            uploads: 0,
            done: BTreeMap::new(),
        }
    }

    /// Does one thing after another until the node does not answer any more.
    pub(crate) async fn use_until_it_is_gone(&mut self, base: &str, doomed: Doomed) {
        self.doomed = doomed;
        while self.do_something(base).await.is_ok() {}
    }

    async fn do_something(&mut self, base: &str) -> Result<(), Gone> {
        if !self.registered {
            return self.register(base).await;
        }
        let some = self.videos.len();
        let pick = self.chance.below(u64::try_from(some.max(1)).unwrap());
        let video = self.videos.keys().nth(usize::try_from(pick).unwrap()).cloned();
        let deletes = !self.keeps || self.chance.below(100) == 0;
        match (video, self.chance.below(10)) {
            (Some(video), 0..=2) => self.rename(base, &video).await,
            (Some(video), 3..=5) => self.rate(base, &video).await,
            (Some(video), 6) if deletes => self.delete(base, &video).await,
            (Some(video), _) if some >= VIDEOS_MAX && deletes => self.delete(base, &video).await,
            (Some(video), _) if some >= VIDEOS_MAX => self.rate(base, &video).await,
            (_, 7) => self.upload_in_parts(base).await,
            _ => self.upload(base).await,
        }
    }

    /// What it means that a request found no answer.
    fn gone(&self, error: &reqwest::Error) -> Gone {
        assert!(self.doomed.load(Ordering::SeqCst), "{} got no answer: {error:?}", self.name);
        Gone
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Response, Gone> {
        let asked = request.bearer_auth(&self.token).send().await;
        let answer = asked.map_err(|error| self.gone(&error))?;
        if answer.status().is_success() || answer.status() == 308 {
            return Ok(answer);
        }
        let (status, url) = (answer.status(), answer.url().clone());
        let body = answer.text().await.map_err(|error| self.gone(&error))?;
        panic!("{} got {status} from {url}: {body}", self.name);
    }

    async fn ask_json(&self, request: RequestBuilder) -> Result<Value, Gone> {
        self.ask(request).await?.json().await.map_err(|error| self.gone(&error))
    }

    async fn get(&self, url: String) -> Value {
        self.ask_json(self.client.get(url)).await.expect("the node answers")
    }

    fn count(&mut self, what: &'static str) {
        *self.done.entry(what).or_insert(0) += 1;
    }

    async fn register(&mut self, base: &str) -> Result<(), Gone> {
        let email = format!("{}@example.org", self.name);
        let body = json!({ "username": self.name, "password": PASSWORD, "email": email });
        self.ask(self.client.post(format!("{base}/api/v1/users/register")).json(&body)).await?;
        self.registered = true;
        self.count("register");
        self.log_in(base).await?.then_some(()).expect("whoever registered can log in");
        self.find_channel(base).await
    }

    async fn log_in(&mut self, base: &str) -> Result<bool, Gone> {
        let url = format!("{base}/api/v1/oauth-clients/local");
        let client = self.ask_json(self.client.get(url)).await?;
        let form = [
            ("client_id", client["client_id"].as_str().unwrap()),
            ("client_secret", client["client_secret"].as_str().unwrap()),
            ("grant_type", "password"),
            ("username", &self.name),
            ("password", PASSWORD),
        ];
        let request = self.client.post(format!("{base}/api/v1/users/token")).form(&form);
        let answer = request.send().await.map_err(|error| self.gone(&error))?;
        if !answer.status().is_success() {
            return Ok(false);
        }
        let token: Value = answer.json().await.map_err(|error| self.gone(&error))?;
        token["access_token"].as_str().unwrap().clone_into(&mut self.token);
        Ok(true)
    }

    async fn find_channel(&mut self, base: &str) -> Result<(), Gone> {
        let me = self.ask_json(self.client.get(format!("{base}/api/v1/users/me"))).await?;
        let channels = me["videoChannels"].as_array().unwrap();
        assert_eq!(channels.len(), 1, "{} has the channel it began with", self.name);
        self.channel = channels[0]["id"].as_u64().unwrap();
        Ok(())
    }

    fn next_name(&mut self) -> String {
        self.uploads += 1;
        let name = format!("video {} of {}", self.uploads, self.name);
        self.uploading.insert(name.clone());
        name
    }

    fn has_uploaded(&mut self, name: String, answer: &Value) {
        self.uploading.remove(&name);
        let uuid = answer["video"]["uuid"].as_str().unwrap().to_owned();
        let known =
            Known { names: vec![name], ratings: vec!["none"], deleting: false, watchable: false };
        self.videos.insert(uuid, known);
    }

    async fn upload(&mut self, base: &str) -> Result<(), Gone> {
        let name = self.next_name();
        let file = Part::bytes(std::fs::read(&self.clip).unwrap());
        let form = Form::new()
            .text("channelId", self.channel.to_string())
            .text("name", name.clone())
            .text("privacy", "1")
            .part("videofile", file.file_name("clip.mp4").mime_str("video/mp4").unwrap());
        let url = format!("{base}/api/v1/videos/upload");
        let answer = self.ask_json(self.client.post(url).multipart(form)).await?;
        self.has_uploaded(name, &answer);
        self.count("upload");
        Ok(())
    }

    async fn upload_in_parts(&mut self, base: &str) -> Result<(), Gone> {
        let name = self.next_name();
        let bytes = std::fs::read(&self.clip).unwrap();
        let body = json!({
            "channelId": self.channel, "name": name, "privacy": 1, "filename": "clip.mp4",
        });
        let begun = self
            .ask(
                self.client
                    .post(format!("{base}/api/v1/videos/upload-resumable"))
                    .header("X-Upload-Content-Length", bytes.len())
                    .header("X-Upload-Content-Type", "video/mp4")
                    .json(&body),
            )
            .await?;
        let location = begun.headers()["Location"].to_str().unwrap().to_owned();
        let url = begun.url().join(&location).unwrap();
        self.sending = Some(url[url::Position::BeforePath..].to_owned());
        let (half, whole) = (bytes.len() / 2, bytes.len());
        let mut answer = Value::Null;
        for (from, to) in [(0, half), (half, whole)] {
            let range = format!("bytes {from}-{}/{whole}", to - 1);
            let request = self.client.put(url.clone()).header("Content-Range", range);
            let said = self.ask(request.body(bytes[from..to].to_vec())).await?;
            if to == whole {
                answer = said.json().await.map_err(|error| self.gone(&error))?;
            }
        }
        self.sending = None;
        self.has_uploaded(name, &answer);
        self.count("resume");
        Ok(())
    }

    async fn rename(&mut self, base: &str, video: &str) -> Result<(), Gone> {
        self.uploads += 1;
        let name = format!("name {} by {}", self.uploads, self.name);
        self.videos.get_mut(video).unwrap().names.push(name.clone());
        let form = Form::new().text("name", name.clone());
        let url = format!("{base}/api/v1/videos/{video}");
        self.ask(self.client.request(Method::PUT, url).multipart(form)).await?;
        self.videos.get_mut(video).unwrap().names = vec![name];
        self.count("rename");
        Ok(())
    }

    async fn rate(&mut self, base: &str, video: &str) -> Result<(), Gone> {
        let pick = usize::try_from(self.chance.below(3)).unwrap();
        let rating = ["like", "dislike", "none"][pick];
        self.videos.get_mut(video).unwrap().ratings.push(rating);
        let url = format!("{base}/api/v1/videos/{video}/rate");
        self.ask(self.client.put(url).json(&json!({ "rating": rating }))).await?;
        self.videos.get_mut(video).unwrap().ratings = vec![rating];
        self.count("rate");
        Ok(())
    }

    async fn delete(&mut self, base: &str, video: &str) -> Result<(), Gone> {
        self.videos.get_mut(video).unwrap().deleting = true;
        self.ask(self.client.delete(format!("{base}/api/v1/videos/{video}"))).await?;
        self.videos.remove(video);
        self.deleted.push(video.to_owned());
        self.count("delete");
        Ok(())
    }
}
