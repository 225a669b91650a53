//! Orders to a node that runs on the same machine: `kinora admin` sends them through a socket in the data folder, since one
//! process alone can have the store open. Whoever may open the folder may give orders.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kinora_service::Service;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tracing::{info, warn};

pub mod order;

pub use order::{Done, Order, Refused};

/// The longest order or answer, in bytes.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// Orders that are carried out at a time; more wait.
const ORDERS_MAX: usize = 4;

/// How many words of progress may wait to be sent.
const SAID_MAX: usize = 16;

/// One line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// How far it is; more follows.
    Progress(order::Progress),
    /// It is done.
    Done(Done),
    /// It was not done.
    Refused(String),
}

/// The open socket; dropping it closes and removes it.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    /// Begins to take orders. A node without a socket works all the same, so that a path that is too long for one is not
    /// an error.
    #[must_use]
    pub fn open(path: &Path, service: Arc<Service>) -> Option<Self> {
        // The store is ours by now: a socket that is there belongs to a node that was killed.
        let _absent = std::fs::remove_file(path);
        let listener = match UnixListener::bind(path) {
            Ok(listener) => listener,
            Err(error) => {
                warn!(%error, "`kinora admin` cannot reach this node while it runs");
                return None;
            }
        };
        let only_me = std::fs::Permissions::from_mode(0o600);
        if let Err(error) = std::fs::set_permissions(path, only_me) {
            warn!(%error, "the control socket cannot be made private and is not used");
            return None;
        }
        let task = tokio::spawn(listen(listener, service));
        Some(Self { path: path.to_owned(), task })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        let _gone = std::fs::remove_file(&self.path);
    }
}

async fn listen(listener: UnixListener, service: Arc<Service>) {
    let places = Arc::new(Semaphore::new(ORDERS_MAX));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "the control socket failed");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                continue;
            }
        };
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            if let Err(error) = obey(stream, service).await {
                info!(%error, "an order was broken off");
            }
            drop(place);
        });
    }
}

async fn obey(stream: UnixStream, service: Arc<Service>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    let order: Order = match serde_json::from_str(&line) {
        Ok(order) => order,
        Err(error) => return say(&mut write, &Answer::Refused(error.to_string())).await,
    };
    let (said, mut heard) = mpsc::channel(SAID_MAX);
    let carried = tokio::spawn(async move { order.carry_out(&service, said).await });
    while let Some(progress) = heard.recv().await {
        say(&mut write, &Answer::Progress(progress)).await?;
    }
    let answer = match carried.await {
        Ok(Ok(done)) => Answer::Done(done),
        Ok(Err(error)) => Answer::Refused(error.to_string()),
        Err(error) => Answer::Refused(error.to_string()),
    };
    say(&mut write, &answer).await
}

async fn say(
    write: &mut (impl tokio::io::AsyncWrite + Unpin),
    answer: &Answer,
) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    write.write_all(&line).await
}

/// Gives an order to the node whose socket is at `path`; `None` if no node listens there.
///
/// # Errors
/// If the node goes away before it answered.
pub async fn give(
    path: &Path,
    order: &Order,
    mut progress: impl FnMut(order::Progress),
) -> std::io::Result<Option<Result<Done, Refused>>> {
    let Ok(stream) = UnixStream::connect(path).await else { return Ok(None) };
    let (read, mut write) = stream.into_split();
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    write.write_all(&line).await?;
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Answer::Progress(how_far) => progress(how_far),
            Answer::Done(done) => return Ok(Some(Ok(done))),
            Answer::Refused(why) => return Ok(Some(Err(Refused::Node(why)))),
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}
