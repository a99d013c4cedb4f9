//! Readiness of a service.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Timeout of `/ready`; a slower service is not ready.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
/// More than any answer of `/ready` has.
const ANSWER_BYTES: u64 = 64 * 1024;

/// `Ok` if the service on this port of 127.0.0.1 answers `GET /ready` with 200; else what it does instead.
pub async fn service(port: u16) -> Result<(), String> {
    let asking = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request =
            format!("GET /ready HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        // Reads to the end, so that the service can write its whole answer.
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
        io::Result::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    match timeout(ANSWERED_WITHIN, asking).await {
        Ok(Ok(answer)) => match status_code(&answer) {
            Some(200) => Ok(()),
            Some(code) => Err(format!("/ready answers {code}")),
            None => Err("/ready does not answer in HTTP".to_owned()),
        },
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!(
            "/ready does not answer within {} s",
            ANSWERED_WITHIN.as_secs()
        )),
    }
}

fn status_code(answer: &str) -> Option<u16> {
    let line = answer.lines().next()?;
    line.strip_prefix("HTTP/1.")?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_read() {
        assert_eq!(status_code("HTTP/1.1 200 OK\r\ncontent-"), Some(200));
        assert_eq!(status_code("HTTP/1.0 503 Service Unavailable"), Some(503));
        assert_eq!(status_code("+PONG\r\n"), None);
        assert_eq!(status_code(""), None);
    }
}
