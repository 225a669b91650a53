//! Documents of other servers, believed only where they come from.

use bytes::Bytes;
use kinora_model::actor::ActorRef;
use kinora_model::host::Host;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use url::Url;

use super::ask::Ask;
use super::{Answer, Client, DOCUMENT_BYTES_MAX, FAILED_FOR, PICTURE_BYTES_MAX};
use crate::error::Error;

/// What ActivityPub documents are asked for as.
pub(super) const ACCEPT_ACTIVITY: &str = "application/activity+json, application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";

/// The profile that makes a linked-data document one of ActivityPub.
const PROFILE: &str = "https://www.w3.org/ns/activitystreams";

/// A document that came from the server that its id names.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its id, on the host that gave it; where it lies if it has none.
    pub id: Url,
    /// The document.
    pub json: Value,
    /// Where it lies.
    pub url: Url,
}

/// A page for people.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it lies.
    pub url: Url,
    /// Its text.
    pub html: String,
    /// Its `Link` headers.
    pub links: Vec<String>,
}

/// A picture of another server; nothing says that it is one but its server.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its bytes.
    pub bytes: Bytes,
    /// What its server calls it: `image/png`.
    pub media_type: String,
}

/// What an address gave.
#[derive(Clone, Debug)]
pub enum Found {
    /// A document.
    Document(Fetched),
    /// A page, which may name a document.
    Page(Page),
}

impl Client {
    /// The ActivityPub document at an address. If it says that it belongs to another server it is asked for there, and
    /// what came first is forgotten (FEP-fe34).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Gone`]; [`Error::Unreadable`] for what is not ActivityPub; those of
    /// [`Client::check`]; [`Error::Limit`], [`Error::Status`], [`Error::Unreachable`].
    pub async fn get(&self, url: &Url) -> Result<Fetched, Error> {
        self.unless_failed(url)?;
        let done = self.get_anew(url).await;
        if let Err(error) = &done {
            self.note_failure(url, error);
        }
        done
    }

    async fn get_anew(&self, url: &Url) -> Result<Fetched, Error> {
        let first = self.document(url).await?;
        let id = id_of(&first)?;
        if Host::of(&id) == Host::of(&first.0) {
            return Ok(Fetched { id, url: first.0, json: first.1 });
        }
        let second = self.document(&id).await?;
        let id = id_of(&second)?;
        if Host::of(&id) != Host::of(&second.0) {
            return Err(Error::Refused("its id is on another host"));
        }
        Ok(Fetched { id, url: second.0, json: second.1 })
    }

    async fn document(&self, url: &Url) -> Result<(Url, Value), Error> {
        let answer = self.ask(Ask {
            url,
            accept: ACCEPT_ACTIVITY,
            signer: Some(ActorRef::HERE),
            body: None,
            bytes_max: DOCUMENT_BYTES_MAX,
        });
        let answer = answer.await?;
        if !is_activity(&media_type(&answer)) {
            return Err(Error::Unreadable("it does not come as ActivityPub".to_owned()));
        }
        Ok((answer.url, parse(&answer.body)?))
    }

