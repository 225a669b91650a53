//! The way of browsers to peers: a WebSocket at `/`, handed on byte by byte to the p2p room on this machine.
//!
//! Browsers can dial peer-to-peer nodes at the root of a host only, and nothing but the node's own port is sure to be open.
//! Here the network address of who comes is known, so here is where it counts against limits.

use std::io;
use std::time::Duration;

use actix_web::guard::{self, GuardContext};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
};
use actix_web::web::{self, Bytes, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures::StreamExt as _;
use kinora_p2p::Pass;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::address::ClientAddress;
use crate::problem::Problem;
use crate::server::App;

/// How long the p2p room may take to answer.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest head of its answer, in bytes.
const HEAD_BYTES_MAX: usize = 1024;

/// How many bytes are carried at a time.
const PIECE_BYTES: usize = 16 * 1024;

/// Characters of a `Sec-WebSocket-Key`: 16 bytes in base64 (RFC 6455, 4.1).
const KEY_CHARS: usize = 24;

/// Adds the route. It must come before that of the page at the same address.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/", web::get().guard(guard::fn_guard(wants_websocket)).to(open));
}

/// True for the handshake of a WebSocket (RFC 6455, 4.2.1).
fn wants_websocket(context: &GuardContext<'_>) -> bool {
    let headers = context.head().headers();
    names(headers, &header::CONNECTION, "upgrade") && names(headers, &header::UPGRADE, "websocket")
}

/// True if a list in a header has a word.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|it| it.trim().eq_ignore_ascii_case(word))
}

/// Opens a tunnel to the p2p room.
async fn open(
    app: Data<App>,
    request: HttpRequest,
    address: ClientAddress,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let peers = app.peers.as_ref();
    let peers = peers.ok_or_else(|| Problem::not_found("There are no peers here"))?;
    let headers = request.headers();
    let key =
        headers.get(SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).filter(|key| is_key(key));
    let key =
        key.ok_or_else(|| Problem::invalid("Sec-WebSocket-Key", "Should be 16 bytes in base64"))?;
    let pass = peers.admit(address.0).map_err(|_full| {
        Problem::from(kinora_service::Error::TooOften { retry_after_s: RETRY_AFTER_S })
    })?;
    let opened = timeout(OPEN_TIMEOUT, handshake(peers.door(), key)).await;
    let (accept, early, stream) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the p2p room did not open a tunnel");
            return Err(Problem::internal());
        }
        Err(_elapsed) => {
            tracing::warn!("the p2p room did not open a tunnel in time");
            return Err(Problem::internal());
        }
    };
    let (read, write) = stream.into_split();
    // Whichever side ends first ends the other.
    let over = app.stopping.child_token();
    actix_web::rt::spawn(carry_in(payload, write, over.clone()));
    let down = Down { read, over: over.clone(), _end: over.drop_guard(), _pass: pass };
    let first = futures::stream::iter((!early.is_empty()).then(|| Ok::<_, io::Error>(early)));
    Ok(HttpResponse::build(StatusCode::SWITCHING_PROTOCOLS)
        .upgrade("websocket")
        .insert_header((SEC_WEBSOCKET_ACCEPT, accept))
        .streaming(first.chain(futures::stream::try_unfold(down, Down::next))))
}

/// How long who came too often should wait, in seconds.
const RETRY_AFTER_S: u64 = 60;

/// What comes from the p2p room on its way to a browser.
struct Down {
    read: OwnedReadHalf,
    over: CancellationToken,
    _end: tokio_util::sync::DropGuard,
    _pass: Pass,
}

impl Down {
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let read = tokio::select! {
            read = self.read.read_buf(&mut piece) => read?,
            () = self.over.cancelled() => 0,
        };
        Ok((read > 0).then(|| (Bytes::from(piece), self)))
    }
}

/// Carries what a browser sends to the p2p room; each piece waits until the one before it is taken.
async fn carry_in(mut payload: Payload, mut write: OwnedWriteHalf, over: CancellationToken) {
    let carried = async {
        while let Some(Ok(piece)) = payload.next().await {
            if write.write_all(&piece).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = carried => {}
        () = over.cancelled() => {}
    }
    over.cancel();
    // The other side may be gone already.
    let _gone = write.shutdown().await;
}

/// Asks the p2p room for a WebSocket; answers with its `Sec-WebSocket-Accept` and what came right behind the head.
async fn handshake(
    door: std::net::SocketAddr,
    key: &str,
) -> io::Result<(HeaderValue, Bytes, TcpStream)> {
    let mut stream = TcpStream::connect(door).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {door}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(HEAD_BYTES_MAX);
    let end = loop {
        if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if answer.len() >= HEAD_BYTES_MAX || stream.read_buf(&mut answer).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no answer to a handshake"));
        }
    };
    let early = Bytes::from(answer.split_off(end.saturating_add(4)));
    let accept = accepted(&answer)
        .ok_or(io::Error::new(io::ErrorKind::InvalidData, "the handshake was refused"))?;
    Ok((accept, early, stream))
}

/// The `Sec-WebSocket-Accept` of an answer that agrees.
fn accepted(head: &[u8]) -> Option<HeaderValue> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    lines.next().filter(|line| line.starts_with("HTTP/1.1 101"))?;
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-accept"))?;
    HeaderValue::from_str(value.trim()).ok()
}

fn is_key(key: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    key.len() == KEY_CHARS && key.bytes().all(known)
}

#[cfg(test)]
mod tests;
