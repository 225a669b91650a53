//! Signing what we send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Scheme, authority_of, sign_base};
use crate::key::{KeyError, KeyPair};

/// A request that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Its method, upper case.
    pub method: &'a str,
    /// Where it goes.
    pub url: &'a Url,
    /// Its body, if it has one.
    pub body: Option<&'a [u8]>,
    /// The present moment, in seconds since 1970.
    pub now_s: i64,
}

/// The headers that sign a request with the RSA key of an actor, `Date` and the digest of the body among them. `Host`
/// follows from the address. Without a query where there is none: all servers but PeerTube sign it.
///
/// # Errors
/// [`KeyError`] never, unless memory lies.
pub fn sign(
    scheme: Scheme,
    key: &KeyPair,
    key_id: &str,
    request: &Outgoing<'_>,
) -> Result<Vec<(&'static str, String)>, KeyError> {
    match scheme {
        Scheme::Cavage => cavage(key, key_id, request),
        Scheme::Rfc9421 => rfc9421(key, key_id, request),
    }
}

fn date(now_s: i64) -> String {
    let at = jiff::Timestamp::from_second(now_s).unwrap_or_default();
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    printer.timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

fn target(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn cavage(
    key: &KeyPair,
    key_id: &str,
    request: &Outgoing<'_>,
) -> Result<Vec<(&'static str, String)>, KeyError> {
    let date = date(request.now_s);
    let (method, host) = (request.method.to_ascii_lowercase(), authority_of(request.url));
    let mut base =
        format!("(request-target): {method} {}\nhost: {host}\ndate: {date}", target(request.url));
    let (mut names, mut headers) = ("(request-target) host date".to_owned(), vec![("date", date)]);
    if let Some(body) = request.body {
        let digest = format!("SHA-256={}", STANDARD.encode(Sha256::digest(body)));
        base.push_str(&format!("\ndigest: {digest}"));
        names.push_str(" digest");
        headers.push(("digest", digest));
    }
    let signed = sign_base(key, base.as_bytes())?;
    let value = format!(
        "keyId=\"{key_id}\",algorithm=\"rsa-sha256\",headers=\"{names}\",signature=\"{signed}\""
    );
    headers.push(("signature", value));
    Ok(headers)
}

fn rfc9421(
    key: &KeyPair,
    key_id: &str,
    request: &Outgoing<'_>,
) -> Result<Vec<(&'static str, String)>, KeyError> {
    let mut address = request.url.clone();
    address.set_fragment(None);
    let mut base = format!(
        "\"@method\": {}\n\"@target-uri\": {address}\n\"@authority\": {}",
        request.method,
        authority_of(request.url)
    );
    let mut names = "\"@method\" \"@target-uri\" \"@authority\"".to_owned();
    let mut headers = vec![("date", date(request.now_s))];
    if let Some(body) = request.body {
        let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)));
        base.push_str(&format!("\n\"content-digest\": {digest}"));
        names.push_str(" \"content-digest\"");
        headers.push(("content-digest", digest));
    }
    let parameters =
        format!("({names});created={};keyid=\"{key_id}\";alg=\"rsa-v1_5-sha256\"", request.now_s);
    base.push_str(&format!("\n\"@signature-params\": {parameters}"));
    let signed = sign_base(key, base.as_bytes())?;
    headers.push(("signature-input", format!("sig1={parameters}")));
    headers.push(("signature", format!("sig1=:{signed}:")));
    Ok(headers)
}
