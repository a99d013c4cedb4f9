//! Clients: abusers that take all they can, and others that want answers meanwhile.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use test_stack::program::Program;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Generous: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(60);

/// Address of the abusers.
pub const ABUSER: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Address of all other clients.
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Requests of the others, four at a time.
const OTHERS_ASK: usize = 400;

/// Receive buffer of a client that does not read: the smallest that the system allows.
const RECEIVE_BUFFER_BYTES: u32 = 4096;

/// A client bound to an address.
pub fn from(address: Ipv4Addr) -> anyhow::Result<reqwest::Client> {
    let client = reqwest::Client::builder().timeout(SOON);
    Ok(client.local_address(IpAddr::from(address)).build()?)
}

/// Makes `count` of something, a few at a time.
pub async fn many<T, F>(
    count: usize,
    at_once: usize,
    make: impl FnMut(usize) -> F,
) -> anyhow::Result<Vec<T>>
where
    F: Future<Output = anyhow::Result<T>>,
{
    stream::iter((0..count).map(make))
        .buffer_unordered(at_once)
        .try_collect()
        .await
}

/// Sends a request and reads only the beginning of its answer.
pub async fn raw(port: u16, request: &str) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.bind((ABUSER, 0).into())?;
    let mut connection = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    timeout(SOON, connection.read_exact(&mut head)).await??;
    ensure!(
        &head == b"HTTP/1.1 200",
        "{}",
        String::from_utf8_lossy(&head)
    );
    Ok(connection)
}

/// How long all but the slowest hundredth of others wait for what is at a path.
pub async fn others(program: &Program, path: &str) -> anyhow::Result<Duration> {
    let client = from(OTHER)?;
    let url = program.url(path);
    let waits = many(OTHERS_ASK, 4, |_| async {
        let asked = Instant::now();
        let answer = client.get(&url).send().await?;
        let status = answer.status();
        answer.bytes().await?;
        ensure!(
            !status.is_server_error() && status.as_u16() != 429,
            "{status}"
        );
        Ok(asked.elapsed())
    });
    let mut waits = waits.await?;
    waits.sort_unstable();
    Ok(waits[waits.len() * 99 / 100])
}
