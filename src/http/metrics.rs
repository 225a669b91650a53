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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WayLabel {
    way: Way,
}

/// Which way bytes of a video went, as its players say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Way {
    Peers,
    Origin,
    Given,
}

/// How playback went since the player last said so: bytes, and how often it stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Played {
    pub(crate) from_peers: u64,
    pub(crate) from_origin: u64,
    pub(crate) given: u64,
    pub(crate) stalls: u64,
}

/// What the web server counts. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    requests: Family<Labels, Counter>,
    seconds: Family<AreaLabel, Histogram>,
    /// Bytes of segments that were handed to connections.
    pub(crate) segment_bytes: Counter,
    played: Family<WayLabel, Counter>,
    stalls: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram = || Histogram::new(exponential_buckets(0.000_1, 4.0, 10));
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            segment_bytes: Counter::default(),
            played: Family::default(),
            stalls: Counter::default(),
        }
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
        let (sent, played) = (self.segment_bytes.clone(), self.played.clone());
        registry.register_with_unit("segment", "Segments sent", Unit::Bytes, sent);
        let words = "What players say they got, and gave to others";
        registry.register_with_unit("played", words, Unit::Bytes, played);
        registry.register("stalls", "How often players say they stood still", self.stalls.clone());
    }

    /// A player says how playback went.
    pub(crate) fn played(&self, report: &Played) {
        for (way, bytes) in [
            (Way::Peers, report.from_peers),
            (Way::Origin, report.from_origin),
            (Way::Given, report.given),
        ] {
            self.played.get_or_create(&WayLabel { way }).inc_by(bytes);
        }
        self.stalls.inc_by(report.stalls);
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
