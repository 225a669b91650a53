//! Traffic, by what it is of and day.

use kinora_model::traffic::{Carried, Day, TrafficDay};

use super::TRAFFIC;
use crate::table::{Row, Table};

/// What the keys of all days begin with.
#[must_use]
pub const fn traffic_of(carried: Carried) -> [u8; 8] {
    match carried {
        // No video has this number.
        Carried::All => [0; 8],
        Carried::Video(video) => video.to_key(),
    }
}

/// The key of a day.
#[must_use]
pub fn traffic_key(carried: Carried, day: Day) -> Vec<u8> {
    [traffic_of(carried).as_slice(), &day.to_key()].concat()
}

impl Row for TrafficDay {
    const TABLE: Table = TRAFFIC;
    fn key(&self) -> Vec<u8> {
        traffic_key(self.carried, self.day)
    }
}
