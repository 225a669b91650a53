//! How activities on their way in and out are kept.

use kinora_model::delivery::{Delivery, Grave, HostTrouble, Outgoing, Received};
use kinora_model::host::Host;

use super::remote::digest;
use super::{DELIVERIES, GRAVES, HOST_TROUBLES, OUTGOING, RECEIVED};
use crate::kv::Range;
use crate::table::{Row, Table};

impl Row for Outgoing {
    const TABLE: Table = OUTGOING;
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
}

/// The deliveries to a host, in the order in which they go out: rows of [`Delivery`].
#[must_use]
pub fn deliveries_to(host: &Host) -> Range {
    Range::prefix(&DELIVERIES.key(&[host.as_str().as_bytes(), b"\0"]))
}

/// All deliveries, by host.
#[must_use]
pub fn all_deliveries() -> Range {
    Range::prefix(&DELIVERIES.key(&[]))
}

impl Row for Delivery {
    const TABLE: Table = DELIVERIES;
    fn key(&self) -> Vec<u8> {
        [self.host.as_str().as_bytes(), b"\0", &self.id.to_key()].concat()
    }
}

impl Row for HostTrouble {
    const TABLE: Table = HOST_TROUBLES;
    fn key(&self) -> Vec<u8> {
        self.host.as_str().as_bytes().to_vec()
    }
}

impl Row for Received {
    const TABLE: Table = RECEIVED;
    fn key(&self) -> Vec<u8> {
        digest(&self.uri).to_vec()
    }
}

impl Row for Grave {
    const TABLE: Table = GRAVES;
    fn key(&self) -> Vec<u8> {
        digest(&self.uri).to_vec()
    }
}
