//! What asks for a segment and what gives one, `/kinora/segment/1` (docs/p2p-protocol.md).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kinora_p2p::fuzzing::segment(bytes));
