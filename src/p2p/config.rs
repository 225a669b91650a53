//! Settings of sharing with peers.

use serde::{Deserialize, Serialize};

/// Settings of sharing with peers (`[p2p]` of the configuration file).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether this node helps peers to find each other at all.
    pub enabled: bool,
    /// What viewers do who did not decide for themselves.
    pub viewers: Viewers,
    /// So many must watch a video before peers are told of each other.
    pub watchers_min: u32,
    /// The UDP port at which browsers ask for their own public address (STUN); 0 answers none.
    pub stun_port: u16,
    /// The port, of UDP and TCP, at which other nodes and seeds connect; 0 lets none.
    pub port: u16,
    /// The UDP port at which browsers come in where no WebSocket passes (webrtc-direct); 0 lets none. Programs built without
    /// the feature `webrtc-direct` take no other.
    pub webrtc_direct_port: u16,
    /// Connections of browsers at a time, in all.
    pub tunnels_max: u32,
    /// Connections of browsers at a time from one network address.
    pub tunnels_per_address_max: u32,
    /// New connections of browsers in a minute from one network address.
    pub tunnels_per_minute: u32,
    /// Browsers that can be reached through this node at a time.
    pub reservations_max: usize,
    /// Introductions under way at a time: a circuit carries the few bytes with which two browsers find a way to each other.
    pub circuits_max: usize,
}

/// What viewers do who did not decide for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Viewers {
    /// They share, and are told at the first video, with a way to turn it off.
    On,
    /// They share after they were asked.
    Ask,
    /// They do not share, unless they turn it on.
    Off,
}

impl Viewers {
    /// The word for it, as settings have it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Ask => "ask",
            Self::Off => "off",
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            viewers: Viewers::On,
            watchers_min: 2,
            stun_port: 3478,
            port: 4001,
            webrtc_direct_port: 0,
            tunnels_max: 1024,
            tunnels_per_address_max: 32,
            tunnels_per_minute: 60,
            reservations_max: 512,
            circuits_max: 64,
        }
    }
}
