//! What a page of a list costs with a thousand and with a hundred thousand videos, also right after a write.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench")]

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::clock::{SystemClock, Timestamp};
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::name::Name;
use kinora_model::text::{DisplayName, Tag, Title};
use kinora_model::video::{Counts, Source, Video, VideoState, VideoWords};
use kinora_service::Service;
use kinora_service::listing::{Filter, Order, Query};
use kinora_store::blob::Blobs;
use kinora_store::kv::memory::Memory;
use kinora_store::tables::VideoCounts;
use kinora_store::{Batch, Store};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Videos that are put in one batch.
const TOGETHER: u64 = 1_000;

fn video(number: u64) -> Video {
    let mut words = VideoWords::titled(Title::parse(&format!("Video number {number}")).unwrap());
    words.category = u8::try_from(number % 18 + 1).ok();
    words.language = number.is_multiple_of(3).then(|| "fr".to_owned());
    words.tags = vec![Tag::parse(&format!("tag{}", number % 500)).unwrap()];
    words.sensitive = number.is_multiple_of(50);
    let at = Timestamp::from_ms(i64::try_from(number).unwrap() * 60_000);
    Video {
        id: Id::from_raw(number),
        uuid: Uuid::from_u128(number.into()),
        channel: Id::from_raw(1),
        account: Id::from_raw(1),
        words,
        state: VideoState::Published,
        failure: None,
        source: Source { filename: String::new(), bytes: 1, kept: false },
        footage: None,
        thumbnail: None,
        thumbnail_chosen: false,
        candidates: Vec::new(),
        storyboard: None,
        created_at: at,
        updated_at: at,
        published_at: Some(at),
        remote: None,
    }
}

async fn filled(videos: u64) -> Service {
    let store = Store::new(Arc::new(Memory::default()));
    let config = kinora_service::Config::default();
    let service = Service::new(store, Blobs::in_memory(), Arc::new(SystemClock), config);
    let now = service.now();
    let mut batch = Batch::default();
    batch
        .insert_row(&Account {
            id: Id::from_raw(1),
            user: Some(Id::from_raw(1)),
            name: Name::parse("owner").unwrap(),
            display_name: DisplayName::parse("Owner").unwrap(),
            description: None,
            avatars: Vec::new(),
            created_at: now,
            updated_at: now,
            origin: None,
        })
        .unwrap();
    batch
        .insert_row(&Channel {
            id: Id::from_raw(1),
            account: Id::from_raw(1),
            name: Name::parse("owner_channel").unwrap(),
            display_name: DisplayName::parse("Channel").unwrap(),
            description: None,
            support: None,
            avatars: Vec::new(),
            banners: Vec::new(),
            created_at: now,
            updated_at: now,
            origin: None,
            without_peers: false,
        })
        .unwrap();
    for number in 1..=videos {
        batch.insert_row(&video(number)).unwrap();
        let counts = Counts { views: number * 7_919 % 10_007, ..Counts::default() };
        batch.insert_row(&VideoCounts { video: Id::from_raw(number), counts }).unwrap();
        if number.is_multiple_of(TOGETHER) || number == videos {
            service.store.commit(std::mem::take(&mut batch)).await.unwrap();
        }
    }
    service
}

/// Changes the views of a video, as a use case does.
async fn write(service: &Service, number: u64, views: u64) {
    let id = Id::<Video>::from_raw(number);
    let row = service.store.get::<VideoCounts>(&id.to_key()).await.unwrap().unwrap();
    let mut batch = Batch::default();
    let counts = Counts { views, ..row.counts };
    batch.replace_row(&row, &VideoCounts { video: id, counts }).unwrap();
    service.journal.record(&mut batch, &Event::VideoUpdated { video: id }, service.now()).unwrap();
    service.store.commit(batch).await.unwrap();
}

fn listing(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let page = Query { filter: Filter::listed(), descending: true, count: 15, ..Query::default() };
    let narrow = |change: fn(&mut Query)| {
        let mut query = page.clone();
        change(&mut query);
        query
    };
    let queries = [
        ("newest", page.clone()),
        (
            "category by views",
            narrow(|query| {
                query.filter.categories = vec![3];
                query.order = Order::Views;
            }),
        ),
        (
            "tag and language by name",
            narrow(|query| {
                query.filter.tags_one_of = vec!["tag3".to_owned()];
                query.filter.languages = vec![Some("fr".to_owned())];
                query.order = Order::Name;
            }),
        ),
        (
            "not sensitive, trending",
            narrow(|query| {
                query.filter.sensitive = Some(false);
                query.order = Order::Trending;
            }),
        ),
        ("search", narrow(|query| query.filter.search = Some("number 77".to_owned()))),
    ];
    let mut group = criterion.benchmark_group("listing");
    for videos in [1_000, 100_000] {
        let service = runtime.block_on(filled(videos));
        for (name, query) in &queries {
            group.bench_function(BenchmarkId::new(*name, videos), |bencher| {
                bencher.iter(|| runtime.block_on(service.listing.find(&service, query)).unwrap());
            });
        }
        let mut number = 0_u64;
        group.bench_function(BenchmarkId::new("newest after a write", videos), |bencher| {
            bencher.iter(|| {
                number += 1;
                runtime.block_on(async {
                    write(&service, number % videos + 1, number).await;
                    service.listing.find(&service, &page).await.unwrap()
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, listing);
criterion_main!(benches);
