//! HTTP requests, and their form on the wire.

use std::borrow::Cow;
use std::io::Write as _;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// `host` and `content-length` are added when it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// Path and query, percent-encoded.
    pub path: Cow<'static, str>,
    /// Further headers, written as they are.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    pub body: Cow<'static, [u8]>,
}

impl Request {
    pub fn get(path: impl Into<Cow<'static, str>>) -> Self {
        Self {
            method: Method::Get,
            path: path.into(),
            headers: Vec::new(),
            body: Cow::Borrowed(&[]),
        }
    }

    pub fn post_json(path: impl Into<Cow<'static, str>>, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::Post,
            path: path.into(),
            headers: vec![("content-type", Cow::Borrowed("application/json"))],
            body: Cow::Owned(body.into()),
        }
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Appends the request's bytes to the buffer.
    pub(super) fn write(&self, host: &str, token: Option<&str>, wire: &mut Vec<u8>) {
        for part in [
            self.method.name(),
            " ",
            &*self.path,
            " HTTP/1.1\r\nhost: ",
            host,
            "\r\n",
        ] {
            wire.extend_from_slice(part.as_bytes());
        }
        if let Some(token) = token {
            for part in ["authorization: Bearer ", token, "\r\n"] {
                wire.extend_from_slice(part.as_bytes());
            }
        }
        for (name, value) in &self.headers {
            for part in [name, ": ", &**value, "\r\n"] {
                wire.extend_from_slice(part.as_bytes());
            }
        }
        if self.method != Method::Get {
            // Writing to memory does not fail.
            write!(wire, "content-length: {}\r\n", self.body.len()).ok();
        }
        wire.extend_from_slice(b"\r\n");
        wire.extend_from_slice(&self.body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(request: &Request) -> String {
        let mut wire = Vec::new();
        request.write("127.0.0.1:80", None, &mut wire);
        String::from_utf8(wire).unwrap()
    }

    #[test]
    fn a_bearer_token_is_sent() {
        let mut wire = Vec::new();
        Request::get("/").write("h:1", Some("a.b.c"), &mut wire);
        let wire = String::from_utf8(wire).unwrap();
        assert_eq!(
            wire,
            "GET / HTTP/1.1\r\nhost: h:1\r\nauthorization: Bearer a.b.c\r\n\r\n"
        );
    }

    #[test]
    fn requests_are_written_as_http() {
        let get = Request::get("/a?b=1").with_header("accept", "text/plain");
        assert_eq!(
            written(&get),
            "GET /a?b=1 HTTP/1.1\r\nhost: 127.0.0.1:80\r\naccept: text/plain\r\n\r\n"
        );
        assert_eq!(
            written(&Request::post_json("/holds", "{}")),
            "POST /holds HTTP/1.1\r\nhost: 127.0.0.1:80\r\ncontent-type: application/json\r\n\
             content-length: 2\r\n\r\n{}"
        );
        let delete = Request {
            method: Method::Delete,
            ..Request::get("/a")
        };
        assert!(written(&delete).ends_with("content-length: 0\r\n\r\n"));
    }
}
