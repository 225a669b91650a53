//! The keys of our actors.

use std::sync::Arc;

use bytes::Bytes;
use kinora_model::actor::ActorRef;
use kinora_service::Service;
use url::Url;

use crate::address::Addresses;
use crate::error::Error;

/// The two forms of signature that servers speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// draft-cavage-http-signatures-12.
    Cavage,
    /// RFC 9421.
    Rfc9421,
}

impl Scheme {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Cavage => Self::Rfc9421,
            Self::Rfc9421 => Self::Cavage,
        }
    }
}

/// The keys of our actors, made when they are first needed.
#[derive(Clone, Debug)]
pub struct Keys;

impl Keys {
    pub(crate) fn new(_service: Arc<Service>, _addresses: Addresses) -> Self {
        Self
    }

    /// The headers that sign a request.
    #[expect(clippy::unused_async, reason = "keys are not made yet")]
    pub(crate) async fn sign(
        &self,
        _actor: ActorRef,
        _scheme: Scheme,
        _url: &Url,
        _body: Option<&Bytes>,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        Ok(Vec::new())
    }
}
