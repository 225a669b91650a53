//! What is said of a video: as a form with files, a plain form, or JSON; bounded, whatever comes.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use bytes::Bytes;
use futures::StreamExt;
use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::text::{Support, Tag};
use kinora_model::video::{CommentsPolicy, Privacy};
use kinora_service::Viewer;
use kinora_service::uploads::{self, Spool};
use kinora_service::videos::Change;
use serde_json::Value;

use super::fields::{known, text};
use crate::problem::Problem;
use crate::server::App;

/// The longest value of a field, in bytes: ten thousand characters fit.
const FIELD_BYTES_MAX: usize = 64 << 10;

/// The most fields of a form.
const FIELDS_MAX: usize = 100;

/// The largest picture that is taken, in bytes.
const PICTURE_BYTES_MAX: usize = 4 << 20;

/// The largest plain form or JSON, in bytes.
const BODY_BYTES_MAX: usize = 256 << 10;

/// What is read on of a form that is refused, so that its sender hears why.
const DRAINED_BYTES_MAX: u64 = 64 << 20;

/// What is said of a video.
#[derive(Debug, Default)]
pub(crate) struct VideoForm {
    /// Values by field: none of them for an empty list, `None` for null.
    fields: BTreeMap<String, Vec<Option<String>>>,
    /// The picture that is to stand for it, with the field that it came in.
    pub(crate) picture: Option<(&'static str, Bytes)>,
    /// The video's file and its name.
    pub(crate) file: Option<(Spool, String)>,
}

/// Reads a form; its video file is taken in for `uploader`, and passed over if there is none.
///
/// # Errors
/// 400 if it cannot be read or a field is too long, 408 if nothing comes any more, 413 and 507 if the file does not fit.
/// Nothing is left of its files.
pub(crate) async fn read(
    app: &App,
    request: &HttpRequest,
    payload: web::Payload,
    uploader: Option<&Viewer>,
) -> Result<VideoForm, Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "multipart/form-data" => {
            let form = Multipart::new(request.headers(), payload);
            Reader { app, request, uploader, form: VideoForm::default() }.multipart(form).await
        }
        "application/x-www-form-urlencoded" => {
            let body = whole(app, payload).await?;
            let pairs: Result<Vec<(String, String)>, _> = serde_urlencoded::from_bytes(&body);
            let pairs =
                pairs.map_err(|_unreadable| Problem::bad_request("The form cannot be read"))?;
            let mut form = VideoForm::default();
            pairs.into_iter().try_for_each(|(key, value)| form.put(&key, value))?;
            Ok(form)
        }
        _ => {
            let body = whole(app, payload).await?;
            let json: Value = serde_json::from_slice(&body)
                .map_err(|error| Problem::bad_request(format!("The JSON is wrong: {error}")))?;
            VideoForm::of_json(json)
        }
    }
}

/// How long a request may bring nothing.
pub(crate) fn stall(app: &App) -> Duration {
    Duration::from_secs(app.service.config.uploads.stall_timeout_s.max(1))
}

/// The problem of a request that brings nothing any more.
pub(crate) fn stalled() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "Nothing came for too long; what came is kept")
}

async fn whole(app: &App, mut payload: web::Payload) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::new();
    let mut drained = 0_u64;
    loop {
        let next = tokio::time::timeout(stall(app), payload.next()).await;
        let Some(chunk) = next.map_err(|_elapsed| stalled())? else { break };
        let chunk = chunk.map_err(|_unreadable| Problem::bad_request("The body broke off"))?;
        if body.len().saturating_add(chunk.len()) <= BODY_BYTES_MAX && drained == 0 {
            body.extend_from_slice(&chunk);
        } else {
            drained = drained.saturating_add(length(&chunk));
        }
        if drained > DRAINED_BYTES_MAX {
            break;
        }
    }
    if drained > 0 {
        return Err(Problem::bad_request("What is said of the video is too long"));
    }
    Ok(body)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A field on its way in: once it has ended it must not be asked again.
struct Coming {
    field: Field,
    ended: bool,
}

