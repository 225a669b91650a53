#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::LazyLock;

use super::*;

const NOW: i64 = 1_780_000_000;
const ORIGIN: &str = "https://films.example";
const KEY_ID: &str = "https://b.example/bob#main-key";

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());

/// A request that can be bent before it is read.
#[derive(Clone)]
struct Request {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn signed(scheme: Scheme, method: &'static str, target: &str, body: Option<&[u8]>) -> Self {
        let url: Url = format!("{ORIGIN}{target}").parse().unwrap();
        let outgoing = Outgoing { method, url: &url, body, now_s: NOW };
        let mut headers: Vec<_> = sign(scheme, &KEY, KEY_ID, &outgoing).unwrap();
        headers.push(("host", "films.example".to_owned()));
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { method, target: target.to_owned(), headers, body: body.unwrap_or_default().to_vec() }
    }

    fn set(&mut self, name: &str, change: impl Fn(&str) -> String) -> &mut Self {
        for (known, value) in &mut self.headers {
            if known == name {
                *value = change(value);
            }
        }
        self
    }

    fn read_at(&self, now_s: i64) -> Result<Option<Claim>, Refusal> {
        let mut headers = Headers::default();
        self.headers.iter().for_each(|(name, value)| headers.append(name, value.as_bytes()));
        let incoming = Incoming {
            method: self.method,
            origin: ORIGIN,
            target: &self.target,
            headers: &headers,
            body: &self.body,
        };
        read(&incoming, &Policy { now_s })
    }

    fn verify(&self) -> Result<(), Refusal> {
        let claim = self.read_at(NOW)?.expect("it is signed");
        assert_eq!(claim.key_id, KEY_ID);
        claim.verify(&KEY.rsa_public().unwrap())
    }
}

fn post(scheme: Scheme) -> Request {
    Request::signed(scheme, "POST", "/inbox", Some(b"{\"type\":\"Like\"}"))
}

#[test]
fn what_we_sign_is_verified() {
    for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
        assert_eq!(post(scheme).verify(), Ok(()), "{scheme:?}");
        assert_eq!(Request::signed(scheme, "GET", "/videos/watch/1?a=b", None).verify(), Ok(()));
    }
}

#[test]
fn a_path_signed_without_its_query_is_read_as_such() {
    let mut request = Request::signed(Scheme::Cavage, "GET", "/outbox", None);
    request.target = "/outbox?page=1".to_owned();
    assert_eq!(request.verify(), Ok(()));
    // Never the other way: what was signed with a query is not good without it.
    let mut request = Request::signed(Scheme::Cavage, "GET", "/outbox?page=1", None);
    request.target = "/outbox".to_owned();
    assert_eq!(request.verify(), Err(Refusal::NotOfKey));
}

#[test]
fn a_signature_holds_for_nothing_but_its_request() {
    for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
        let mut other = post(scheme);
        other.target = "/accounts/ana/inbox".to_owned();
        assert_eq!(other.verify(), Err(Refusal::NotOfKey), "another path");
        let mut other = post(scheme);
        other.method = "PUT";
        assert_eq!(other.verify(), Err(Refusal::NotOfKey), "another method");
        let mut other = post(scheme);
        other.body = b"{}".to_vec();
        assert_eq!(other.verify(), Err(Refusal::Digest), "another body");
        let mut other = post(scheme);
        other.set("host", |_| "victim.example".to_owned());
        assert_eq!(other.verify(), Err(Refusal::OtherHost), "another host");
        let other = KeyPair::generate().unwrap();
        let claim = post(scheme).read_at(NOW).unwrap().unwrap();
        assert_eq!(claim.verify(&other.rsa_public().unwrap()), Err(Refusal::NotOfKey));
        let ed25519 = PublicKey::from_multibase(&KEY.ed25519_multibase()).unwrap();
        assert_eq!(claim.verify(&ed25519), Err(Refusal::NotOfKey), "a key of another kind");
    }
}

#[test]
fn what_must_be_signed_is_signed() {
    let without = |name: &'static str| {
        let mut request = post(Scheme::Cavage);
        request.set("signature", |it| it.replace(&format!(" {name}"), ""));
        request.verify()
    };
    assert_eq!(without("digest"), Err(Refusal::NotCovered("digest")));
    assert_eq!(without("host"), Err(Refusal::NotCovered("host")));
    assert_eq!(without("date"), Err(Refusal::NotCovered("date")));
    let mut date_alone = post(Scheme::Cavage);
    date_alone.set("signature", |it| it.replace("(request-target) host date digest", "date"));
    assert_eq!(date_alone.verify(), Err(Refusal::NotCovered("(request-target)")));
    let without = |name: &'static str| {
        let mut request = post(Scheme::Rfc9421);
        request.set("signature-input", |it| it.replace(&format!("\"{name}\""), "\"date\""));
        request.verify()
    };
    assert_eq!(without("@method"), Err(Refusal::NotCovered("@method")));
    assert_eq!(without("@target-uri"), Err(Refusal::NotCovered("@target-uri")));
    assert_eq!(without("content-digest"), Err(Refusal::NotCovered("content-digest")));
}

