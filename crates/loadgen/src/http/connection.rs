//! One keep-alive connection with one request at a time.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::answer::{Answer, Head, Malformed};
use super::{Request, Target};
use crate::ANSWERED_WITHIN;

/// Most answers fit into one read.
const READ_BYTES: usize = 8 * 1024;
/// A larger answer is the server's fault.
const ANSWER_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error("the connection failed")]
    Io(#[from] io::Error),
    #[error("no answer within {ANSWERED_WITHIN:?}")]
    Late,
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the answer has more than {ANSWER_LIMIT_BYTES} bytes")]
    TooLong,
}

/// A connection that reopens after a failure or a `connection: close`.
#[derive(Debug)]
pub struct Connection {
    target: Target,
    host: String,
    token: Option<Arc<str>>,
    stream: Option<TcpStream>,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
}

impl Connection {
    /// # Errors
    /// When nothing listens there, or the connection is not accepted in time.
    pub async fn open(target: Target) -> Result<Self, ConnectionError> {
        Ok(Self {
            target,
            host: target.to_string(),
            token: None,
            stream: Some(in_time(connect(target)).await?),
            outgoing: Vec::new(),
            incoming: Vec::with_capacity(READ_BYTES),
        })
    }

    /// Adds this bearer token, if any, to each request.
    #[must_use]
    pub fn bearing(self, token: Option<Arc<str>>) -> Self {
        Self { token, ..self }
    }

    /// Sends a request and waits for its answer. A failed request is not repeated, because it may have taken
    /// effect; the next one opens a new connection.
    pub async fn send(&mut self, request: &Request) -> Result<Answer<'_>, ConnectionError> {
        let (head, body) = in_time(self.exchange(request)).await?;
        Ok(Answer {
            status: head.status,
            body: self.incoming.get(body).unwrap_or_default(),
        })
    }

    async fn exchange(
        &mut self,
        request: &Request,
    ) -> Result<(Head, Range<usize>), ConnectionError> {
        self.outgoing.clear();
        request.write(&self.host, self.token.as_deref(), &mut self.outgoing);
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.target).await?,
        };
        stream.write_all(&self.outgoing).await?;
        let (head, body) = self.receive(&mut stream).await?;
        if !head.closes {
            self.stream = Some(stream);
        }
        Ok((head, body))
    }

    async fn receive(
        &mut self,
        stream: &mut TcpStream,
    ) -> Result<(Head, Range<usize>), ConnectionError> {
        self.incoming.clear();
        let mut head = None;
        loop {
            self.incoming.reserve(READ_BYTES);
            let is_at_end = stream.read_buf(&mut self.incoming).await? == 0;
            if head.is_none() {
                head = Head::read(&self.incoming)?;
            }
            if let Some(head) = head
                && let Some(body) = head.body(&mut self.incoming, is_at_end)?
            {
                return Ok((head, body));
            }
            if is_at_end {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            if self.incoming.len() > ANSWER_LIMIT_BYTES {
                return Err(ConnectionError::TooLong);
            }
        }
    }
}

async fn in_time<T>(
    work: impl Future<Output = Result<T, ConnectionError>>,
) -> Result<T, ConnectionError> {
    let ended = tokio::time::timeout(ANSWERED_WITHIN, work).await;
    ended.unwrap_or(Err(ConnectionError::Late))
}

async fn connect(target: Target) -> Result<TcpStream, ConnectionError> {
    let stream = TcpStream::connect(target.address()).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_times_out() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = silent.local_addr().unwrap().try_into().unwrap();
        let mut connection = Connection {
            target,
            host: target.to_string(),
            token: None,
            stream: None,
            outgoing: Vec::new(),
            incoming: Vec::new(),
        };
        for _ in 0..2 {
            let answer = connection.send(&Request::get("/")).await;
            assert!(matches!(answer, Err(ConnectionError::Late)));
        }
    }
}
