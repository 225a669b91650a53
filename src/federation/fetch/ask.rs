//! One request with its redirects and its second knock.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kinora_activity::signature::Scheme;
use kinora_model::actor::ActorRef;
use kinora_model::clock::Timestamp;
use kinora_model::host::Host;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use tokio::sync::Semaphore;
use url::Url;

use super::resolver::OnlyPrivate;
use super::{Answer, Client, HOST_REQUESTS_MAX, REDIRECTS_MAX, TOTAL_MAX, body};
use crate::error::Error;

/// The longest wait that another server may ask for, in seconds: a day.
const RETRY_AFTER_MAX_S: u64 = 24 * 60 * 60;

/// How long the rest of an inbox's answer is waited for.
const REST_MAX: Duration = Duration::from_secs(1);

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Ask<'a> {
    pub(super) url: &'a Url,
    pub(super) accept: &'static str,
    /// Who signs; nobody where the answer is for everyone.
    pub(super) signer: Option<ActorRef>,
    /// The body of a POST; a GET has none.
    pub(super) body: Option<Bytes>,
    pub(super) bytes_max: usize,
}

impl Client {
    /// Asks, and returns an answer of success with its whole body.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, Error> {
        let slow = || Error::Unreachable {
            host: Host::of(ask.url).unwrap_or_else(|| self.ours.clone()),
            reason: "it took too long".to_owned(),
        };
        let asking = Box::pin(self.follow(&ask));
        tokio::time::timeout(TOTAL_MAX, asking).await.map_err(|_elapsed| slow())?
    }

    async fn follow(&self, ask: &Ask<'_>) -> Result<Answer, Error> {
        let mut url = ask.url.clone();
        url.set_fragment(None);
        for _ in 0..=REDIRECTS_MAX {
            let host = self.check(&url)?;
            let _turn = self.turn(&host).await?;
            let response = self.knock(&url, &host, ask).await?;
            let status = response.status();
            if status.is_success() {
                let headers = response.headers().clone();
                let reading = body::read(response, &host, ask.bytes_max);
                let body = if ask.body.is_some() {
                    // It was taken; reading the rest only lets the connection be used again.
                    let read = tokio::time::timeout(REST_MAX, reading).await;
                    read.ok().and_then(Result::ok).unwrap_or_default()
                } else {
                    let body = reading.await?;
                    self.deliveries.wake(&host);
                    body
                };
                return Ok(Answer { url, headers, body });
            }
            if !is_redirect(status) || ask.body.is_some() {
                return Err(self.refusal(host, &response));
            }
            url = redirected(&url, &response)?;
        }
        Err(Error::Limit("redirects"))
    }

    /// Sends one request, and once more with the other form of signature if the first was not liked.
    async fn knock(
        &self,
        url: &Url,
        host: &Host,
        ask: &Ask<'_>,
    ) -> Result<reqwest::Response, Error> {
        let first = self.memory.schemes.get(host).unwrap_or(Scheme::Cavage);
        let response = self.send(url, host, ask, first).await?;
        let disliked =
            matches!(response.status(), StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED);
        if ask.signer.is_none() || !disliked {
            return Ok(response);
        }
        drop(response);
        let second = match first {
            Scheme::Cavage => Scheme::Rfc9421,
            Scheme::Rfc9421 => Scheme::Cavage,
        };
        let response = self.send(url, host, ask, second).await?;
        if response.status().is_success() {
            self.memory.schemes.insert(host.clone(), second);
        }
        Ok(response)
    }

    async fn send(
        &self,
        url: &Url,
        host: &Host,
        ask: &Ask<'_>,
        scheme: Scheme,
    ) -> Result<reqwest::Response, Error> {
        let mut request = match &ask.body {
            Some(body) => self.http.post(url.clone()).body(body.clone()),
            None => self.http.get(url.clone()),
        };
        request = request.header(ACCEPT, ask.accept).header(ACCEPT_ENCODING, "gzip");
        if ask.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/activity+json");
        }
        if let Some(signer) = ask.signer {
            for (name, value) in self.keys.sign(signer, scheme, url, ask.body.as_ref()).await? {
                request = request.header(name, value);
            }
        }
        request.send().await.map_err(|error| unreachable(host, error))
    }

    /// Waits for a turn at a server.
    async fn turn(&self, host: &Host) -> Result<tokio::sync::OwnedSemaphorePermit, Error> {
        let turns = self.memory.turns.get_or_insert_with(host, || {
            Ok::<_, Error>(Arc::new(Semaphore::new(HOST_REQUESTS_MAX)))
        })?;
        turns.acquire_owned().await.map_err(|_closed| Error::Stopping)
    }

    fn refusal(&self, host: Host, response: &reqwest::Response) -> Error {
        match response.status() {
            StatusCode::NOT_FOUND => Error::NotFound("document"),
            StatusCode::GONE => Error::Gone,
            status => {
                let told = response.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok());
                let retry_after_s = told.and_then(|told| retry_after(told, self.service.now()));
                Error::Status { host, status: status.as_u16(), retry_after_s }
            }
        }
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn redirected(from: &Url, response: &reqwest::Response) -> Result<Url, Error> {
    let to = response.headers().get(LOCATION).and_then(|it| it.to_str().ok());
    let to = to.and_then(|to| from.join(to).ok());
    let mut to = to.ok_or_else(|| Error::Unreadable("a redirect leads nowhere".to_owned()))?;
    to.set_fragment(None);
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(Error::Refused("a redirect leads away from https"));
    }
    Ok(to)
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds or a date.
fn retry_after(told: &str, now: Timestamp) -> Option<u64> {
    let seconds = told.trim().parse::<u64>().ok();
    let date = || Timestamp::parse_http_date(told.trim()).map(|at| at.since(now).as_secs());
    seconds.or_else(date).map(|seconds| seconds.min(RETRY_AFTER_MAX_S))
}

/// What a failed connection means.
pub(super) fn unreachable(host: &Host, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        if next.is::<OnlyPrivate>() {
            return Error::PrivateAddress;
        }
        reason.push_str(": ");
        reason.push_str(&next.to_string());
        cause = next.source();
    }
    Error::Unreachable { host: host.clone(), reason }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn waits_that_others_ask_for_are_bounded() {
        let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        assert_eq!(retry_after("120", now), Some(120));
        assert_eq!(retry_after("Thu, 01 Jan 2026 00:02:00 GMT", now), Some(120));
        assert_eq!(retry_after("Wed, 01 Jan 2025 00:02:00 GMT", now), Some(0));
        assert_eq!(retry_after("99999999999", now), Some(RETRY_AFTER_MAX_S));
        assert_eq!(retry_after("soon", now), None);
    }
}
