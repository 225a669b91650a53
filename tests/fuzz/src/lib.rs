//! A request around the one header that is fuzzed: everything else of it is as it must be, so that the header decides.

use kinora_activity::key::PublicKey;
use kinora_activity::signature::{Headers, Incoming, Policy, read};

/// The moment of the recorded requests, in seconds since 1970.
const NOW_S: i64 = 1_795_401_000;

/// A key that nobody here can sign with: of the vector of FEP-8b32.
const KEY: &str = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";

/// Asks who signed a request with these headers besides those that every request has. Nobody did.
///
/// # Panics
/// If a signature holds that nobody made.
pub fn ask(signature: &[(&str, &[u8])]) {
    let mut headers = Headers::default();
    for (name, value) in [
        ("host", "node.example"),
        ("date", "Mon, 23 Nov 2026 02:30:00 GMT"),
        ("content-type", "application/activity+json"),
        // Of the body "{}".
        ("digest", "SHA-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="),
        ("content-digest", "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:"),
    ] {
        headers.append(name, value.as_bytes());
    }
    for (name, value) in signature {
        headers.append(name, value);
    }
    let key = PublicKey::from_multibase(KEY).expect("the key is one");
    for (method, body) in [("POST", b"{}".as_slice()), ("GET", b"")] {
        let request = Incoming {
            method,
            origin: "https://node.example",
            target: "/inbox?page=1",
            headers: &headers,
            body,
        };
        if let Ok(Some(claim)) = read(&request, &Policy { now_s: NOW_S }) {
            assert!(!claim.key_id.is_empty());
            assert!(claim.verify(&key).is_err(), "a signature that nobody made");
        }
    }
}
