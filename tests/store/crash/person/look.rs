//! What someone sees after a crash, held against what they remember.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Doomed, Known, Person};

impl Person {
    /// Sees that the node knows what it answered for, and settles what it may or may not know.
    pub(crate) async fn look(&mut self, base: &str, when: &str) {
        self.doomed = Doomed::default();
        let known = self.log_in(base).await.expect("the node answers");
        if self.registered {
            assert!(known, "{when}: {} is not known any more", self.name);
        }
        self.registered = known;
        if !known {
            return;
        }
        self.find_channel(base).await.expect("the node answers");
        self.get(format!("{base}/api/v1/video-channels/{}_channel", self.name)).await;
        self.cancel_upload(base).await;
        let mut listed = BTreeMap::new();
        let mine = self.get(format!("{base}/api/v1/users/me/videos?count=100")).await;
        for video in mine["data"].as_array().unwrap() {
            let [uuid, name] = ["uuid", "name"].map(|key| video[key].as_str().unwrap().to_owned());
            listed.insert(uuid, name);
        }
        self.settle_uploads(&listed, when);
        self.videos.retain(|uuid, video| listed.contains_key(uuid) || !video.deleting);
        for uuid in self.videos.keys().cloned().collect::<Vec<_>>() {
            assert!(listed.contains_key(&uuid), "{when}: {} lost {uuid}", self.name);
            self.look_at(base, &uuid, when).await;
        }
        for uuid in self.deleted.split_off(0) {
            let url = format!("{base}/api/v1/videos/{uuid}");
            let answer = self.client.get(url).bearer_auth(&self.token).send().await.unwrap();
            assert_eq!(answer.status(), 404, "{when}: {uuid} was deleted");
        }
    }

    /// Gives up an upload that was under way. It may be done, and forgotten; its video then stays.
    async fn cancel_upload(&mut self, base: &str) {
        let Some(place) = self.sending.take() else { return };
        let request = self.client.delete(format!("{base}{place}")).bearer_auth(&self.token);
        let status = request.send().await.unwrap().status().as_u16();
        assert!([204, 404].contains(&status), "{place} was cancelled with {status}");
    }

    /// Uploads that the node had not yet answered for are there or not; nothing else may be there.
    fn settle_uploads(&mut self, listed: &BTreeMap<String, String>, when: &str) {
        for (uuid, name) in listed {
            if self.videos.contains_key(uuid) {
                continue;
            }
            assert!(self.uploading.remove(name), "{when}: {name} ({uuid}) was never uploaded");
            let known = Known {
                names: vec![name.clone()],
                ratings: vec!["none"],
                deleting: false,
                watchable: false,
            };
            self.videos.insert(uuid.clone(), known);
        }
        self.uploading.clear();
    }

    async fn look_at(&mut self, base: &str, uuid: &str, when: &str) {
        let video = self.get(format!("{base}/api/v1/videos/{uuid}")).await;
        let id = video["id"].as_u64().unwrap();
        let rated = self.get(format!("{base}/api/v1/users/me/videos/{id}/rating")).await;
        let known = self.videos.get_mut(uuid).unwrap();
        let name = video["name"].as_str().unwrap();
        assert!(known.names.iter().any(|n| n == name), "{when}: {uuid} is {name}");
        known.names = vec![name.to_owned()];
        let rating = rated["rating"].as_str().unwrap();
        let rating = known.ratings.iter().copied().find(|known| *known == rating);
        let rating = rating.unwrap_or_else(|| panic!("{when}: {uuid} is rated {rated}"));
        known.ratings = vec![rating];
        known.deleting = false;
        let watchable = video["state"]["id"].as_u64() == Some(1);
        assert!(watchable || !known.watchable, "{when}: {uuid} could be watched before");
        known.watchable = watchable;
        // Nobody else rates it: the count must agree with the rating.
        let counts = ["likes", "dislikes"].map(|key| video[key].as_u64().unwrap());
        let wanted = [u64::from(rating == "like"), u64::from(rating == "dislike")];
        assert_eq!(counts, wanted, "{when}: {uuid} is rated {rating}");
        if watchable {
            let playlist = &video["streamingPlaylists"][0]["playlistUrl"];
            let request = self.client.get(playlist.as_str().unwrap());
            self.ask(request).await.expect("the node answers");
            self.count("watchable");
        }
    }

    /// Waits until all videos can be watched, and returns their playlists.
    pub(crate) async fn playlists_once_made(&self, base: &str, limit: Duration) -> Vec<String> {
        let begun = tokio::time::Instant::now();
        let mut playlists = Vec::new();
        for uuid in self.videos.keys() {
            loop {
                let video = self.get(format!("{base}/api/v1/videos/{uuid}")).await;
                match video["state"]["id"].as_u64() {
                    Some(1) => {
                        let playlist = &video["streamingPlaylists"][0]["playlistUrl"];
                        playlists.push(playlist.as_str().unwrap().to_owned());
                        break;
                    }
                    Some(2) if begun.elapsed() < limit => {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    _ => panic!("{uuid} did not become watchable: {}", video["state"]),
                }
            }
        }
        playlists
    }

    pub(crate) async fn delete_all(&mut self, base: &str) {
        for uuid in self.videos.keys().cloned().collect::<Vec<_>>() {
            self.delete(base, &uuid).await.expect("the node answers");
        }
    }

    pub(crate) async fn quota_used(&self, base: &str) -> u64 {
        let used = self.get(format!("{base}/api/v1/users/me/video-quota-used")).await;
        used["videoQuotaUsed"].as_u64().unwrap()
    }
}
