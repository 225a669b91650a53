//! What is being made right now, so that it can be ended when its video goes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kinora_model::id::Id;
use kinora_model::video::Video;
use tokio_util::sync::CancellationToken;

/// Work by the number it was given.
type Work = HashMap<u64, (Id<Video>, CancellationToken)>;

/// The work under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running {
    next: Arc<AtomicU64>,
    work: Arc<Mutex<Work>>,
}

impl Running {
    /// Notes that work on a video is under way until the guard is dropped.
    pub(crate) fn enter(&self, video: Option<Id<Video>>, cancelled: CancellationToken) -> Entered {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(video) = video {
            self.with(|work| work.insert(number, (video, cancelled)));
        }
        Entered { running: self.clone(), number }
    }

    /// Ends all work on a video.
    pub(crate) fn cancel(&self, video: Id<Video>) {
        self.with(|work| {
            work.values().filter(|(of, _)| *of == video).for_each(|(_, token)| token.cancel());
        });
    }

    fn with<R>(&self, look: impl FnOnce(&mut Work) -> R) -> R {
        look(&mut self.work.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Work that is under way.
#[derive(Debug)]
pub(crate) struct Entered {
    running: Running,
    number: u64,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.running.with(|work| work.remove(&self.number));
    }
}
