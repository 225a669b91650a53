//! Handing an activity over to an inbox.

use bytes::Bytes;
use kinora_model::actor::ActorRef;
use url::Url;

use super::Client;
use super::ask::Ask;
use super::document::ACCEPT_ACTIVITY;
use crate::error::Error;

/// The most of an inbox's answer that is read, in bytes; nothing in it matters.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// That an inbox took an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted;

impl Client {
    /// Posts a body to an inbox, signed by one of our actors. Redirects are not followed.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Gone`], [`Error::Status`] as the inbox answers; those of [`Client::check`];
    /// [`Error::Unreachable`].
    pub async fn post(&self, signer: ActorRef, inbox: &Url, body: Bytes) -> Result<Posted, Error> {
        let asking = self.ask(Ask {
            url: inbox,
            accept: ACCEPT_ACTIVITY,
            signer: Some(signer),
            body: Some(body),
            bytes_max: ANSWER_BYTES_MAX,
        });
        asking.await.map(|_answer| Posted)
    }
}
