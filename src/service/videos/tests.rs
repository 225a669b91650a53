#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use kinora_model::name::Name;
use kinora_model::text::{Tag, Title};
use kinora_model::video::{Privacy, VideoV2, short_uuid};
use kinora_store::tables::videos_by_channel;
use kinora_store::{Row as _, codec};

use super::*;
use crate::stage::Stage;

fn titled(title: &str) -> Change {
    Change { title: Some(Title::parse(title).unwrap()), ..Change::default() }
}

#[tokio::test]
async fn a_video_has_three_names() {
    let stage = Stage::new().await;
    let video = stage.video("Named", |_| {}).await;
    for name in [video.id.to_string(), video.uuid.to_string(), short_uuid(video.uuid)] {
        assert_eq!(find(&stage.service, None, &name).await.unwrap().id, video.id);
    }
    for name in ["", "0", "x", "../1", "00000000-0000-4000-8000-000000000000"] {
        assert!(matches!(find(&stage.service, None, name).await, Err(Error::NotFound("Video"))));
    }
}

#[tokio::test]
async fn hidden_videos_are_as_if_missing_for_all_but_their_owner() {
    let stage = Stage::new().await;
    let seen = async |video: &Video, who: Option<&Viewer>| match find(
        &stage.service,
        who,
        &video.id.to_string(),
    )
    .await
    {
        Ok(_) => true,
        Err(Error::NotFound("Video")) => false,
        Err(other) => panic!("{other}"),
    };
    let (owner, stranger) = (Some(&stage.owner), Some(&stage.stranger));
    for (privacy, expected) in [
        (Privacy::Public, [true, true, true]),
        (Privacy::Unlisted, [true, true, true]),
        (Privacy::Internal, [true, true, false]),
        (Privacy::Private, [true, false, false]),
    ] {
        let video = stage.video("Seen by", |video| video.words.privacy = privacy).await;
        let found =
            [seen(&video, owner).await, seen(&video, stranger).await, seen(&video, None).await];
        assert_eq!(found, expected, "{privacy:?}");
    }
    let draft = stage.video("Draft", |video| video.state = VideoState::Processing).await;
    assert!(seen(&draft, owner).await && !seen(&draft, stranger).await);
}

#[tokio::test]
async fn only_its_owner_changes_a_video() {
    let stage = Stage::new().await;
    let video = stage.video("Before", |_| {}).await;
    let name = video.id.to_string();
    let update = async |who| update(&stage.service, who, &name, &titled("After it")).await;
    assert!(matches!(update(&stage.stranger).await, Err(Error::Forbidden(_))));
    assert!(matches!(
        delete(&stage.service, &stage.stranger, &name).await,
        Err(Error::Forbidden(_))
    ));
    stage.clock.advance(std::time::Duration::from_secs(9));
    update(&stage.owner).await.unwrap();
    let row = stage.read(video.id).await.unwrap();
    assert_eq!(row.words.title.as_str(), "After it");
    assert_eq!(row.updated_at, stage.service.now());
    assert_eq!(stage.events().await.last(), Some(&Event::VideoUpdated { video: video.id }));
}

#[tokio::test]
async fn a_video_moves_between_channels_of_its_account_only() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let video = stage.video("Moving", |_| {}).await;
    let name = video.id.to_string();
    let channel = |name: &str, account| Channel {
        id: service.id(),
        account,
        name: Name::parse(name).unwrap(),
        ..stage.channel.clone()
    };
    let own = channel("second", stage.owner.account);
    let others = channel("others", stage.stranger.account);
    let mut batch = Batch::default();
    batch.insert_row(&own).unwrap();
    batch.insert_row(&others).unwrap();
    service.store.commit(batch).await.unwrap();

    let to = |channel: &Channel| Change { channel: Some(channel.id), ..Change::default() };
    let refused = update(service, &stage.owner, &name, &to(&others)).await;
    assert!(matches!(refused, Err(Error::Invalid { field: "channelId", .. })));
    update(service, &stage.owner, &name, &to(&own)).await.unwrap();
    let in_channel = async |channel: &Channel| {
        service.store.count(&videos_by_channel(channel.id)).await.unwrap()
    };
    assert_eq!((in_channel(&own).await, in_channel(&stage.channel).await), (1, 0));
}

#[tokio::test]
async fn a_deleted_video_leaves_no_row_behind() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let video = stage.video("Deleted", |_| {}).await;
    let name = video.id.to_string();
    let srt = b"1\n00:00:01,000 --> 00:00:02,000\nHi\n";
    captions::put(service, &stage.owner, &name, "en", srt).await.unwrap();
    delete(service, &stage.owner, &name).await.unwrap();
    assert!(stage.read(video.id).await.is_none());
    assert!(matches!(remove(service, video.id).await, Err(Error::NotFound("Video"))));
    assert!(service.store.get::<VideoCounts>(&video.id.to_key()).await.unwrap().is_none());
    assert!(service.store.find::<Video>(&video_by_uuid(video.uuid)).await.unwrap().is_none());
    assert_eq!(service.store.count(&videos_by_channel(video.channel)).await.unwrap(), 0);
    let captions = kinora_store::table::row_key::<kinora_model::caption::Caption>(&[]);
    assert_eq!(service.store.count(&kinora_store::Range::prefix(&captions)).await.unwrap(), 0);
    assert_eq!(stage.events().await.last(), Some(&Event::VideoDeleted { video: video.id }));
}

#[tokio::test]
async fn changes_at_once_both_land() {
    let stage = Stage::new().await;
    let video = stage.video("Contended", |_| {}).await;
    let name = video.id.to_string();
    let title = titled("From one");
    let category = Change { category: Some(Some(3)), ..Change::default() };
    let (one, other) = tokio::join!(
        update(&stage.service, &stage.owner, &name, &title),
        update(&stage.service, &stage.owner, &name, &category)
    );
    one.unwrap();
    other.unwrap();
    let words = stage.read(video.id).await.unwrap().words;
    assert_eq!((words.title.as_str(), words.category), ("From one", Some(3)));
}

#[tokio::test]
async fn rows_of_earlier_releases_are_read_as_they_were_meant() {
    let stage = Stage::new().await;
    let video =
        stage.video("From before", |it| it.words.tags = vec![Tag::parse("old").unwrap()]).await;
    let old: VideoV2 = serde_json::from_value(serde_json::to_value(&video).unwrap()).unwrap();
    let written = codec::encode(2, &old).unwrap();
    let (version, rest) = codec::version(&written).unwrap();
    assert_eq!(Video::upgrade(version, rest).unwrap(), video);
    assert!(video.words.peers, "viewers helped each other before anybody could say no");

    let channel = stage.service.store.get::<Channel>(&video.channel.to_key()).await.unwrap();
    let written = codec::encode(2, &*channel.unwrap()).unwrap();
    let (_, rest) = codec::version(&written).unwrap();
    let (_unwritten, rest) = rest.split_last().unwrap();
    assert!(!Channel::upgrade(2, rest).unwrap().without_peers);
}
