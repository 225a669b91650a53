//! What those who share a video know their swarm by.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The id of a swarm: it does not change when renditions are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SwarmId([u8; 32]);

impl SwarmId {
    /// The swarm of the video with this uuid that lives at `host` (`films.example`, `localhost:8080`).
    #[must_use]
    pub fn of(host: &str, video: Uuid) -> Self {
        Self(Sha256::digest(format!("{host}|{}", video.hyphenated())).into())
    }

    /// The id as it came; it may be anybody's.
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id in lower-case hex.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anybody_can_work_out_the_id_of_a_swarm() {
        let video = Uuid::from_u128(0x8a5e_e3ad_74f9_4814_a483_204b_1216_8ce1);
        // printf 'films.example|8a5ee3ad-74f9-4814-a483-204b12168ce1' | sha256sum
        let told = "2568bad19173214670af75debdf3cd979fc20aeadd2e2c99e46cc9d4b87484d1";
        assert_eq!(SwarmId::of("films.example", video).hex(), told);
    }
}
