//! Running the program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kinora_order::{
    Encode, Init, Limits, Order, Outcome, PictureRung, Progress, Request, Rung, Segment,
    Storyboard, ThumbnailSize,
};

/// The program as built for this test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_kinora-transcoder");

/// What a run said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) lines: Vec<Progress>,
}

impl Said {
    pub(crate) fn outcome(&self) -> Outcome {
        match self.lines.last() {
            Some(Progress::Outcome(outcome)) => outcome.clone(),
            other => panic!("the last line is {other:?}"),
        }
    }

    pub(crate) fn done(&self) -> bool {
        match self.outcome() {
            Outcome::Done { damaged, .. } => damaged,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn init(&self, rung: &str) -> Init {
        let of_rung = |line: &Progress| match line {
            Progress::Init(init) if init.rung == rung => Some(init.clone()),
            _ => None,
        };
        self.lines.iter().find_map(of_rung).unwrap_or_else(|| panic!("no init of {rung}"))
    }

    pub(crate) fn segments(&self, rung: &str) -> Vec<Segment> {
        let of_rung = |line: &Progress| match line {
            Progress::Segment(segment) if segment.rung == rung => Some(segment.clone()),
            _ => None,
        };
        self.lines.iter().filter_map(of_rung).collect()
    }

    /// When the segments of a rung begin.
    pub(crate) fn cuts(&self, rung: &str) -> Vec<u64> {
        self.segments(rung).iter().map(|segment| segment.start_us).collect()
    }

    /// Init and segments of a rung as one file.
    pub(crate) fn file(&self, rung: &str, folder: &Path) -> PathBuf {
        let mut bytes = std::fs::read(self.init(rung).path).unwrap();
        for segment in self.segments(rung) {
            bytes.extend(std::fs::read(segment.path).unwrap());
        }
        let path = folder.join(format!("{rung}-whole.mp4"));
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Limits that every kernel with a sandbox can keep.
pub(crate) fn limits() -> Limits {
    Limits { require_sandbox: true, cpu_s_max: 120, ..Limits::default() }
}

/// Starts the program with an order on its stdin.
pub(crate) fn start(order: Order, limits: Limits) -> Child {
    let mut child = Command::new(PROGRAM)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = serde_json::to_vec(&Request { order, limits }).unwrap();
    line.push(b'\n');
    child.stdin.take().unwrap().write_all(&line).unwrap();
    child
}

/// Runs an order to its end.
pub(crate) fn run(order: Order) -> Said {
    let done = start(order, limits()).wait_with_output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(
        done.status.success(),
        "{}\n{said}\n{}",
        done.status,
        String::from_utf8_lossy(&done.stderr)
    );
    Said { lines: said.lines().map(|line| serde_json::from_str(line).unwrap()).collect() }
}

pub(crate) fn probe(input: &Path) -> Outcome {
    run(Order::Probe { input: input.to_path_buf() }).outcome()
}

pub(crate) fn facts(input: &Path) -> kinora_order::Facts {
    match probe(input) {
        Outcome::Probed(facts) => facts,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn remux(input: &Path, scratch: &Path) -> Said {
    run(Order::Remux {
        input: input.to_path_buf(),
        scratch: scratch.to_path_buf(),
        rung: "copy".to_owned(),
    })
}

/// A rung with a picture, quickly encoded.
pub(crate) fn rung(name: &str, width: u32, height: u32) -> Rung {
    let picture = PictureRung {
        width,
        height,
        fps_milli_max: 60_000,
        crf: 28.0,
        rate_bps_max: 2_000_000,
        buffer_bits: 4_000_000,
        preset: "ultrafast".to_owned(),
    };
    Rung { name: name.to_owned(), picture: Some(picture), audio_bps: 96_000 }
}

/// A rung of sound alone.
pub(crate) fn sound_rung() -> Rung {
    Rung { name: "audio".to_owned(), picture: None, audio_bps: 96_000 }
}

/// Encodes rungs without pictures to choose from.
pub(crate) fn encode(input: &Path, scratch: &Path, rungs: Vec<Rung>, cuts_us: Vec<u64>) -> Said {
    run(Order::Encode(Encode {
        input: input.to_path_buf(),
        scratch: scratch.to_path_buf(),
        rungs,
        cuts_us,
        thumbnails: 0,
        thumbnail_sizes: Vec::new(),
        storyboard: None,
    }))
}

/// Makes pictures of a video, and rungs along with them.
pub(crate) fn pictures(
    input: &Path,
    scratch: &Path,
    rungs: Vec<Rung>,
    storyboard: Option<Storyboard>,
) -> Said {
    run(Order::Encode(Encode {
        input: input.to_path_buf(),
        scratch: scratch.to_path_buf(),
        rungs,
        cuts_us: Vec::new(),
        thumbnails: 2,
        thumbnail_sizes: vec![
            ThumbnailSize { width_max: 280, height_max: 157 },
            ThumbnailSize { width_max: 850, height_max: 480 },
        ],
        storyboard,
    }))
}
