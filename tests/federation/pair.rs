//! Two nodes: alice publishes on the first, bob lives on the second.

use serde_json::{Value, json};

use crate::support::node::Setup;
use crate::support::{Client, Node, clip, until};

/// Two nodes that know nothing of each other yet.
pub(super) struct Pair {
    pub(super) first: Node,
    pub(super) second: Node,
    pub(super) alice: Client,
    pub(super) bob: Client,
}

impl Pair {
    pub(super) async fn start() -> Self {
        Self::start_with(|first| first).await
    }

    /// The same, with something set for the first node.
    pub(super) async fn start_with(set: impl FnOnce(Setup) -> Setup) -> Self {
        let open = || Node::open().with("FEDERATION__ALLOW_PRIVATE", true);
        let (first, second) = tokio::join!(set(open()).start(), open().start());
        let (alice, bob) = (first.user("alice").await, second.user("bob").await);
        Self { first, second, alice, bob }
    }

    /// Alice's channel, as bob names it.
    pub(super) fn channel(&self) -> String {
        format!("alice_channel@{}", host(&self.first))
    }

    /// Bob follows alice's channel, and is accepted.
    pub(super) async fn bob_follows(&self) {
        let uri = json!({ "uri": self.channel() });
        self.bob.post("/api/v1/users/me/subscriptions", uri).await.expect_done();
        let path = format!("/api/v1/video-channels/{}/followers", "alice_channel");
        until(&self.alice, &path, |told| told["total"] == 1).await;
        let exist = format!("/api/v1/users/me/subscriptions/exist?uris={}", self.channel());
        until(&self.bob, &exist, |told| told[self.channel()] == true).await;
    }

    /// Alice publishes a clip; its uuid.
    pub(super) async fn alice_publishes(&self, title: &str) -> String {
        let uuid = self.alice.upload(&clip::mp4(2, "320x180"), title).await;
        self.alice.wait_until_made(&uuid).await;
        uuid
    }

    /// Waits until bob finds a video of alice, and looks at it there; it has the same uuid.
    pub(super) async fn bob_sees(&self, uuid: &str) -> Value {
        until(&self.bob, &format!("/api/v1/videos/{uuid}"), |_| true).await
    }
}

/// The part of a handle after the second `@`.
pub(super) fn host(node: &Node) -> String {
    node.url.trim_start_matches("http://").to_owned()
}
