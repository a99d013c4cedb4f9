//! Rules of HTTP, JSON and the OpenAPI documents that every call of the three services follows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use reqwest::Method;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::services::{AI101, Services, booking_of};
use crate::sql::count;
use test_stack::caller::{Answer, Caller, SOON};

/// A documented call.
struct Call<'a> {
    caller: &'a Caller,
    document: &'a Value,
    method: Method,
    /// With unknown ids.
    path: String,
    operation: &'a Value,
}

/// An unknown id of a parameter's type.
fn id_of(parameter: &Value) -> &'static str {
    match (
        parameter["schema"]["type"].as_str(),
        parameter["schema"]["format"].as_str(),
    ) {
        (Some("integer"), _) => "999999999",
        _ => "019267a5-0000-7000-8000-000000000000",
    }
}

impl<'a> Call<'a> {
    fn all_of(caller: &'a Caller, document: &'a Value) -> anyhow::Result<Vec<Self>> {
        let mut calls = Vec::new();
        for (pattern, item) in document["paths"].as_object().context("no paths")? {
            for (method, operation) in item.as_object().context("no methods")? {
                let tags = operation["tags"].as_array().into_iter().flatten();
                if tags.clone().any(|tag| tag == "operations") {
                    continue;
                }
                let mut path = pattern.clone();
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap_or_default();
                    path = path.replace(&format!("{{{name}}}"), id_of(parameter));
                }
                let method = method.to_ascii_uppercase().parse()?;
                calls.push(Self {
                    caller,
                    document,
                    method,
                    path,
                    operation,
                });
            }
        }
        Ok(calls)
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn has_body(&self) -> bool {
        self.operation.get("requestBody").is_some()
    }

    /// The required fields.
    fn required(&self) -> BTreeSet<String> {
        let contents = self.operation["requestBody"]["content"].as_object();
        let schema = contents.and_then(|contents| contents.values().next());
        let name = schema.and_then(|content| content["schema"]["$ref"].as_str());
        let name = name.unwrap_or_default().trim_start_matches('#');
        let required = self
            .document
            .pointer(name)
            .map(|schema| &schema["required"]);
        let required = required.and_then(Value::as_array).into_iter().flatten();
        required
            .filter_map(Value::as_str)
            .map(|name| format!("/{name}"))
            .collect()
    }

