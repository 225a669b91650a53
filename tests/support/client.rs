//! A client of the REST API.

use std::net::SocketAddr;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::multipart::Form;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Someone who asks a node.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: Option<String>,
}

/// What a node answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, which is a success.
    #[track_caller]
    pub(crate) fn expect_done(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self
    }

    /// The problem, which has this status and the shape that clients expect.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json; charset=utf-8");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        for key in ["type", "detail", "error"] {
            assert!(problem[key].is_string(), "{key} in {problem}");
        }
        problem
    }
}

impl Client {
    pub(crate) fn at(base: &str, address: Option<SocketAddr>) -> Self {
        let mut http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        if let Some(address) = address {
            let url = reqwest::Url::parse(base).unwrap();
            http = http.resolve(url.host_str().unwrap(), address);
        }
        Self { http: http.build().unwrap(), base: base.to_owned(), token: None }
    }

    /// A request to a path, or to a whole address as answers have them.
    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let url =
            if path.starts_with('/') { format!("{}{path}", self.base) } else { path.to_owned() };
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.ask(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.ask(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.ask(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.ask(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn post_form(&self, path: &str, form: Form) -> Answer {
        Answer::to(self.ask(Method::POST, path).multipart(form)).await
    }

    pub(crate) async fn put_form(&self, path: &str, form: Form) -> Answer {
        Answer::to(self.ask(Method::PUT, path).multipart(form)).await
    }

    /// The JSON that is at a path.
    pub(crate) async fn json(&self, path: &str) -> Value {
        self.get(path).await.expect_done().json()
    }

    pub(crate) async fn register(&self, name: &str, password: &str) -> Answer {
        let new =
            json!({"username": name, "password": password, "email": format!("{name}@example.org")});
        self.post("/api/v1/users/register", new).await
    }

    /// Asks for tokens with a name and a password.
    pub(crate) async fn ask_tokens(&self, name: &str, password: &str) -> Answer {
        let known = self.json("/api/v1/oauth-clients/local").await;
        let form = [
            ("client_id", known["client_id"].as_str().unwrap()),
            ("client_secret", known["client_secret"].as_str().unwrap()),
            ("grant_type", "password"),
            ("username", name),
            ("password", password),
        ];
        Answer::to(self.ask(Method::POST, "/api/v1/users/token").form(&form)).await
    }

    pub(crate) async fn logged_in(&self, name: &str, password: &str) -> Self {
        let tokens = self.ask_tokens(name, password).await.expect_done().json();
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        Self { token: Some(token), ..self.clone() }
    }

    /// The number of one's own first channel.
    pub(crate) async fn channel(&self) -> u64 {
        self.json("/api/v1/users/me").await["videoChannels"][0]["id"].as_u64().unwrap()
    }
}
