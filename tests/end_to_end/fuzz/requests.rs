//! Requests as documented, and their mutations.

use anyhow::{Context as _, ensure};
use local_servers::service::Service;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Union};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::answers::{check, is_documented};
use super::callers::caller_of;
use super::documents::{Call, Document};
use super::learned::{Learned, kind_of_path};
use super::values::{Place, described, odd, spoil};
use crate::services::Services;

/// Values for a path's parameter.
const ODD_SEGMENTS: &[&str] = &[
    "0",
    "-1",
    "9223372036854775808",
    "%00",
    "%2e%2e%2f",
    "%F0%9F%9B%AB",
    "%FF",
    "a%20b",
    "null",
    "1.5",
    "00000000-0000-0000-0000-000000000000",
    "current",
];

const MEDIA_TYPES: &[&str] = &[
    "application/json; charset=utf-8",
    "application/vnd.api+json",
    "application/vnd.api+json; ext=\"x\"",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=a",
    "json",
    "",
];

const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
];

const HEADERS: &[(&str, &str)] = &[
    ("idempotency-key", ""),
    ("idempotency-key", "\"\""),
    ("x-request-id", "\u{e9}"),
    ("x-request-id", "mine"),
    ("x-request-timeout-ms", "0"),
    ("x-request-timeout-ms", "5"),
    ("x-request-timeout-ms", "-1"),
    ("traceparent", "00-0-0-00"),
    ("authorization", "Bearer a.b.c"),
    ("authorization", "Basic YTpi"),
    ("if-none-match", "*"),
    ("last-event-id", "1"),
    ("last-event-id", "x"),
    ("range", "bytes=0-1"),
    ("accept", "image/png"),
    ("cookie", "holdfast_session=a; b; =; c=\"d"),
    ("expect", "100-continue"),
    ("origin", "null"),
    ("x-forwarded-for", ",,,"),
];

/// A generated request, with placeholders for ids that are known when it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    service: Service,
    call: Call,
    method: String,
    segments: Vec<Value>,
    query: Vec<(String, Value)>,
    more_query: String,
    body: Body,
    media_type: String,
    key: Option<u8>,
    headers: Vec<(&'static str, &'static str)>,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Json(Value),
    /// JSON with some bytes cut out: how many, and from where.
    Torn(Value, u16, u16),
    Bytes(Vec<u8>),
}

/// A request to any call of these services.
pub fn to_any_call(documents: &[Document]) -> BoxedStrategy<Request> {
    let calls = documents.iter().flat_map(|document| {
        let calls = document.calls.iter();
        // Only one test may change the mock provider: the others would wait for it.
        let calls = calls.filter(|call| call.path != "/api/payments/mock" || call.method == "GET");
        calls.map(|call| (weight(call), of_call(document, call)))
    });
    Union::new_weighted(calls.collect()).boxed()
}

/// How often a call is made: flights that are deleted for good leave less to ask about.
fn weight(call: &Call) -> u32 {
    match (&*call.method, &*call.path) {
        ("DELETE", "/api/flights/{id}") | ("POST", "/api/admin/flights/{id}/cancel") => 1,
        _ => 10,
    }
}

fn of_call(document: &Document, call: &Call) -> BoxedStrategy<Request> {
    let (service, call) = (document.service, call.clone());
    let named = |place: &str| {
        let parameters = call.parameters.iter();
        let of_place = parameters.filter(|parameter| parameter["in"] == place);
        of_place.collect::<Vec<_>>()
    };
    let segments: Vec<_> = named("path")
        .into_iter()
        .map(|parameter| {
            let name = parameter["name"].as_str().unwrap_or_default();
            let before = call.path.split(&format!("{{{name}}}")).next();
            let kind = before.map_or("", |path| kind_of_path(path.trim_end_matches('/')));
            let good = parameter_value(document, Place { kind, name }, parameter);
            let odd = select(ODD_SEGMENTS).prop_map(Value::from);
            prop_oneof![8 => good, 1 => odd]
        })
        .collect();
    let query: Vec<_> = named("query")
        .into_iter()
        .map(|parameter| {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            let share = if parameter["required"] == true {
                0.97
            } else {
                0.3
            };
            let (kind, named) = (kind_of_path(&call.path), name.as_str());
            let value = parameter_value(document, Place { kind, name: named }, parameter);
            let value = prop_oneof![9 => value, 1 => odd()];
            (Just(name), option::weighted(share, value))
        })
        .collect();
    let body = match &call.body {
        Some(schema) => {
            let kind = kind_of_path(&call.path);
            let at = Place { kind, name: "data" };
            body(described(document, at, schema))
        }
        None => prop_oneof![9 => Just(Body::None), 1 => odd().prop_map(Body::Json)].boxed(),
    };
    let method = prop_oneof![
        30 => Just(call.method.clone()),
        1 => select(METHODS).prop_map(str::to_owned),
    ];
    let media_type = prop_oneof![
        20 => Just(call.media_type.clone()),
        1 => select(MEDIA_TYPES).prop_map(str::to_owned),
    ];
    let more_query = prop_oneof![
        30 => Just(String::new()),
        1 => "[a-z&=%+\\[\\];]{0,40}",
        1 => Just("&a=1".repeat(70)),
    ];
    let headers = prop_oneof![
        6 => Just(Vec::new()),
        1 => vec(select(HEADERS), 1..4),
    ];
    let key = option::weighted(0.3, any::<u8>());
    (
        segments, query, more_query, body, method, media_type, key, headers,
    )
        .prop_map(
            move |(segments, query, more_query, body, method, media_type, key, headers)| Request {
                service,
                call: call.clone(),
                method,
                segments,
                query: query
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)))
                    .collect(),
                more_query,
                body,
                media_type,
                key,
                headers,
            },
        )
        .boxed()
}

