//! What listed videos must be like.

use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::video::{Privacy, VideoState};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What listed videos must be like; whatever is `None` or empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// One of these.
    pub privacies: Vec<Privacy>,
    /// One of these.
    pub states: Vec<VideoState>,
    /// Whether they are sensitive.
    pub sensitive: Option<bool>,
    /// One of these.
    pub categories: Vec<u8>,
    /// One of these.
    pub licences: Vec<u8>,
    /// One of these; `None` among them stands for videos that say none.
    pub languages: Vec<Option<String>>,
    /// At least one of these.
    pub tags_one_of: Vec<String>,
    /// Each of these.
    pub tags_all_of: Vec<String>,
    /// Of one of these channels.
    pub channels: Vec<Id<Channel>>,
    /// Of this account.
    pub account: Option<Id<Account>>,
    /// True for those that live here, false for all others.
    pub local: Option<bool>,
    /// Of this server.
    pub host: Option<Host>,
    /// Of none of these servers.
    pub except_hosts: Vec<Host>,
    /// Every word of this stands in the title or is a tag, letters folded.
    pub search: Option<String>,
    /// True if nothing can be like this: what is asked for does not exist on this node.
    pub nothing: bool,
}

impl Filter {
    /// What everyone may see listed.
    #[must_use]
    pub fn listed() -> Self {
        Self {
            privacies: vec![Privacy::Public],
            states: vec![VideoState::Published],
            ..Self::default()
        }
    }
}

/// Letters without case and accents, for searching and sorting.
pub(crate) fn fold(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_takes_case_and_accents_away() {
        assert_eq!(fold("Éclair À LA crème"), "eclair a la creme");
        assert_eq!(fold("ЁЖ ﬁ"), "еж fi");
    }
}
