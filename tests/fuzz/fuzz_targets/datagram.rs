//! Datagrams at the STUN port (RFC 8489).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kinora_p2p::fuzzing::datagram(bytes));
