//! Bodies whose bytes are counted as they are handed to the connection: what an asker did not wait for does not count.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use prometheus_client::metrics::counter::Counter;

struct Counted {
    body: BoxBody,
    bytes: Counter,
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_next(cx);
        if let Poll::Ready(Some(Ok(part))) = &polled {
            self.bytes.inc_by(u64::try_from(part.len()).unwrap_or(u64::MAX));
        }
        polled
    }
}

/// Counts the bytes of an answer's body.
pub(super) fn counted(answer: HttpResponse, bytes: &Counter) -> HttpResponse {
    let bytes = bytes.clone();
    answer.map_body(|_, body| match body.size() {
        // An answer to HEAD tells a length and has no bytes; so does one without a body.
        BodySize::None | BodySize::Sized(0) => body,
        _ => BoxBody::new(Counted { body, bytes }),
    })
}
