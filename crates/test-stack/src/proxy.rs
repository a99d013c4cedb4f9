//! A TCP proxy before a PostgreSQL, a Redis or a service, with fault injection.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::{JoinHandle, JoinSet};

use crate::background::spawn;
use crate::wait_until;

/// CommandComplete of a commit. A rolled-back transaction has ROLLBACK.
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";

/// The function that a statement calls if it writes a batch of the inventory by itself.
const BATCH: &[u8] = b"require_current(";

/// CommandComplete of such a statement.
const WRITTEN: &[u8] = b"C\0\0\0\x0dSELECT 1\0";

/// ReadyForQuery outside a transaction.
const IDLE: &[u8] = b"Z\0\0\0\x05I";

/// A fault of all open connections.
#[derive(Clone, Copy)]
enum Order {
    /// Closes them.
    Cut,
    /// Keeps them open and forwards nothing any more.
    Silence,
}

/// The proxy; open connections end with it.
pub struct Proxy {
    url: String,
    passage: Arc<ProxyState>,
    /// Accepts connections until the proxy is dropped, and has them end then.
    accepting: JoinHandle<()>,
}

/// State shared by all connections.
struct ProxyState {
    server: String,
    orders: broadcast::Sender<Order>,
    open: AtomicUsize,
    takes_new: AtomicBool,
    delay_ms: AtomicU64,
    answers_to_lose: AtomicUsize,
    answers_lost: AtomicUsize,
}

impl Proxy {
    /// A proxy before the server of this URL.
    pub async fn before(url: &str) -> anyhow::Result<Self> {
        let (scheme, rest) = url.split_once("://").context("an address has a scheme")?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (login, server) = authority
            .rfind('@')
            .map_or(("", authority), |at| authority.split_at(at + 1));
        // On the background's runtime: it passes on also while a test's own is blocked.
        let listener = spawn(TcpListener::bind("127.0.0.1:0"))?.await??;
        let port = listener.local_addr()?.port();
        let passage = Arc::new(ProxyState {
            server: server.to_owned(),
            orders: broadcast::channel(64).0,
            open: AtomicUsize::new(0),
            takes_new: AtomicBool::new(true),
            delay_ms: AtomicU64::new(0),
            answers_to_lose: AtomicUsize::new(0),
            answers_lost: AtomicUsize::new(0),
        });
        Ok(Self {
            url: format!("{scheme}://{login}127.0.0.1:{port}{path}"),
            accepting: spawn(accept(listener, Arc::clone(&passage)))?,
            passage,
        })
    }

    /// The server's URL with the proxy's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Closes all open connections; returns their number.
    pub fn cut(&self) -> usize {
        let open = self.passage.open.load(Ordering::SeqCst);
        // Fails if there are no connections.
        self.passage.orders.send(Order::Cut).ok();
        open
    }

    /// Keeps all open connections and forwards nothing on them, as when the other host is gone. New
    /// connections work.
    pub fn silence(&self) {
        self.passage.orders.send(Order::Silence).ok();
    }

    /// Whether new connections are served; otherwise they are accepted and never answered.
    pub fn accept_new(&self, takes: bool) {
        self.passage.takes_new.store(takes, Ordering::SeqCst);
    }

    /// Delays the server's answers from now on.
    pub fn delay(&self, by: Duration) {
        let delay_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.passage.delay_ms.store(delay_ms, Ordering::SeqCst);
    }

    /// The next commit reaches the server and is durable, but its connection closes before the answer. It is a COMMIT,
    /// or a statement that writes a batch of the inventory, outside a transaction.
    pub fn lose_next_commit(&self) {
        self.passage.answers_to_lose.fetch_add(1, Ordering::SeqCst);
    }

    /// Commits so far whose answers were lost.
    #[must_use]
    pub fn commits_lost(&self) -> usize {
        self.passage.answers_lost.load(Ordering::SeqCst)
    }

