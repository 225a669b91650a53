//! Bodies whose bytes are counted as they are handed to the connection: what an asker did not wait for does not count.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use kinora_model::id::Id;
use kinora_model::traffic::Traffic;
use kinora_model::video::Video;
use kinora_service::Service;
use prometheus_client::metrics::counter::Counter;

use crate::server::App;

struct Counted {
    body: BoxBody,
    all: Counter,
    service: Arc<Service>,
    video: Id<Video>,
    /// Bytes of this body that went so far.
    sent: u64,
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
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            self.all.inc_by(length);
            self.sent = self.sent.saturating_add(length);
        }
        polled
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let traffic = Traffic { from_node: self.sent, ..Traffic::default() };
        self.service.traffic.passed(self.video, traffic);
    }
}

/// Counts the bytes of an answer's body as those of a video.
pub(super) fn counted(answer: HttpResponse, app: &App, video: Id<Video>) -> HttpResponse {
    answer.map_body(|_, body| match body.size() {
        // An answer to HEAD tells a length and has no bytes; so does one without a body.
        BodySize::None | BodySize::Sized(0) => body,
        _ => BoxBody::new(Counted {
            body,
            all: app.metrics.segment_bytes.clone(),
            service: Arc::clone(&app.service),
            video,
            sent: 0,
        }),
    })
}
