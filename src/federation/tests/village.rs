//! A peer that is many servers: documents by host and path, as a test puts them there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use kinora_model::actor::{ActorCounts, ActorRef};
use serde_json::{Value, json};
use url::Url;

use super::house::House;
use super::peer::{Asked, Peer, Reply};
use crate::Error;

/// Servers of one peer, `http://{name}.test:{port}`.
pub(crate) struct Village {
    pub(crate) peer: Peer,
    documents: Arc<Mutex<HashMap<(String, String), Reply>>>,
}

impl Village {
    pub(crate) async fn new() -> Self {
        let documents = Arc::<Mutex<HashMap<(String, String), Reply>>>::default();
        let known = Arc::clone(&documents);
        let peer = Peer::start(move |asked: &Asked| {
            let name = asked.host().split(':').next().unwrap_or_default().to_owned();
            let found = known.lock().unwrap().get(&(name, asked.target.clone())).cloned();
            found.unwrap_or_else(|| Reply::status(404))
        })
        .await;
        Self { peer, documents }
    }

    /// The address of a path on one of the servers.
    pub(crate) fn url(&self, name: &str, path: &str) -> Url {
        self.peer.url(name, path)
    }

    /// Has a server answer so at a path.
    pub(crate) fn put(&self, name: &str, path: &str, reply: Reply) {
        self.documents.lock().unwrap().insert((name.to_owned(), path.to_owned()), reply);
    }

    /// What a server answers at a path.
    pub(crate) fn at(&self, name: &str, path: &str) -> Reply {
        self.documents.lock().unwrap()[&(name.to_owned(), path.to_owned())].clone()
    }

    /// Somebody on a server, `/{who}`.
    pub(crate) fn person(&self, name: &str, who: &str) -> Url {
        self.actor(name, who, &json!({ "type": "Person" }))
    }

    /// A channel on a server, owned by somebody.
    pub(crate) fn group(&self, name: &str, who: &str, owner: &Url) -> Url {
        self.actor(name, who, &json!({ "type": "Group", "attributedTo": [owner] }))
    }

    fn actor(&self, name: &str, who: &str, more: &Value) -> Url {
        let id = self.url(name, &format!("/{who}"));
        let mut document = json!({
            "id": id, "preferredUsername": who,
            "inbox": format!("{id}/inbox"), "outbox": format!("{id}/outbox"),
        });
        for (key, value) in more.as_object().unwrap() {
            document[key] = value.clone();
        }
        self.put(name, &format!("/{who}"), Reply::Document(document));
        id
    }

    /// A video on a server, by these authors.
    pub(crate) fn video(&self, name: &str, path: &str, authors: &[&Url]) -> Url {
        let id = self.url(name, path);
        let kinds = ["Person", "Group"];
        let authors: Vec<_> =
            authors.iter().zip(kinds).map(|(id, kind)| json!({ "type": kind, "id": id })).collect();
        let document = json!({
            "id": id, "type": "Video", "name": "A film", "to": "as:Public", "duration": "PT10S",
            "attributedTo": authors, "url": [],
        });
        self.put(name, path, Reply::Document(document));
        id
    }

    /// Words on a server, which reply to something.
    pub(crate) fn note(&self, name: &str, path: &str, by: &Url, to: &str) -> Value {
        let id = self.url(name, path);
        let document = json!({
            "id": id, "type": "Note", "attributedTo": by, "to": "as:Public",
            "inReplyTo": to, "content": "<p>words</p>",
        });
        self.put(name, path, Reply::Document(document.clone()));
        document
    }

    /// How often a server was asked for anything.
    pub(crate) fn asked(&self, name: &str) -> usize {
        let host = |asked: &Asked| asked.host().split(':').next() == Some(name);
        self.peer.asked().iter().filter(|asked| host(asked)).count()
    }
}

impl House {
    /// The id of the video here.
    pub(crate) fn address(&self) -> String {
        format!("http://home.test/videos/watch/{}", self.video.uuid)
    }

    /// Somebody here follows an actor elsewhere, so that what it publishes is wanted.
    pub(crate) async fn follows(&self, uri: &Url) -> ActorRef {
        let actor = self.stage.room.actor(uri).await.unwrap();
        self.put(&ActorCounts { actor, followers: 1, following: 0 }).await;
        actor
    }

    /// Handles an activity of somebody whose signature holds.
    pub(crate) async fn hears(
        &self,
        verb: &str,
        actor: &Url,
        object: impl Into<Value>,
    ) -> Result<(), Error> {
        self.hears_with(verb, actor, object, &json!({})).await
    }

    /// The same, with more in it.
    pub(crate) async fn hears_with(
        &self,
        verb: &str,
        actor: &Url,
        object: impl Into<Value>,
        more: &Value,
    ) -> Result<(), Error> {
        let number = self.stage.room.service.id::<Self>();
        let mut activity = json!({
            "id": format!("{actor}/activities/{number}"), "type": verb, "actor": actor,
            "object": object.into(), "to": "as:Public",
        });
        for (key, value) in more.as_object().unwrap() {
            activity[key] = value.clone();
        }
        self.stage.room.receive_activity(&activity.to_string(), actor).await
    }
}
