//! The rows that a killed program left, looked at without it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::reaction::Reaction;
use kinora_model::rendition::{Rendition, Segment};
use kinora_model::session::Session;
use kinora_model::upload::Upload;
use kinora_model::user::User;
use kinora_model::video::Video;
use kinora_store::kv::sled::{Sled, SledConfig};
use kinora_store::table::{Table, row_key};
use kinora_store::tables::{self, BlobOwner, NameHolder, Owner, VideoCounts};
use kinora_store::{Range, Row, Store};

/// The tables that only lead to rows of others.
const INDEXES: &[Table] = &[
    tables::USERS_BY_EMAIL,
    tables::CHANNELS_BY_ACCOUNT,
    tables::SESSIONS_BY_ACCESS,
    tables::SESSIONS_BY_REFRESH,
    tables::SESSIONS_BY_USER,
    tables::UPLOADS_BY_TOKEN,
    tables::UPLOADS_BY_USER,
    tables::VIDEOS_BY_UUID,
    tables::VIDEOS_BY_CHANNEL,
    tables::VIDEOS_BY_ACCOUNT,
    tables::RENDITIONS_BY_ID,
    tables::REACTIONS_BY_ACCOUNT,
];

/// Opens the rows of a node that does not run.
fn open(home: &Path) -> Store {
    Store::new(Arc::new(Sled::open(SledConfig::new(&home.join("data/rows"))).unwrap()))
}

/// Sees that each row has its entries and each entry its row, and that what belongs together is there together.
pub(crate) async fn are_whole(home: &Path, when: &str) {
    let store = open(home);
    let mut entries = BTreeMap::new();
    let users = all::<User>(&store, &mut entries, when).await;
    let accounts = all::<Account>(&store, &mut entries, when).await;
    let channels = all::<Channel>(&store, &mut entries, when).await;
    all::<Session>(&store, &mut entries, when).await;
    all::<Upload>(&store, &mut entries, when).await;
    let videos = all::<Video>(&store, &mut entries, when).await;
    all::<Rendition>(&store, &mut entries, when).await;
    all::<Reaction>(&store, &mut entries, when).await;
    for index in INDEXES {
        let kept = store.count(&Range::prefix(&index.key(&[]))).await.unwrap();
        let wanted = entries.get(&index.byte).copied().unwrap_or(0);
        assert_eq!(kept, wanted, "{when}: entries of {} that lead nowhere", index.name);
    }
    assert_eq!(users.len(), accounts.len(), "{when}: a user is an account");
    let names = store.list::<NameHolder>(&[], 10_000).await.unwrap();
    assert_eq!(names.len(), accounts.len() + channels.len(), "{when}: each has its name");
    for channel in &channels {
        assert!(accounts.iter().any(|account| account.id == channel.account), "{when}");
    }
    for video in &videos {
        assert!(channels.iter().any(|channel| channel.id == video.channel), "{when}");
        let counts = store.get::<VideoCounts>(&video.id.to_key()).await.unwrap();
        assert!(counts.is_some(), "{when}: {} has its counts", video.uuid);
    }
    segments_have_owners(&store, when).await;
}

/// All rows of a table, whose entries are seen to be there; `entries` counts them by their table.
async fn all<T: Row>(store: &Store, entries: &mut BTreeMap<u8, usize>, when: &str) -> Vec<T> {
    let rows = store.list::<T>(&[], 10_000).await.unwrap();
    for row in &rows {
        for entry in row.entries() {
            let kept = store.kv().get(&entry.key).await.unwrap();
            let name = T::TABLE.name;
            assert_eq!(kept, Some(entry.value), "{when}: an entry of {name} is lost");
            *entries.entry(entry.key[0]).or_insert(0) += 1;
        }
    }
    rows.into_iter().map(kinora_store::Stored::into_row).collect()
}

async fn segments_have_owners(store: &Store, when: &str) {
    for segment in store.list::<Segment>(&[], 10_000).await.unwrap() {
        let owner = BlobOwner { blob: segment.blob, owner: Owner::Video(segment.video) };
        let kept = store.kv().get(&row_key::<BlobOwner>(&owner.key())).await.unwrap();
        assert!(kept.is_some(), "{when}: segment {} of {}", segment.index, segment.rendition);
    }
}

/// Sees that nothing is left of videos that were all deleted.
pub(crate) async fn know_no_video(home: &Path, when: &str) {
    let store = open(home);
    for table in [
        tables::VIDEOS,
        tables::COUNTS,
        tables::RENDITIONS,
        tables::SEGMENTS,
        tables::BLOB_OWNERS,
        tables::REACTIONS,
        tables::JOBS,
        tables::JOBS_DUE,
        tables::JOBS_BURIED,
        tables::JOBS_BY_VIDEO,
    ] {
        let left = store.count(&Range::prefix(&table.key(&[]))).await.unwrap();
        assert_eq!(left, 0, "{when}: rows left in {}", table.name);
    }
}
