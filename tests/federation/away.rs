//! One of both is away for a while.

use serde_json::{Value, json};

use super::pair::Pair;
use crate::support::until;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_while_one_was_away_arrives_when_it_is_back() {
    let mut pair = Pair::start().await;
    pair.bob_follows().await;
    let uuid = pair.alice_publishes("Before").await;
    pair.bob_sees(&uuid).await;
    pair.first.kill().await;
    let threads = format!("/api/v1/videos/{uuid}/comment-threads");
    pair.bob.post(&threads, json!({ "text": "Said to the void" })).await.expect_done();
    pair.first.start_again().await;
    let arrived = |told: &Value| told.to_string().contains("Said to the void");
    until(&pair.first.nobody(), &threads, arrived).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_hears_of_what_was_published() {
    let mut pair = Pair::start().await;
    pair.bob_follows().await;
    pair.second.kill().await;
    let uuid = pair.alice_publishes("Meanwhile").await;
    pair.second.start_again().await;
    pair.bob_sees(&uuid).await;
}
