//! Numbers about the node as a whole.

use std::collections::HashSet;
use std::time::Duration;

use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::registration::{Answer, Registration};
use kinora_model::rendition::Rendition;
use kinora_model::user::{Role, User};
use kinora_model::video::Video;
use kinora_store::table::row_key;
use kinora_store::tables::VideoCounts;
use kinora_store::{Range, Row};
use tokio::sync::Mutex;

use crate::Service;
use crate::error::Error;
use crate::{channels, listing, registrations};

/// How long the numbers are told before they are counted again: counting reads all rows of several tables.
pub const COUNT_EVERY: Duration = Duration::from_mins(10);

/// Rows that are read before others have their turn.
const READ_AT_ONCE: usize = 1_000;

/// Spans of time in which people and channels were active: a day, a week, a month.
const SPANS: [Duration; 3] =
    [Duration::from_hours(24), Duration::from_hours(24 * 7), Duration::from_hours(24 * 30)];

/// Numbers about the node as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Everyone who can log in.
    pub users: u64,
    /// Those of them who moderate.
    pub moderators: u64,
    /// Those of them who administrate.
    pub administrators: u64,
    /// Who logged in within a day, a week, a month.
    pub active_users: [u64; 3],
    /// Videos of this node that everyone may see listed.
    pub videos: u64,
    /// The same with those of other servers.
    pub known_videos: u64,
    /// Comments on videos of other servers.
    pub known_comments: u64,
    /// How often videos were watched.
    pub views: u64,
    /// Comments on videos.
    pub comments: u64,
    /// Bytes of all renditions.
    pub file_bytes: u64,
    /// Channels.
    pub channels: u64,
    /// Channels that published within a day, a week, a month.
    pub active_channels: [u64; 3],
    /// Requests for accounts.
    pub registrations: u64,
    /// Requests that were answered.
    pub registrations_answered: u64,
    /// How long answers took, in milliseconds, on average.
    pub registration_answer_ms: Option<u64>,
}

/// The numbers as they were counted last.
#[derive(Debug, Default)]
pub struct Counted(Mutex<Option<(Timestamp, Statistics)>>);

impl Counted {
    /// The numbers, at most [`COUNT_EVERY`] old. Who asks while they are counted waits for the same count.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn get(&self, service: &Service) -> Result<Statistics, Error> {
        let mut counted = self.0.lock().await;
        let now = service.now();
        if let Some((at, statistics)) = *counted
            && now.since(at) < COUNT_EVERY
        {
            return Ok(statistics);
        }
        let statistics = count(service).await?;
        *counted = Some((now, statistics));
        Ok(statistics)
    }
}

/// Counts everything anew.
async fn count(service: &Service) -> Result<Statistics, Error> {
    let mut total = Statistics::default();
    let now = service.now();
    let within = |at: Option<Timestamp>, span: Duration| at.is_some_and(|at| now.since(at) < span);
    each::<User>(service, |user| {
        add(&mut total.users, 1);
        add(&mut total.moderators, u64::from(user.role == Role::Moderator));
        add(&mut total.administrators, u64::from(user.role == Role::Administrator));
        for (count, span) in total.active_users.iter_mut().zip(SPANS) {
            add(count, u64::from(within(user.last_login_at, span)));
        }
    })
    .await?;
    let mut elsewhere = HashSet::new();
    each::<Video>(service, |video| {
        if !video.is_local() {
            elsewhere.insert(video.id);
        }
    })
    .await?;
    each::<VideoCounts>(service, |row| {
        if elsewhere.contains(&row.video) {
            add(&mut total.known_comments, row.counts.comments);
            return;
        }
        add(&mut total.views, row.counts.views);
        add(&mut total.comments, row.counts.comments);
    })
    .await?;
    each::<Rendition>(service, |rendition| add(&mut total.file_bytes, rendition.bytes)).await?;
    let mut filter = listing::Filter::listed();
    total.known_videos = service.listing.count(service, &filter).await?;
    filter.local = Some(true);
    total.videos = service.listing.count(service, &filter).await?;
    for channel in channels::all(service).await? {
        add(&mut total.channels, 1);
        let latest = latest_in(service, channel.id).await?;
        for (count, span) in total.active_channels.iter_mut().zip(SPANS) {
            add(count, u64::from(within(latest, span)));
        }
    }
    count_registrations(&registrations::list(service).await?, &mut total);
    Ok(total)
}

/// When the latest video of a channel came.
async fn latest_in(
    service: &Service,
    channel: Id<kinora_model::channel::Channel>,
) -> Result<Option<Timestamp>, Error> {
    let range = kinora_store::tables::videos_by_channel(channel).reversed();
    let latest = service.store.follow::<Video>(&range, 1).await?;
    Ok(latest.first().map(|video| video.created_at))
}

fn count_registrations(all: &[Registration], total: &mut Statistics) {
    let answered = all.iter().filter(|request| request.answer != Answer::Pending);
    let mut took_ms = 0;
    for request in answered {
        let took = request.updated_at.since(request.created_at).as_millis();
        add(&mut took_ms, u64::try_from(took).unwrap_or(u64::MAX));
        add(&mut total.registrations_answered, 1);
    }
    total.registrations = u64::try_from(all.len()).unwrap_or(u64::MAX);
    total.registration_answer_ms = took_ms.checked_div(total.registrations_answered);
}

fn add(total: &mut u64, more: u64) {
    *total = total.saturating_add(more);
}

/// Reads all rows of a table, page by page.
async fn each<T: Row>(service: &Service, mut look: impl FnMut(&T)) -> Result<(), Error> {
    let mut range = Range::prefix(&row_key::<T>(&[]));
    loop {
        let page = service.store.list_range::<T>(&range, READ_AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        range = range.after(&row_key::<T>(&last.key()));
        page.iter().for_each(|row| look(row));
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::stage::Stage;

    #[tokio::test]
    async fn the_numbers_count_what_is_there_and_are_kept_for_a_while() {
        let stage = Stage::new().await;
        let counted = Counted::default();
        stage.video("one film", |_| {}).await;
        let first = counted.get(&stage.service).await.unwrap();
        assert_eq!((first.users, first.videos, first.channels), (2, 1, 1));
        assert_eq!(first.active_channels, [1, 1, 1]);
        assert_eq!(first.active_users, [0, 0, 0]);
        stage.video("other film", |_| {}).await;
        assert_eq!(counted.get(&stage.service).await.unwrap(), first);
        stage.clock.advance(COUNT_EVERY);
        assert_eq!(counted.get(&stage.service).await.unwrap().videos, 2);
        stage.clock.advance(SPANS[0]);
        assert_eq!(counted.get(&stage.service).await.unwrap().active_channels, [0, 1, 1]);
    }
}
