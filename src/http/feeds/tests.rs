#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use actix_web::http::header::CONTENT_TYPE;
use kinora_model::user::Role;

use crate::stage::Stage;

async fn read(stage: &Stage, path: &str) -> (String, String) {
    let answer = stage.get(path, "").await;
    assert_eq!(answer.status, 200, "{path}");
    let kind = answer.headers.get(CONTENT_TYPE).unwrap().to_str().unwrap().to_owned();
    (kind, stage.text(path, "").await)
}

#[actix_web::test]
async fn readers_and_podcast_apps_find_what_is_new() {
    let stage = Stage::new();
    stage.user("ana", Role::User).await;
    let uuid = stage.video("ana", "Rain <& wind>").await;
    let (kind, rss) = read(&stage, "/feeds/videos.xml?videoChannelName=ana_channel").await;
    assert!(kind.starts_with("application/rss+xml"), "{kind}");
    assert!(rss.contains(&uuid), "{rss}");
    assert!(!rss.contains("<& wind>"), "everything is escaped: {rss}");
    let (kind, atom) = read(&stage, "/feeds/videos.atom?accountName=ana").await;
    assert!(kind.starts_with("application/atom+xml"), "{kind}");
    assert!(atom.contains("<entry>"), "{atom}");
    let (kind, json) = read(&stage, "/feeds/videos.json").await;
    assert!(kind.starts_with("application/feed+json"), "{kind}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["items"][0]["title"], "Rain <& wind>");
    let (_, podcast) = read(&stage, "/feeds/podcast/videos.xml?videoChannelName=ana_channel").await;
    assert!(podcast.contains("<podcast:guid>"), "{podcast}");
}

#[actix_web::test]
async fn what_does_not_exist_has_no_feed() {
    let stage = Stage::new();
    for (path, status) in [
        ("/feeds/videos.exe", 404),
        ("/feeds/videos.xml?accountName=nobody", 404),
        ("/feeds/videos.xml?videoChannelId=x", 404),
        ("/feeds/podcast/videos.xml", 400),
        ("/feeds/videos.xml?sort=-nonsense", 400),
    ] {
        assert_eq!(stage.get(path, "").await.status, status, "{path}");
    }
}
