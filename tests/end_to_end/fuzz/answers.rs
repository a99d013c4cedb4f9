//! The contract of every answer.

use anyhow::{Context as _, ensure};
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::documents::Call;

/// Statuses of any call, documented once for all calls: existence, method, media type, and limits.
const ANY_CALL: &[u16] = &[400, 404, 405, 408, 413, 414, 415, 429, 431, 503];

/// Refusal codes that any call may have.
const TOLD_FIRST: [&str; 3] = ["too_many_parameters", "cross_site", "foreign_host"];

/// Whether a call's document has this status and media type.
pub fn is_documented(call: &Call, status: u16, media_type: &str, code: &Value) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    match call.statuses.get(&status) {
        // Decided before the call is routed.
        _ if status == 503 || TOLD_FIRST.iter().any(|told| code == told) => true,
        None => ANY_CALL.contains(&status),
        Some(kinds) => {
            kinds.is_empty() || essence.is_empty() || kinds.iter().any(|kind| kind == essence)
        }
    }
}

/// Checks an answer, and returns its body.
pub fn check(method: &str, status: u16, headers: &HeaderMap, text: &str) -> anyhow::Result<Value> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    ensure!(status < 500 || status == 503, "a bug");
    let id = header("x-request-id").context("no request id")?;
    ensure!(
        header("x-content-type-options") == Some("nosniff"),
        "not protected"
    );
    if status == 503 || status == 429 {
        header("retry-after").context("when to ask again?")?;
    }
    let kind = header("content-type").unwrap_or_default();
    if method == "HEAD" || !kind.contains("json") {
        ensure!(status < 400 || method == "HEAD", "not a problem");
        return Ok(Value::Null);
    }
    ensure!(text.ends_with('\n'), "no newline at the end");
    if kind == "application/x-ndjson" {
        return check_batch(text);
    }
    let body: Value = serde_json::from_str(text).context("not JSON")?;
    if status < 400 {
        return Ok(body);
    }
    match kind {
        "application/problem+json" => check_problem(&body, status, id)?,
        "application/vnd.api+json" => {
            let errors = body["errors"].as_array().context("no errors")?;
            ensure!(!errors.is_empty(), "no error");
            for error in errors {
                let same = error["status"].as_str() == Some(&*status.to_string());
                ensure!(same, "another status");
                for name in ["code", "title", "detail"] {
                    ensure!(error[name].is_string(), "no {name}");
                }
            }
        }
        _ => {
            // Bookings by count and payments have refusals in another form.
            ensure!([400, 408].contains(&status), "not a problem");
            ensure!(body["message"].is_string(), "no message");
            ensure!(body["status"].is_string(), "no status");
        }
    }
    Ok(body)
}

/// Each call of a batch has an answer in a line.
fn check_batch(text: &str) -> anyhow::Result<Value> {
    for line in text.lines() {
        let answer: Value = serde_json::from_str(line).context("not JSON")?;
        let status = answer["status"].as_u64().context("no status")?;
        ensure!(status < 500 || status == 503, "a bug");
        ensure!(answer["body"].is_object(), "no body");
    }
    Ok(Value::Null)
}

fn check_problem(body: &Value, status: u16, id: &str) -> anyhow::Result<()> {
    ensure!(body["status"] == status, "another status");
    ensure!(body["request_id"] == id, "another request");
    ensure!(body["retryable"].is_boolean(), "retryable?");
    let code = body["code"].as_str().context("no code")?;
    ensure!(
        body["type"] == format!("urn:holdfast:problem:{code}"),
        "another type"
    );
    for name in ["title", "detail", "instance"] {
        let text = body[name].as_str().with_context(|| format!("no {name}"))?;
        ensure!(!text.is_empty(), "{name} is empty");
        for internal in [
            "SELECT ", "INSERT ", "panicked", "src/", "tokio", "postgres",
        ] {
            ensure!(
                name == "instance" || !text.contains(internal),
                "internal text: {internal}"
            );
        }
    }
    for error in body["errors"].as_array().into_iter().flatten() {
        ensure!(error["pointer"].is_string(), "no pointer");
        ensure!(error["detail"].is_string(), "no detail");
    }
    Ok(())
}