    async fn send(
        &self,
        query: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> anyhow::Result<Answer> {
        let mut request = self
            .caller
            .request(self.method.clone(), &format!("{}{query}", self.path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if self.has_body() {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_owned());
        }
        self.caller.send(request).await
    }
}

/// The fields that an answer names.
fn named(answer: &Answer) -> BTreeSet<String> {
    let errors = answer.body["errors"].as_array().into_iter().flatten();
    let pointers = errors.filter_map(|error| {
        let pointer = error["pointer"]
            .as_str()
            .or_else(|| error["source"]["pointer"].as_str());
        pointer.map(str::to_owned)
    });
    pointers.collect()
}

#[tokio::test]
async fn every_call_follows_the_http_rules() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let mut titles: BTreeMap<String, String> = BTreeMap::new();
    for caller in [&services.flights, &services.bookings, &services.payments] {
        let document = caller.get("/openapi.json").await?.body;
        let calls = Call::all_of(caller, &document)?;
        ensure!(calls.len() > 5, "{} calls", calls.len());
        for call in &calls {
            let name = call.name();
            let mut answers = Vec::new();

            let answer = call.send("?no_such_parameter=0", &[], "{}").await?;
            assert_eq!(answer.status, 400, "{name}: {answer:?}");
            assert!(
                named(&answer).contains("/no_such_parameter"),
                "{name}: {answer:?}"
            );
            answers.push(answer);

            if call.has_body() {
                let answer = call
                    .send("", &[(CONTENT_ENCODING.as_str(), "gzip")], "{}")
                    .await?;
                assert_eq!(answer.status, 415, "{name}: {answer:?}");
                assert_eq!(answer.header("accept-encoding"), Some("identity"), "{name}");
                answers.push(answer);

                let answer = call.send("", &[], "{}").await?;
                let (named, required) = (named(&answer), call.required());
                assert!(
                    required.is_subset(&named),
                    "{name}: {named:?}, not {required:?}"
                );
                answers.push(answer);
            }

            if [Method::PUT, Method::PATCH, Method::DELETE].contains(&call.method) {
                let answer = call
                    .send("", &[(IF_MATCH.as_str(), "\"another\"")], "{}")
                    .await?;
                assert_eq!(answer.status, 412, "{name}: {answer:?}");
                answers.push(answer);
            }

            let other = caller.request(Method::from_bytes(b"PURGE")?, &call.path);
            let answer = caller.send(other).await?;
            assert_eq!(answer.status, 405, "{name}: {answer:?}");
            let allowed = answer.header("allow").unwrap_or_default();
            let allowed: BTreeSet<&str> = allowed.split(", ").collect();
            assert!(
                allowed.contains(call.method.as_str()),
                "{name}: {allowed:?}"
            );
            assert_eq!(
                allowed.contains("GET"),
                allowed.contains("HEAD"),
                "{name}: {allowed:?}"
            );
            answers.push(answer);

            for answer in answers {
                if let (Some(code), Some(title)) =
                    (answer.body["code"].as_str(), answer.body["title"].as_str())
                {
                    let known = titles
                        .entry(code.to_owned())
                        .or_insert_with(|| title.to_owned());
                    assert_eq!(known, title, "{name}: {code} has one title");
                }
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_misspelt_field_or_parameter_changes_nothing() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let (flights, bookings) = (&services.flights, &services.bookings);
    let search = "/api/flights/search?source=DEL&destination=BOM&date=2024-02-15&seats=1";
    for (caller, path, invalid) in [
        (flights, format!("{search}&max_stop=0"), "400 /max_stop"),
        (
            bookings,
            "/api/v1/users?email=asha@example.org".to_owned(),
            "400 /email",
        ),
        (bookings, "/api/v1/users?email=".to_owned(), "400 /email"),
        (
            bookings,
            "/api/bookings?user_id=1&limt=1".to_owned(),
            "400 /limt",
        ),
    ] {
        assert_eq!(caller.get(&path).await?.invalid(), invalid, "{path}");
    }
    let change = flights
        .request(Method::PATCH, "/api/flights/1")
        .json(&json!({"prcie": 5}));
    assert_eq!(flights.send(change).await?.invalid(), "400 /prcie");
    let mut booking = booking_of(AI101, 1);
    booking["expectd_total"] = json!(1);
    assert_eq!(
        bookings.book(&booking).await?.invalid(),
        "400 /expectd_total"
    );
    let event = json!({"name": "E", "date_time": "2030-07-10T19:30:00[America/New_York]", "total_tickets": 5,
        "ticket_price": 1});
    let mut made = bookings.post("/api/v1/events", &event).await?.body;
    assert_eq!(made["date_time"], "2030-07-10T23:30:00Z");
    let id = made["id"].as_str().context("no id")?.to_owned();
    let path = format!("/api/v1/events/{id}");
    assert_eq!(
        bookings.put(&path, &json!({"nmae": "F"})).await?.invalid(),
        "400 /nmae"
    );
    // An answer's body may be sent back with a change.
    made["name"] = json!("F");
    let changed = bookings.put(&path, &made).await?;
    assert_eq!((changed.status, &changed.body["name"]), (200, &json!("F")));
    for price in ["19.99000000000000000000000000001", "19.990000000000001"] {
        let body = format!(
            r#"{{"name":"E","date_time":"2030-07-10T19:30:00Z","total_tickets":5,"ticket_price":{price}}}"#
        );
        let answer = bookings.post_text("/api/v1/events", body).await?;
        assert_eq!(answer.summary(), "400 invalid_request", "{price}");
    }
    // Calls between services may have fields of a later version.
    let charge = json!({"booking_id": 1, "amount": 10, "user_id": 1, "payment_type": "upi", "from_the_future": 1});
    assert_ne!(
        services
            .payments
            .post("/api/payments/process", &charge)
            .await?
            .status,
        400
    );
    for path in ["/api/flights/001", "/api/flights/+1", "/api/flights/%2B1"] {
        assert_eq!(flights.get(path).await?.status, 404, "{path}");
    }
    for path in [
        "/api/bookings/001",
        "/api/bookings/%2B1",
        "/api/orders/01",
        &format!("/api/v1/events/{{{id}}}"),
        &format!("/api/v1/events/{}", id.replace('-', "")),
    ] {
        assert_eq!(bookings.get(path).await?.status, 404, "{path}");
    }
    let none = count(
        &services.databases.bookings,
        "SELECT count(*) FROM bookings",
    )
    .await?;
    assert_eq!(none, 0);
    Ok(())
}

#[tokio::test]
async fn every_invalid_field_is_reported_in_json_terms() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let answer = services
        .flights
        .get("/api/flights/search?date=2024/02/15&seats=two&max_stops=9")
        .await?;
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    for part in [
        "date: must be YYYY-MM-DD",
        "seats: must be an integer",
        "source: required",
        "destination: required",
        "max_stops: must be from 0 to 3",
    ] {
        assert!(detail.contains(part), "{detail}");
    }
    let body = json!({"user_id": "a", "flight_id": 1.5, "seats": 0, "date": "5/6/2030", "expectd_total": 1});
    let answer = services.bookings.book(&body).await?;
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    for part in [
        "user_id: must be an integer",
        "flight_id: must be an integer",
        "seats: must be",
        "date: must be YYYY-MM-DD",
        "expectd_total: unknown field",
    ] {
        assert!(detail.contains(part), "{detail}");
    }
    Ok(())
}

#[tokio::test]
async fn the_json_api_media_type_takes_no_parameters() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let caller = &services.bookings;
    let option = json!({"data": {"type": "ticket_options", "attributes": {"name": "A", "allocation": 5},
        "links": {"self": "/x"}, "meta": {"a": 1}}, "jsonapi": {"version": "1.1"}});
    let made = caller.post("/ticket_options", &option).await?;
    assert_eq!(made.status, 201, "{made:?}");
    let path = made.header("location").context("no location")?.to_owned();
    let mut misspelt = option.clone();
    misspelt["data"]["attributes"]["desciption"] = json!("B");
    assert_eq!(caller.post("/ticket_options", &misspelt).await?.status, 400);
    for (media_type, status) in [
        ("application/vnd.api+json", 201),
        (
            "application/vnd.api+json; profile=\"http://a.example/b\"",
            201,
        ),
        ("application/json; charset=utf-8", 201),
        ("application/vnd.api+json; charset=utf-8", 415),
        ("application/vnd.api+json; ext=\"a\"", 415),
        ("text/plain", 415),
    ] {
        let request = caller.request(Method::POST, "/ticket_options");
        let request = request
            .header(CONTENT_TYPE, media_type)
            .body(option.to_string());
        assert_eq!(caller.send(request).await?.status, status, "{media_type}");
    }
    for (accept, status) in [
        ("*/*", 200),
        ("application/json", 200),
        ("application/vnd.api+json;q=0.5", 200),
        (
            "application/vnd.api+json;version=2, application/vnd.api+json",
            200,
        ),
        ("application/vnd.api+json;version=2", 406),
        ("application/vnd.api+json;version=2, */*", 406),
    ] {
        let request = caller.request(Method::GET, &path).header("accept", accept);
        assert_eq!(caller.send(request).await?.status, status, "{accept}");
    }
    assert_eq!(caller.get(&format!("{path}?include=x")).await?.status, 400);
    Ok(())
}

/// Everything that a connection answers to these lines, until it is closed.
async fn told(port: u16, lines: &str) -> anyhow::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
    connection.write_all(lines.as_bytes()).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, connection.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn ambiguous_or_malformed_request_heads_are_refused() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let ports = [
        services.settings.flights.http.port,
        services.settings.bookings.http.port,
        services.settings.payments.http.port,
    ];
    for port in ports {
        for (headers, status) in [
            ("host: localhost\r\n", 200),
            ("host: a b\r\n", 400),
            ("host: localhost\r\nhost: localhost\r\n", 400),
            (
                "host: localhost\r\nauthorization: Bearer a\r\nauthorization: Bearer b\r\n",
                400,
            ),
            (
                "host: localhost\r\ncontent-type: text/plain\r\ncontent-type: application/json\r\n",
                400,
            ),
        ] {
            let request =
                format!("GET /openapi.json HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
            let answer = told(port, &request).await?;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{headers}: {answer}"
            );
            ensure!(
                status == 200 || answer.contains("application/problem+json"),
                "{answer}"
            );
        }
        let request =
            "GET //evil.example/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let answer = told(port, request).await?;
        assert!(
            answer.contains("\"instance\":\"/.//evil.example/x\""),
            "{answer}"
        );
        // Malformed HTTP is refused with a problem, like everything else.
        for nonsense in [
            "GET /\u{0}\r\n\r\n",
            "what is this\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nb c: d\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
        ] {
            let answer = told(port, nonsense).await?;
            let (head, body) = answer.split_once("\r\n\r\n").context("no head")?;
            assert!(head.starts_with("HTTP/1.1 400"), "{answer}");
            assert!(head.contains("application/problem+json"), "{answer}");
            assert_eq!(
                serde_json::from_str::<Value>(body)?["code"],
                "malformed",
                "{answer}"
            );
        }
        let docs = "POST /docs/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert!(told(port, docs).await?.starts_with("HTTP/1.1 405"));
    }
    // A stream to an HTTP/1.0 client, which does not know chunks.
    let mut connection = TcpStream::connect(("127.0.0.1", ports[0])).await?;
    let request = "GET /api/flights/FL123/seats/stream HTTP/1.0\r\nhost: localhost\r\n\r\n";
    connection.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    while !text.contains("data:") {
        let mut part = [0; 4096];
        let read = tokio::time::timeout(SOON, connection.read(&mut part)).await??;
        ensure!(read > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(
            part.get(..read).unwrap_or_default(),
        ));
    }
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    assert!(!head.contains("chunked"), "{head}");
    drop(connection);
    Ok(())
}
