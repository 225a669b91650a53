//! A peer: a web server that answers as a test wants it, however wrong, and remembers what it was asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a peer was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn host(&self) -> &str {
        self.headers.get("host").map_or("", String::as_str)
    }
}

/// What a peer answers.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A whole answer.
    Answer { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// A document of ActivityPub.
    Document(serde_json::Value),
    /// Nothing, and the connection stays open.
    Hang,
    /// One byte of the body in each of these spans, without an end.
    Drip(Duration),
    /// The connection is closed.
    Close,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn typed(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self::Answer { status: 200, headers, body: body.into() }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        let headers = vec![("location".to_owned(), to.to_owned())];
        Self::Answer { status: 302, headers, body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

type Handler = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// A running peer; it ends with its value.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<Mutex<usize>>,
    serving: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Peer {
    pub(crate) async fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, connections) = (Arc::default(), Arc::<Mutex<usize>>::default());
        let handler: Handler = Arc::new(handler);
        let (noted, counted) = (Arc::clone(&asked), Arc::clone(&connections));
        let serving = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                *counted.lock().unwrap() += 1;
                tokio::spawn(serve(stream, Arc::clone(&handler), Arc::clone(&noted)));
            }
        });
        Self { address, asked, connections, serving }
    }

    /// An address on this peer, as one of its names.
    pub(crate) fn url(&self, name: &str, path: &str) -> url::Url {
        let url = format!("http://{name}:{}{path}", self.address.port());
        url::Url::parse(&url).unwrap()
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many requests it answered, or was about to.
    pub(crate) fn answered(&self) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| !asked.host().contains("hang")).count()
    }

    /// How often it was connected to.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

async fn serve(stream: TcpStream, handler: Handler, noted: Arc<Mutex<Vec<Asked>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(asked) = read(&mut stream).await {
        noted.lock().unwrap().push(asked.clone());
        let (status, headers, body) = match handler(&asked) {
            Reply::Answer { status, headers, body } => (status, headers, body),
            Reply::Document(json) => {
                let media_type = "application/activity+json".to_owned();
                (200, vec![("content-type".to_owned(), media_type)], json.to_string().into())
            }
            Reply::Hang => return std::future::pending().await,
            Reply::Drip(every) => return drip(stream, every).await,
            Reply::Close => return,
        };
        let mut head = format!("HTTP/1.1 {status} .\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        if stream.write_all(&[head.into_bytes(), body].concat()).await.is_err() {
            return;
        }
        drop(stream.flush().await);
    }
}

async fn drip(mut stream: BufReader<TcpStream>, every: Duration) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\ncontent-length: 100000\r\n\r\n";
    let mut sent = stream.write_all(head.as_bytes()).await;
    while sent.is_ok() {
        tokio::time::sleep(every).await;
        sent = stream.write_all(b" ").await;
        drop(stream.flush().await);
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked { method, target, headers, body })
}
