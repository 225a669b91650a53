//! Documents of our videos, of comments by people here, and of what lies below them.

use kinora_activity::{collection, verb};
use kinora_model::comment::{Comment, CommentState};
use kinora_model::id::Id;
use kinora_model::reaction::{Rating, Reaction};
use kinora_model::share::Share;
use kinora_model::video::{Privacy, Video, VideoState};
use kinora_service::outbound::is_told;
use kinora_store::tables::comment::comments_by_video;
use kinora_store::tables::follow::shares_of;
use kinora_store::tables::{COMMENTS_BY_VIDEO, VideoCounts, video_by_uuid};
use kinora_store::{Range, Stored};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::of_actor::{asked, from_place, numbered};
use super::pages::IDS_A_PAGE;
use super::{Answer, Document, Page};
use crate::Federation;
use crate::address::Ours;
use crate::error::Error;
use crate::mapping;

impl Federation {
    /// A video that everyone may see, wherever it lives.
    pub(crate) async fn public_video(&self, id: Id<Video>) -> Result<Option<Video>, Error> {
        let video = self.service.store.get::<Video>(&id.to_key()).await?;
        Ok(video.map(Stored::into_row).filter(is_public))
    }

    pub(crate) async fn public_video_of(&self, uuid: Uuid) -> Result<Option<Video>, Error> {
        let video = self.service.store.find::<Video>(&video_by_uuid(uuid)).await?;
        Ok(video.map(Stored::into_row).filter(is_public))
    }

    /// The id of a video, wherever it lives.
    #[must_use]
    pub fn video_id(&self, video: &Video) -> Url {
        let ours = || self.addresses.of(&Ours::Video(video.uuid));
        video.remote.as_ref().map_or_else(ours, |remote| remote.uri.clone())
    }

    /// The document of a video.
    pub(super) async fn of_video(&self, uuid: Uuid) -> Result<Answer, Error> {
        match self.public_video_of(uuid).await? {
            Some(video) => match &video.remote {
                Some(remote) => Ok(Answer::Elsewhere(remote.uri.clone())),
                None => {
                    let facts = self.video_facts(uuid).await?;
                    let write =
                        |facts: &_| Document::of(&mapping::to_video(&self.addresses, facts));
                    Ok(self.shelf.find(facts, write).into())
                }
            },
            None => {
                let id = self.addresses.of(&Ours::Video(uuid));
                let at = self.buried(&id).await?.ok_or(Error::NotFound("Video"))?;
                Ok(Document::tombstone(&verb::tombstone(&id, "Video", Some(at.as_ms()))).into())
            }
        }
    }

    /// What stands below a video.
    pub(super) async fn below_video(
        &self,
        uuid: Uuid,
        rest: &[&str],
        page: &Page,
    ) -> Result<Answer, Error> {
        let nothing = || Error::NotFound("Object");
        let video = self.public_video_of(uuid).await?.ok_or_else(nothing)?;
        if let ["comments", number, rest @ ..] = rest {
            let comment: Id<Comment> = number.parse().map_err(|_none| nothing())?;
            return self.of_comment(&video, comment, rest).await;
        }
        if !is_told(&video) {
            return Err(nothing());
        }
        let id = self.video_id(&video);
        let value = match rest {
            ["activity"] | ["activity", _] => self.video_create(uuid).await?,
            ["likes"] => self.ratings_of(&video, &id, Rating::Like, page).await?,
            ["dislikes"] => self.ratings_of(&video, &id, Rating::Dislike, page).await?,
            ["announces"] => self.shares_of_video(&video, &id, page).await?,
            ["comments"] => self.comments_of(&video, &id, "comments", page).await?,
            ["context"] => self.comments_of(&video, &id, "context", page).await?,
            ["quotes", name] => self.quote_authorization(&video, name).await?,
            ["chapters"] => chapters(&self.addresses.below(&id, "chapters")),
            _ => return Err(nothing()),
        };
        Ok(Document::of(&value).into())
    }

    /// The document of a comment, or what lies below it.
    async fn of_comment(
        &self,
        video: &Video,
        id: Id<Comment>,
        rest: &[&str],
    ) -> Result<Answer, Error> {
        let nothing = || Error::NotFound("Comment");
        let comment = self.service.store.get::<Comment>(&id.to_key()).await?;
        let comment = comment.filter(|comment| comment.video == video.id).ok_or_else(nothing)?;
        if let (["approve-reply"], true) = (rest, is_told(video) && comment.is_shown()) {
            let value = self.reply_approval(&comment, video).await?;
            return Ok(Document::of(&value).into());
        }
        if let Some(uri) = &comment.uri {
            return Ok(Answer::Elsewhere(uri.clone()));
        }
        if let CommentState::Deleted { at } = comment.state {
            let id = self.addresses.of(&Ours::Comment(video.uuid, id));
            return Ok(Document::tombstone(&verb::tombstone(&id, "Note", Some(at.as_ms()))).into());
        }
        if !comment.is_shown() {
            return Err(nothing());
        }
        let value = match rest {
            [] => self.comment_value(&comment, video).await?,
            ["activity"] => self.comment_create(&comment, video).await?,
            _ => return Err(nothing()),
        };
        Ok(Document::of(&value).into())
    }

    async fn video_counts(&self, video: Id<Video>) -> Result<kinora_model::video::Counts, Error> {
        let row = self.service.store.get::<VideoCounts>(&video.to_key()).await?;
        Ok(row.map(|row| row.counts).unwrap_or_default())
    }

