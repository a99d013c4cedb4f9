//! A scripted server that records its requests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use clients::{FlightClient, PaymentClient};
use reqwest::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Longer than anything here takes, even on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);

/// The server's reaction to a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status, further headers, body.
    Answer(u16, &'static str, String),
    /// Status 200 and the start of a body. Then the connection closes, or nothing more comes.
    Start { body: String, closes: bool },
    /// Closes the connection without an answer.
    Reset,
    /// The same, and accepts no further connections.
    ResetAndLeave,
    /// Keeps the connection open without an answer.
    Silence,
}

impl Reply {
    pub fn json(status: u16, body: &str) -> Self {
        let headers = "content-type: application/json\r\n";
        Self::Answer(status, headers, body.to_owned())
    }

    pub fn problem(status: u16, code: &str) -> Self {
        let headers = "content-type: application/problem+json\r\n";
        let body = format!(r#"{{"code":"{code}","detail":"in words"}}"#);
        Self::Answer(status, headers, body)
    }

    /// 503 with these further headers.
    pub fn unavailable(headers: &'static str) -> Self {
        Self::Answer(503, headers, "{}".to_owned())
    }
}

/// A received request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

type Behaviour = dyn Fn(usize, &Asked) -> Reply + Send + Sync;

struct Shared {
    behaviour: Mutex<Arc<Behaviour>>,
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
}

/// Stops with the test's runtime.
pub struct Server {
    shared: Arc<Shared>,
    pub url: Url,
}

impl Server {
    /// Answers each request by its index, from 0.
    pub async fn start(
        behaviour: impl Fn(usize) -> Reply + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        Self::answering(move |index, _| behaviour(index)).await
    }

    /// Answers each request by its index and by what it asks.
    pub async fn answering(
        behaviour: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(Arc::new(behaviour)),
            asked: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, url })
    }

    /// Replaces the behaviour.
    pub fn change(&self, behaviour: impl Fn(usize) -> Reply + Send + Sync + 'static) {
        *lock(&self.shared.behaviour) = Arc::new(move |index, _: &Asked| behaviour(index));
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    pub fn times_asked(&self) -> usize {
        self.asked().len()
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub fn flights(&self) -> anyhow::Result<FlightClient> {
        Ok(FlightClient::new(&self.url, SOON)?)
    }

    pub fn payments(&self) -> anyhow::Result<PaymentClient> {
        Ok(PaymentClient::new(&self.url, SOON)?)
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let (leave, mut left) = tokio::sync::mpsc::channel::<()>(1);
    loop {
        let stream = tokio::select! {
            _ = left.recv() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = stream else { return };
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let (shared, leave) = (Arc::clone(&shared), leave.clone());
        tokio::spawn(async move {
            let served = serve(stream, &shared).await;
            if let Ok(Some(stream)) = served {
                leave.send(()).await.ok();
                leave.closed().await;
                drop(stream);
            }
        });
    }
}

/// Serves a connection until it ends. Returns the connection if the server must stop before closing it.
async fn serve(stream: TcpStream, shared: &Shared) -> anyhow::Result<Option<BufReader<TcpStream>>> {
    let mut stream = BufReader::new(stream);
    loop {
        let asked = read_request(&mut stream).await?;
        let place = {
            let mut all = lock(&shared.asked);
            all.push(asked.clone());
            all.len() - 1
        };
        let behaviour = Arc::clone(&lock(&shared.behaviour));
        match behaviour(place, &asked) {
            Reply::Answer(status, headers, body) => {
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} As Told\r\n{headers}content-length: {length}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await?;
            }
            Reply::Start { body, closes } => {
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 200 As Told\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n"
                );
                stream.write_all(answer.as_bytes()).await?;
                if closes {
                    return Ok(None);
                }
                std::future::pending::<()>().await;
            }
            Reply::Reset => return Ok(None),
            Reply::ResetAndLeave => return Ok(Some(stream)),
            Reply::Silence => std::future::pending().await,
        }
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> anyhow::Result<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head)?;
    let mut lines = head.lines();
    let line = lines.next().context("an empty request")?.to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(Ok(0), |length| length.parse())?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Asked {
        line,
        headers,
        body: String::from_utf8(body)?,
    })
}
