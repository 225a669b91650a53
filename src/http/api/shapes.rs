//! What answers look like: exactly PeerTube's field names.
