//! A client's connection, which is closed if the client does not read its answers.
//!
//! The server fills a buffer of some tens of kilobytes, and continues once the kernel has taken all of it. A
//! client that takes longer than the time limit for one such buffer is disconnected, even if it reads a byte
//! now and then. The kernel gives up its own buffer after the same time (`TCP_USER_TIMEOUT`).

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

use super::bare_status;
use crate::limits::RateLimit;
use crate::limits::shares::KeyedPermit;

/// A connection, counted for its address.
pub(super) struct Connection {
    stream: TcpStream,
    write_timeout: Duration,
    /// When the client is disconnected; set from its first delay until everything is written.
    deadline: Option<Pin<Box<Sleep>>>,
    /// The problem that replaces a bare status, and how much of it is sent.
    words: Option<(Vec<u8>, usize)>,
    state: ConnectionState,
    /// Counts the connection if it brings nothing readable as a request.
    unreadable: Option<(RateLimit, IpAddr)>,
    _place: Option<KeyedPermit<IpAddr>>,
}

/// Shared by a connection and its requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionState {
    /// Cancelled when the client has closed its side. It may still wait for an answer, but hardly for an
    /// endless one, whose end only a failed heartbeat would tell otherwise.
    pub(crate) gone: CancellationToken,
    has_bytes: Arc<AtomicBool>,
    has_requests: Arc<AtomicBool>,
}

impl ConnectionState {
    /// Records that a request arrived.
    pub(crate) fn has_request(&self) {
        self.has_requests.store(true, Ordering::Relaxed);
    }
}

impl Connection {
    pub(super) fn new(
        stream: TcpStream,
        write_timeout: Duration,
        place: Option<KeyedPermit<IpAddr>>,
        unreadable: Option<(RateLimit, IpAddr)>,
    ) -> Self {
        Self {
            stream,
            write_timeout,
            deadline: None,
            words: None,
            state: ConnectionState::default(),
            unreadable,
            _place: place,
        }
    }

    pub(super) fn state(&self) -> ConnectionState {
        self.state.clone()
    }

    /// Writes as much as the client takes.
    fn poll_send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.poll_write_deadline(context),
            written @ Poll::Ready(_) => written,
        }
    }

    /// Writes the whole problem; the server is told that its own bytes are written.
    fn poll_send_problem(
        &mut self,
        context: &mut Context<'_>,
        words: Vec<u8>,
        sent: usize,
    ) -> Poll<io::Result<()>> {
        let mut sent = sent;
        while let Some(rest) = words.get(sent..).filter(|rest| !rest.is_empty()) {
            match self.poll_send(context, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => sent += written,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.words = Some((words, sent));
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The client delays the server: wait until the deadline.
    fn poll_write_deadline<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let timeout = self.write_timeout;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(deadline.as_mut().poll(context));
        metrics::counter!("http_slow_readers_cut_total").increment(1);
        // Discard what the client did not read.
        self.stream.set_zero_linger().ok();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let state = &self.state;
        let is_unreadable =
            state.has_bytes.load(Ordering::Relaxed) && !state.has_requests.load(Ordering::Relaxed);
        if let Some((limit, address)) = self.unreadable.take().filter(|_| is_unreadable)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { limit.count_unreadable(address).await });
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        let is_full = buffer.remaining() == 0;
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > filled {
            self.state.has_bytes.store(true, Ordering::Relaxed);
        } else if !is_full {
            self.state.gone.cancel();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let words = self.words.take();
        match words.or_else(|| Some((bare_status::in_words(bytes)?, 0))) {
            Some((words, sent)) => {
                ready!(self.poll_send_problem(context, words, sent))?;
                Poll::Ready(Ok(bytes.len()))
            }
            None => self.poll_send(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, parts) {
            Poll::Pending => self.poll_write_deadline(context),
            written @ Poll::Ready(_) => written,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called once everything is written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.deadline = None;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
