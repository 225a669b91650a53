//! Reports to another server, and doors that are shut.

use serde_json::{Value, json};

use super::pair::{Pair, host};
use crate::support::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_reaches_the_moderators_where_the_video_lives() {
    let pair = Pair::start().await;
    pair.bob_follows().await;
    let uuid = pair.alice_publishes("Reported").await;
    let seen = pair.bob_sees(&uuid).await;
    let report = json!({ "reason": "It is not hers", "video": { "id": seen["id"] } });
    pair.bob.post("/api/v1/abuses", report).await.expect_done();
    let root = pair.first.root().await;
    let told = until(&root, "/api/v1/abuses", |told| told["total"] == 1).await;
    assert_eq!(told["data"][0]["reason"], "It is not hers");
    assert_eq!(told["data"][0]["video"]["uuid"], uuid);
    let reporter = &told["data"][0]["reporterAccount"];
    assert_ne!(reporter["name"], "bob", "a server reports for its people: {reporter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_domain_is_not_heard_and_not_told_anything() {
    let pair = Pair::start().await;
    pair.bob_follows().await;
    let uuid = pair.alice_publishes("Before the block").await;
    pair.bob_sees(&uuid).await;
    let root = pair.first.root().await;
    // Both live under one domain in this test: rules know no ports.
    let domain = host(&pair.second).split(':').next().unwrap().to_owned();
    let rule = format!("/api/kinora/v1/domains/{domain}");
    root.put(&rule, json!({ "level": "block", "reason": "for the test" })).await.expect_done();
    let followers = "/api/v1/video-channels/alice_channel/followers";
    until(&pair.alice, followers, |told| told["total"] == 0).await;
    let status = format!(
        "/api/v1/blocklist/status?accounts=bob@{domain}&accounts=alice&hosts={domain}&hosts=far.example"
    );
    let told = pair.first.nobody().json(&status).await;
    let blocked = |it: &Value| it["blockedByServer"].as_bool();
    assert_eq!(blocked(&told["accounts"][format!("bob@{domain}")]), Some(true), "{told}");
    assert_eq!(blocked(&told["accounts"]["alice"]), Some(false), "{told}");
    assert_eq!(blocked(&told["hosts"][&domain]), Some(true), "{told}");
    assert_eq!(blocked(&told["hosts"]["far.example"]), Some(false), "{told}");

    let threads = format!("/api/v1/videos/{uuid}/comment-threads");
    pair.bob.post(&threads, json!({ "text": "Unheard" })).await.expect_done();
    pair.alice_publishes("After the block").await;
    root.delete(&rule).await.expect_done();

    // What is said once the door is open again arrives; what was said before it did not.
    pair.bob.post(&threads, json!({ "text": "Heard" })).await.expect_done();
    let heard = |told: &Value| told.to_string().contains("Heard");
    let told = until(&pair.alice, &threads, heard).await;
    assert!(!told.to_string().contains("Unheard"), "{told}");
}
