//! HLS playlists (RFC 8216): written from what was measured, read again in tests.

pub mod media;
pub mod multivariant;

/// What players must send along to be let in: added to every address in a playlist.
///
/// PeerTube's `videoFileToken` and `reinjectVideoFileToken`: a player that asked for a playlist with both gets both
/// back in each address, since it sends neither by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    token: String,
}

/// The longest token that is written into playlists, in characters.
const TOKEN_MAX: usize = 256;

impl Admission {
    /// An admission with this token; `None` if it holds anything that an address could not.
    #[must_use]
    pub fn with_token(token: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        let sound = !token.is_empty() && token.len() <= TOKEN_MAX && token.chars().all(plain);
        sound.then(|| Self { token: token.to_owned() })
    }
}

/// An address with its admission.
fn address(name: &str, admission: Option<&Admission>) -> String {
    match admission {
        Some(Admission { token }) if name.ends_with(".m3u8") => {
            format!("{name}?videoFileToken={token}&reinjectVideoFileToken=true")
        }
        Some(Admission { token }) => format!("{name}?videoFileToken={token}"),
        None => name.to_owned(),
    }
}

/// Seconds with six decimals, as `EXTINF` wants them.
fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_would_break_out_of_an_address_is_not_admitted() {
        assert!(Admission::with_token("a-b_c.1~2").is_some());
        assert!(Admission::with_token("a\n#EXT-X-KEY:METHOD=NONE").is_none());
        assert!(Admission::with_token("\"").is_none());
        assert!(Admission::with_token("").is_none());
    }
}
