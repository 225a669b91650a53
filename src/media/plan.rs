//! Which renditions are made of a source: pure, over what probing found and the ladder.

use kinora_model::video::Footage;

use crate::ladder::{Ladder, Rung};

/// A rung this much below the source, in percent, is too near to it to be worth making.
const NEAR_PERCENT: u32 = 93;

/// The smallest side of a picture that is made, in pixels.
const SIDE_MIN: u32 = 2;

/// The frame rate up to which a rung's rate is meant, in thousandths.
const RATED_FPS_MILLI: u32 = 30_000;

/// A rendition that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its name, unique within the video.
    pub rung: String,
    /// The label number: the shorter side in pixels; 0 for sound alone.
    pub resolution: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pictures a second, in thousandths.
    pub fps_milli: u32,
    /// True if the source's own streams are packed as they are.
    pub copied: bool,
}

/// Plans the renditions of a source, lowest first. `copyable` says that the source's streams can be packed as they
/// are; its rung is then a copy.
///
/// No rung is above the source; the source's own size is always made (up to the largest rung when it must be encoded);
/// frame rates are kept, or divided by a whole number where a rung has a cap.
#[must_use]
pub fn plan(footage: &Footage, copyable: bool, ladder: &Ladder) -> Vec<Planned> {
    if !footage.has_video || footage.width == 0 || footage.height == 0 {
        return vec![sound()];
    }
    let own = footage.width.min(footage.height);
    let top = ladder.wanted().next_back().map_or(own, |rung| rung.height);
    let own_made = if copyable { own } else { own.min(top) };
    let below = |rung: &&Rung| below(rung.height, own_made);
    let mut planned: Vec<_> =
        ladder.wanted().filter(below).map(|rung| encoded(rung.height, footage, ladder)).collect();
    planned.push(match copyable {
        true => copied(footage),
        false => encoded(own_made, footage, ladder),
    });
    planned
}

fn below(height: u32, own: u32) -> bool {
    height.saturating_mul(100) <= own.saturating_mul(NEAR_PERCENT)
}

fn copied(footage: &Footage) -> Planned {
    let resolution = footage.width.min(footage.height);
    Planned {
        rung: format!("{resolution}p"),
        resolution,
        width: footage.width,
        height: footage.height,
        fps_milli: footage.fps_milli,
        copied: true,
    }
}

fn encoded(shorter: u32, footage: &Footage, ladder: &Ladder) -> Planned {
    let (width, height) = scaled(footage.width, footage.height, shorter);
    let cap = ladder.suited_to(shorter).map_or(u32::MAX, cap_milli);
    let resolution = width.min(height);
    Planned {
        rung: format!("{resolution}p"),
        resolution,
        width,
        height,
        fps_milli: capped(footage.fps_milli, cap),
        copied: false,
    }
}

/// Sound alone is one rendition, whatever the ladder says of pictures.
fn sound() -> Planned {
    Planned {
        rung: "audio".to_owned(),
        resolution: 0,
        width: 0,
        height: 0,
        fps_milli: 0,
        copied: false,
    }
}

/// The size of a picture whose shorter side becomes `shorter`, with even sides.
fn scaled(width: u32, height: u32, shorter: u32) -> (u32, u32) {
    let own = u64::from(width.min(height).max(1));
    let side = |pixels: u32| {
        let exact = u64::from(pixels).saturating_mul(u64::from(shorter));
        // Rounded to the nearest even number; never above the source.
        let even = exact.saturating_add(own) / own.saturating_mul(2).max(1);
        let even = u32::try_from(even.saturating_mul(2)).unwrap_or(u32::MAX);
        even.min(pixels.saturating_sub(pixels % 2)).max(SIDE_MIN)
    };
    (side(width), side(height))
}

/// The highest frame rate of a rung, in thousandths, with a little room: 60.02 of a careless camera is 60.
#[must_use]
pub fn cap_milli(rung: &Rung) -> u32 {
    rung.fps_max.saturating_mul(1_010)
}

/// A frame rate divided by the smallest whole number that brings it under the cap, in thousandths.
fn capped(fps_milli: u32, cap_milli: u32) -> u32 {
    fps_milli / fps_milli.div_ceil(cap_milli.max(1)).max(1)
}

