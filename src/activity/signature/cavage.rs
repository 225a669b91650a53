//! draft-cavage-http-signatures-12, as the fediverse has spoken it since 2017.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Algorithm, Claim, Incoming, Policy, Refusal, Scheme, is_digest};
use crate::key::Hash;

/// The most parameters of a signature.
const PARAMETERS_MAX: usize = 16;

/// Reads the parameters of a `Signature` header (section 2.1).
pub(super) fn read(header: &str) -> Result<Claim, Refusal> {
    let parameters = parameters(header)?;
    let text = |name: &str| parameters.iter().find(|(it, _)| *it == name).map(|(_, text)| *text);
    let number = |name: &str| match text(name) {
        // Fractions are allowed; the second is fine enough.
        Some(text) => text
            .split('.')
            .next()
            .and_then(|it| it.parse::<i64>().ok())
            .map(Some)
            .ok_or(Refusal::Malformed("a time is no number")),
        None => Ok(None),
    };
    let algorithm = match text("algorithm").map(str::to_ascii_lowercase).as_deref() {
        None | Some("hs2019") => Algorithm::OfTheKey,
        Some("rsa-sha256") => Algorithm::Rsa(Hash::Sha256),
        Some("rsa-sha512") => Algorithm::Rsa(Hash::Sha512),
        Some("ed25519") => Algorithm::Ed25519,
        Some(_) => return Err(Refusal::Algorithm),
    };
    let mut components = Vec::new();
    // Without a list the date alone is signed, which is never enough.
    for name in text("headers").unwrap_or("date").split_ascii_whitespace() {
        Claim::add(&mut components, name.to_ascii_lowercase())?;
    }
    let signature = text("signature").and_then(|it| STANDARD.decode(it).ok());
    let signature = signature.filter(|it| !it.is_empty());
    Ok(Claim {
        key_id: text("keyId").unwrap_or_default().to_owned(),
        scheme: Scheme::Cavage,
        algorithm,
        components,
        parameters: String::new(),
        created: number("created")?,
        expires: number("expires")?,
        signature: signature.ok_or(Refusal::Malformed("it has no value"))?,
        bases: Vec::new(),
    })
}

/// Splits `name="text",name=5`; text may have commas but no quotes.
fn parameters(header: &str) -> Result<Vec<(&str, &str)>, Refusal> {
    let malformed = Refusal::Malformed("its parameters");
    let mut found: Vec<(&str, &str)> = Vec::new();
    let mut rest = header.trim();
    // The same parameters come as `Authorization: Signature …` from nobody known.
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or(malformed.clone())?;
        let (text, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or(malformed.clone())?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        let name = name.trim();
        if found.len() >= PARAMETERS_MAX || found.iter().any(|(it, _)| *it == name) {
            return Err(malformed);
        }
        found.push((name, text.trim()));
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.is_empty() => {}
            None => return Err(malformed),
        }
    }
    Ok(found)
}

/// Checks what is covered, when it was signed, and the digest.
pub(super) fn check(claim: &Claim, request: &Incoming<'_>, policy: &Policy) -> Result<(), Refusal> {
    claim.require("(request-target)")?;
    claim.require("host")?;
    if !claim.covers("date") && !claim.covers("(created)") {
        return Err(Refusal::NotCovered("date"));
    }
    let of_rsa = matches!(claim.algorithm, Algorithm::Rsa(_));
    if of_rsa && (claim.covers("(created)") || claim.covers("(expires)")) {
        // Section 2.3: with these algorithms such a line means nothing.
        return Err(Refusal::Algorithm);
    }
    if claim.covers("date") {
        let date = request.headers.only("date")?.and_then(read_date);
        claim.check_time(date.ok_or_else(|| Refusal::Missing("date".to_owned()))?, policy)?;
    }
    if claim.covers("(created)") {
        claim.check_time(claim.created.ok_or(Refusal::NotCovered("(created)"))?, policy)?;
    }
    if request.has_body() {
        claim.require("digest")?;
    }
    let digest = request.headers.joined("digest");
    let wanted = request.has_body() || claim.covers("digest");
    match digest {
        Some(digest) if is_digest(&digest, request.body) => Ok(()),
        None if !wanted => Ok(()),
        _ => Err(Refusal::Digest),
    }
}

fn read_date(text: &str) -> Option<i64> {
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim());
    parsed.ok().map(|at| at.as_second())
}

/// What was signed (section 2.3).
pub(super) fn base(claim: &Claim, request: &Incoming<'_>) -> Result<String, Refusal> {
    let missing = |name: &str| Refusal::Missing(name.to_owned());
    let mut lines = Vec::new();
    for name in &claim.components {
        let value = match name.as_str() {
            "(request-target)" => {
                format!("{} {}", request.method.to_ascii_lowercase(), request.target)
            }
            "(created)" => claim.created.ok_or_else(|| missing(name))?.to_string(),
            "(expires)" => claim.expires.ok_or_else(|| missing(name))?.to_string(),
            // A signature for another server does not fit here, whatever the header says.
            "host" => request.authority().to_owned(),
            name => request.headers.joined(name).ok_or_else(|| missing(name))?,
        };
        lines.push(format!("{name}: {value}"));
    }
    Ok(lines.join("\n"))
}