struct Reader<'a> {
    app: &'a App,
    request: &'a HttpRequest,
    uploader: Option<&'a Viewer>,
    form: VideoForm,
}

impl Reader<'_> {
    async fn multipart(mut self, mut form: Multipart) -> Result<VideoForm, Problem> {
        let (mut refused, mut drained, mut fields) = (None, 0_u64, 0_usize);
        loop {
            let next = tokio::time::timeout(stall(self.app), form.next()).await;
            let Some(field) = next.map_err(|_elapsed| stalled())? else { break };
            let field = field.map_err(|error| broken(&error))?;
            let mut field = Coming { field, ended: false };
            fields = fields.saturating_add(1);
            if fields > FIELDS_MAX {
                return Err(Problem::bad_request("The form has too many fields"));
            }
            if refused.is_none() {
                refused = self.field(&mut field).await.err();
            }
            // Whoever still sends reads no answer: the rest is passed over first, within reason.
            while let Some(chunk) = self.next(&mut field).await? {
                drained = drained.saturating_add(length(&chunk));
                if drained > DRAINED_BYTES_MAX {
                    return Err(
                        refused.unwrap_or_else(|| Problem::bad_request("The form is too large"))
                    );
                }
            }
        }
        match refused {
            Some(problem) => Err(problem),
            None => Ok(self.form),
        }
    }

    async fn next(&self, coming: &mut Coming) -> Result<Option<Bytes>, Problem> {
        if coming.ended {
            return Ok(None);
        }
        let next = tokio::time::timeout(stall(self.app), coming.field.next()).await;
        let chunk = next.map_err(|_elapsed| stalled())?;
        coming.ended = !matches!(chunk, Some(Ok(_)));
        chunk.transpose().map_err(|error| broken(&error))
    }

    async fn field(&mut self, field: &mut Coming) -> Result<(), Problem> {
        let Some(name) = field.field.name().map(str::to_owned) else { return Ok(()) };
        match name.as_str() {
            "videofile" => self.video(field).await,
            // The larger one is asked for first; small pictures are made of it as well.
            "previewfile" => self.picture("previewfile", field).await,
            "thumbnailfile" if self.form.picture.is_none() => {
                self.picture("thumbnailfile", field).await
            }
            "thumbnailfile" => Ok(()),
            _ => {
                let value = self.bounded(&name, field, FIELD_BYTES_MAX).await?;
                let value = String::from_utf8(value).map_err(|_unreadable| {
                    Problem::invalid(name.clone(), "Should be text in UTF-8")
                })?;
                self.form.put(&name, value)
            }
        }
    }

    async fn bounded(
        &self,
        name: &str,
        field: &mut Coming,
        bytes_max: usize,
    ) -> Result<Vec<u8>, Problem> {
        let mut value = Vec::new();
        while let Some(chunk) = self.next(field).await? {
            if value.len().saturating_add(chunk.len()) > bytes_max {
                let reason = format!("Should have at most {bytes_max} bytes");
                return Err(Problem::invalid(name.to_owned(), reason));
            }
            value.extend_from_slice(&chunk);
        }
        Ok(value)
    }

    async fn picture(&mut self, name: &'static str, field: &mut Coming) -> Result<(), Problem> {
        let bytes = self.bounded(name, field, PICTURE_BYTES_MAX).await?;
        if !bytes.is_empty() {
            self.form.picture = Some((name, bytes.into()));
        }
        Ok(())
    }

    async fn video(&mut self, field: &mut Coming) -> Result<(), Problem> {
        let Some(who) = self.uploader else { return Ok(()) };
        if self.form.file.is_some() {
            return Err(Problem::invalid("videofile", "Should be one file"));
        }
        let said = field.field.content_disposition().and_then(|it| it.get_filename());
        let filename = said.unwrap_or_default().to_owned();
        let announced = self.request.headers().get(CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        // The form around the file is small beside what a quota is counted in.
        let announced = announced.map(|bytes| bytes.saturating_sub(length(&[0; 8_192])));
        let mut spool = uploads::spool(&self.app.service, who, announced).await?;
        while let Some(chunk) = self.next(field).await? {
            spool.push(&chunk).await?;
        }
        self.form.file = Some((spool, filename));
        Ok(())
    }
}

