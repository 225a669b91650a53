//! What goes wrong, and whose fault it is.

use std::fmt::Display;
use std::io;

use ffmpeg_next::Error as Libav;
use ffmpeg_next::util::error::ENOSPC;
use kinora_order::{Fault, Outcome, Refusal};

/// Why a request was not carried out.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The input is at fault.
    Refused(Refusal, String),
    /// Something else is.
    Failed(Fault, String),
}

impl Trouble {
    /// The input is at fault.
    pub(crate) fn refused(code: Refusal, detail: impl Display) -> Self {
        Self::Refused(code, detail.to_string())
    }

    /// Something else is.
    pub(crate) fn failed(code: Fault, detail: impl Display) -> Self {
        Self::Failed(code, detail.to_string())
    }

    /// The last line of the process.
    pub(crate) fn into_outcome(self) -> Outcome {
        match self {
            Self::Refused(code, detail) => Outcome::Refused { code, detail },
            Self::Failed(code, detail) => Outcome::Failed { code, detail },
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        let full =
            matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        Self::failed(if full { Fault::NoSpace } else { Fault::Io }, error)
    }
}

impl From<Libav> for Trouble {
    fn from(error: Libav) -> Self {
        let full = error == Libav::Other { errno: ENOSPC };
        Self::failed(if full { Fault::NoSpace } else { Fault::Libav }, error)
    }
}
