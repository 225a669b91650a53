//! What its owner changes of a video.

use kinora_model::channel::Channel;
use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::text::{Description, Support, Tag, Title};
use kinora_model::video::lists::{category_label, language_label, licence_label};
use kinora_model::video::{CommentsPolicy, Privacy, TAGS_MAX, VideoWords};

use crate::error::Error;

/// What is sensitive in a video can be said with these bits.
const SENSITIVE_FLAGS: u32 = 0b111;

/// What changes of a video; what is `None` stays, an inner `None` takes a word away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The channel that it moves to.
    pub channel: Option<Id<Channel>>,
    /// The title.
    pub title: Option<Title>,
    /// Markdown.
    pub description: Option<Option<Description>>,
    /// How to support the creator, markdown.
    pub support: Option<Option<Support>>,
    /// All tags, at most [`TAGS_MAX`].
    pub tags: Option<Vec<Tag>>,
    /// A number of the categories.
    pub category: Option<Option<u8>>,
    /// A number of the licences.
    pub licence: Option<Option<u8>>,
    /// A code of the languages.
    pub language: Option<Option<String>>,
    /// Who may see it.
    pub privacy: Option<Privacy>,
    /// True if it is not for everyone's eyes.
    pub sensitive: Option<bool>,
    /// What is sensitive in it.
    pub sensitive_flags: Option<u32>,
    /// In words.
    pub sensitive_summary: Option<Option<Support>>,
    /// Who may comment.
    pub comments: Option<CommentsPolicy>,
    /// Whether its files are offered for download.
    pub download: Option<bool>,
    /// When it first appeared.
    pub originally_published_at: Option<Option<Timestamp>>,
    /// Whether to publish only when all renditions are made.
    pub wait_transcoding: Option<bool>,
    /// Whether its viewers may give it to each other.
    pub peers: Option<bool>,
}

/// Puts a value in the place of another, if there is one.
fn put<T: Clone>(place: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        place.clone_from(value);
    }
}

impl Change {
    /// The words of a new video: `title`, and what else is said.
    ///
    /// # Errors
    /// As [`Change::apply`].
    pub fn begin(&self, title: Title) -> Result<VideoWords, Error> {
        let mut words = VideoWords::titled(title);
        self.apply(&mut words)?;
        Ok(words)
    }

    /// Changes the words of a video.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a category, licence or language is not known, or if there are too many tags.
    pub fn apply(&self, words: &mut VideoWords) -> Result<(), Error> {
        let unknown = |field| Error::invalid(field, format!("Should have a valid {field}"));
        if self.category.flatten().is_some_and(|number| category_label(number).is_none()) {
            return Err(unknown("category"));
        }
        if self.licence.flatten().is_some_and(|number| licence_label(number).is_none()) {
            return Err(unknown("licence"));
        }
        let language = self.language.as_ref().and_then(Option::as_deref);
        if language.is_some_and(|code| language_label(code).is_none()) {
            return Err(unknown("language"));
        }
        if let Some(tags) = &self.tags {
            words.tags = distinct(tags);
            if words.tags.len() > TAGS_MAX {
                let reason = format!("Should have an array of up to {TAGS_MAX} tags");
                return Err(Error::invalid("tags", reason));
            }
        }
        if self.sensitive_flags.is_some_and(|flags| flags & !SENSITIVE_FLAGS != 0) {
            return Err(unknown("nsfwFlags"));
        }
        put(&mut words.title, self.title.as_ref());
        put(&mut words.description, said(self.description.as_ref()).as_ref());
        put(&mut words.support, said(self.support.as_ref()).as_ref());
        put(&mut words.category, self.category.as_ref());
        put(&mut words.licence, self.licence.as_ref());
        put(&mut words.language, self.language.as_ref());
        put(&mut words.privacy, self.privacy.as_ref());
        put(&mut words.sensitive, self.sensitive.as_ref());
        put(&mut words.sensitive_flags, self.sensitive_flags.as_ref());
        put(&mut words.sensitive_summary, said(self.sensitive_summary.as_ref()).as_ref());
        put(&mut words.comments, self.comments.as_ref());
        put(&mut words.download, self.download.as_ref());
        put(&mut words.originally_published_at, self.originally_published_at.as_ref());
        put(&mut words.wait_transcoding, self.wait_transcoding.as_ref());
        put(&mut words.peers, self.peers.as_ref());
        Ok(())
    }
}

/// An empty text says nothing.
fn said<const MAX: usize>(
    text: Option<&Option<kinora_model::text::Text<0, MAX>>>,
) -> Option<Option<kinora_model::text::Text<0, MAX>>> {
    text.map(|text| text.clone().filter(|text| !text.is_empty()))
}

fn distinct(tags: &[Tag]) -> Vec<Tag> {
    let mut kept: Vec<Tag> = Vec::new();
    for tag in tags {
        let lower = tag.as_str().to_lowercase();
        if kept.iter().all(|known| known.as_str().to_lowercase() != lower) {
            kept.push(tag.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_not_said_stays_and_what_is_emptied_goes() {
        let mut words = VideoWords::titled(Title::parse("Title").unwrap());
        words.category = Some(3);
        words.description = Some(Description::parse("Old").unwrap());
        let change = Change {
            description: Some(Some(Description::parse(" ").unwrap())),
            ..Change::default()
        };
        change.apply(&mut words).unwrap();
        assert_eq!((words.category, words.description.as_ref()), (Some(3), None));
        Change { category: Some(None), ..Change::default() }.apply(&mut words).unwrap();
        assert_eq!(words.category, None);
    }

    #[test]
    fn words_that_nobody_knows_are_refused() {
        let mut words = VideoWords::titled(Title::parse("Title").unwrap());
        let before = words.clone();
        let tags = (0..6).map(|number| Tag::parse(&format!("tag {number}")).unwrap()).collect();
        let changes = [
            Change { category: Some(Some(99)), ..Change::default() },
            Change { licence: Some(Some(0)), ..Change::default() },
            Change { language: Some(Some("tlh".to_owned())), ..Change::default() },
            Change { tags: Some(tags), ..Change::default() },
            Change { sensitive_flags: Some(8), ..Change::default() },
        ];
        for change in changes {
            let refused = change.apply(&mut words);
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{change:?}");
        }
        words.tags.clear();
        assert_eq!(words, before);
    }

    #[test]
    fn tags_that_differ_only_in_case_are_one() {
        let tags = ["Art", "art", "ART", "film"].map(|tag| Tag::parse(tag).unwrap());
        let mut words = VideoWords::titled(Title::parse("Title").unwrap());
        Change { tags: Some(tags.to_vec()), ..Change::default() }.apply(&mut words).unwrap();
        assert_eq!(words.tags.len(), 2);
    }
}
