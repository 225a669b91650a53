//! Control frames and the messages of `/kinora/tracker/1` (docs/p2p-protocol.md).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kinora_p2p::fuzzing::tracker(bytes));
