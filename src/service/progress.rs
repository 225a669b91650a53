//! What is being made right now: percentages that nobody needs after a restart, and so are not kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kinora_model::id::Id;
use kinora_model::rendition::Rendition;
use kinora_model::video::Video;
use tokio::sync::watch;

/// How far each rendition of a video is, by rendition, and a count that grows with each change of the video itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Grows when rows of the video changed and a reader should look again.
    pub changes: u64,
    /// True while the work waits for room on the disk: the failure `no-space`, which passes.
    pub no_space: bool,
    /// What is under way.
    pub renditions: HashMap<Id<Rendition>, Made>,
}

/// How far one rendition is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Made {
    /// 0 to 100.
    pub percent: f32,
    /// Seconds until it is whole at the present pace, once that can be told.
    pub eta_s: Option<u32>,
}

/// The board that makers write on and viewers watch. Entries live while someone watches or work is under way.
#[derive(Clone, Debug, Default)]
pub struct Board {
    videos: Arc<Mutex<HashMap<Id<Video>, watch::Sender<Progress>>>>,
}

impl Board {
    /// Watches a video; the receiver holds the present state at once.
    #[must_use]
    pub fn watch(&self, video: Id<Video>) -> watch::Receiver<Progress> {
        self.with(video, |sender| sender.subscribe())
    }

    /// Says how far a rendition is.
    pub fn made(&self, video: Id<Video>, rendition: Id<Rendition>, made: Made) {
        self.with(video, |sender| {
            sender.send_modify(|progress| {
                progress.renditions.insert(rendition, made);
            });
        });
    }

    /// Says whether the work waits for room on the disk.
    pub fn waiting(&self, video: Id<Video>, no_space: bool) {
        self.with(video, |sender| sender.send_modify(|progress| progress.no_space = no_space));
    }

    /// Says that rows of the video changed.
    pub fn changed(&self, video: Id<Video>) {
        self.with(video, |sender| {
            sender.send_modify(|progress| progress.changes = progress.changes.wrapping_add(1));
        });
    }

    /// Forgets a video whose work is over, unless someone still watches it.
    pub fn settle(&self, video: Id<Video>) {
        let mut videos = self.videos.lock().unwrap_or_else(PoisonError::into_inner);
        videos.retain(|known, sender| *known != video || sender.receiver_count() > 0);
    }

    fn with<R>(&self, video: Id<Video>, work: impl FnOnce(&watch::Sender<Progress>) -> R) -> R {
        let mut videos = self.videos.lock().unwrap_or_else(PoisonError::into_inner);
        work(videos.entry(video).or_insert_with(|| watch::Sender::new(Progress::default())))
    }
}
