//! Keys: what an actor signs with, and what others check it with.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// The longest key that is read, in characters.
pub const TEXT_LEN_MAX: usize = 8192;

/// The shortest RSA modulus, in bytes.
const RSA_LEN_MIN: usize = 256;

/// The longest RSA modulus, in bytes.
const RSA_LEN_MAX: usize = 1024;

/// What stands before the 32 bytes of an Ed25519 key in its SPKI form (RFC 8410).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// What stands before the bytes of an Ed25519 key as a Multikey.
const ED25519_MULTICODEC: [u8; 2] = [0xed, 0x01];

/// Why a key cannot be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The machine could not make one.
    #[error("a key could not be made")]
    Generate,
    /// What was stored is no key.
    #[error("a stored key cannot be read")]
    Stored,
    /// What another server gave is no key.
    #[error("this is no key of a kind that is known")]
    Unreadable,
    /// The key is too short to be believed or too long to be checked.
    #[error("an RSA key has 2048 to 8192 bits")]
    Size,
}

/// The keys of one actor: RSA, which all servers check, and Ed25519.
pub struct KeyPair {
    rsa: rsa::KeyPair,
    ed25519: Ed25519KeyPair,
}

/// The keys of one actor as they are kept: PKCS #8 DER each.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredKeys {
    /// The RSA key.
    pub rsa_pkcs8: Vec<u8>,
    /// The Ed25519 key.
    pub ed25519_pkcs8: Vec<u8>,
}

impl std::fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKeys").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair")
            .field("ed25519", &self.ed25519_multibase())
            .finish_non_exhaustive()
    }
}

impl KeyPair {
    /// Makes keys; takes a good part of a second.
    ///
    /// # Errors
    /// [`KeyError::Generate`].
    pub fn generate() -> Result<Self, KeyError> {
        let rsa = rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_fail| KeyError::Generate)?;
        let ed25519 = Ed25519KeyPair::generate().map_err(|_fail| KeyError::Generate)?;
        Ok(Self { rsa, ed25519 })
    }

    /// The keys as they are kept.
    ///
    /// # Errors
    /// [`KeyError::Generate`] if they cannot be written down.
    pub fn to_stored(&self) -> Result<StoredKeys, KeyError> {
        let rsa: Pkcs8V1Der<'_> = self.rsa.as_der().map_err(|_fail| KeyError::Generate)?;
        let ed25519 = self.ed25519.to_pkcs8().map_err(|_fail| KeyError::Generate)?;
        Ok(StoredKeys {
            rsa_pkcs8: rsa.as_ref().to_vec(),
            ed25519_pkcs8: ed25519.as_ref().to_vec(),
        })
    }

    /// Reads what [`KeyPair::to_stored`] wrote.
    ///
    /// # Errors
    /// [`KeyError::Stored`].
    pub fn from_stored(stored: &StoredKeys) -> Result<Self, KeyError> {
        Ok(Self {
            rsa: rsa::KeyPair::from_pkcs8(&stored.rsa_pkcs8).map_err(|_bad| KeyError::Stored)?,
            ed25519: Ed25519KeyPair::from_pkcs8(&stored.ed25519_pkcs8)
                .map_err(|_bad| KeyError::Stored)?,
        })
    }

    /// The public RSA key: SPKI, PEM.
    #[must_use]
    pub fn rsa_public_pem(&self) -> String {
        let der: Result<PublicKeyX509Der<'_>, _> = self.rsa.public_key().as_der();
        // A key that was made or read has a public half.
        der.map(|der| pem(der.as_ref())).unwrap_or_default()
    }

    /// The public RSA key.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] never, unless the pair is broken.
    pub fn rsa_public(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_pem(&self.rsa_public_pem())
    }

    /// The public Ed25519 key as a Multikey (FEP-521a): `z6Mk…`.
    #[must_use]
    pub fn ed25519_multibase(&self) -> String {
        let key = self.ed25519.public_key();
        format!("z{}", bs58::encode([&ED25519_MULTICODEC, key.as_ref()].concat()).into_string())
    }

    /// Signs with RSASSA-PKCS1-v1_5 and SHA-256.
    ///
    /// # Errors
    /// [`KeyError::Generate`] if the machine gives no randomness.
    pub fn sign_rsa(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_fail| KeyError::Generate)?;
        Ok(signature)
    }

    /// Signs with Ed25519.
    #[must_use]
    pub fn sign_ed25519(&self, message: &[u8]) -> Vec<u8> {
        self.ed25519.sign(message).as_ref().to_vec()
    }
}

/// A public key of somebody.
#[derive(Clone, Debug)]
pub enum PublicKey {
    /// RSA of 2048 to 8192 bits.
    Rsa(RsaKey),
    /// Ed25519.
    Ed25519([u8; 32]),
}

/// A public RSA key.
#[derive(Clone, Debug)]
pub struct RsaKey {
    der: Arc<[u8]>,
    parsed: Arc<ParsedPublicKey>,
}

