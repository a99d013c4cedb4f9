//! Request validation against the service's own OpenAPI document: which parameters and fields exist, and
//! which are required. So clients can rely on the document, and one refusal lists everything that is wrong.
//!
//! Values are not checked here: the types that they are parsed into do that.

use std::borrow::Cow;
use std::collections::HashSet;

use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, web};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::problem::FieldError;
use crate::respond;

/// The detail of a missing required field.
pub const REQUIRED: &str = "required";

/// The OpenAPI document as served, serialized once.
#[derive(Clone)]
pub struct Document(Bytes);

impl Document {
    /// # Errors
    /// The document can't be serialized: a bug.
    pub fn new(openapi: &OpenApi) -> Result<Self, serde_json::Error> {
        Ok(Self(respond::json_bytes(openapi)?.into()))
    }

    /// The JSON text.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.0.clone()
    }
}

/// The parsed document, for look-ups. Application data.
#[derive(Clone, Debug, Default)]
pub struct OpenApiIndex(Value);

/// One operation of the document.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    document: &'a Value,
    operation: &'a Value,
}

impl OpenApiIndex {
    /// # Errors
    /// The document is not JSON: a bug.
    pub fn new(document: &Document) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(&document.bytes()).map(Self)
    }

    /// The operation that a request calls; `None` if the document has none, as for pages.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Call<'_>> {
        let described = request.app_data::<web::Data<Self>>()?;
        described.call(request.method(), &request.match_pattern()?)
    }

    /// The operation of a method and a registered path pattern.
    #[must_use]
    pub fn call(&self, method: &Method, pattern: &str) -> Option<Call<'_>> {
        let path = self.0.get("paths")?.get(pattern)?;
        let operation = path.get(method.as_str().to_ascii_lowercase())?;
        Some(Call {
            document: &self.0,
            operation,
        })
    }
}

impl<'a> Call<'a> {
    fn parameters(self) -> impl Iterator<Item = &'a Value> {
        let parameters = self.operation.get("parameters").and_then(Value::as_array);
        let parameters = parameters.into_iter().flatten();
        parameters.filter(|parameter| parameter["in"] == "query")
    }

    /// Query parameters that the operation does not have.
    #[must_use]
    pub fn unknown_parameters(self, query: &str) -> Vec<FieldError> {
        let given = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        let unknown: Vec<Cow<'_, str>> = given
            .filter(|given| !self.parameters().any(|known| known["name"] == **given))
            .collect();
        if unknown.is_empty() {
            return Vec::new();
        }
        let known = self.parameters().filter_map(|known| known["name"].as_str());
        let known = known.collect::<Vec<_>>().join(", ");
        let detail = match known.as_str() {
            "" => "unknown parameter: this call has none".to_owned(),
            _ => format!("unknown parameter: this call has {known}"),
        };
        let errors = unknown.into_iter().map(|name| FieldError {
            pointer: format!("/{}", escaped(&name)),
            detail: detail.clone(),
        });
        errors.collect()
    }

    /// Required parameters that are absent.
    #[must_use]
    pub fn missing_parameters(self, given: &[(String, String)]) -> Vec<FieldError> {
        let required = self.parameters().filter(|known| known["required"] == true);
        let names = required.filter_map(|known| known["name"].as_str());
        let missing = names.filter(|name| !given.iter().any(|(given, _)| given == name));
        missing.map(|name| required_at("", name)).collect()
    }

    /// The schema of a parameter.
    #[must_use]
    pub fn parameter(self, name: &str) -> Option<&'a Value> {
        let found = self.parameters().find(|known| known["name"] == name)?;
        self.resolved(found.get("schema")?)
    }

    /// Required fields that are absent from a body.
    #[must_use]
    pub fn missing_fields(self, body: &Value) -> Vec<FieldError> {
        let mut missing = Vec::new();
        if let Some(schema) = self.body() {
            self.add_missing(schema, body, "", &mut missing);
        }
        missing
    }

    /// The schema of the field at this JSON pointer of a body.
    #[must_use]
    pub fn field(self, pointer: &str) -> Option<&'a Value> {
        let mut schema = self.resolved(self.body()?)?;
        for segment in pointer.split('/').skip(1) {
            let inner = match schema.get("items") {
                Some(items) => items,
                None => schema.get("properties")?.get(segment)?,
            };
            schema = self.resolved(inner)?;
        }
        Some(schema)
    }

    /// The fields of the operation's 200 answer, which clients may send back unchanged.
    #[must_use]
    pub fn answered_fields(self) -> HashSet<&'a str> {
        let answer = self.operation["responses"].get("200");
        let schema = answer.and_then(|answer| self.resolved(schema_of(answer)?));
        let properties = schema.and_then(|schema| schema["properties"].as_object());
        let names = properties
            .into_iter()
            .flat_map(|properties| properties.keys());
        names.map(String::as_str).collect()
    }

    fn body(self) -> Option<&'a Value> {
        schema_of(self.operation.get("requestBody")?)
    }

    fn add_missing(self, schema: &'a Value, body: &Value, at: &str, missing: &mut Vec<FieldError>) {
        let Some(schema) = self.resolved(schema) else {
            return;
        };
        match body {
            Value::Object(fields) => {
                let required = schema["required"].as_array().into_iter().flatten();
                let absent = required.filter_map(Value::as_str);
                let absent = absent.filter(|name| !fields.contains_key(*name));
                missing.extend(absent.map(|name| required_at(at, name)));
                for (name, field) in fields {
                    if let Some(inner) = schema["properties"].get(name) {
                        self.add_missing(inner, field, &format!("{at}/{}", escaped(name)), missing);
                    }
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.add_missing(&schema["items"], element, &format!("{at}/{index}"), missing);
                }
            }
            _ => {}
        }
    }

    /// The schema behind a `$ref`, or behind a nullable `oneOf`.
    fn resolved(self, schema: &'a Value) -> Option<&'a Value> {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            return self.document.pointer(name.trim_start_matches('#'));
        }
        match schema.get("oneOf").and_then(Value::as_array) {
            Some(either) => {
                let something = either.iter().find(|one| one["type"] != "null")?;
                self.resolved(something)
            }
            None => Some(schema),
        }
    }
}

fn schema_of(body: &Value) -> Option<&Value> {
    let contents = body.get("content")?.as_object()?;
    contents.values().next()?.get("schema")
}

fn required_at(at: &str, name: &str) -> FieldError {
    FieldError {
        pointer: format!("{at}/{}", escaped(name)),
        detail: REQUIRED.to_owned(),
    }
}

/// Escapes a name as a segment of a JSON pointer (RFC 6901).
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
