//! One page: what stands in its head, what can be read without scripts, and what the scripts begin with.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use serde_json::{Value, json};

use super::markup::{escape, json as script_json, meta, property};
use crate::api::shapes::config::server_config;
use crate::server::App;
use crate::web::{CLIENT, Template};

/// A page that is being put together.
pub(crate) struct Document<'a> {
    app: &'a App,
    status: StatusCode,
    title: String,
    description: String,
    path: String,
    head: String,
    body: String,
    boot: Value,
    parts: Vec<&'static str>,
    indexed: bool,
    described: bool,
}

impl<'a> Document<'a> {
    /// A page at `path` with a title; it describes itself as the node does until told otherwise.
    pub(crate) fn new(app: &'a App, path: &str, title: &str) -> Self {
        let instance = &app.service.config.instance;
        Self {
            app,
            status: StatusCode::OK,
            title: title.to_owned(),
            description: instance.short_description.clone(),
            path: path.to_owned(),
            head: String::new(),
            body: String::new(),
            boot: json!({}),
            parts: Vec::new(),
            indexed: true,
            described: false,
        }
    }

    /// The page of something that is not there, or not there for everyone.
    pub(crate) fn missing(app: &'a App, path: &str) -> Self {
        let page = Self::new(app, path, "Not found").hidden();
        Self { status: StatusCode::NOT_FOUND, ..page }
            .body("<h1>There is no such page</h1><p>It may be gone, or not for everyone.</p>")
    }

    /// What the page is about, in a sentence or two.
    pub(crate) fn describe(self, description: &str) -> Self {
        Self { description: description.to_owned(), ..self }
    }

    /// Tags of its own in the head, which say what the page is to other sites.
    pub(crate) fn head(mut self, tags: &str) -> Self {
        self.head.push_str(tags);
        self.described = true;
        self
    }

    /// What is read where no scripts run.
    pub(crate) fn body(mut self, html: &str) -> Self {
        self.body.push_str(html);
        self
    }

    /// A part of what the scripts begin with.
    pub(crate) fn boot(mut self, name: &str, value: Value) -> Self {
        if let Some(boot) = self.boot.as_object_mut() {
            boot.insert(name.to_owned(), value);
        }
        self
    }

    /// A part of the client that the page needs at once.
    pub(crate) fn needs(mut self, part: &'static str) -> Self {
        self.parts.push(part);
        self
    }

    /// Kept out of search engines.
    pub(crate) fn hidden(self) -> Self {
        Self { indexed: false, ..self }
    }

    /// The answer.
    pub(crate) fn answer(self) -> HttpResponse {
        let preloads = CLIENT.preloads("index.html", &self.parts);
        self.finish(&CLIENT.index, &preloads, "'none'")
    }

    /// The answer as a page that stands within pages of others.
    pub(crate) fn answer_embedded(self) -> HttpResponse {
        let preloads = CLIENT.preloads("embed.html", &self.parts);
        self.hidden().finish(&CLIENT.embed, &preloads, "*")
    }

    fn finish(self, template: &Template, preloads: &str, frames: &str) -> HttpResponse {
        let policy = policy(&self.app.config.origin(), &template.scripts, frames);
        let head = self.tags(preloads);
        let body = self.readable();
        HttpResponse::build(self.status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-cache"))
            .insert_header((CONTENT_SECURITY_POLICY, policy))
            .body(template.fill(&head, &body))
    }

    fn tags(&self, preloads: &str) -> String {
        let name = &self.app.service.config.instance.name;
        let title = format!("{} · {name}", self.title);
        let url = self.app.config.url(&self.path);
        let mut tags = format!("<title>{}</title>\n", escape(&title));
        // Clients of PeerTube know a server that speaks their language by this.
        tags.push_str(&property("og:platform", "PeerTube"));
        tags.push_str(&property("og:site_name", name));
        tags.push_str(&property("og:title", &self.title));
        tags.push_str(&property("og:url", &url));
        if !self.description.is_empty() {
            tags.push_str(&meta("description", &self.description));
            tags.push_str(&property("og:description", &self.description));
        }
        if !self.described {
            tags.push_str(&property("og:type", "website"));
        }
        if self.indexed {
            tags.push_str(&format!("<link rel=\"canonical\" href=\"{}\">\n", escape(&url)));
        } else {
            tags.push_str(&meta("robots", "noindex"));
        }
        tags + &self.head + preloads
    }

    fn readable(&self) -> String {
        let name = escape(&self.app.service.config.instance.name);
        let mut boot = self.boot.clone();
        if let Some(boot) = boot.as_object_mut() {
            boot.insert("config".to_owned(), server_config(self.app));
            boot.insert("origin".to_owned(), Value::from(self.app.config.origin()));
        }
        format!(
            "<noscript><div class=\"reader\"><p><a href=\"/\">{name}</a></p>\
             <form action=\"/search\"><label>Search <input type=\"search\" name=\"search\"></label> \
             <button>Search</button></form>{}</div></noscript>\
             <script type=\"application/json\" id=\"boot\">{}</script>",
            self.body,
            script_json(&boot),
        )
    }
}

/// What a page may load: its own scripts, and media also from other servers, since their videos are played from where
/// they live, and their viewers meet there, whichever page came first. Pictures of others come by way of this server.
fn policy(origin: &str, scripts: &str, frames: &str) -> String {
    // A page that came over https would not load the others anyway.
    let (elsewhere, peers) = match origin.starts_with("https:") {
        true => ("https:", "wss:"),
        false => ("https: http:", "wss: ws:"),
    };
    format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' {origin} data: blob:; \
         media-src 'self' {origin} blob: {elsewhere}; connect-src 'self' {origin} {elsewhere} {peers}; font-src 'self'; manifest-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors {frames}"
    )
}
