//! Waiting for what a node tells nobody outside: it is asked again and again.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::Client;

/// How long something may take to get from one node to the other: longer than the first wait after a failed delivery.
const PATIENCE: Duration = Duration::from_secs(150);

/// How often a node is asked whether something has arrived: it tells nobody outside.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Asks for something until it is as wanted; what it then is.
pub(crate) async fn until(who: &Client, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = who.get(path).await;
        if answer.status == 200 {
            let told = answer.json();
            if holds(&told) {
                return told;
            }
        }
        assert!(Instant::now() < deadline, "{path} stays {} {}", answer.status, answer.text());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Asks for something until it is not there any more.
pub(crate) async fn until_gone(who: &Client, path: &str) {
    let deadline = Instant::now() + PATIENCE;
    while who.get(path).await.status != 404 {
        assert!(Instant::now() < deadline, "{path} stays");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