fn broken(error: &actix_multipart::MultipartError) -> Problem {
    Problem::bad_request(format!("The form cannot be read: {error}"))
}

impl VideoForm {
    fn of_json(json: Value) -> Result<Self, Problem> {
        let Value::Object(object) = json else {
            return Err(Problem::bad_request("The JSON should be an object"));
        };
        let text = |value: Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        let mut form = Self::default();
        for (key, value) in object {
            let values = match value {
                Value::Array(values) => values.into_iter().map(text).collect(),
                value => vec![text(value)],
            };
            form.fields.insert(key, values);
        }
        Ok(form)
    }

    /// Adds a value of a form: `tags`, `tags[]` and `tags[0]` are one list, `null` is null.
    fn put(&mut self, key: &str, value: String) -> Result<(), Problem> {
        let name = key.split('[').next().unwrap_or(key);
        let values = self.fields.entry(name.to_owned()).or_default();
        if values.len() >= FIELDS_MAX {
            return Err(Problem::invalid(name.to_owned(), "Has too many values"));
        }
        values.push(Some(value).filter(|value| value != "null"));
        Ok(())
    }

    /// The last value of a field that is there: `Some(None)` if it is null or empty.
    fn value(&self, field: &str) -> Option<Option<&str>> {
        let values = self.fields.get(field)?;
        Some(values.last().and_then(Option::as_deref).filter(|value| !value.trim().is_empty()))
    }

    /// The value of a field that must have one where it is there.
    fn said(&self, field: &'static str) -> Option<&str> {
        self.value(field).flatten()
    }

    fn text_or_null<const MAX: usize>(
        &self,
        field: &'static str,
    ) -> Result<Option<Option<kinora_model::text::Text<0, MAX>>>, Problem> {
        self.value(field).map(|value| value.map(|raw| text(field, raw)).transpose()).transpose()
    }

    fn parsed<T: std::str::FromStr>(&self, field: &'static str) -> Result<Option<T>, Problem> {
        let value = self.said(field);
        value.map(|raw| known(field, raw.trim().parse().ok(), short(raw))).transpose()
    }

    fn number_or_null(&self, field: &'static str) -> Result<Option<Option<u8>>, Problem> {
        match self.value(field) {
            None => Ok(None),
            Some(None) => Ok(Some(None)),
            Some(Some(_)) => Ok(Some(self.parsed::<u8>(field)?)),
        }
    }

    fn flag(&self, field: &'static str) -> Result<Option<bool>, Problem> {
        let flag = |raw: &str| match raw {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(Problem::invalid(field, "Should be a boolean")),
        };
        self.said(field).map(flag).transpose()
    }

    /// The name of the file that is to come.
    pub(crate) fn filename(&self) -> Option<&str> {
        self.said("filename").or_else(|| self.said("inputFilename"))
    }

    /// The size of the file that is to come, in bytes.
    pub(crate) fn filesize(&self) -> Result<Option<u64>, Problem> {
        Ok(self.parsed("filesize")?.or(self.parsed("size")?))
    }

    /// What it changes of a video.
    ///
    /// # Errors
    /// 400 naming the field that is not as it must be, or that asks for what this node has not.
    pub(crate) fn change(&self) -> Result<Change, Problem> {
        for field in ["scheduleUpdate", "videoPasswords"] {
            if self.said(field).is_some() {
                return Err(Problem::invalid(field, "This server does not support it"));
            }
        }
        let title = self.value("name").map(|raw| text("name", raw.unwrap_or_default()));
        let original = self.value("originallyPublishedAt").map(|raw| {
            let moment = |raw| known("originallyPublishedAt", Timestamp::parse(raw), short(raw));
            raw.map(moment).transpose()
        });
        Ok(Change {
            channel: self.parsed::<u64>("channelId")?.map(Id::from_raw),
            title: title.transpose()?,
            description: self.text_or_null("description")?,
            support: self.text_or_null("support")?,
            tags: self.tags()?,
            category: self.number_or_null("category")?,
            licence: self.number_or_null("licence")?,
            language: self.value("language").map(|code| code.map(str::to_owned)),
            privacy: self.privacy()?,
            sensitive: self.flag("nsfw")?,
            sensitive_flags: self.parsed("nsfwFlags")?,
            sensitive_summary: self.text_or_null::<{ SUPPORT_MAX }>("nsfwSummary")?,
            comments: self.comments()?,
            download: self.flag("downloadEnabled")?,
            originally_published_at: original.transpose()?,
            wait_transcoding: self.flag("waitTranscoding")?,
            peers: self.flag("peersEnabled")?,
        })
    }

