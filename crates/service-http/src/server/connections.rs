//! Connections: limits per address and per process, and their admission.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::Protocol;
use actix_http::error::DispatchError;
use actix_web::rt::net::TcpStream;
use anyhow::Context as _;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

use super::connection::Connection;
use crate::limits::RateLimit;
use crate::limits::shares::{KeyedLimit, KeyedPermit};
use service_core::network::network_of;

/// Length of the accept queue.
const BACKLOG: i32 = 2048;

/// The kernel's send buffer for a client that does not read, in bytes; it uses about twice as much memory.
/// Its default grows to megabytes.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// File descriptors for anything but clients: databases, Redis, other services, logs, keys.
const OTHER_FILES: u64 = 512;

/// A listener; accepted connections inherit its options.
pub(super) fn listen(address: SocketAddr, write_timeout: Duration) -> anyhow::Result<TcpListener> {
    let listen = || -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        socket.set_tcp_user_timeout(Some(write_timeout))?;
        // An answer in several parts must not wait for the client's delayed acknowledgement of the first (Nagle).
        socket.set_tcp_nodelay(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    listen().with_context(|| format!("{address} can't be bound"))
}

/// Connections per worker, as far as the limit of open files allows. The soft limit is raised to the hard
/// one: at the limit nothing can be accepted, from nobody.
pub(super) fn connections_a_worker(wanted: usize, workers: usize) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return wanted;
    };
    let files = match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    };
    let workers = u64::try_from(workers.max(1)).unwrap_or(u64::MAX);
    let possible = files.saturating_sub(OTHER_FILES).max(OTHER_FILES) / workers;
    let possible = usize::try_from(possible).unwrap_or(usize::MAX);
    if possible < wanted {
        tracing::info!(
            possible,
            wanted,
            files,
            "fewer connections than http.max_connections_per_worker: \
             raise the limit of open files"
        );
    }
    possible.min(wanted)
}

/// Admission of connections, the same for all workers.
#[derive(Clone)]
pub(super) struct ConnectionAdmission {
    pub(super) write_timeout: Duration,
    /// Connections per address; `None`: no limit.
    pub(super) per_address: Option<KeyedLimit<IpAddr>>,
    /// Connection rate per address.
    pub(super) rate_limit: Option<RateLimit>,
}

impl ConnectionAdmission {
    /// Admits a connection, unless its address has too many.
    pub(super) fn admit(
        &self,
        stream: TcpStream,
    ) -> Result<(Connection, Protocol, Option<SocketAddr>), DispatchError> {
        let peer = stream.peer_addr()?;
        match self.place(peer.ip()) {
            Ok(place) => {
                let unreadable = self.rate_limit.clone().map(|limit| (limit, peer.ip()));
                let connection = Connection::new(stream, self.write_timeout, place, unreadable);
                Ok((connection, Protocol::Http1, Some(peer)))
            }
            Err(()) => {
                metrics::counter!("http_connections_refused_total").increment(1);
                // Closed by a reset, which leaves no TIME_WAIT state behind.
                stream.set_zero_linger().ok();
                Err(io::Error::from(io::ErrorKind::QuotaExceeded).into())
            }
        }
    }

    fn place(&self, address: IpAddr) -> Result<Option<KeyedPermit<IpAddr>>, ()> {
        if let Some(limit) = &self.rate_limit
            && !limit.connects(address)
        {
            return Err(());
        }
        match &self.per_address {
            Some(places) => places.take(network_of(address)).map(Some).ok_or(()),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_connections_send_at_once() {
        let listener = listen(([127, 0, 0, 1], 0).into(), Duration::from_secs(1)).unwrap();
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert!(accepted.nodelay().unwrap());
    }
}
