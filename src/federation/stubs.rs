//! Stands in for the parts of the room that are not built yet; each handler moves to its own file.
#![expect(clippy::unused_async, reason = "they wait for nothing yet")]

use kinora_model::actor::ActorRef;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::video::Video;
use url::Url;

use crate::Federation;
use crate::error::Error;

impl Federation {
    /// Handles an activity whose request was signed by `signer`, an actor.
    pub(crate) async fn receive_activity(
        &self,
        _activity: &str,
        _signer: &Url,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// Reads what an actor did, page by page.
    pub(crate) async fn backfill(
        &self,
        _actor: ActorRef,
        _page: Option<&Url>,
        _pages: u32,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// Reads the comments of a video that lives elsewhere.
    pub(crate) async fn read_comments(&self, _video: Id<Video>) -> Result<(), Error> {
        Ok(())
    }

    /// Asks for what a server said while it was not reached.
    pub(crate) async fn host_returned(&self, _host: &Host) -> Result<(), Error> {
        Ok(())
    }
}
