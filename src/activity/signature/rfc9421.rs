//! RFC 9421, HTTP Message Signatures, as far as servers of the fediverse speak it: one signature, no parameters of
//! components.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Algorithm, Claim, Incoming, Policy, Refusal, Scheme, is_content_digest};
use crate::key::Hash;

/// The most parameters of a signature.
const PARAMETERS_MAX: usize = 16;

/// Reads `Signature-Input` and `Signature` (section 4). What is signed of the parameters is kept as it came, since servers
/// differ in their order.
pub(super) fn read(input: &str, signature: &str) -> Result<Claim, Refusal> {
    let (label, parameters) = one_member(input)?;
    let (same, value) = one_member(signature)?;
    if label != same {
        return Err(Refusal::Malformed("Signature has another label"));
    }
    let value = value.strip_prefix(':').and_then(|it| it.split_once(':'));
    let value = value.filter(|(_, rest)| rest.is_empty());
    let value = value.and_then(|(it, _)| STANDARD.decode(it).ok()).filter(|it| !it.is_empty());
    let mut claim = Claim {
        key_id: String::new(),
        scheme: Scheme::Rfc9421,
        algorithm: Algorithm::OfTheKey,
        components: Vec::new(),
        parameters: parameters.to_owned(),
        created: None,
        expires: None,
        signature: value.ok_or(Refusal::Malformed("it has no value"))?,
        bases: Vec::new(),
    };
    let rest = inner_list(parameters, &mut claim.components)?;
    read_parameters(rest, &mut claim)?;
    Ok(claim)
}

/// The label and the text of the only member of a dictionary (RFC 8941, section 3.2).
fn one_member(header: &str) -> Result<(&str, &str), Refusal> {
    let header = header.trim();
    let (label, text) = header.split_once('=').ok_or(Refusal::Malformed("it has no label"))?;
    let is_key =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
    if label.is_empty() || !label.bytes().all(is_key) {
        return Err(Refusal::Malformed("its label"));
    }
    // Within quotes a comma is a comma; between members it makes a second signature.
    let mut quoted = false;
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return Err(Refusal::Several),
            0x20..=0x7e => {}
            _ => return Err(Refusal::Malformed("it is not ASCII")),
        }
    }
    if quoted {
        return Err(Refusal::Malformed("a quote does not end"));
    }
    Ok((label, text))
}

/// Reads the components `("@method" "date")`; returns what follows.
fn inner_list<'a>(text: &'a str, components: &mut Vec<String>) -> Result<&'a str, Refusal> {
    let malformed = || Refusal::Malformed("its components");
    let mut rest = text.strip_prefix('(').ok_or_else(malformed)?.trim_start_matches(' ');
    loop {
        if let Some(after) = rest.strip_prefix(')') {
            return Ok(after);
        }
        let (name, after) = string(rest).ok_or_else(malformed)?;
        // `;req`, `;sf`, `;bs` and the like are of no use between these servers.
        if !after.starts_with([' ', ')']) {
            return Err(malformed());
        }
        let fine =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"@-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(fine) {
            return Err(malformed());
        }
        Claim::add(components, name)?;
        rest = after.trim_start_matches(' ');
    }
}

/// Reads `;created=5;keyid="…"`.
fn read_parameters(text: &str, claim: &mut Claim) -> Result<(), Refusal> {
    let malformed = || Refusal::Malformed("its parameters");
    let mut names: Vec<&str> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        rest = rest.strip_prefix(';').ok_or_else(malformed)?.trim_start_matches(' ');
        let end = rest.find(['=', ';']).ok_or_else(malformed)?;
        let (name, after) = rest.split_at(end);
        let after = after.strip_prefix('=').ok_or_else(malformed)?;
        if names.len() >= PARAMETERS_MAX || names.contains(&name) {
            return Err(malformed());
        }
        names.push(name);
        let (value, after) = match string(after) {
            Some(found) => found,
            None => {
                let (bare, after) = after.split_at(after.find(';').unwrap_or(after.len()));
                (bare.to_owned(), after)
            }
        };
        rest = after;
        match name {
            "keyid" => claim.key_id = value,
            "created" => claim.created = Some(value.parse().map_err(|_bad| malformed())?),
            "expires" => claim.expires = Some(value.parse().map_err(|_bad| malformed())?),
            "alg" => claim.algorithm = algorithm(&value)?,
            "nonce" | "tag" => {}
            _ => return Err(malformed()),
        }
    }
    Ok(())
}

fn algorithm(name: &str) -> Result<Algorithm, Refusal> {
    match name {
        "rsa-v1_5-sha256" => Ok(Algorithm::Rsa(Hash::Sha256)),
        "rsa-v1_5-sha512" => Ok(Algorithm::Rsa(Hash::Sha512)),
        "ed25519" => Ok(Algorithm::Ed25519),
        _ => Err(Refusal::Algorithm),
    }
}

/// Reads a string (RFC 8941, section 3.3.3) and returns what follows.
fn string(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return rest.get(at.saturating_add(1)..).map(|after| (value, after)),
            '\\' => match chars.next()?.1 {
                escaped @ ('"' | '\\') => value.push(escaped),
                _ => return None,
            },
            char => value.push(char),
        }
    }
    None
}

/// Checks what is covered, when it was signed, and the digest.
pub(super) fn check(claim: &Claim, request: &Incoming<'_>, policy: &Policy) -> Result<(), Refusal> {
    claim.require("@method")?;
    if !claim.covers("@target-uri") {
        if !claim.covers("@authority") && !claim.covers("host") {
            return Err(Refusal::NotCovered("@target-uri"));
        }
        if !claim.covers("@path") && !claim.covers("@request-target") {
            return Err(Refusal::NotCovered("@target-uri"));
        }
    }
    claim.check_time(claim.created.ok_or(Refusal::NotCovered("created"))?, policy)?;
    if request.has_body() {
        claim.require("content-digest")?;
    }
    let digest = request.headers.joined("content-digest");
    let wanted = request.has_body() || claim.covers("content-digest");
    match digest {
        Some(digest) if is_content_digest(&digest, request.body) => Ok(()),
        None if !wanted => Ok(()),
        _ => Err(Refusal::Digest),
    }
}

/// What was signed (section 2.5).
pub(super) fn base(claim: &Claim, request: &Incoming<'_>) -> Result<String, Refusal> {
    let mut base = String::new();
    for name in &claim.components {
        let value = match name.as_str() {
            "@method" => request.method.to_owned(),
            "@target-uri" => format!("{}{}", request.origin, request.target),
            "@authority" | "host" => request.authority().to_owned(),
            "@scheme" => request.scheme().to_owned(),
            "@request-target" => request.target.to_owned(),
            "@path" => request.path().to_owned(),
            "@query" => {
                let query = request.target.split_once('?').map_or("", |(_, query)| query);
                format!("?{query}")
            }
            name if name.starts_with('@') => return Err(Refusal::Missing(name.to_owned())),
            name => {
                request.headers.joined(name).ok_or_else(|| Refusal::Missing(name.to_owned()))?
            }
        };
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    base.push_str(&format!("\"@signature-params\": {}", claim.parameters));
    Ok(base)
}