    /// Waits until so many answers were lost since the start.
    pub async fn lost(&self, commits: usize) -> anyhow::Result<()> {
        wait_until(
            "a commit's answer is lost",
            Duration::from_secs(20),
            async || self.commits_lost() >= commits,
        )
        .await
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, passage: Arc<ProxyState>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (passage, orders) = (Arc::clone(&passage), passage.orders.subscribe());
        connections.spawn(async move {
            passage.open.fetch_add(1, Ordering::SeqCst);
            passage.serve(client, orders).await;
            passage.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

impl ProxyState {
    async fn serve(&self, mut client: TcpStream, mut orders: broadcast::Receiver<Order>) {
        if self.takes_new.load(Ordering::SeqCst) {
            let Ok(mut server) = TcpStream::connect(&self.server).await else {
                return;
            };
            client.set_nodelay(true).ok();
            server.set_nodelay(true).ok();
            tokio::select! {
                _ = self.pass(&mut client, &mut server) => return,
                order = orders.recv() => if !matches!(order, Ok(Order::Silence)) { return },
            }
            silence(&mut orders).await;
        } else {
            silence(&mut orders).await;
        }
    }

    /// Forwards both ways until one side closes, or a commit's answer is lost.
    async fn pass(&self, client: &mut TcpStream, server: &mut TcpStream) -> io::Result<()> {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        // What the server answers to the commit whose answer will be lost.
        let losing = Mutex::new(None);
        let there = async {
            let mut commits = Commits::default();
            let mut chunk = vec![0; 16 * 1024];
            loop {
                let length = from_client.read(&mut chunk).await?;
                if length == 0 {
                    return io::Result::Ok(());
                }
                // Set before the commit is forwarded, so that its answer can't slip by.
                if let Some(answer) = commits.find_in(&chunk[..length])
                    && self.is_to_be_lost()
                {
                    *lock(&losing) = Some(answer);
                }
                to_server.write_all(&chunk[..length]).await?;
            }
        };
        let back = async {
            let mut withheld = Vec::new();
            let mut chunk = vec![0; 16 * 1024];
            loop {
                let length = from_server.read(&mut chunk).await?;
                if length == 0 {
                    return Ok(());
                }
                withheld.extend_from_slice(&chunk[..length]);
                let answer = *lock(&losing);
                if let Some(answer) = answer {
                    if !contains(&withheld, IDLE) {
                        continue;
                    }
                    if contains(&withheld, answer) {
                        self.answers_lost.fetch_add(1, Ordering::SeqCst);
                        return Ok(());
                    }
                    // It was rolled back: another commit's answer will be lost.
                    *lock(&losing) = None;
                    self.answers_to_lose.fetch_add(1, Ordering::SeqCst);
                }
                let delay_ms = self.delay_ms.load(Ordering::SeqCst);
                if delay_ms > 0 {
                    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
                    while let Ok(length @ 1..) = from_server.try_read(&mut chunk) {
                        withheld.extend_from_slice(&chunk[..length]);
                    }
                }
                to_client.write_all(&withheld).await?;
                withheld.clear();
            }
        };
        tokio::select! {
            ended = there => ended,
            ended = back => ended,
        }
    }

    fn is_to_be_lost(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        self.answers_to_lose
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            .is_ok()
    }
}

/// Returns when the connection is cut.
async fn silence(orders: &mut broadcast::Receiver<Order>) {
    while matches!(orders.recv().await, Ok(Order::Silence)) {}
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Finds commits in what a client sends.
#[derive(Default)]
struct Commits {
    /// The bytes of the last message, while it is incomplete.
    rest: Vec<u8>,
    is_started: bool,
    is_in_transaction: bool,
    /// The names of prepared statements that write a batch.
    batches: HashSet<Vec<u8>>,
}

impl Commits {
    /// What the server will answer to a commit whose message ends in this chunk.
    fn find_in(&mut self, chunk: &[u8]) -> Option<&'static [u8]> {
        self.rest.extend_from_slice(chunk);
        let mut found = None;
        loop {
            // The first message has no type.
            let head = usize::from(self.is_started);
            let length = self.rest.get(head..head + 4)?;
            let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
            let end = head + usize::try_from(length).ok()?;
            if self.rest.len() < end {
                return found;
            }
            let message: Vec<u8> = self.rest.drain(..end).collect();
            if self.is_started {
                found = found.or(self.commit_of(message[0], &message[head + 4..]));
            }
            self.is_started = true;
            if self.rest.len() < 5 {
                return found;
            }
        }
    }

    fn commit_of(&mut self, kind: u8, body: &[u8]) -> Option<&'static [u8]> {
        let mut texts = body.split(|byte| *byte == 0);
        let (first, second) = (texts.next()?, texts.next().unwrap_or_default());
        match kind {
            // A simple query.
            b'Q' => {
                if first.starts_with(b"BEGIN") {
                    self.is_in_transaction = true;
                } else if [&b"COMMIT"[..], b"ROLLBACK"].contains(&first) {
                    self.is_in_transaction = false;
                }
                (first == b"COMMIT").then_some(COMMITTED)
            }
            // Parse: the statement's name, and its text.
            b'P' => {
                if contains(second, BATCH) {
                    self.batches.insert(first.to_vec());
                } else {
                    self.batches.remove(first);
                }
                None
            }
            // Bind: the portal's name, and the statement's.
            b'B' => {
                let commits = !self.is_in_transaction && self.batches.contains(second);
                commits.then_some(WRITTEN)
            }
            _ => None,
        }
    }
}

fn contains(bytes: &[u8], sought: &[u8]) -> bool {
    bytes.windows(sought.len()).any(|window| window == sought)
}