    /// The document or the page at an address that people pasted.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn look(&self, url: &Url) -> Result<Found, Error> {
        let answer = self.ask(Ask {
            url,
            accept: "application/activity+json, application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\", text/html;q=0.5",
            signer: Some(ActorRef::HERE),
            body: None,
            bytes_max: DOCUMENT_BYTES_MAX,
        });
        let answer = answer.await?;
        let media_type = media_type(&answer);
        if is_activity(&media_type) {
            let json = parse(&answer.body)?;
            let found = (answer.url, json);
            let id = id_of(&found)?;
            if Host::of(&id) == Host::of(&found.0) {
                return Ok(Found::Document(Fetched { id, url: found.0, json: found.1 }));
            }
            return self.get(&id).await.map(Found::Document);
        }
        if essence(&media_type) != "text/html" {
            return Err(Error::Unreadable("it is neither ActivityPub nor a page".to_owned()));
        }
        let links = answer.headers.get_all("link").iter();
        Ok(Found::Page(Page {
            links: links.filter_map(|it| it.to_str().ok()).map(str::to_owned).collect(),
            html: String::from_utf8_lossy(&answer.body).into_owned(),
            url: answer.url,
        }))
    }

    /// A picture, at most [`PICTURE_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn picture(&self, url: &Url) -> Result<Picture, Error> {
        self.unless_failed(url)?;
        let asking = self.ask(Ask {
            url,
            accept: "image/webp, image/avif, image/png, image/jpeg, image/gif",
            signer: None,
            body: None,
            bytes_max: PICTURE_BYTES_MAX,
        });
        let answer = asking.await.inspect_err(|error| self.note_failure(url, error))?;
        let media_type = media_type(&answer);
        match essence(&media_type).as_str() {
            known @ ("image/webp" | "image/avif" | "image/png" | "image/jpeg" | "image/gif") => {
                Ok(Picture { media_type: known.to_owned(), bytes: answer.body })
            }
            _ => Err(Error::Unreadable("it is not a picture".to_owned())),
        }
    }

    /// The bytes of a file, whatever it is; at most so many.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn file(&self, url: &Url, bytes_max: usize) -> Result<Bytes, Error> {
        self.unless_failed(url)?;
        let asking = self.ask(Ask { url, accept: "*/*", signer: None, body: None, bytes_max });
        Ok(asking.await.inspect_err(|error| self.note_failure(url, error))?.body)
    }

    /// JSON that is neither ActivityPub nor signed for: WebFinger, NodeInfo. Returns where it lies, too.
    pub(super) async fn plain_json(
        &self,
        url: &Url,
        accept: &'static str,
    ) -> Result<(Url, Value), Error> {
        self.unless_failed(url)?;
        let asking =
            self.ask(Ask { url, accept, signer: None, body: None, bytes_max: DOCUMENT_BYTES_MAX });
        let answer = asking.await.inspect_err(|error| self.note_failure(url, error))?;
        let essence = essence(&media_type(&answer));
        if essence != "application/json" && !essence.ends_with("+json") {
            return Err(Error::Unreadable("it is not JSON".to_owned()));
        }
        Ok((answer.url, parse(&answer.body)?))
    }

    /// Forgets what could not be had from a server: it is there again.
    pub fn forgive(&self, host: &Host) {
        self.memory.failed.retain(|url, _| Host::of(url).as_ref() != Some(host));
    }

    fn unless_failed(&self, url: &Url) -> Result<(), Error> {
        let Some(since) = self.memory.failed.get(url) else { return Ok(()) };
        if self.service.now().since(since) < FAILED_FOR {
            let host = Host::of(url).unwrap_or_else(|| self.ours.clone());
            return Err(Error::Unreachable { host, reason: "it failed a moment ago".to_owned() });
        }
        self.memory.failed.remove(url);
        Ok(())
    }

    fn note_failure(&self, url: &Url, error: &Error) {
        // What the server did say may be true no longer a moment later, and costs it little.
        if matches!(error, Error::Unreachable { .. } | Error::Limit(_)) {
            self.memory.failed.insert(url.clone(), self.service.now());
        }
    }
}

/// The id that a document gives itself, without a fragment of its place; where it lies if it gives none.
fn id_of((url, json): &(Url, Value)) -> Result<Url, Error> {
    if !json.is_object() {
        return Err(Error::Unreadable("it is not an object".to_owned()));
    }
    match json.get("id") {
        None | Some(Value::Null) => Ok(url.clone()),
        Some(Value::String(id)) => Url::parse(id)
            .ok()
            .filter(|id| Host::of(id).is_some())
            .ok_or_else(|| Error::Unreadable("its id is not an address".to_owned())),
        Some(_) => Err(Error::Unreadable("its id is not an address".to_owned())),
    }
}

fn parse(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).map_err(|error| Error::Unreadable(format!("not JSON: {error}")))
}

fn media_type(answer: &Answer) -> String {
    let told = answer.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    told.unwrap_or_default().to_ascii_lowercase()
}

fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_owned()
}

/// True for the two media types of ActivityPub (section 3.2); a file that somebody uploaded has another one.
fn is_activity(media_type: &str) -> bool {
    match essence(media_type).as_str() {
        "application/activity+json" => true,
        "application/ld+json" => media_type.split(';').skip(1).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim() == "profile"
                && value.trim().trim_matches('"').split_whitespace().any(|it| it == PROFILE)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_media_types_of_activitypub_are_activitypub() {
        for (media_type, fine) in [
            ("application/activity+json", true),
            ("application/activity+json; charset=utf-8", true),
            ("application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"", true),
            (
                "application/ld+json; charset=utf-8; profile=\"https://www.w3.org/ns/activitystreams\"",
                true,
            ),
            ("application/ld+json", false),
            ("application/ld+json; profile=\"https://example.org/\"", false),
            ("application/json", false),
            ("text/plain", false),
            ("image/png", false),
            ("application/activity+json+x", false),
            ("", false),
        ] {
            assert_eq!(is_activity(media_type), fine, "{media_type}");
        }
    }
}
