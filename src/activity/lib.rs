//! ActivityPub's own words: its objects as JSON, the signatures and proofs that say who wrote them.
//!
//! **Never:** imports a word of the house, opens a socket, reads the clock, believes a linked-data signature.
