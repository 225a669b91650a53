//! Signatures of HTTP requests, in the two forms that servers speak: draft-cavage-http-signatures-12 and RFC 9421.
//!
//! A request is checked in two steps: [`read`] looks at all that needs no key, [`Claim::verify`] at the rest. Both build
//! what was signed from the public address of this server, not from what the request or a proxy says that it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha512};
use url::Url;

use crate::key::{Hash, KeyError, KeyPair, PublicKey};

mod cavage;
mod outgoing;
mod rfc9421;

pub use outgoing::{Outgoing, sign};

/// The longest header of a signature, in bytes.
pub const HEADER_BYTES_MAX: usize = 8192;

/// The most components that a signature covers.
pub const COMPONENTS_MAX: usize = 32;

/// How long ago a request may have been signed, in seconds.
pub const AGE_S_MAX: i64 = 12 * 60 * 60;

/// How far ahead the other's clock may be, in seconds.
pub const AHEAD_S_MAX: i64 = 60 * 60;

/// The headers of a request, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// Adds a header; its name in any case.
    pub fn append(&mut self, name: &str, value: &[u8]) {
        self.0.push((name.to_ascii_lowercase(), value.to_vec()));
    }

    /// The values of a header, its name in lower case.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_slice())
    }

    /// The first value of a header as text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(it, _)| it == name)?;
        std::str::from_utf8(value).ok()
    }

    /// All values of a header in one text, as both forms sign it; `None` if there is none or it is no text.
    fn joined(&self, name: &str) -> Option<String> {
        let values: Option<Vec<_>> =
            self.get_all(name).map(|it| std::str::from_utf8(it).ok().map(str::trim)).collect();
        values.filter(|values| !values.is_empty()).map(|values| values.join(", "))
    }

    /// The one value of a header; two are refused.
    fn only(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        let mut values = self.get_all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Refusal::Repeated(name));
        }
        let Some(first) = first else { return Ok(None) };
        if first.len() > HEADER_BYTES_MAX {
            return Err(Refusal::Malformed("it is too long"));
        }
        std::str::from_utf8(first).map(Some).map_err(|_bad| Refusal::Malformed("it is not text"))
    }
}

/// A request that came in.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// In upper case.
    pub method: &'a str,
    /// The public address of this server: scheme, host and port, without a slash at its end.
    pub origin: &'a str,
    /// Path and query as they came.
    pub target: &'a str,
    /// Its headers.
    pub headers: &'a Headers,
    /// Its body as it came.
    pub body: &'a [u8],
}

impl Incoming<'_> {
    fn authority(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, authority)| authority)
    }

    fn scheme(&self) -> &str {
        self.origin.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    fn has_body(&self) -> bool {
        self.method == "POST"
    }
}

/// What a verifier knows besides the request.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The present moment, in seconds since 1970.
    pub now_s: i64,
}

/// Why a request counts as not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header is there twice.
    #[error("there are two {0} headers")]
    Repeated(&'static str),
    /// The signature cannot be read.
    #[error("the signature cannot be read: {0}")]
    Malformed(&'static str),
    /// There is more than one signature.
    #[error("there is more than one signature")]
    Several,
    /// Something that matters is not signed.
    #[error("{0} is not signed")]
    NotCovered(&'static str),
    /// Something that is signed is not in the request, or cannot be signed.
    #[error("{0} is signed but cannot be found")]
    Missing(String),
    /// The digest is not of the body.
    #[error("the digest is not of the body")]
    Digest,
    /// The request was signed too long ago.
    #[error("it was signed too long ago")]
    Expired,
    /// The request will be signed some time.
    #[error("it was signed in the future")]
    Ahead,
    /// The algorithm is not known or is not that of the key.
    #[error("the algorithm is not known or not that of the key")]
    Algorithm,
    /// The key did not make the signature.
    #[error("the key did not make the signature")]
    NotOfKey,
    /// The request was made for another server.
    #[error("it was made for another server")]
    OtherHost,
}

/// The form of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// draft-cavage-http-signatures-12.
    Cavage,
    /// RFC 9421.
    Rfc9421,
}

impl Scheme {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Cavage => Self::Rfc9421,
            Self::Rfc9421 => Self::Cavage,
        }
    }
}

/// What a signature may be made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    /// Nothing is said, or that the key decides.
    OfTheKey,
    Rsa(Hash),
    Ed25519,
}

/// A signature whose key was not looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The id of the key, as the signature names it.
    pub key_id: String,
    /// Its form.
    pub scheme: Scheme,
    algorithm: Algorithm,
    /// What is signed, in order.
    components: Vec<String>,
    /// What RFC 9421 signs of the signature itself, as it came.
    parameters: String,
    created: Option<i64>,
    expires: Option<i64>,
    signature: Vec<u8>,
    /// What may have been signed.
    bases: Vec<String>,
}