    fn tags(&self) -> Result<Option<Vec<Tag>>, Problem> {
        let Some(values) = self.fields.get("tags") else { return Ok(None) };
        let said = values.iter().flatten().filter(|tag| !tag.trim().is_empty());
        let tag = |raw: &String| Tag::parse(raw).map_err(|error| Problem::invalid("tags", error));
        said.map(tag).collect::<Result<Vec<_>, _>>().map(Some)
    }

    fn privacy(&self) -> Result<Option<Privacy>, Problem> {
        match self.parsed::<u8>("privacy")? {
            None => Ok(None),
            Some(5) => {
                Err(Problem::invalid("privacy", "This server has no password protected videos"))
            }
            Some(number) => known("privacy", Privacy::from_number(number), number).map(Some),
        }
    }

    fn comments(&self) -> Result<Option<CommentsPolicy>, Problem> {
        if let Some(number) = self.parsed::<u8>("commentsPolicy")? {
            return known("commentsPolicy", CommentsPolicy::from_number(number), number).map(Some);
        }
        let of = |enabled| if enabled { CommentsPolicy::Enabled } else { CommentsPolicy::Disabled };
        Ok(self.flag("commentsEnabled")?.map(of))
    }
}

/// The longest summary of what is sensitive, in characters: that of [`Support`].
const SUPPORT_MAX: usize = 1_000;

const _: fn(Support) -> kinora_model::text::Text<0, SUPPORT_MAX> = |text| text;

/// As much of a value as an answer repeats.
fn short(raw: &str) -> String {
    raw.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_and_json_say_the_same() {
        let mut form = VideoForm::default();
        for (key, value) in [
            ("name", "A title"),
            ("category", "null"),
            ("tags[0]", "one"),
            ("tags[1]", "two"),
            ("nsfw", "true"),
            ("privacy", "3"),
            ("originallyPublishedAt", "2024-01-02"),
        ] {
            form.put(key, value.to_owned()).unwrap();
        }
        let json = VideoForm::of_json(json!({
            "name": "A title", "category": null, "tags": ["one", "two"], "nsfw": true, "privacy": 3,
            "originallyPublishedAt": "2024-01-02T00:00:00.000Z"
        }));
        let change = form.change().unwrap();
        assert_eq!(change, json.unwrap().change().unwrap());
        assert_eq!(change.category, Some(None));
        assert_eq!(change.privacy, Some(Privacy::Private));
        assert_eq!(change.tags.unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_refused_by_its_field() {
        for (field, value) in [
            ("name", json!("ab")),
            ("privacy", json!(5)),
            ("privacy", json!(9)),
            ("category", json!("music")),
            ("nsfw", json!("perhaps")),
            ("tags", json!(["x"])),
            ("description", json!("x".repeat(10_001))),
            ("scheduleUpdate", json!({"updateAt": "2030-01-01"})),
            ("originallyPublishedAt", json!("yesterday")),
        ] {
            let form = VideoForm::of_json(json!({ field: value })).unwrap();
            let problem = form.change().unwrap_err();
            assert_eq!(problem.status(), 400);
            assert!(problem.detail().contains(field), "{field}: {}", problem.detail());
        }
    }

    #[test]
    fn an_empty_list_of_tags_takes_them_away() {
        let form = VideoForm::of_json(json!({ "tags": [] })).unwrap();
        assert_eq!(form.change().unwrap().tags, Some(Vec::new()));
        let form = VideoForm::of_json(json!({})).unwrap();
        assert_eq!(form.change().unwrap(), Change::default());
    }
}
