//! What servers say of themselves: the index of NodeInfo and its document.
#![no_main]

use kinora_activity::nodeinfo::{newest, software};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(json) = serde_json::from_slice(bytes) else { return };
    if let Some(url) = newest(&json) {
        assert!(matches!(url.scheme(), "http" | "https"));
    }
    if let Some(software) = software(&json) {
        assert!(software.name.chars().count() <= 64);
    }
});
