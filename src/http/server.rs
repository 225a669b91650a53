//! The web server: what all handlers share, and how requests reach them.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, NormalizePath, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpServer};
use kinora_federation::Federation;
use kinora_media::Media;
use kinora_p2p::Peers;
use kinora_service::Service;
use kinora_service::limits::Limits;
use kinora_service::statistics::Counted;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use tracing_actix_web::TracingLogger;

use crate::config::Config;
use crate::log::RequestSpan;
use crate::metrics::Metrics;
use crate::problem::from;
use crate::{api, fediverse, feeds, headers, health, media, oembed, pages};

/// The largest JSON or plain body, in bytes; files come in by other ways.
const BODY_BYTES_MAX: usize = 2 << 20;

/// The largest form, in bytes.
const FORM_BYTES_MAX: usize = 64 << 10;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// What all handlers share: one a node.
#[derive(Debug)]
pub struct App {
    /// The use cases.
    pub service: Arc<Service>,
    /// Segments, files and pictures.
    pub media: Arc<Media>,
    /// Talking with other servers.
    pub federation: Arc<Federation>,
    /// Peers; absent if they are switched off.
    pub peers: Option<Arc<Peers>>,
    /// The settings of this room.
    pub config: Config,
    /// How often an address may try.
    pub limits: Limits,
    /// Numbers about the node as a whole.
    pub statistics: Counted,
    /// What all rooms count.
    pub registry: Registry,
    /// What this room counts.
    pub metrics: Metrics,
    /// Pictures of other servers on their way here.
    pub(crate) fetches: media::Fetches,
    /// Cancelled when the node stops: answers that never end by themselves end then.
    pub stopping: CancellationToken,
}

impl App {
    /// What handlers share; `registry` holds what the other rooms count.
    #[must_use]
    pub fn new(
        service: Arc<Service>,
        media: Arc<Media>,
        federation: Arc<Federation>,
        peers: Option<Arc<Peers>>,
        config: Config,
        mut registry: Registry,
    ) -> Self {
        let metrics = Metrics::default();
        metrics.register(&mut registry);
        Self {
            limits: Limits::new(service.config.accounts.tries_per_minute),
            service,
            media,
            federation,
            peers,
            config,
            statistics: Counted::default(),
            registry,
            metrics,
            fetches: media::Fetches::default(),
            stopping: CancellationToken::new(),
        }
    }
}

/// Answers requests that come to `listener` until `stop` ends, then lets those under way end.
///
/// # Errors
/// If the listener cannot be used.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let config = app.config.clone();
    let stopping = app.stopping.clone();
    let data = Data::from(app);
    let mut server = HttpServer::new(move || application(data.clone()))
        .keep_alive(Duration::from_secs(config.keep_alive_s))
        .client_request_timeout(HEAD_TIMEOUT)
        .max_connections(config.connections_max)
        .tcp_nodelay(true)
        .shutdown_timeout(config.stop_s)
        .shutdown_signal(async move {
            stop.await;
            stopping.cancel();
        });
    if let Some(workers) = config.workers {
        server = server.workers(workers.max(1));
    }
    server.listen(listener)?.run().await
}

/// The routes and what surrounds them; also what tests ask.
pub fn application(
    data: Data<App>,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    actix_web::App::new()
        .app_data(data)
        .configure(routes)
        .wrap(from_fn(headers::secure))
        .wrap(headers::cors())
        .wrap(NormalizePath::trim())
        .wrap(from_fn(count))
        .wrap(TracingLogger::<RequestSpan>::new())
        .wrap(from_fn(media::fast))
}

/// All routes, and how what handlers extract is bounded.
fn routes(config: &mut ServiceConfig) {
    config
        .app_data(web::JsonConfig::default().limit(BODY_BYTES_MAX).error_handler(from::json))
        .app_data(web::FormConfig::default().limit(FORM_BYTES_MAX).error_handler(from::form))
        .app_data(web::QueryConfig::default().error_handler(from::query))
        .app_data(web::PathConfig::default().error_handler(from::path))
        .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
        .configure(health::routes)
        .configure(api::routes)
        .configure(media::routes)
        .configure(oembed::routes)
        .configure(feeds::routes)
        .configure(fediverse::routes)
        .configure(crate::tunnel::routes)
        .configure(crate::web::routes)
        .configure(pages::routes)
        .default_service(web::to(pages::nowhere));
}

async fn count(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let response = next.call(request).await?;
    if let Some(app) = response.request().app_data::<Data<App>>() {
        app.metrics.answered(response.request().path(), response.status(), began.elapsed());
    }
    Ok(response)
}
