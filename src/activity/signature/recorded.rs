//! Requests that other servers sent, with the clock of the recording.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;

/// 2026-11-23T02:30:00Z: the recordings lie within an hour of it.
const RECORDED_AT: i64 = 1_795_401_000;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/activities")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Checks a request, and that it holds for no other body and no other path.
fn verify(request: &Incoming<'_>, key: &PublicKey, name: &str) -> String {
    let policy = Policy { now_s: RECORDED_AT };
    let claim = read(request, &policy).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    let claim = claim.unwrap_or_else(|| panic!("{name} is not signed"));
    assert_eq!(claim.verify(key), Ok(()), "{name}");
    let elsewhere = Incoming { target: "/elsewhere", ..*request };
    let elsewhere = read(&elsewhere, &policy).unwrap().unwrap();
    assert_eq!(elsewhere.verify(key), Err(Refusal::NotOfKey), "{name}");
    if request.method == "POST" {
        let other = Incoming { body: b"{}", ..*request };
        assert_eq!(read(&other, &policy), Err(Refusal::Digest), "{name}");
    }
    claim.key_id
}

#[test]
fn what_peertube_sent_is_verified() {
    let folder = fixtures().join("peertube");
    let mut keys = HashMap::new();
    for entry in std::fs::read_dir(folder.join("actors")).unwrap() {
        let actor = json(&entry.unwrap().path());
        let key = &actor["publicKey"];
        let pem = key["publicKeyPem"].as_str().unwrap();
        // The recorded servers ran in their developers' mode, with short keys.
        assert!(PublicKey::from_pem(pem).is_err());
        let key_id = key["id"].as_str().unwrap().to_owned();
        keys.insert(key_id, PublicKey::from_weak_pem(pem).unwrap());
    }
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(stem) = name.strip_suffix(".headers.txt") else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        let mut sent = text.lines().filter_map(|line| line.strip_prefix("> "));
        let target = sent.next().unwrap().split(' ').nth(1).unwrap();
        let mut headers = Headers::default();
        for (name, value) in sent.filter_map(|line| line.split_once(": ")) {
            headers.append(name, value.as_bytes());
        }
        let origin = format!("http://{}", headers.get("host").unwrap());
        let body = std::fs::read(folder.join(format!("{stem}.raw"))).unwrap();
        let request =
            Incoming { method: "POST", origin: &origin, target, headers: &headers, body: &body };
        let claim = read(&request, &Policy { now_s: RECORDED_AT }).unwrap().unwrap();
        verify(&request, &keys[&claim.key_id], &name);
        count += 1;
    }
    assert_eq!(count, 40);
}

#[test]
fn what_gotosocial_sent_is_verified() {
    let folder = fixtures().join("gotosocial");
    let actor = json(&folder.join("actor.json"));
    let key = PublicKey::from_pem(actor["publicKey"]["publicKeyPem"].as_str().unwrap()).unwrap();
    let requests = json(&folder.join("requests.json"));
    for (number, recorded) in requests.as_array().unwrap().iter().enumerate() {
        let mut headers = Headers::default();
        for pair in recorded["hdr"].as_array().unwrap() {
            headers.append(pair[0].as_str().unwrap(), pair[1].as_str().unwrap().as_bytes());
        }
        let raw = recorded["raw"].as_str().unwrap_or_default();
        let body = STANDARD.decode(raw).unwrap();
        let request = Incoming {
            method: if recorded["kind"] == "get" { "GET" } else { "POST" },
            origin: "https://node.fedi.test",
            target: recorded["path"].as_str().unwrap(),
            headers: &headers,
            body: &body,
        };
        let key_id = verify(&request, &key, &format!("request {number}"));
        assert_eq!(key_id, actor["publicKey"]["id"].as_str().unwrap());
    }
    assert_eq!(requests.as_array().unwrap().len(), 7);
}

/// RFC 9421, appendix B.2.6. It leaves the digest out, so only what is below the check of coverage is asked.
#[test]
fn the_example_of_the_standard_is_verified() {
    let mut headers = Headers::default();
    for (name, value) in [
        ("host", "example.com"),
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ] {
        headers.append(name, value.as_bytes());
    }
    let request = Incoming {
        method: "POST",
        origin: "https://example.com",
        target: "/foo?param=Value&Pet=dog",
        headers: &headers,
        body: b"{\"hello\": \"world\"}",
    };
    let input = "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
        ;created=1618884473;keyid=\"test-key-ed25519\"";
    let signature = "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:";
    let mut claim = rfc9421::read(input, signature).unwrap();
    assert_eq!(claim.key_id, "test-key-ed25519");
    claim.bases = vec![rfc9421::base(&claim, &request).unwrap()];
    let pem = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----";
    let key = PublicKey::from_pem(pem).unwrap();
    assert_eq!(claim.verify(&key), Ok(()));
    claim.bases[0].push(' ');
    assert_eq!(claim.verify(&key), Err(Refusal::NotOfKey));
    let policy = Policy { now_s: 1_618_884_473 };
    let mut signed = headers.clone();
    signed.append("signature-input", input.as_bytes());
    signed.append("signature", signature.as_bytes());
    let refused = read(&Incoming { headers: &signed, ..request }, &policy);
    assert_eq!(refused, Err(Refusal::NotCovered("content-digest")));
}
