//! The ladder: which qualities are wanted of a video (`config/ladder.toml`).

use serde::Deserialize;

use crate::error::Error;

/// The ladder that is built in, for a node without a file of its own.
const DEFAULT: &str = include_str!("../../config/ladder.toml");

/// The most rungs a ladder may have.
pub const RUNGS_MAX: usize = 16;

/// Presets that x264 knows, fastest first.
const PRESETS: [&str; 9] = [
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
];

/// All wanted qualities.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// The rungs, lowest first once read.
    #[serde(rename = "rung")]
    pub rungs: Vec<Rung>,
}

/// One wanted quality.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// The shorter side of the picture, in pixels.
    pub height: u32,
    /// Whether it is made at all.
    pub enabled: bool,
    /// The highest frame rate, in pictures a second.
    pub fps_max: u32,
    /// x264's constant rate factor.
    pub crf: f32,
    /// The highest rate over the buffer at 30 pictures a second, in kbit/s.
    pub maxrate_kbit: u32,
    /// The rate of its sound, in kbit/s.
    pub audio_kbit: u32,
    /// x264's preset.
    pub preset: String,
}

impl Ladder {
    /// Reads a ladder, and puts its rungs in order.
    ///
    /// # Errors
    /// [`Error::Ladder`] with what is wrong, in words for an administrator.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut ladder: Self =
            toml::from_str(text).map_err(|error| Error::Ladder(error.to_string()))?;
        ladder.rungs.sort_by_key(|rung| rung.height);
        match ladder.fault() {
            Some(fault) => Err(Error::Ladder(fault)),
            None => Ok(ladder),
        }
    }

    /// The rungs that are made, lowest first.
    pub fn wanted(&self) -> impl DoubleEndedIterator<Item = &Rung> {
        self.rungs.iter().filter(|rung| rung.enabled)
    }

    /// The rung whose settings suit a picture with this shorter side: the first that is at least as large, or the
    /// last.
    #[must_use]
    pub fn suited_to(&self, height: u32) -> Option<&Rung> {
        self.rungs.iter().find(|rung| rung.height >= height).or_else(|| self.rungs.last())
    }

    fn fault(&self) -> Option<String> {
        if self.rungs.len() > RUNGS_MAX {
            return Some(format!("there are more than {RUNGS_MAX} rungs"));
        }
        if self.wanted().next().is_none() {
            return Some("no rung is enabled".to_owned());
        }
        let twice = |pair: &&[Rung]| matches!(pair, [one, two] if one.height == two.height);
        if let Some([rung, ..]) = self.rungs.windows(2).find(twice) {
            return Some(format!("there are two rungs of height {}", rung.height));
        }
        self.rungs.iter().find_map(Rung::fault)
    }
}

impl Rung {
    fn fault(&self) -> Option<String> {
        let height = self.height;
        let wrong = |what: &str| Some(format!("rung {height}: {what}"));
        if !(64..=4320).contains(&height) || !height.is_multiple_of(2) {
            return wrong("height must be even, from 64 to 4320");
        }
        if !(5..=240).contains(&self.fps_max) {
            return wrong("fps_max must be from 5 to 240");
        }
        if !(0.0..=51.0).contains(&self.crf) {
            return wrong("crf must be from 0 to 51");
        }
        if !(50..=200_000).contains(&self.maxrate_kbit) {
            return wrong("maxrate_kbit must be from 50 to 200000");
        }
        if !(32..=512).contains(&self.audio_kbit) {
            return wrong("audio_kbit must be from 32 to 512");
        }
        if !PRESETS.contains(&self.preset.as_str()) {
            return wrong("preset is not one of x264's");
        }
        None
    }
}

impl Default for Ladder {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "the text is part of the program; a test reads it")]
        Self::parse(DEFAULT).expect("config/ladder.toml is sound")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_that_is_built_in_is_sound() {
        let ladder = Ladder::default();
        let wanted: Vec<_> = ladder.wanted().map(|rung| rung.height).collect();
        assert_eq!(wanted, [240, 360, 480, 720, 1080, 1440, 2160]);
        assert_eq!(ladder.suited_to(800).unwrap().height, 1080);
        assert_eq!(ladder.suited_to(5000).unwrap().height, 2160);
    }

    #[test]
    fn faults_are_named_for_an_administrator() {
        let two = DEFAULT.replace("height = 240", "height = 144");
        assert!(Ladder::parse(&two).unwrap_err().to_string().contains("two rungs of height 144"));
        let odd = DEFAULT.replace("height = 240", "height = 241");
        assert!(Ladder::parse(&odd).unwrap_err().to_string().contains("rung 241"));
        let unknown = DEFAULT.replace("fps_max", "fps");
        assert!(Ladder::parse(&unknown).unwrap_err().to_string().contains("fps"));
        let none = DEFAULT.replace("enabled = true", "enabled = false");
        assert!(Ladder::parse(&none).unwrap_err().to_string().contains("no rung is enabled"));
    }
}
