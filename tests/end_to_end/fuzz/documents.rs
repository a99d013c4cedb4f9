//! The calls in a service's OpenAPI document.

use local_servers::service::Service;
use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::callers::caller_of;
use crate::services::Services;

/// A service's document.
#[derive(Clone, Debug)]
pub struct Document {
    pub service: Service,
    pub json: Value,
    pub calls: Vec<Call>,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    /// With parameters in braces.
    pub path: String,
    pub parameters: Vec<Value>,
    /// The body's schema.
    pub body: Option<Value>,
    pub media_type: String,
    /// Documented statuses with their media types.
    pub statuses: BTreeMap<u16, Vec<String>>,
    /// Whether it answers with an endless stream.
    pub is_stream: bool,
}

impl Call {
    /// How reports name it.
    pub fn name(&self, service: Service) -> String {
        format!("{service:?} {} {}", self.method, self.path)
    }
}

impl Document {
    pub async fn read(services: &Services, service: Service) -> anyhow::Result<Self> {
        let answer = caller_of(services, service).get("/openapi.json").await?;
        let json = answer.body;
        let mut calls = Vec::new();
        for (path, item) in json["paths"].as_object().context("no paths")? {
            for (method, operation) in item.as_object().into_iter().flatten() {
                calls.push(call(method, path, operation)?);
            }
        }
        Ok(Self {
            service,
            json,
            calls,
        })
    }

    /// Resolves a reference within this document.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let pointer = schema["$ref"].as_str();
        let found = pointer.and_then(|pointer| self.json.pointer(pointer.trim_start_matches('#')));
        found.unwrap_or(schema)
    }
}

fn call(method: &str, path: &str, operation: &Value) -> anyhow::Result<Call> {
    let content = operation["requestBody"]["content"].as_object();
    let body = content.and_then(|content| content.iter().next());
    let responses = operation["responses"].as_object().context("no responses")?;
    let statuses = responses.iter().map(|(status, response)| {
        let content = response["content"].as_object().into_iter().flatten();
        anyhow::Ok((
            status.parse()?,
            content.map(|(kind, _)| kind.clone()).collect(),
        ))
    });
    let named = operation["parameters"].as_array().into_iter().flatten();
    let mut named = named.map(|parameter| &parameter["name"]);
    let takes_key = named.any(|name| name == "Idempotency-Key");
    let tells_of_keys = ["409", "422"]
        .iter()
        .all(|status| responses.contains_key(*status));
    ensure!(
        tells_of_keys || !takes_key,
        "{method} {path} does not say how keys are refused"
    );
    let answers = &operation["responses"]["200"]["content"];
    Ok(Call {
        method: method.to_uppercase(),
        path: path.to_owned(),
        parameters: operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default(),
        body: body.map(|(_, body)| body["schema"].clone()),
        media_type: body.map_or("application/json".to_owned(), |(media_type, _)| {
            media_type.clone()
        }),
        statuses: statuses.collect::<Result<_, _>>()?,
        is_stream: answers.get("text/event-stream").is_some(),
    })
}
