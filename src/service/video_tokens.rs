//! Tokens for the media of one video: players that send no headers put them in the address.

use std::fmt;
use std::time::Duration;

use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::video::Video;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::{Service, Viewer, videos};

/// How long a token is good.
pub const LIFE: Duration = Duration::from_hours(4);

/// Bytes that say which video, and until when.
const SAID_BYTES: usize = 16;

/// Bytes that prove that this node said so.
const PROOF_BYTES: usize = 16;

/// What tokens are signed with: made anew at each start, so that tokens end with the node.
pub struct Key([u8; 32]);

impl Key {
    /// A key that nobody else has.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// What is said has always the same length, and the key stands on both sides of it: nobody can lengthen it.
    fn proof(&self, said: &[u8; SAID_BYTES]) -> [u8; PROOF_BYTES] {
        let digest = Sha256::new().chain_update(self.0).chain_update(said).chain_update(self.0);
        let digest: [u8; 32] = digest.finalize().into();
        let (proof, _rest) = digest.split_first_chunk().unwrap_or((&[0; PROOF_BYTES], &[]));
        *proof
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// A token for the media of one video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoToken {
    /// What stands in addresses: 64 hex digits.
    pub token: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// Gives a token for a video that the asker may see.
///
/// # Errors
/// [`Error::NotFound`] if they may not; [`Error::Store`].
pub async fn give(
    service: &Service,
    who: Option<&Viewer>,
    name: &str,
) -> Result<VideoToken, Error> {
    let video = videos::find(service, who, name).await?;
    let expires = service.now().after(LIFE);
    let mut said = [0; SAID_BYTES];
    let (first, second) = said.split_at_mut(8);
    first.copy_from_slice(&video.id.to_key());
    second.copy_from_slice(&expires.as_ms().to_be_bytes());
    let token = hex::encode(said) + &hex::encode(service.video_tokens.proof(&said));
    Ok(VideoToken { token, expires })
}

/// The video that a token is for; `None` if this node did not give it, or if it has ended.
#[must_use]
pub fn video_of(service: &Service, token: &str) -> Option<Id<Video>> {
    let mut bytes = [0; SAID_BYTES + PROOF_BYTES];
    hex::decode_to_slice(token, &mut bytes).ok()?;
    let (said, proof) = bytes.split_first_chunk::<SAID_BYTES>()?;
    if !bool::from(service.video_tokens.proof(said).as_slice().ct_eq(proof)) {
        return None;
    }
    let (video, expires) = said.split_first_chunk::<8>()?;
    let expires = Timestamp::from_ms(i64::from_be_bytes(expires.try_into().ok()?));
    (service.now() < expires).then(|| Id::from_raw(u64::from_be_bytes(*video)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::stage::Stage;
    use kinora_model::video::Privacy;

    #[tokio::test]
    async fn a_token_is_good_for_its_video_until_it_ends() {
        let stage = Stage::new().await;
        let video = stage.video("Private", |video| video.words.privacy = Privacy::Private).await;
        let service = &stage.service;
        let name = video.uuid.to_string();
        assert!(matches!(give(service, None, &name).await, Err(Error::NotFound(_))));
        let given = give(service, Some(&stage.owner), &name).await.unwrap();
        assert_eq!(video_of(service, &given.token), Some(video.id));

        let mut forged = given.token.clone();
        let last = if forged.ends_with('0') { "1" } else { "0" };
        forged.replace_range(63.., last);
        assert_eq!(video_of(service, &forged), None);
        assert_eq!(video_of(service, "é"), None);
        assert_eq!(video_of(service, &given.token[..62]), None);

        stage.clock.advance(LIFE);
        assert_eq!(video_of(service, &given.token), None);
    }
}
