//! Views: who watches is counted in memory, and written down now and then.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kinora_model::clock::Timestamp;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::outbound::Outbound;
use kinora_model::video::Video;
use kinora_store::Batch;
use kinora_store::tables::VideoCounts;

use crate::attempt::attempt;
use crate::error::Error;
use crate::outbound;
use crate::{Service, Viewer, videos};

/// How long a viewer who comes back is the same view.
pub const WINDOW: Duration = Duration::from_hours(1);

/// How long someone counts as watching after their player's last word.
const PRESENT: Duration = Duration::from_mins(1);

/// Viewers that are remembered; whoever comes beyond that is not counted.
const VIEWERS_MAX: usize = 200_000;

/// Videos whose views are written in one batch.
const TOGETHER_MAX: usize = 100;

/// Who watches: a session that the player made up, or a network address. Only a keyed hash of it is ever kept.
#[derive(Clone, Copy, Debug)]
pub struct Watcher<'a> {
    /// Where they ask from.
    pub address: IpAddr,
    /// What their player calls the session.
    pub session: Option<&'a str>,
}

/// Who watches what, and how many views are to be written down.
#[derive(Debug, Default)]
pub struct Tally {
    hasher: RandomState,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    viewers: HashMap<Id<Video>, HashMap<u64, Seen>>,
    remembered: usize,
    unwritten: HashMap<Id<Video>, u64>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    counted: Timestamp,
    last: Timestamp,
}

impl Tally {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A view by someone whom `viewer` stands for, counted once in [`WINDOW`].
    pub fn watched(&self, video: Id<Video>, viewer: u64, now: Timestamp) {
        let kept = &mut *self.kept();
        if kept.remembered >= VIEWERS_MAX {
            kept.forget(now);
        }
        let full = kept.remembered >= VIEWERS_MAX;
        let viewers = kept.viewers.entry(video).or_default();
        match viewers.get_mut(&viewer) {
            Some(seen) => {
                seen.last = now;
                if seen.counted.after(WINDOW) > now {
                    return;
                }
                seen.counted = now;
            }
            None if full => return,
            None => {
                viewers.insert(viewer, Seen { counted: now, last: now });
                kept.remembered = kept.remembered.saturating_add(1);
            }
        }
        let unwritten = kept.unwritten.entry(video).or_default();
        *unwritten = unwritten.saturating_add(1);
    }

    /// How many watch a video right now.
    #[must_use]
    pub fn present(&self, video: Id<Video>, now: Timestamp) -> usize {
        let here = |seen: &&Seen| seen.last.after(PRESENT) > now;
        let kept = self.kept();
        kept.viewers.get(&video).map_or(0, |viewers| viewers.values().filter(here).count())
    }

    /// Views of a video that are not written down yet.
    #[must_use]
    pub fn unwritten(&self, video: Id<Video>) -> u64 {
        self.kept().unwritten.get(&video).copied().unwrap_or(0)
    }

    fn take(&self, now: Timestamp) -> Vec<(Id<Video>, u64)> {
        let mut kept = self.kept();
        kept.forget(now);
        std::mem::take(&mut kept.unwritten).into_iter().collect()
    }

    fn give_back(&self, counted: &[(Id<Video>, u64)]) {
        let mut kept = self.kept();
        for (video, views) in counted {
            let unwritten = kept.unwritten.entry(*video).or_default();
            *unwritten = unwritten.saturating_add(*views);
        }
    }
}

impl Kept {
    /// Forgets viewers whose next view would be a new one.
    fn forget(&mut self, now: Timestamp) {
        self.viewers.retain(|_, viewers| {
            viewers.retain(|_, seen| seen.counted.after(WINDOW) > now);
            !viewers.is_empty()
        });
        self.remembered = self.viewers.values().map(HashMap::len).fold(0, usize::saturating_add);
    }
}

/// Someone watches a video: one view for each viewer in [`WINDOW`].
///
/// # Errors
/// [`Error::NotFound`] if they may not see it; [`Error::Store`].
pub async fn watch(
    service: &Service,
    who: Option<&Viewer>,
    name: &str,
    watcher: Watcher<'_>,
) -> Result<(), Error> {
    let video = videos::find(service, who, name).await?;
    // A session alone could be made up a thousand times: it tells apart those behind one address only together with
    // an account.
    let viewer = match who {
        Some(who) => service.views.hasher.hash_one((who.user, watcher.session)),
        None => service.views.hasher.hash_one(watcher.address),
    };
    service.views.watched(video.id, viewer, service.now());
    Ok(())
}

/// Writes all views down that were counted since the last time. Called every so often and as the node stops.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`]; what could not be written is counted on.
pub async fn write_down(service: &Service) -> Result<(), Error> {
    let counted = service.views.take(service.now());
    let mut pages = counted.chunks(TOGETHER_MAX);
    while let Some(page) = pages.next() {
        if let Err(error) = attempt(|| write(service, page)).await {
            service.views.give_back(page);
            pages.for_each(|page| service.views.give_back(page));
            return Err(error);
        }
    }
    Ok(())
}

async fn write(service: &Service, counted: &[(Id<Video>, u64)]) -> Result<(), Error> {
    let keys: Vec<_> = counted.iter().map(|(video, _)| video.to_key().to_vec()).collect();
    let rows = service.store.get_many::<VideoCounts>(&keys).await?;
    let now = service.now();
    let mut batch = Batch::default();
    for ((video, views), row) in counted.iter().zip(rows) {
        // A video that is gone takes its views along.
        let Some(row) = row else { continue };
        let mut counts = row.counts;
        counts.views = counts.views.saturating_add(*views);
        batch.replace_row(&row, &VideoCounts { video: *video, counts })?;
        service.journal.record(&mut batch, &Event::VideoUpdated { video: *video }, now)?;
        let known = service.store.get::<Video>(&video.to_key()).await?;
        if known.is_some_and(|video| !video.is_local()) {
            // Its own server counts it; ours is a guess until that tells.
            let viewed = Outbound::Viewed { video: *video, views: *views };
            outbound::tell(service, &mut batch, viewed)?;
        }
    }
    if !batch.is_empty() {
        service.store.commit(batch).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::stage::Stage;
    use std::net::Ipv4Addr;

    async fn written(stage: &Stage, video: Id<Video>) -> u64 {
        let row = stage.service.store.get::<VideoCounts>(&video.to_key()).await.unwrap();
        row.unwrap().counts.views
    }

    #[tokio::test]
    async fn a_viewer_counts_once_in_an_hour() {
        let stage = Stage::new().await;
        let video = stage.video("Watched", |_| {}).await.id;
        let name = video.to_string();
        let watch = async |last: u8| {
            let watcher = Watcher { address: Ipv4Addr::new(10, 0, 0, last).into(), session: None };
            super::watch(&stage.service, None, &name, watcher).await.unwrap();
        };
        watch(1).await;
        watch(1).await;
        watch(2).await;
        assert_eq!(stage.service.views.present(video, stage.service.now()), 2);
        assert_eq!(stage.service.views.unwritten(video), 2);
        write_down(&stage.service).await.unwrap();
        assert_eq!((written(&stage, video).await, stage.service.views.unwritten(video)), (2, 0));

        stage.clock.advance(WINDOW);
        watch(1).await;
        write_down(&stage.service).await.unwrap();
        assert_eq!(written(&stage, video).await, 3);
        assert_eq!(stage.service.views.present(video, stage.service.now()), 1);
    }
}
