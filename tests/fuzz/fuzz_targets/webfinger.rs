//! Handles as people type them, and answers of WebFinger (RFC 7033).
#![no_main]

use kinora_activity::webfinger::{Handle, Jrd};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(handle) = Handle::parse(text)
    {
        assert_eq!(Handle::parse(&handle.acct()).as_ref(), Some(&handle));
    }
    let Ok(json) = serde_json::from_slice(bytes) else { return };
    let read = Jrd::read(&json);
    let _ = read.actor();
    assert_eq!(Jrd::read(&read.write()), read);
});
