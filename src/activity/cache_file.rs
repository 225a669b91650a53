//! Copies that servers keep of each other's videos: PeerTube's `CacheFile`.

use serde_json::{Value, json};
use url::Url;

use crate::context;
use crate::lenient::{self, Unreadable};

/// A server says that it keeps a copy of a video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheFile {
    /// Its id.
    pub id: Url,
    /// Of which video.
    pub object: Url,
    /// The folder with the HLS files.
    pub folder: Url,
    /// Until when it is kept, in milliseconds since 1970.
    pub expires: Option<i64>,
}

impl CacheFile {
    /// Reads it.
    ///
    /// # Errors
    /// [`Unreadable`] if it is none, or without id, video or the folder of a playlist.
    pub fn read(value: &Value) -> Result<Self, Unreadable> {
        let map = lenient::object(value)?;
        if !lenient::is_a(value, "CacheFile") {
            return Err(Unreadable::Type(
                lenient::types_of(value).join(" ").chars().take(64).collect(),
            ));
        }
        let hls = |it: &&Value| {
            let kind = it.get("mediaType").and_then(Value::as_str);
            kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-mpegURL"))
        };
        let folder = lenient::many(map.get("url")).take(8).find(hls).and_then(lenient::id_of);
        Ok(Self {
            id: lenient::own_id(map)?,
            object: map
                .get("object")
                .and_then(lenient::id_of)
                .ok_or(Unreadable::Field("object"))?,
            folder: folder.ok_or(Unreadable::Field("url"))?,
            expires: lenient::moment(map.get("expires")),
        })
    }
}

impl CacheFile {
    /// Writes it, with its context, as PeerTube reads it: `to` is who made the video.
    #[must_use]
    pub fn write(&self, to: &Url) -> Value {
        json!({
            "@context": context::activity(),
            "id": self.id,
            "type": "CacheFile",
            "object": self.object,
            "expires": self.expires.map(lenient::write_moment),
            "url": { "type": "Link", "mediaType": "application/x-mpegURL", "href": self.folder },
            "to": [to],
            "cc": [],
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_peertube_says_is_read() {
        let sent =
            include_str!("../../tests/fixtures/activities/peertube/POST-Create-CacheFile.raw");
        let sent: Value = serde_json::from_str(sent).unwrap();
        let read = CacheFile::read(sent.get("object").unwrap()).unwrap();
        assert_eq!(read.object.path(), "/videos/watch/8a5ee3ad-74f9-4814-a483-204b12168ce1");
        assert_eq!(
            read.folder.path(),
            "/static/redundancy/hls/8a5ee3ad-74f9-4814-a483-204b12168ce1"
        );
        assert_eq!(read.expires, None);
        let to = "http://127.0.0.1:9101/accounts/root".parse().unwrap();
        assert_eq!(CacheFile::read(&read.write(&to)), Ok(read.clone()));
        let ending = CacheFile { expires: Some(1_795_401_000_000), ..read };
        assert_eq!(CacheFile::read(&ending.write(&to)), Ok(ending));
    }

    #[test]
    fn copies_of_single_files_are_none() {
        let old = json!({
            "id": "https://a.example/1", "type": "CacheFile", "object": "https://b.example/v",
            "url": { "type": "Link", "mediaType": "video/mp4", "href": "https://a.example/1.mp4" },
        });
        assert_eq!(CacheFile::read(&old), Err(Unreadable::Field("url")));
    }
}