fn parameter_value(document: &Document, at: Place<'_>, parameter: &Value) -> BoxedStrategy<Value> {
    let described = described(document, at, &parameter["schema"]);
    match parameter.get("example") {
        Some(example) => prop_oneof![Just(example.clone()), described].boxed(),
        None => described,
    }
}

fn body(described: BoxedStrategy<Value>) -> BoxedStrategy<Body> {
    let spoilt = (described.clone(), vec(any::<u8>(), 0..5), odd());
    let spoilt = spoilt.prop_map(|(mut value, choices, with)| {
        spoil(&mut value, &choices, with);
        value
    });
    prop_oneof![
        13 => described.clone().prop_map(Body::Json),
        4 => spoilt.prop_map(Body::Json),
        1 => (described, any::<u16>(), 1..40_u16)
            .prop_map(|(value, from, bytes)| Body::Torn(value, from, bytes)),
        1 => vec(any::<u8>(), 0..300).prop_map(Body::Bytes),
        1 => select(vec![
            Vec::new(),
            b"[".repeat(10_000),
            b"{\"a\":".repeat(5000),
            vec![b' '; 70_000],
            b"\xef\xbb\xbf{}".to_vec(),
            b"{\"seats\":1,\"seats\":2}".to_vec(),
        ])
        .prop_map(Body::Bytes),
    ]
    .boxed()
}

/// A value as a part of a URL.
fn in_address(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Request {
    /// Sends it, checks the answer, and returns its status.
    pub async fn send(
        &self,
        services: &Services,
        http: &reqwest::Client,
        learned: &Learned,
    ) -> anyhow::Result<u16> {
        let path = self.path(learned);
        let bytes = self.bytes(learned);
        let sent = || {
            let body: String = bytes
                .iter()
                .flat_map(|bytes| {
                    String::from_utf8_lossy(bytes)
                        .chars()
                        .take(600)
                        .collect::<Vec<_>>()
                })
                .collect();
            format!("{:?} {} {path} {self:?}\n{body}", self.service, self.method)
        };
        let method = Method::from_bytes(self.method.as_bytes())?;
        let url = caller_of(services, self.service).url(&path);
        let mut request = http.request(method, url);
        if let Some(key) = self.key {
            request = request.header("idempotency-key", format!("key-{key}"));
        }
        for (name, value) in &self.headers {
            // Some values are not ASCII, so they are sent as bytes.
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes())?);
        }
        if let Some(bytes) = bytes.clone() {
            if !self.media_type.is_empty() {
                request = request.header(CONTENT_TYPE, &self.media_type);
            }
            request = request.body(bytes);
        }
        let answer = request.send().await.with_context(sent)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let kind = headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("text/event-stream") {
            ensure!(self.call.is_stream, "a stream: {}", sent());
            learned.granted().insert(self.call.name(self.service));
            return Ok(status);
        }
        let text = answer.text().await.with_context(sent)?;
        let body = check(&self.method, status, &headers, &text)
            .with_context(|| format!("{}\nanswered {status} {headers:?}\n{text}", sent()))?;
        // JSON:API has errors in a list.
        let code = [&body["code"], &body["errors"][0]["code"]];
        let code = code.into_iter().find(|code| code.is_string());
        let code = code.unwrap_or(&Value::Null);
        if self.method == self.call.method && !is_documented(&self.call, status, kind, code) {
            let call = self.call.name(self.service);
            let surprise = format!("{call}: {status} {kind} {code}");
            learned.surprises().insert(surprise);
        }
        if status == 503 && !self.gives_little_time() {
            let busy = format!("{}: 503 {}", self.call.name(self.service), body["detail"]);
            learned.busy().push(busy);
        }
        if status < 300 {
            learned.learn(kind_of_path(&self.call.path), &body);
            if self.method == self.call.method {
                learned.granted().insert(self.call.name(self.service));
            }
        }
        Ok(status)
    }

    /// Whether its own time limit is too short for any answer.
    fn gives_little_time(&self) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|(name, _)| *name == "x-request-timeout-ms")
    }

    /// A short description.
    pub fn summary(&self) -> String {
        let body = format!("{:?}", self.body);
        let body: String = body.chars().take(80).collect();
        let Self {
            service,
            method,
            call,
            headers,
            ..
        } = self;
        format!("{service:?} {method} {} {headers:?} {body}", call.path)
    }

    fn path(&self, learned: &Learned) -> String {
        let mut path = self.call.path.clone();
        for segment in &self.segments {
            let mut segment = segment.clone();
            learned.fill(&mut segment);
            if let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
                let text = in_address(&segment);
                let text = if text.contains('%') {
                    text
                } else {
                    url_encoded(&text)
                };
                path.replace_range(from..=to, &text);
            }
        }
        let pairs = self.query.iter().map(|(name, value)| {
            let mut value = value.clone();
            learned.fill(&mut value);
            format!("{name}={}", url_encoded(&in_address(&value)))
        });
        let query = pairs.collect::<Vec<_>>().join("&");
        format!("{path}?{query}{}", self.more_query)
    }

    fn bytes(&self, learned: &Learned) -> Option<Vec<u8>> {
        let text = |value: &Value| {
            let mut value = value.clone();
            learned.fill(&mut value);
            value.to_string().into_bytes()
        };
        match &self.body {
            Body::None => None,
            Body::Json(value) => Some(text(value)),
            Body::Torn(value, from, bytes) => {
                let mut text = text(value);
                let from = usize::from(*from) % text.len().max(1);
                let to = (from + usize::from(*bytes)).min(text.len());
                text.drain(from..to);
                Some(text)
            }
            Body::Bytes(bytes) => Some(bytes.clone()),
        }
    }
}

fn url_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