/// The hash that an RSA signature is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl PublicKey {
    /// Reads PEM: SPKI of either kind, or PKCS #1.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`], [`KeyError::Size`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = un_pem(text)?;
        if let Some(key) = der.strip_prefix(&ED25519_SPKI) {
            let key = key.try_into().map_err(|_bad| KeyError::Unreadable)?;
            return Ok(Self::Ed25519(key));
        }
        let key = rsa::PublicKey::from_der(&der).map_err(|_bad| KeyError::Unreadable)?;
        if !(RSA_LEN_MIN..=RSA_LEN_MAX).contains(&key.modulus_len()) {
            return Err(KeyError::Size);
        }
        Self::rsa(der, &RSA_PKCS1_2048_8192_SHA256)
    }

    fn rsa(
        der: Vec<u8>,
        algorithm: &'static dyn aws_lc_rs::signature::VerificationAlgorithm,
    ) -> Result<Self, KeyError> {
        let parsed = ParsedPublicKey::new(algorithm, &der).map_err(|_bad| KeyError::Unreadable)?;
        Ok(Self::Rsa(RsaKey { der: der.into(), parsed: Arc::new(parsed) }))
    }

    /// Reads PEM of an RSA key too short for anything but recordings.
    #[cfg(test)]
    pub(crate) fn from_weak_pem(text: &str) -> Result<Self, KeyError> {
        use aws_lc_rs::signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
        Self::rsa(un_pem(text)?, &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
    }

    /// Reads a Multikey (FEP-521a): `z6Mk…`.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`].
    pub fn from_multibase(text: &str) -> Result<Self, KeyError> {
        let base58 = text.strip_prefix('z').filter(|it| it.len() <= 64);
        let bytes = base58.and_then(|it| bs58::decode(it).into_vec().ok());
        let bytes = bytes.ok_or(KeyError::Unreadable)?;
        let key = bytes.strip_prefix(&ED25519_MULTICODEC).ok_or(KeyError::Unreadable)?;
        Ok(Self::Ed25519(key.try_into().map_err(|_bad| KeyError::Unreadable)?))
    }

    /// True if an RSA signature over a message is of this key; never of one of another kind.
    #[must_use]
    pub fn verify_rsa(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        match (self, hash) {
            (Self::Rsa(key), Hash::Sha256) => key.parsed.verify_sig(message, signature).is_ok(),
            (Self::Rsa(key), Hash::Sha512) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, &key.der)
                    .verify(message, signature)
                    .is_ok()
            }
            (Self::Ed25519(_), _) => false,
        }
    }

    /// True if an Ed25519 signature over a message is of this key; never of one of another kind.
    #[must_use]
    pub fn verify_ed25519(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
            Self::Rsa(_) => false,
        }
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    pem
}

fn un_pem(text: &str) -> Result<Vec<u8>, KeyError> {
    let text = text.trim();
    if text.len() > TEXT_LEN_MAX {
        return Err(KeyError::Size);
    }
    let within = ["PUBLIC KEY", "RSA PUBLIC KEY"].into_iter().find_map(|label| {
        let rest = text.strip_prefix(&format!("-----BEGIN {label}-----"))?;
        rest.strip_suffix(&format!("-----END {label}-----"))
    });
    let plain: String = within
        .ok_or(KeyError::Unreadable)?
        .chars()
        .filter(|char| !char.is_ascii_whitespace())
        .collect();
    STANDARD.decode(plain).map_err(|_bad| KeyError::Unreadable)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn keys_are_read_as_they_were_kept_and_checked_by_what_is_shown() {
        let made = KeyPair::generate().unwrap();
        let keys = KeyPair::from_stored(&made.to_stored().unwrap()).unwrap();
        let rsa = PublicKey::from_pem(&made.rsa_public_pem()).unwrap();
        let ed25519 = PublicKey::from_multibase(&made.ed25519_multibase()).unwrap();
        let (by_rsa, by_ed25519) = (keys.sign_rsa(b"word").unwrap(), keys.sign_ed25519(b"word"));
        assert!(rsa.verify_rsa(Hash::Sha256, b"word", &by_rsa));
        assert!(ed25519.verify_ed25519(b"word", &by_ed25519));
        for (key, signature) in [(&rsa, &by_ed25519), (&ed25519, &by_rsa)] {
            assert!(!key.verify_rsa(Hash::Sha256, b"word", signature));
            assert!(!key.verify_ed25519(b"word", signature));
        }
        assert!(!rsa.verify_rsa(Hash::Sha512, b"word", &by_rsa));
        assert!(!rsa.verify_rsa(Hash::Sha256, b"wort", &by_rsa));
        assert!(made.rsa_public_pem().starts_with("-----BEGIN PUBLIC KEY-----\n"));
        assert!(made.ed25519_multibase().starts_with("z6Mk"));
        assert!(!format!("{made:?}{:?}", made.to_stored()).contains("pkcs8"));
    }

    #[test]
    fn what_is_no_key_or_a_weak_one_is_refused() {
        for text in ["", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", "z", "zzz", "m123"]
        {
            assert!(PublicKey::from_pem(text).is_err(), "{text}");
            assert!(PublicKey::from_multibase(text).is_err(), "{text}");
        }
        let weak = "-----BEGIN PUBLIC KEY-----\n".to_owned() + &"A".repeat(TEXT_LEN_MAX);
        assert_eq!(PublicKey::from_pem(&weak).unwrap_err(), KeyError::Size);
    }
}
