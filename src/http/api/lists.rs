//! Lists of videos: of the node, of an account, of a channel, of the asker.

use std::fmt::Write as _;

use actix_web::http::header::ContentType;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_model::host::Host;
use kinora_model::user::SensitivePolicy;
use kinora_model::video::{Privacy, VideoState};
use kinora_service::listing::{Filter, Order, Query};
use kinora_service::{Viewer, users};

use super::shapes::video::Video;
use super::{accounts, channels};
use crate::auth::{MaybeSignedIn, SignedIn};
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// The most values that one filter may name.
const VALUES_MAX: usize = 100;

/// How long the JSON of a video is, more or less, in bytes.
const CARD_BYTES: usize = 2_500;

/// The longest text searched for, in bytes.
const SEARCH_BYTES_MAX: usize = 500;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/videos", web::get().to(all))
        .route("/accounts/{name}/videos", web::get().to(of_account))
        .route("/video-channels/{name}/videos", web::get().to(of_channel))
        .route("/users/me/videos", web::get().to(mine));
}

/// Lists the videos of the node.
#[utoipa::path(
    get,
    path = "/api/v1/videos",
    tag = "Video",
    params(
        ("start" = Option<u64>, Query), ("count" = Option<u64>, Query), ("sort" = Option<String>, Query),
        ("search" = Option<String>, Query), ("nsfw" = Option<String>, Query), ("isLocal" = Option<bool>, Query),
        ("categoryOneOf" = Option<Vec<u8>>, Query), ("licenceOneOf" = Option<Vec<u8>>, Query),
        ("languageOneOf" = Option<Vec<String>>, Query), ("tagsOneOf" = Option<Vec<String>>, Query),
        ("tagsAllOf" = Option<Vec<String>>, Query), ("host" = Option<String>, Query)
    ),
    responses((status = 200, body = List<Video>), (status = 400))
)]
pub(crate) async fn all(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    list(&app, &request, &page, who.0.as_ref(), Filter::listed()).await
}

/// Lists the videos of an account.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{name}/videos",
    tag = "Accounts",
    responses((status = 200, body = List<Video>), (status = 404))
)]
pub(crate) async fn of_account(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<String>,
    page: Page,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let account = accounts::existing(&app, &path).await?;
    let filter = Filter { account: Some(account.id), ..Filter::listed() };
    list(&app, &request, &page, who.0.as_ref(), filter).await
}

/// Lists the videos of a channel.
#[utoipa::path(
    get,
    path = "/api/v1/video-channels/{name}/videos",
    tag = "Video Channels",
    responses((status = 200, body = List<Video>), (status = 404))
)]
pub(crate) async fn of_channel(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<String>,
    page: Page,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let channel = channels::existing(&app, &path).await?;
    let filter = Filter { channels: vec![channel.id], ..Filter::listed() };
    list(&app, &request, &page, who.0.as_ref(), filter).await
}

/// Lists the asker's own videos, in whatever state and privacy.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/videos",
    tag = "My User",
    responses((status = 200, body = List<Video>), (status = 401))
)]
pub(crate) async fn mine(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let mut asked = Asked::of(&request)?;
    let mut filter = Filter { account: Some(who.0.account), ..Filter::default() };
    for name in asked.many("channelNameOneOf")? {
        // A channel that does not exist has no videos.
        match channels::existing(&app, &name).await {
            Ok(channel) => filter.channels.push(channel.id),
            Err(_) => filter.nothing = true,
        }
    }
    asked.narrow(&mut filter, &app, Some(&who.0))?;
    let query = asked.query(filter, &page, "createdAt")?;
    let found = app.service.listing.find(&app.service, &query).await?;
    let data = found.cards.iter().map(|card| Video::of_owner(&app, card)).collect();
    Ok(web::Json(List { total: total(found.total), data }))
}

pub(crate) async fn list(
    app: &App,
    request: &HttpRequest,
    page: &Page,
    who: Option<&Viewer>,
    mut filter: Filter,
) -> Result<HttpResponse, Problem> {
    let mut asked = Asked::of(request)?;
    asked.narrow(&mut filter, app, who)?;
    if asked.one("nsfw").is_none()
        && let Some(who) = who
    {
        let user = users::get(&app.service, who.user).await?;
        let hides = user.is_some_and(|user| user.sensitive == SensitivePolicy::Hide);
        filter.sensitive = hides.then_some(false);
    }
    let query = asked.query(filter, page, "publishedAt")?;
    let found = app.service.listing.find(&app.service, &query).await?;
    let mut body = String::with_capacity(CARD_BYTES.saturating_mul(found.cards.len()));
    body.push('{');
    if asked.flag("skipCount")? != Some(true) {
        // Writing into a string cannot fail.
        let _written = write!(body, "\"total\":{},", found.total);
    }
    body.push_str("\"data\":[");
    for (place, card) in found.cards.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        Video::write(app, card, &mut body);
    }
    body.push_str("]}");
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(body))
}

