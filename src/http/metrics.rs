//! What the web server counts.

use std::time::Duration;

use actix_web::http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Area {
    Api,
    Media,
    Page,
}

/// The hundreds of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Class {
    Done,
    Redirect,
    Refused,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    area: Area,
    class: Class,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AreaLabel {
    area: Area,
}

/// What the web server counts. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    requests: Family<Labels, Counter>,
    seconds: Family<AreaLabel, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram = || Histogram::new(exponential_buckets(0.000_1, 4.0, 10));
        Self { requests: Family::default(), seconds: Family::new_with_constructor(histogram) }
    }
}

impl Metrics {
    /// Hands the counters to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("http");
        registry.register("requests", "Requests by what became of them", self.requests.clone());
        registry.register_with_unit(
            "answer",
            "Time until an answer begins",
            Unit::Seconds,
            self.seconds.clone(),
        );
    }

    /// A request was answered.
    pub(crate) fn answered(&self, path: &str, status: StatusCode, took: Duration) {
        let area = match path {
            path if path.starts_with("/api/") => Area::Api,
            path if ["/static/", "/lazy-static/", "/download/"]
                .iter()
                .any(|at| path.starts_with(at)) =>
            {
                Area::Media
            }
            _ => Area::Page,
        };
        let class = match status.as_u16() {
            ..300 => Class::Done,
            300..400 => Class::Redirect,
            400..500 => Class::Refused,
            _ => Class::Failed,
        };
        self.requests.get_or_create(&Labels { area, class }).inc();
        self.seconds.get_or_create(&AreaLabel { area }).observe(took.as_secs_f64());
    }
}