    /// Who liked or disliked a video: how many in all, and the ratings of people here.
    async fn ratings_of(
        &self,
        video: &Video,
        id: &Url,
        rating: Rating,
        page: &Page,
    ) -> Result<Value, Error> {
        let counts = self.video_counts(video.id).await?;
        let (name, total) = match rating {
            Rating::Like => ("likes", counts.likes),
            Rating::Dislike => ("dislikes", counts.dislikes),
        };
        let collection = self.addresses.below(id, name);
        let prefix = video.id.to_key();
        let range = Range::prefix(&kinora_store::table::row_key::<Reaction>(&prefix));
        let range = match page {
            Page::Whole => {
                let first = numbered(&collection, 1);
                return Ok(collection::write(&collection, total, (total > 0).then_some(&first)));
            }
            Page::Number(_) => range,
            Page::After(place) => {
                let key = [prefix.as_slice(), place].concat();
                range.after(&kinora_store::table::row_key::<Reaction>(&key))
            }
        };
        let rows = self.service.store.list_range::<Reaction>(&range, IDS_A_PAGE).await?;
        let place = rows.last().filter(|_| rows.len() == IDS_A_PAGE);
        let next = place.map(|row| from_place(&collection, &row.account.to_key()));
        let mut items = Vec::new();
        for row in rows.iter().filter(|row| row.rating == rating) {
            items.extend(self.rating_id(video.id, row.account, rating).await?.map(Value::from));
        }
        Ok(collection::write_page(
            &asked(&collection, page),
            &collection,
            total,
            (None, next.as_ref()),
            items,
        ))
    }

    /// Who spread a video.
    async fn shares_of_video(&self, video: &Video, id: &Url, page: &Page) -> Result<Value, Error> {
        let collection = self.addresses.below(id, "announces");
        // The channel and the server spread each video, without a row.
        let own = 2;
        let total = self.video_counts(video.id).await?.shares.saturating_add(own);
        let range = shares_of(video.id);
        let (range, mut items) = match page {
            Page::Whole => {
                let first = numbered(&collection, 1);
                return Ok(collection::write(&collection, total, Some(&first)));
            }
            Page::Number(_) => {
                let own = [
                    kinora_model::actor::ActorRef::Channel(video.channel),
                    kinora_model::actor::ActorRef::HERE,
                ];
                let mut items = Vec::new();
                for actor in own {
                    items.extend(self.video_announce_id(actor, video).await?.map(|id| json!(id)));
                }
                (range, items)
            }
            Page::After(place) => {
                let key = [video.id.to_key().as_slice(), place].concat();
                (range.after(&kinora_store::table::row_key::<Share>(&key)), Vec::new())
            }
        };
        let rows = self.service.store.list_range::<Share>(&range, IDS_A_PAGE).await?;
        let place = rows.last().filter(|_| rows.len() == IDS_A_PAGE);
        let next = place.map(|row| from_place(&collection, &row.actor.to_key()));
        for row in &rows {
            let id = match &row.uri {
                Some(uri) => Some(uri.clone()),
                None => self.share_id(row.id, row.actor).await?,
            };
            items.extend(id.map(|id| json!(id)));
        }
        Ok(collection::write_page(
            &asked(&collection, page),
            &collection,
            total,
            (None, next.as_ref()),
            items,
        ))
    }

    /// The comments under a video, oldest first; as a conversation (FEP-7888), the video comes before them.
    async fn comments_of(
        &self,
        video: &Video,
        id: &Url,
        name: &str,
        page: &Page,
    ) -> Result<Value, Error> {
        let collection = self.addresses.below(id, name);
        let root = name == "context";
        let total = self.video_counts(video.id).await?.comments.saturating_add(u64::from(root));
        let range = comments_by_video(video.id);
        let (range, mut items) = match page {
            Page::Whole => {
                let first = numbered(&collection, 1);
                return Ok(collection::write(&collection, total, (total > 0).then_some(&first)));
            }
            Page::Number(_) => {
                (range, root.then(|| Value::from(id.as_str())).into_iter().collect::<Vec<_>>())
            }
            Page::After(place) => {
                let key = COMMENTS_BY_VIDEO.key(&[&video.id.to_key(), place]);
                (range.after(&key), Vec::new())
            }
        };
        let rows = self.service.store.follow::<Comment>(&range, IDS_A_PAGE).await?;
        let place = rows.last().filter(|_| rows.len() == IDS_A_PAGE);
        let next = place.map(|row| from_place(&collection, &row.id.to_key()));
        let shown = rows.iter().filter(|row| row.is_shown());
        items.extend(shown.map(|row| Value::from(self.comment_id(row, video).as_str())));
        Ok(collection::write_page(
            &asked(&collection, page),
            &collection,
            total,
            (None, next.as_ref()),
            items,
        ))
    }

    /// The id of a comment, wherever it was written.
    #[must_use]
    pub fn comment_id(&self, comment: &Comment, video: &Video) -> Url {
        let ours = || self.addresses.of(&Ours::Comment(video.uuid, comment.id));
        comment.uri.clone().unwrap_or_else(ours)
    }
}

fn is_public(video: &Video) -> bool {
    video.words.privacy == Privacy::Public && video.state == VideoState::Published
}

/// The chapters of a video: there are none yet.
fn chapters(id: &Url) -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/activitystreams",
            {"sc": "http://schema.org/", "hasPart": "sc:hasPart"},
        ],
        "id": id,
        "hasPart": [],
    })
}
