//! Likes, dislikes and shares across servers.

use serde_json::json;

use super::pair::Pair;
use crate::support::until;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_elsewhere_is_counted_where_the_video_lives() {
    let mut pair = Pair::start().await;
    pair.bob_follows().await;
    let uuid = pair.alice_publishes("Watched").await;
    pair.bob_sees(&uuid).await;
    let path = format!("/api/v1/videos/{uuid}");
    pair.bob.post(&format!("{path}/views"), json!({ "currentTime": 1 })).await.expect_done();
    // Views are told now and then, and when a node stops.
    assert!(pair.second.stop().await.success());
    pair.second.start_again().await;
    until(&pair.alice, &path, |it| it["views"] == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ratings_and_shares_are_counted_where_the_video_lives() {
    let pair = Pair::start().await;
    pair.bob_follows().await;
    let uuid = pair.alice_publishes("Rated").await;
    pair.bob_sees(&uuid).await;
    let path = format!("/api/v1/videos/{uuid}");
    let rate = |rating: &'static str| {
        let path = format!("{path}/rate");
        let bob = &pair.bob;
        async move { bob.put(&path, json!({ "rating": rating })).await.expect_done() }
    };
    let counted = |likes: u64, dislikes: u64| {
        let (alice, path) = (&pair.alice, path.clone());
        async move { until(alice, &path, |it| it["likes"] == likes && it["dislikes"] == dislikes).await }
    };
    rate("like").await;
    counted(1, 0).await;
    rate("dislike").await;
    counted(0, 1).await;
    rate("none").await;
    counted(0, 0).await;

    let share = format!("/api/kinora/v1/videos/{uuid}/share");
    pair.bob.post(&share, json!({})).await.expect_done();
    until(&pair.alice, &path, |it| it["shares"] == 1).await;
    pair.bob.delete(&share).await.expect_done();
    until(&pair.alice, &path, |it| it["shares"] == 0).await;
}
