//! Fills a data folder with videos that have all that lists and pages show, but no segments: `fill FOLDER COUNT`. Prints the
//! uuid of the last one.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::as_conversions,
    reason = "a tool for `make bench`"
)]

use std::time::Duration;

use kinora::config::{self, Flags};
use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::picture::{BlobName, Picture};
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::text::{Description, Tag, Title};
use kinora_model::video::{Counts, Footage, Source, Thumbnail, Video, VideoState, VideoWords};
use kinora_service::{Service, users};
use kinora_store::tables::{CHANNELS, VideoCounts};
use kinora_store::{Batch, Range};
use uuid::Uuid;

/// Videos in one commit.
const AT_ONCE: u64 = 250;

const QUALITIES: [(u32, u32); 4] = [(1280, 720), (854, 480), (640, 360), (426, 240)];

fn main() {
    // cargo adds its own words.
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let (Some(folder), Some(count)) = (words.next(), words.next()) else {
        println!("fill FOLDER COUNT");
        return;
    };
    let flags = Flags { data: Some(folder.into()), ..Flags::default() };
    let config = config::read(&flags).unwrap().config;
    std::fs::create_dir_all(&config.data).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let service = kinora::wiring::open(&config, kinora_store::metrics::Metrics::default());
        let last = fill(&service.unwrap(), count.parse().unwrap()).await;
        println!("{last}");
    });
}

async fn fill(service: &Service, count: u64) -> Uuid {
    users::ensure_administrator(service, Some("bench-password".to_owned())).await.unwrap();
    let channels = Range::prefix(&CHANNELS.key(&[]));
    let channel = service.store.list_range::<Channel>(&channels, 1).await.unwrap();
    let channel = channel.first().unwrap();
    let (mut from, mut last) = (0, Uuid::nil());
    while from < count {
        let mut batch = Batch::default();
        for number in from..count.min(from + AT_ONCE) {
            last = add(service, &mut batch, channel.account, channel.id, number);
        }
        service.store.commit(batch).await.unwrap();
        from += AT_ONCE;
    }
    last
}

fn add(
    service: &Service,
    batch: &mut Batch,
    account: Id<Account>,
    channel: Id<Channel>,
    number: u64,
) -> Uuid {
    let id = service.id();
    // A minute apart, the last one now.
    let at = service.now().before(Duration::from_secs(60 * (1_000_000 - number)));
    let mut words = VideoWords::titled(Title::parse(&format!("Video number {number}")).unwrap());
    words.description =
        Some(Description::parse(&"What it is about, in a few words. ".repeat(8)).unwrap());
    words.category = Some(if number.is_multiple_of(7) { 3 } else { 4 });
    words.language = Some(if number.is_multiple_of(3) { "fr" } else { "en" }.to_owned());
    let tag = if number.is_multiple_of(5) { "sea" } else { "land" };
    words.tags = vec![Tag::parse(tag).unwrap(), Tag::parse(&format!("t{}", number % 50)).unwrap()];
    let picture = |kind: u8, width: u32, height: u32| {
        let mut digest = [kind; 32];
        digest.iter_mut().zip(number.to_be_bytes()).for_each(|(to, byte)| *to = byte);
        Picture { blob: BlobName::from_digest(digest), width, height, created_at: at }
    };
    let thumbnail = Thumbnail { small: picture(1, 280, 157), large: picture(2, 850, 480) };
    let uuid = Uuid::new_v4();
    let video = Video {
        id,
        uuid,
        channel,
        account,
        words,
        state: VideoState::Published,
        failure: None,
        source: Source { filename: format!("{number}.mp4"), bytes: 10 << 20, kept: false },
        footage: Some(Footage {
            duration_ms: 60_000 + number,
            width: 1280,
            height: 720,
            fps_milli: 25_000,
            has_audio: true,
            has_video: true,
        }),
        thumbnail: Some(thumbnail),
        thumbnail_chosen: false,
        candidates: Vec::new(),
        storyboard: None,
        created_at: at,
        updated_at: at,
        published_at: Some(at),
        remote: None,
    };
    batch.insert_row(&video).unwrap();
    let counts = Counts { views: number * 7 % 1_000, likes: number % 100, ..Counts::default() };
    batch.insert_row(&VideoCounts { video: id, counts }).unwrap();
    for (width, height) in QUALITIES {
        batch.insert_row(&rendition(service, &video, width, height)).unwrap();
    }
    service.journal.record(batch, &Event::VideoCreated { video: id }, at).unwrap();
    uuid
}

fn rendition(service: &Service, video: &Video, width: u32, height: u32) -> Rendition {
    Rendition {
        id: service.id(),
        video: video.id,
        rung: format!("{height}p"),
        resolution: height,
        width,
        height,
        fps_milli: 25_000,
        copied: height == 720,
        has_audio: true,
        has_video: true,
        codecs: "avc1.64001f,mp4a.40.2".to_owned(),
        init: None,
        state: RenditionState::Ready,
        segments: 15,
        bytes: u64::from(height) * 10_000,
        duration_us: 60_000_000,
        peak_bps: u64::from(height) * 4_000,
        average_bps: u64::from(height) * 3_000,
        torrent: None,
        created_at: video.created_at,
        updated_at: video.created_at,
    }
}