/// The highest rate of a rung at a frame rate, in kbit/s: faster pictures differ less from each other, so that twice
/// the rate costs less than twice the bits.
#[must_use]
pub fn maxrate_kbit(rung: &Rung, fps_milli: u32) -> u32 {
    let above = u64::from(fps_milli.saturating_sub(RATED_FPS_MILLI));
    let rated = u64::from(rung.maxrate_kbit);
    let extra = rated.saturating_mul(above).saturating_mul(2) / (5 * u64::from(RATED_FPS_MILLI));
    u32::try_from(rated.saturating_add(extra)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn footage(width: u32, height: u32, fps_milli: u32) -> Footage {
        Footage { duration_ms: 10_000, width, height, fps_milli, has_audio: true, has_video: true }
    }

    fn sizes(planned: &[Planned]) -> Vec<(String, u32, u32)> {
        planned.iter().map(|rung| (rung.rung.clone(), rung.width, rung.height)).collect()
    }

    fn size(rung: &str, width: u32, height: u32) -> (String, u32, u32) {
        (rung.to_owned(), width, height)
    }

    #[test]
    fn a_web_friendly_source_is_copied_and_lower_rungs_are_encoded() {
        let planned = plan(&footage(1280, 720, 30_000), true, &Ladder::default());
        let wanted = [
            size("240p", 426, 240),
            size("360p", 640, 360),
            size("480p", 854, 480),
            size("720p", 1280, 720),
        ];
        assert_eq!(sizes(&planned), wanted);
        let copies: Vec<_> = planned.iter().map(|rung| rung.copied).collect();
        assert_eq!(copies, [false, false, false, true]);
    }

    #[test]
    fn the_shorter_side_counts_for_portraits() {
        let planned = plan(&footage(1080, 1920, 30_000), false, &Ladder::default());
        assert!(sizes(&planned).contains(&size("480p", 480, 854)));
        assert_eq!(planned.last().map(|rung| rung.resolution), Some(1080));
    }

    #[test]
    fn odd_sizes_become_even_and_near_rungs_are_left_out() {
        let planned = plan(&footage(1001, 501, 25_000), false, &Ladder::default());
        assert_eq!(
            sizes(&planned),
            [size("240p", 480, 240), size("360p", 720, 360), size("500p", 1000, 500)],
            "480p is too near to 500p"
        );
    }

    #[test]
    fn a_tiny_source_is_made_in_its_own_size() {
        let planned = plan(&footage(101, 75, 25_000), false, &Ladder::default());
        assert_eq!(sizes(&planned), [size("74p", 100, 74)]);
    }

    #[test]
    fn a_giant_is_encoded_no_larger_than_the_largest_rung() {
        let planned = plan(&footage(7680, 4320, 60_000), false, &Ladder::default());
        assert_eq!(planned.last().map(|rung| rung.height), Some(2160));
        let planned = plan(&footage(7680, 4320, 60_000), true, &Ladder::default());
        assert_eq!(planned.last().map(|rung| (rung.height, rung.copied)), Some((4320, true)));
    }

    #[test]
    fn frame_rates_are_kept_or_divided() {
        assert_eq!(capped(60_000, 60_600), 60_000);
        assert_eq!(capped(59_940, 60_600), 59_940);
        assert_eq!(capped(60_020, 60_600), 60_020);
        assert_eq!(capped(120_000, 60_600), 60_000);
        assert_eq!(capped(100_000, 60_600), 50_000);
        assert_eq!(capped(29_970, 30_300), 29_970);
        assert_eq!(capped(0, 30_300), 0);
    }

    #[test]
    fn sound_alone_is_one_rendition_without_a_picture() {
        let sound = Footage { has_video: false, ..footage(0, 0, 0) };
        let planned = plan(&sound, false, &Ladder::default());
        assert_eq!(sizes(&planned), [size("audio", 0, 0)]);
    }

    #[test]
    fn faster_pictures_have_more_bits_but_not_twice_as_many() {
        let ladder = Ladder::default();
        let rung = ladder.suited_to(480).unwrap();
        assert_eq!(maxrate_kbit(rung, 24_000), 1470);
        assert_eq!(maxrate_kbit(rung, 60_000), 2058);
    }

    proptest! {
        #[test]
        fn plans_are_even_distinct_rising_and_never_above_the_source(
            width in 2_u32..9000, height in 2_u32..9000, fps in 1_000_u32..240_000, copyable: bool,
        ) {
            let planned = plan(&footage(width, height, fps), copyable, &Ladder::default());
            prop_assert!(!planned.is_empty());
            for rung in planned.iter().filter(|rung| !rung.copied) {
                prop_assert!(rung.width % 2 == 0 && rung.height % 2 == 0);
                prop_assert!(rung.width <= width && rung.height <= height);
                prop_assert!(rung.fps_milli <= 60_600 && rung.fps_milli <= fps);
            }
            prop_assert!(planned.windows(2).all(|two| two[0].resolution < two[1].resolution));
            prop_assert_eq!(planned.iter().filter(|rung| rung.copied).count(), usize::from(copyable));
        }
    }
}