#[test]
fn a_request_has_one_signature_or_none() {
    let unsigned = Request {
        headers: vec![("host".to_owned(), "films.example".to_owned())],
        ..post(Scheme::Cavage)
    };
    assert!(unsigned.read_at(NOW).unwrap().is_none());
    let mut twice = post(Scheme::Cavage);
    let again = twice.headers.iter().find(|(name, _)| name == "signature").unwrap().clone();
    twice.headers.push(again);
    assert_eq!(twice.verify(), Err(Refusal::Repeated("signature")));
    let mut both = post(Scheme::Cavage);
    let input =
        post(Scheme::Rfc9421).headers.into_iter().find(|(name, _)| name == "signature-input");
    both.headers.push(input.unwrap());
    assert_eq!(both.verify(), Err(Refusal::Several));
    let mut label = post(Scheme::Rfc9421);
    label.set("signature", |it| it.replace("sig1", "sig2"));
    assert_eq!(label.verify(), Err(Refusal::Malformed("Signature has another label")));
    let mut two = post(Scheme::Rfc9421);
    two.set("signature-input", |it| format!("{it}, sig2=()"));
    assert_eq!(two.verify(), Err(Refusal::Several));
}

#[test]
fn algorithms_cannot_be_confused() {
    for other in ["hmac-sha256", "none", "ecdsa-sha256", ""] {
        let mut request = post(Scheme::Cavage);
        request.set("signature", |it| it.replace("rsa-sha256", other));
        assert_eq!(request.verify(), Err(Refusal::Algorithm), "{other}");
        let mut request = post(Scheme::Rfc9421);
        request.set("signature-input", |it| it.replace("rsa-v1_5-sha256", other));
        assert_eq!(request.verify(), Err(Refusal::Algorithm), "{other}");
    }
    let mut request = post(Scheme::Cavage);
    request.set("signature", |it| it.replace("rsa-sha256", "ed25519"));
    assert_eq!(request.verify(), Err(Refusal::NotOfKey));
}

#[test]
fn time_has_its_bounds() {
    for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
        let request = post(scheme);
        let read = |now_s| request.read_at(now_s).map(|_| ());
        assert_eq!(read(NOW + AGE_S_MAX), Ok(()));
        assert_eq!(read(NOW + AGE_S_MAX + 1), Err(Refusal::Expired));
        assert_eq!(read(NOW - AHEAD_S_MAX), Ok(()));
        assert_eq!(read(NOW - AHEAD_S_MAX - 1), Err(Refusal::Ahead));
    }
    let mut request = post(Scheme::Rfc9421);
    request.set("signature-input", |it| it.replace(";created", ";expires=5;created"));
    assert_eq!(request.verify(), Err(Refusal::Expired));
    let mut request = post(Scheme::Rfc9421);
    request.set("signature-input", |it| it.replace(&format!(";created={NOW}"), ""));
    assert_eq!(request.verify(), Err(Refusal::NotCovered("created")));
}

#[test]
fn rubbish_is_refused_and_nothing_else_happens() {
    for text in [
        "",
        "x",
        "keyId",
        "keyId=\"",
        "keyId=\"a\"b",
        "signature=\"\"",
        "keyId=\"a\",keyId=\"b\"",
        "keyId=\"a\",signature=\"!\",headers=\"(request-target) host date digest\"",
    ] {
        let mut request = post(Scheme::Cavage);
        request.set("signature", |_| text.to_owned());
        assert!(request.read_at(NOW).is_err(), "{text}");
    }
    for text in [
        "",
        "sig1",
        "sig1=1",
        "sig1=(",
        "sig1=(\"@method\";req);created=1",
        "sig1=(\"@method\" \"@method\")",
        "sig1=(1)",
    ] {
        let mut request = post(Scheme::Rfc9421);
        request.set("signature-input", |_| text.to_owned());
        assert!(request.read_at(NOW).is_err(), "{text}");
    }
    let mut long = post(Scheme::Cavage);
    long.set("signature", |it| format!("{it},x=\"{}\"", "a".repeat(HEADER_BYTES_MAX)));
    assert!(long.read_at(NOW).is_err());
}
