//! Proofs within documents (FEP-8b32, cryptosuite `eddsa-jcs-2022`): who wrote a document, however it came.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::key::{KeyPair, PublicKey};
use crate::signature::Refusal;

/// The longest value of a proof, in characters.
const VALUE_LEN_MAX: usize = 128;

/// A proof that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofClaim {
    /// The id of the key.
    pub key_id: String,
    /// When it was made, as it says.
    pub created: Option<String>,
}

/// Adds a proof to a document: everybody who has the key can tell who wrote it. `created` is RFC 3339. A document that
/// cannot be put into the one canonical form stays as it is.
pub fn add_proof(document: &mut Value, key: &KeyPair, verification_method: &str, created: &str) {
    let Some(map) = document.as_object_mut() else { return };
    map.remove("proof");
    let mut proof = json!({
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
        "created": created,
    });
    if let (Some(context), Some(proof)) = (map.get("@context"), proof.as_object_mut()) {
        proof.insert("@context".to_owned(), context.clone());
    }
    let Some(message) = message(&proof, &Value::Object(map.clone())) else { return };
    let value = format!("z{}", bs58::encode(key.sign_ed25519(&message)).into_string());
    if let Some(proof) = proof.as_object_mut() {
        proof.insert("proofValue".to_owned(), value.into());
    }
    map.insert("proof".to_owned(), proof);
}

/// The id of the key that a document claims to be proven by.
#[must_use]
pub fn proof_key_id(document: &Value) -> Option<String> {
    let key_id = proof_of(document)?.get("verificationMethod")?;
    // An object that says the same by itself is a key that nobody vouches for.
    key_id.as_str().map(str::to_owned)
}

/// Checks the proof of a document with a key.
///
/// # Errors
/// A [`Refusal`].
pub fn check_proof(document: &Value, key: &PublicKey) -> Result<ProofClaim, Refusal> {
    let malformed = Refusal::Malformed("the proof");
    let proof = proof_of(document).ok_or(malformed.clone())?;
    let text = |name: &str| proof.get(name).and_then(Value::as_str);
    if text("type") != Some("DataIntegrityProof") || text("cryptosuite") != Some("eddsa-jcs-2022") {
        return Err(Refusal::Algorithm);
    }
    if text("proofPurpose") != Some("assertionMethod") {
        return Err(malformed);
    }
    let value = text("proofValue").filter(|it| it.len() <= VALUE_LEN_MAX);
    let value = value.and_then(|it| bs58::decode(it.strip_prefix('z')?).into_vec().ok());
    let value = value.ok_or(malformed.clone())?;
    let key_id = text("verificationMethod").ok_or(malformed.clone())?.to_owned();
    let created = text("created").map(str::to_owned);
    let mut options = proof.clone();
    options.remove("proofValue");
    let mut unproven = document.clone();
    if let Some(map) = unproven.as_object_mut() {
        map.remove("proof");
    }
    let fits = |options: Map<String, Value>| {
        message(&Value::Object(options), &unproven)
            .is_some_and(|message| key.verify_ed25519(&message, &value))
    };
    // The context belongs to what is signed whether the proof repeats it or not; servers differ.
    let with_context = unproven.get("@context").cloned().map(|context| {
        let mut options = options.clone();
        options.insert("@context".to_owned(), context);
        options
    });
    if with_context.is_some_and(fits) || fits(options) {
        Ok(ProofClaim { key_id, created })
    } else {
        Err(Refusal::NotOfKey)
    }
}

/// The one proof of a document.
fn proof_of(document: &Value) -> Option<&Map<String, Value>> {
    match document.get("proof")? {
        Value::Object(proof) => Some(proof),
        Value::Array(proofs) => match proofs.as_slice() {
            [Value::Object(proof)] => Some(proof),
            _ => None,
        },
        _ => None,
    }
}

/// What is signed: the hash of the options, then that of the document.
fn message(options: &Value, document: &Value) -> Option<Vec<u8>> {
    let options = serde_json_canonicalizer::to_vec(options).ok()?;
    let document = serde_json_canonicalizer::to_vec(document).ok()?;
    Some([Sha256::digest(options), Sha256::digest(document)].concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn a_proof_fits_its_document_and_key_and_no_other() {
        let (keys, others) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let key = PublicKey::from_multibase(&keys.ed25519_multibase()).unwrap();
        let other = PublicKey::from_multibase(&others.ed25519_multibase()).unwrap();
        let mut document = json!({
            "@context": ["https://www.w3.org/ns/activitystreams"],
            "id": "https://a.example/1", "type": "Like", "object": "https://b.example/1",
        });
        add_proof(&mut document, &keys, "https://a.example/u#ed25519-key", "2026-01-01T00:00:00Z");
        assert_eq!(proof_key_id(&document).unwrap(), "https://a.example/u#ed25519-key");
        assert!(check_proof(&document, &key).is_ok());
        assert_eq!(check_proof(&document, &other), Err(Refusal::NotOfKey));
        let mut changed = document.clone();
        changed["object"] = json!("https://c.example/1");
        assert_eq!(check_proof(&changed, &key), Err(Refusal::NotOfKey));
        let mut changed = document.clone();
        changed["proof"]["created"] = json!("2027-01-01T00:00:00Z");
        assert_eq!(check_proof(&changed, &key), Err(Refusal::NotOfKey));
        let mut twice = document.clone();
        twice["proof"] = json!([document["proof"], document["proof"]]);
        assert!(check_proof(&twice, &key).is_err());
        // A proof that leaves the context out of itself signs it all the same.
        let mut bare = document.clone();
        bare["proof"].as_object_mut().unwrap().remove("@context");
        assert!(check_proof(&bare, &key).is_ok());
    }

    #[test]
    fn a_document_without_a_proof_is_not_proven() {
        let key = PublicKey::Ed25519([0; 32]);
        for document in [json!({}), json!([]), json!({ "proof": 5 }), json!({ "proof": {} })] {
            assert!(check_proof(&document, &key).is_err());
        }
    }
}
