//! Which way the bytes of videos went.

use kinora_model::traffic::{self, TrafficDay};
use serde::Serialize;
use utoipa::ToSchema;

/// Bytes by the way they went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ways {
    /// Bytes of segments that this node sent, counted as it sent them.
    pub from_node: u64,
    /// Bytes that came from other viewers, as players say.
    pub from_peers: u64,
    /// Bytes that were given to other viewers, as players say.
    pub given: u64,
    /// How often players say that they stood still for want of bytes.
    pub stalls: u64,
}

impl From<traffic::Traffic> for Ways {
    fn from(traffic: traffic::Traffic) -> Self {
        let traffic::Traffic { from_node, from_peers, given, stalls } = traffic;
        Self { from_node, from_peers, given, stalls }
    }
}

/// The traffic of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfDay {
    /// The day in UTC, `2026-01-02`.
    pub day: String,
    /// How much.
    #[serde(flatten)]
    pub ways: Ways,
}

/// The traffic of the last 30 days.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Traffic {
    /// Each day, oldest first.
    pub days: Vec<OfDay>,
    /// All days together.
    pub total: Ways,
    /// The part that viewers gave to each other, 0 to 1; `null` if nothing was carried.
    pub offload: Option<f64>,
}

impl From<Vec<TrafficDay>> for Traffic {
    fn from(days: Vec<TrafficDay>) -> Self {
        let none = traffic::Traffic::default();
        let total = days.iter().fold(none, |sum, day| sum.plus(day.traffic));
        let shown = |day: &TrafficDay| OfDay {
            day: day.day.begins().to_string().chars().take("2026-01-02".len()).collect(),
            ways: day.traffic.into(),
        };
        Self {
            days: days.iter().map(shown).collect(),
            offload: offload(total.from_node, total.from_peers),
            total: total.into(),
        }
    }
}

/// The part of all bytes that came from peers, to a tenth of a percent.
fn offload(from_node: u64, from_peers: u64) -> Option<f64> {
    let all = u128::from(from_node) + u128::from(from_peers);
    let permille = (u128::from(from_peers) * 1_000).checked_div(all)?;
    Some(f64::from(u16::try_from(permille).ok()?) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offload_is_what_came_from_peers() {
        assert_eq!(offload(0, 0), None);
        assert_eq!(offload(300, 700), Some(0.7));
        assert_eq!(offload(u64::MAX, u64::MAX), Some(0.5));
    }
}