fn total(total: u64) -> usize {
    usize::try_from(total).unwrap_or(usize::MAX)
}

/// What a query asks of a list of videos (PeerTube's common filters).
pub(crate) struct Asked {
    pairs: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let pairs = serde_urlencoded::from_str(request.query_string());
        let pairs =
            pairs.map_err(|_unreadable| Problem::bad_request("The query cannot be read"))?;
        Ok(Self { pairs })
    }

    /// The last value of a parameter, unless it is empty.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let values = self.pairs.iter().rev().filter(|(key, _)| key == name);
        values.map(|(_, value)| value.as_str()).find(|value| !value.is_empty())
    }

    /// All values of a parameter: `a=1&a=2`, `a[]=1&a[]=2` or `a[0]=1`.
    pub(crate) fn many(&self, name: &'static str) -> Result<Vec<String>, Problem> {
        let named = |key: &str| key.split('[').next() == Some(name);
        let values = self.pairs.iter().filter(|(key, value)| named(key) && !value.is_empty());
        let values: Vec<_> = values.map(|(_, value)| value.clone()).collect();
        if values.len() > VALUES_MAX {
            return Err(Problem::invalid(name, format!("Should have at most {VALUES_MAX} values")));
        }
        Ok(values)
    }

    fn numbers(&self, name: &'static str) -> Result<Vec<u8>, Problem> {
        let number = |text: String| {
            text.parse::<u8>()
                .map_err(|_unreadable| Problem::invalid(name, "Should be an array of numbers"))
        };
        self.many(name)?.into_iter().map(number).collect()
    }

    fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.one(name) {
            None | Some("both") => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Problem::invalid(name, "Should be a boolean")),
        }
    }

    /// Narrows a filter to what is asked for; moderators may look beyond public videos.
    pub(crate) fn narrow(
        &mut self,
        filter: &mut Filter,
        app: &App,
        who: Option<&Viewer>,
    ) -> Result<(), Problem> {
        filter.sensitive = self.flag("nsfw")?;
        filter.categories = self.numbers("categoryOneOf")?;
        filter.licences = self.numbers("licenceOneOf")?;
        let language = |code: String| (code != "_unknown").then_some(code);
        filter.languages = self.many("languageOneOf")?.into_iter().map(language).collect();
        filter.tags_one_of = self.many("tagsOneOf")?;
        filter.tags_all_of = self.many("tagsAllOf")?;
        filter.local = self.flag("isLocal")?;
        match self.one("host").map(Host::parse) {
            None => {}
            Some(Some(host)) if host.as_str() == app.config.host() => filter.local = Some(true),
            Some(host) => {
                filter.nothing |= host.is_none();
                filter.host = host;
            }
        }
        // None of it is live, and what lives here is made of HLS files alone.
        filter.nothing |= self.flag("isLive")? == Some(true)
            || self.flag("hasHLSFiles")? == Some(false)
            || self.flag("hasWebVideoFiles")? == Some(true);
        filter.search = self.one("search").map(str::to_owned);
        if filter.search.as_ref().is_some_and(|search| search.len() > SEARCH_BYTES_MAX) {
            return Err(Problem::invalid("search", "Should be shorter"));
        }
        let privacies = self.numbers("privacyOneOf")?;
        let states = self.numbers("stateOneOf")?;
        let include = self.one("include").is_some_and(|include| include != "0");
        let owner = who.is_some_and(|who| filter.account == Some(who.account));
        if privacies.is_empty() && states.is_empty() && !include {
            return Ok(());
        }
        if !owner && !who.is_some_and(Viewer::moderates) {
            let reason =
                "You are not allowed to see all videos, specify a custom include or privacy filter";
            return Err(Problem::new(actix_web::http::StatusCode::UNAUTHORIZED, reason));
        }
        let privacy = |number| Privacy::from_number(number);
        filter.privacies = privacies.into_iter().filter_map(privacy).collect();
        let state = |number| match number {
            1 => Some(VideoState::Published),
            2 => Some(VideoState::Processing),
            7 => Some(VideoState::Failed),
            _ => None,
        };
        filter.states = states.into_iter().filter_map(state).collect();
        Ok(())
    }

    /// The page of a list, in the order asked for.
    pub(crate) fn query(&self, filter: Filter, page: &Page, order: &str) -> Result<Query, Problem> {
        let sort = page.sort.as_deref();
        let (word, descending) = match sort {
            None => (order, true),
            Some(word) => word.strip_prefix('-').map_or((word, false), |word| (word, true)),
        };
        let order = Order::of_word(word).ok_or_else(|| Problem::invalid("sort", "Invalid sort"))?;
        Ok(Query { filter, order, descending, start: page.start, count: page.count })
    }
}
