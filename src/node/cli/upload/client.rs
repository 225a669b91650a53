//! A REST client of a node: just what an upload needs.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use url::Url;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a node may send nothing at all; it sends events at least every quarter of a minute.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// How to log in.
pub(super) enum Login {
    /// With an access token made before.
    Token(String),
    /// With name and password.
    Password {
        /// The user's name, or e-mail address.
        user: String,
        /// The password.
        password: String,
    },
}

/// Someone who is logged in to a node.
pub(super) struct Client {
    base: Url,
    http: reqwest::Client,
    token: String,
}

impl Client {
    /// Finds the node and logs in.
    pub(super) async fn connect(base: Url, login: Login) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            // 308 means "go on with the next part" here.
            .redirect(Policy::none())
            .user_agent(concat!("kinora/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let mut client = Self { base, http, token: String::new() };
        client.token = match login {
            Login::Token(token) => token,
            Login::Password { user, password } => client.log_in(&user, &password).await?,
        };
        Ok(client)
    }

    async fn log_in(&self, user: &str, password: &str) -> anyhow::Result<String> {
        let known = self.http.get(self.url("/api/v1/oauth-clients/local")?).send().await;
        let known = known.with_context(|| format!("{} does not answer", self.base))?;
        let known = json(known).await?;
        let form = [
            ("client_id", text(&known, "/client_id")?),
            ("client_secret", text(&known, "/client_secret")?),
            ("grant_type", "password"),
            ("username", user),
            ("password", password),
        ];
        let asked = self.http.post(self.url("/api/v1/users/token")?).form(&form).send().await?;
        let tokens = json(asked).await.context("logging in")?;
        Ok(text(&tokens, "/access_token")?.to_owned())
    }

    /// An address of the node.
    pub(super) fn url(&self, path: &str) -> anyhow::Result<Url> {
        Ok(self.base.join(path)?)
    }

    /// A request to a path, or to an address that the node named, as the one who is logged in.
    pub(super) fn ask(
        &self,
        method: reqwest::Method,
        path: &str,
    ) -> anyhow::Result<RequestBuilder> {
        let url = self.url(path)?;
        // An answer must not be able to send the token elsewhere.
        if url.origin() != self.base.origin() {
            bail!(
                "{} names an address of another server: {}",
                self.base,
                url.origin().ascii_serialization()
            );
        }
        Ok(self.http.request(method, url).bearer_auth(&self.token))
    }

    /// The number of a channel of one's own, by its name; without a name, the first.
    pub(super) async fn channel(&self, name: Option<&str>) -> anyhow::Result<u64> {
        let me = json(self.ask(reqwest::Method::GET, "/api/v1/users/me")?.send().await?).await?;
        let channels = me.get("videoChannels").and_then(Value::as_array);
        let channels = channels.context("the node does not tell your channels")?;
        let named = |channel: &&Value| channel.get("name").and_then(Value::as_str) == name;
        let found = match name {
            Some("me") => channels.iter().find(named).or(channels.first()),
            Some(_) => channels.iter().find(named),
            None => channels.first(),
        };
        let found = found.ok_or_else(|| {
            let names = channels.iter().filter_map(|channel| channel.get("name")?.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            anyhow!("you have no channel named {}; yours: {names}", name.unwrap_or("at all"))
        })?;
        found.get("id").and_then(Value::as_u64).context("the channel has no number")
    }
}

/// The JSON of an answer; an error in the node's own words if it refused.
pub(super) async fn json(response: Response) -> anyhow::Result<Value> {
    let response = accepted(response).await?;
    let bytes = response.bytes().await?;
    serde_json::from_slice(&bytes).context("the answer is not JSON: is this a node?")
}

/// The answer, unless the node refused: then its reason.
pub(super) async fn accepted(response: Response) -> anyhow::Result<Response> {
    let status = response.status();
    if status.is_success() || status.as_u16() == 308 {
        return Ok(response);
    }
    let problem = response.json::<Value>().await.unwrap_or_default();
    let reason = problem.get("detail").or(problem.get("error")).and_then(Value::as_str);
    Err(anyhow!("{} ({status})", reason.unwrap_or("the node refused")))
}

/// A text within an answer.
pub(super) fn text<'a>(answer: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("the answer has no {pointer}"))
}
