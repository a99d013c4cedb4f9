//! Parses answers from the bytes received so far.

use std::ops::Range;

use httparse::{EMPTY_HEADER, Header, Response, Status, parse_chunk_size};

/// More headers than any service of this project sends.
const MOST_HEADERS: usize = 64;

#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not HTTP/1.1")]
pub struct Malformed;

impl From<httparse::Error> for Malformed {
    fn from(_: httparse::Error) -> Self {
        Self
    }
}

/// How the end of a body is determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    /// The body ends with the connection.
    UntilClose,
}

/// Status and framing of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// The server closes the connection after this answer.
    pub(super) closes: bool,
    length: usize,
    framing: Framing,
}

impl Head {
    /// `None` while the head is incomplete.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut response = Response::new(&mut headers);
        let Status::Complete(length) = response.parse(bytes)? else {
            return Ok(None);
        };
        let status = response.code.ok_or(Malformed)?;
        let mut framing = Framing::UntilClose;
        let mut closes = response.version == Some(0);
        for Header { name, value } in response.headers.iter() {
            if name.eq_ignore_ascii_case("content-length") && framing != Framing::Chunked {
                let text = str::from_utf8(value).map_err(|_| Malformed)?;
                framing = Framing::Length(text.trim().parse().map_err(|_| Malformed)?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                framing = Framing::Chunked;
            } else if name.eq_ignore_ascii_case("connection") {
                closes |= value.eq_ignore_ascii_case(b"close");
            }
        }
        if matches!(status, 100..200 | 204 | 304) {
            framing = Framing::Length(0);
        }
        closes |= framing == Framing::UntilClose;
        Ok(Some(Self {
            status,
            closes,
            length,
            framing,
        }))
    }

    /// The body's range; `None` while it is incomplete. Chunks are joined in place.
    pub(super) fn body(
        &self,
        bytes: &mut Vec<u8>,
        is_at_end: bool,
    ) -> Result<Option<Range<usize>>, Malformed> {
        let start = self.length;
        match self.framing {
            Framing::Length(length) => {
                let end = start.checked_add(length).ok_or(Malformed)?;
                Ok((bytes.len() >= end).then_some(start..end))
            }
            Framing::UntilClose => Ok(is_at_end.then_some(start..bytes.len())),
            Framing::Chunked => {
                let Some(body) = joined_chunks(bytes.get(start..).ok_or(Malformed)?)? else {
                    return Ok(None);
                };
                bytes.truncate(start);
                bytes.extend_from_slice(&body);
                Ok(Some(start..bytes.len()))
            }
        }
    }
}

/// Joins the chunks; `None` while the last one is missing. Trailers are ignored.
fn joined_chunks(mut rest: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    const LINE_END: usize = 2;
    let mut body = Vec::new();
    loop {
        let Status::Complete((start, size)) = parse_chunk_size(rest).map_err(|_| Malformed)? else {
            return Ok(None);
        };
        let size = usize::try_from(size).map_err(|_| Malformed)?;
        let end = start.checked_add(size).ok_or(Malformed)?;
        let next = end.checked_add(LINE_END).ok_or(Malformed)?;
        let (Some(chunk), Some(after)) = (rest.get(start..end), rest.get(next..)) else {
            return Ok(None);
        };
        if size == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(chunk);
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses bytes that arrive one by one.
    fn read(wire: &str) -> Option<(u16, bool, String)> {
        let mut bytes = Vec::new();
        for (index, byte) in wire.bytes().enumerate() {
            bytes.push(byte);
            let is_at_end = index + 1 == wire.len();
            if let Some(head) = Head::read(&bytes).unwrap()
                && let Some(body) = head.body(&mut bytes, is_at_end).unwrap()
            {
                assert!(is_at_end, "an answer ends before its end");
                let body = String::from_utf8(bytes[body].to_vec()).unwrap();
                return Some((head.status, head.closes, body));
            }
        }
        None
    }

    #[test]
    fn bodies_end_where_their_heads_say() {
        let answer = |status, closes, body: &str| Some((status, closes, body.to_owned()));
        let sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(read(sized), answer(200, false, "hello"));
        let empty = "HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        assert_eq!(read(empty), answer(409, true, ""));
        let without_body = "HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(read(without_body), answer(204, false, ""));
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                       3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n";
        assert_eq!(read(chunked), answer(200, false, "hello"));
        let until_close = "HTTP/1.0 200 OK\r\n\r\nhello";
        let mut bytes = until_close.as_bytes().to_vec();
        let head = Head::read(&bytes).unwrap().unwrap();
        assert!(head.closes);
        assert_eq!(head.body(&mut bytes, false), Ok(None));
        assert_eq!(head.body(&mut bytes, true), Ok(Some(19..24)));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        assert_eq!(Head::read(b"+PONG\r\n"), Err(Malformed));
        let length = b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n";
        assert_eq!(Head::read(length), Err(Malformed));
        let mut chunk = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n".to_vec();
        let head = Head::read(&chunk).unwrap().unwrap();
        assert_eq!(head.body(&mut chunk, false), Err(Malformed));
    }
}
