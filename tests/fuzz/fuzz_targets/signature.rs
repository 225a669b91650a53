//! The header `Signature` of draft-cavage-http-signatures-12, as it comes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kinora_fuzz::ask(&[("signature", bytes)]));
