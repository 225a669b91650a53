//! Names and bounds of the protocols, as docs/p2p-protocol.md has them.

/// Browsers ask a node who else watches.
pub const TRACKER: &str = "/kinora/tracker/1";

/// Browsers tell each other what they have.
pub const HAVE: &str = "/kinora/have/1";

/// Peers ask each other for segments.
pub const SEGMENT: &str = "/kinora/segment/1";

/// Nodes keep records of who provides which manifest.
pub const KAD: &str = "/kinora/kad/1";

/// The longest body of a control frame, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;

/// The most peers that are named at once.
pub const PEERS_MAX: usize = 12;

/// The most segments that one change of a have-map may name.
pub const CHANGES_MAX: usize = 1024;
