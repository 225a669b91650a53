//! The headers `Signature-Input` (the first line) and `Signature` (the rest) of RFC 9421, as they come.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let input = lines.next().unwrap_or_default();
    let signature = lines.next().unwrap_or_default();
    kinora_fuzz::ask(&[("signature-input", input), ("signature", signature)]);
});