/// Reads who claims to have signed a request; `None` if nobody does. Form, coverage, dates and the digest of the body are
/// checked, the key is not.
///
/// # Errors
/// A [`Refusal`].
pub fn read(request: &Incoming<'_>, policy: &Policy) -> Result<Option<Claim>, Refusal> {
    let signature = request.headers.only("signature")?;
    let input = request.headers.only("signature-input")?;
    let claim = match (signature, input) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(Refusal::Malformed("there is no signature")),
        (Some(signature), None) => cavage::read(signature)?,
        // One of both would be looked at by us and the other by somebody else.
        (Some(signature), Some(_)) if signature.contains("keyId=") => return Err(Refusal::Several),
        (Some(signature), Some(input)) => rfc9421::read(input, signature)?,
    };
    let host = request.headers.only("host")?;
    if host.is_some_and(|host| !host.trim().eq_ignore_ascii_case(request.authority())) {
        return Err(Refusal::OtherHost);
    }
    if claim.key_id.is_empty() {
        return Err(Refusal::Malformed("it names no key"));
    }
    let path = Incoming { target: request.path(), ..*request };
    let (first, second) = match claim.scheme {
        Scheme::Cavage => {
            cavage::check(&claim, request, policy)?;
            (cavage::base(&claim, request)?, cavage::base(&claim, &path)?)
        }
        Scheme::Rfc9421 => {
            rfc9421::check(&claim, request, policy)?;
            (rfc9421::base(&claim, request)?, rfc9421::base(&claim, &path)?)
        }
    };
    let mut claim = claim;
    claim.bases = if first == second { vec![first] } else { vec![first, second] };
    Ok(Some(claim))
}

impl Claim {
    /// Checks the signature with a key.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), Refusal> {
        // Some servers sign addresses without their queries.
        let mut refusal = Refusal::NotOfKey;
        for base in &self.bases {
            match self.verify_base(base, key) {
                Ok(()) => return Ok(()),
                Err(found) => refusal = found,
            }
        }
        Err(refusal)
    }

    fn verify_base(&self, base: &str, key: &PublicKey) -> Result<(), Refusal> {
        let (base, signature) = (base.as_bytes(), self.signature.as_slice());
        let fits = match (self.algorithm, key) {
            (Algorithm::OfTheKey, PublicKey::Rsa(_)) => {
                key.verify_rsa(Hash::Sha256, base, signature)
                    || key.verify_rsa(Hash::Sha512, base, signature)
            }
            (Algorithm::Rsa(hash), PublicKey::Rsa(_)) => key.verify_rsa(hash, base, signature),
            (Algorithm::OfTheKey | Algorithm::Ed25519, PublicKey::Ed25519(_)) => {
                key.verify_ed25519(base, signature)
            }
            _ => false,
        };
        if fits { Ok(()) } else { Err(Refusal::NotOfKey) }
    }

    /// Stands for the signature where it must not be used twice.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.key_id.as_bytes());
        hash.update([0]);
        hash.update(&self.signature);
        hash.finalize().into()
    }

    fn covers(&self, component: &str) -> bool {
        self.components.iter().any(|it| it == component)
    }

    fn require(&self, component: &'static str) -> Result<(), Refusal> {
        if self.covers(component) { Ok(()) } else { Err(Refusal::NotCovered(component)) }
    }

    /// Checks when it was signed.
    fn check_time(&self, signed_at: i64, policy: &Policy) -> Result<(), Refusal> {
        let age = policy.now_s.saturating_sub(signed_at);
        let expired = self.expires.is_some_and(|at| policy.now_s.saturating_sub(at) > AHEAD_S_MAX);
        if age < -AHEAD_S_MAX {
            return Err(Refusal::Ahead);
        }
        if age > AGE_S_MAX || expired {
            return Err(Refusal::Expired);
        }
        Ok(())
    }

    /// Adds a component; two of the same are refused.
    fn add(components: &mut Vec<String>, component: String) -> Result<(), Refusal> {
        if components.contains(&component) {
            return Err(Refusal::Malformed("a component is covered twice"));
        }
        if components.len() >= COMPONENTS_MAX {
            return Err(Refusal::Malformed("it covers too much"));
        }
        components.push(component);
        Ok(())
    }
}

/// What signs a text: base64 of an RSA signature.
fn sign_base(key: &KeyPair, base: &[u8]) -> Result<String, KeyError> {
    key.sign_rsa(base).map(|signature| STANDARD.encode(signature))
}

/// True if a `Digest` header (RFC 3230) has the SHA-256 of a body, and no other.
fn is_digest(header: &str, body: &[u8]) -> bool {
    let mut wanted = header.split(',').filter_map(|it| it.trim().split_once('='));
    let wanted: Vec<_> =
        wanted.by_ref().filter(|(name, _)| name.eq_ignore_ascii_case("sha-256")).collect();
    let made: [u8; 32] = Sha256::digest(body).into();
    let fits = |text: &str| STANDARD.decode(text.trim()).is_ok_and(|it| it == made);
    !wanted.is_empty() && wanted.iter().all(|(_, text)| fits(text))
}

/// True if a `Content-Digest` header (RFC 9530) has a digest of a body, and none of another.
fn is_content_digest(header: &str, body: &[u8]) -> bool {
    let mut some = false;
    for (name, text) in header.split(',').filter_map(|it| it.trim().split_once('=')) {
        let made = match name.trim().to_ascii_lowercase().as_str() {
            "sha-256" => Sha256::digest(body).to_vec(),
            "sha-512" => Sha512::digest(body).to_vec(),
            _ => continue,
        };
        let told = text.trim().strip_prefix(':').and_then(|it| it.strip_suffix(':'));
        if told.and_then(|it| STANDARD.decode(it).ok()).is_none_or(|it| it != made) {
            return false;
        }
        some = true;
    }
    some
}

/// The host of an address with its port, as the `Host` header has it.
fn authority_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
