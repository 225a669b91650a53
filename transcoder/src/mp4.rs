//! What an MP4 calls its codecs (RFC 6381).

/// AAC-LC.
pub(crate) const AAC_CODEC: &str = "mp4a.40.2";

/// `avc1.PPCCLL` from the decoder's configuration: profile, constraints and level, out of `avcC` (ISO/IEC 14496-15) or
/// the first SPS of Annex B.
pub(crate) fn h264_codec(extradata: &[u8]) -> String {
    let from_box = match extradata {
        [1, profile, constraints, level, ..] => Some([*profile, *constraints, *level]),
        _ => None,
    };
    let sps = |window: &[u8]| match window {
        [0, 0, 1, kind, profile, constraints, level] if kind & 0x1f == 7 => {
            Some([*profile, *constraints, *level])
        }
        _ => None,
    };
    let [profile, constraints, level] =
        from_box.or_else(|| extradata.windows(7).find_map(sps)).unwrap_or([0x64, 0, 0x28]);
    format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_configuration_name_the_codec() {
        assert_eq!(h264_codec(&[1, 0x64, 0, 0x1f, 0xff]), "avc1.64001f");
        assert_eq!(h264_codec(&[0, 0, 0, 1, 0x67, 0x4d, 0x40, 0x1e, 0x9a]), "avc1.4d401e");
    }
}
