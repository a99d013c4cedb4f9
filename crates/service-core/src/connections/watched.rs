//! A socket wrapper that watches the traffic.
//!
//! tokio-postgres allows a socket to be wrapped only as TLS. So this poses as TLS with direct negotiation, and
//! passes the bytes through unchanged.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready as when_ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

use crate::connections::frames::Frames;
use crate::connections::traffic::Traffic;

/// Wraps the sockets of one connection attempt, which may try several addresses.
#[derive(Clone)]
pub(crate) struct Watch {
    /// The traffic of the latest socket.
    pub(crate) traffic: Arc<std::sync::Mutex<Arc<Traffic>>>,
}

impl Watch {
    pub(crate) fn new() -> Self {
        let traffic = Arc::new(Traffic::new());
        Self {
            traffic: Arc::new(std::sync::Mutex::new(traffic)),
        }
    }

    /// The traffic of the latest socket.
    pub(crate) fn latest(&self) -> Arc<Traffic> {
        let latest = self.traffic.lock();
        Arc::clone(&latest.unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl MakeTlsConnect<Socket> for Watch {
    type Stream = Watched;
    type TlsConnect = Watching;
    type Error = io::Error;

    fn make_tls_connect(&mut self, _domain: &str) -> io::Result<Watching> {
        let traffic = Arc::new(Traffic::new());
        let mut latest = self
            .traffic
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *latest = Arc::clone(&traffic);
        Ok(Watching(traffic))
    }
}

/// Wraps one socket.
pub(crate) struct Watching(Arc<Traffic>);

impl TlsConnect<Socket> for Watching {
    type Stream = Watched;
    type Error = io::Error;
    type Future = Ready<io::Result<Watched>>;

    fn connect(self, socket: Socket) -> Self::Future {
        ready(Ok(Watched {
            socket,
            traffic: self.0,
            to_server: Frames::new(false),
            from_server: Frames::new(true),
        }))
    }
}

/// A socket whose messages are counted in both directions.
pub(crate) struct Watched {
    socket: Socket,
    traffic: Arc<Traffic>,
    to_server: Frames,
    from_server: Frames,
}

impl TlsStream for Watched {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        when_ready!(Pin::new(&mut this.socket).poll_read(context, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        if !new.is_empty() {
            this.traffic.heard();
            let traffic = &this.traffic;
            this.from_server
                .follow(new, |kind, body| traffic.received(kind, body));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = Pin::new(&mut this.socket).poll_write(context, bytes);
        this.traffic.set_stuck(written.is_pending());
        let length = when_ready!(written)?;
        let traffic = &this.traffic;
        let sent = bytes.get(..length).unwrap_or_default();
        this.to_server.follow(sent, |kind, _| traffic.sent(kind));
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
