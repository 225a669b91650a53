//! Which way the bytes of videos went: counted in memory, and written down now and then, day by day.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kinora_model::id::Id;
use kinora_model::traffic::{Carried, Day, Traffic, TrafficDay};
use kinora_model::video::Video;
use kinora_store::tables::traffic::{traffic_key, traffic_of};
use kinora_store::{Batch, Stored};

use crate::Service;
use crate::attempt::attempt;
use crate::error::Error;

/// How many days are told of, and kept.
pub const DAYS: u32 = 30;

/// Rows that one video may have: those that are kept, and those that are cleared away next.
const ROWS_MAX: usize = 100;

/// Videos whose traffic is written in one batch.
const TOGETHER_MAX: usize = 100;

/// Traffic that is to be written down.
#[derive(Debug, Default)]
pub struct Tally(Mutex<HashMap<Id<Video>, Traffic>>);

impl Tally {
    fn unwritten(&self) -> MutexGuard<'_, HashMap<Id<Video>, Traffic>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some of a video's bytes went some way.
    pub fn passed(&self, video: Id<Video>, traffic: Traffic) {
        let mut unwritten = self.unwritten();
        let so_far = unwritten.entry(video).or_default();
        *so_far = so_far.plus(traffic);
    }

    fn take(&self) -> Vec<(Id<Video>, Traffic)> {
        std::mem::take(&mut *self.unwritten()).into_iter().collect()
    }
}

/// Writes down what passed since the last time. Called every so often and as the node stops.
///
/// # Errors
/// [`Error::NoSpace`], [`Error::Store`]; what could not be written is counted on.
pub async fn write_down(service: &Service) -> Result<(), Error> {
    let passed = service.traffic.take();
    let mut pages = passed.chunks(TOGETHER_MAX);
    while let Some(page) = pages.next() {
        if let Err(error) = attempt(|| write(service, page)).await {
            let rest = page.iter().chain(pages.flatten());
            rest.for_each(|(video, traffic)| service.traffic.passed(*video, *traffic));
            return Err(error);
        }
    }
    Ok(())
}

async fn write(service: &Service, passed: &[(Id<Video>, Traffic)]) -> Result<(), Error> {
    let today = Day::of(service.now());
    let keys: Vec<_> = passed.iter().map(|(video, _)| video.to_key().to_vec()).collect();
    let videos = service.store.get_many::<Video>(&keys).await?;
    let mut batch = Batch::default();
    let mut all = Traffic::default();
    for ((video, traffic), row) in passed.iter().zip(videos) {
        all = all.plus(*traffic);
        // A video that is gone takes its days along.
        if let Some(row) = row {
            batch.expect_row(&row);
            add(service, &mut batch, (Carried::Video(*video), today), *traffic).await?;
        }
    }
    add(service, &mut batch, (Carried::All, today), all).await?;
    service.store.commit(batch).await?;
    Ok(())
}

/// Adds to a day; a day's first row clears away those that are told of no more.
async fn add(
    service: &Service,
    batch: &mut Batch,
    (carried, day): (Carried, Day),
    traffic: Traffic,
) -> Result<(), Error> {
    let Some(old) = service.store.get::<TrafficDay>(&traffic_key(carried, day)).await? else {
        for row in rows(service, carried).await? {
            if row.day <= day.before(DAYS) {
                batch.delete_row(&row);
            }
        }
        batch.insert_row(&TrafficDay { carried, day, traffic })?;
        return Ok(());
    };
    let traffic = old.traffic.plus(traffic);
    Ok(batch.replace_row(&old, &TrafficDay { traffic, ..*old })?)
}

async fn rows(service: &Service, carried: Carried) -> Result<Vec<Stored<TrafficDay>>, Error> {
    Ok(service.store.list::<TrafficDay>(&traffic_of(carried), ROWS_MAX).await?)
}

/// The traffic of the last [`DAYS`] days, oldest first; today's is up to the minute.
///
/// # Errors
/// [`Error::Store`].
pub async fn of(service: &Service, carried: Carried) -> Result<Vec<TrafficDay>, Error> {
    let today = Day::of(service.now());
    let rows = rows(service, carried).await?;
    let unwritten = {
        let unwritten = service.traffic.unwritten();
        match carried {
            Carried::All => unwritten.values().fold(Traffic::default(), |sum, it| sum.plus(*it)),
            Carried::Video(video) => unwritten.get(&video).copied().unwrap_or_default(),
        }
    };
    let of_day = |day: Day| {
        let written = rows.iter().find(|row| row.day == day).map(|row| row.traffic);
        let so_far = if day == today { unwritten } else { Traffic::default() };
        TrafficDay { carried, day, traffic: written.unwrap_or_default().plus(so_far) }
    };
    Ok((0..DAYS).rev().map(|back| of_day(today.before(back))).collect())
}

/// Lets go of the days of a deleted video.
///
/// # Errors
/// [`Error::Store`].
pub async fn forget_video(service: &Service, video: Id<Video>) -> Result<(), Error> {
    service.traffic.unwritten().remove(&video);
    let mut batch = Batch::default();
    for row in rows(service, Carried::Video(video)).await? {
        batch.delete_row(&row);
    }
    if !batch.is_empty() {
        service.store.commit(batch).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use std::time::Duration;

    use super::*;
    use crate::stage::Stage;

    const SOME: Traffic = Traffic { from_node: 100, from_peers: 300, given: 200, stalls: 1 };

    async fn last(stage: &Stage, carried: Carried, count: usize) -> Vec<u64> {
        let days = of(&stage.service, carried).await.unwrap();
        assert_eq!(days.len(), 30);
        days[30 - count..].iter().map(|day| day.traffic.from_peers).collect()
    }

    #[tokio::test]
    async fn days_add_up_and_old_ones_go() {
        let stage = Stage::new().await;
        let service = &stage.service;
        let (one, other) =
            (stage.video("One", |_| {}).await.id, stage.video("Other", |_| {}).await.id);
        let (one_only, day) = (Carried::Video(one), Duration::from_hours(24));
        service.traffic.passed(one, SOME);
        assert_eq!(last(&stage, one_only, 1).await, [300], "before it is written");
        write_down(service).await.unwrap();
        service.traffic.passed(one, SOME);
        service.traffic.passed(other, SOME);
        write_down(service).await.unwrap();
        assert_eq!(last(&stage, one_only, 1).await, [600]);
        assert_eq!(last(&stage, Carried::All, 1).await, [900]);
        stage.clock.advance(day);
        service.traffic.passed(one, SOME);
        write_down(service).await.unwrap();
        assert_eq!(last(&stage, one_only, 3).await, [0, 600, 300]);
        stage.clock.advance(day * 29);
        assert_eq!(of(service, one_only).await.unwrap()[0].traffic.from_peers, 300);
        service.traffic.passed(one, SOME);
        write_down(service).await.unwrap();
        assert_eq!(rows(service, one_only).await.unwrap().len(), 2, "the first day is gone");
        forget_video(service, one).await.unwrap();
        assert_eq!(last(&stage, one_only, 1).await, [0]);
        assert_eq!(last(&stage, Carried::All, 1).await, [300], "what was sent was sent");
    }
}
