//! The request in an audit entry: path parameters, query and body, without secrets and without a customer's
//! personal data, because the audit log can't be erased.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use crate::body;

/// Upper limit of a recorded body or query, in bytes of JSON; a flight, an event or an order is a tenth.
const KEPT_MAX_BYTES: usize = 4096;

/// Replaces a value that must not be recorded.
const WITHHELD: &str = "[withheld]";

/// Fields whose names contain one of these are withheld; lower case, without `_` and `-`.
const WITHHELD_NAMES: [&str; 10] = [
    "password",
    "secret",
    "token",
    "paymentcode",
    "voucher",
    "document",
    "email",
    "givenname",
    "familyname",
    "born",
];

/// Fields withheld by their whole name: a voucher's code is a secret.
const WITHHELD_WHOLE_NAMES: [&str; 1] = ["code"];

/// Paths where a `name` is a person's.
const PEOPLE: &str = "/users";

pub(super) fn of(request: &HttpRequest) -> Value {
    let names_people = request.path().contains(PEOPLE);
    let mut details = Map::new();
    let ids = request.match_info().iter();
    let ids: Map<String, Value> = ids
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let parts = [
        ("ids", Value::Object(ids)),
        ("query", form(request.query_string().as_bytes())),
        ("body", body_of(request)),
    ];
    for (name, value) in parts {
        let is_empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if !is_empty {
            details.insert(name.to_owned(), shortened(kept(value, names_people)));
        }
    }
    Value::Object(details)
}

/// A JSON body or a form; null for other media types.
fn body_of(request: &HttpRequest) -> Value {
    let Some(body) = body::peek(request) else {
        return Value::Null;
    };
    let content_type = request.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|text| text.starts_with("application/x-www-form-urlencoded")) {
        form(&body)
    } else {
        serde_json::from_slice(&body).unwrap_or_default()
    }
}

/// The pairs of a form or a query; of pairs with the same name the last counts.
fn form(text: &[u8]) -> Value {
    let pairs = form_urlencoded::parse(text);
    pairs
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect::<Map<_, _>>()
        .into()
}

/// Withholds secrets and personal data, and removes U+0000, which PostgreSQL refuses.
fn kept(value: Value, names_people: bool) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let value = if is_withheld(&name, names_people) && !value.is_null() {
                    WITHHELD.into()
                } else {
                    kept(value, names_people)
                };
                (name.replace('\0', ""), value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(values) => {
            let values = values.into_iter().map(|value| kept(value, names_people));
            values.collect::<Vec<_>>().into()
        }
        Value::String(text) => text.replace('\0', "").into(),
        other => other,
    }
}

fn is_withheld(name: &str, names_people: bool) -> bool {
    let name = name.to_lowercase().replace(['_', '-'], "");
    WITHHELD_NAMES.iter().any(|part| name.contains(part))
        || WITHHELD_WHOLE_NAMES.contains(&name.as_str())
        || names_people && name == "name"
}

/// Truncates a value that is too long to the beginning of its text.
fn shortened(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= KEPT_MAX_BYTES {
        return value;
    }
    let start = text.get(..text.floor_char_boundary(KEPT_MAX_BYTES));
    serde_json::json!({"begins": start})
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_and_persons_are_not_kept() {
        let body = json!({
            "current_password": "a", "newPassword": "b", "paymentCode": "12345", "code": "SPRING",
            "voucher_code": "SPRING", "form_token": "c", "Email": "asha@example.org", "price": 5,
            "nothing": null, "password": null, "currency": "INR",
            "travelers": [{"given_name": "Asha", "family-name": "Rao", "born_on": "2000-01-01", "document": "X"}],
        });
        let w = WITHHELD;
        let expected = json!({
            "current_password": w, "newPassword": w, "paymentCode": w, "code": w, "voucher_code": w,
            "form_token": w, "Email": w, "price": 5, "nothing": null, "password": null, "currency": "INR",
            "travelers": [{"given_name": w, "family-name": w, "born_on": w, "document": w}],
        });
        assert_eq!(kept(body, false), expected);
        let name = json!({"name": "Asha"});
        assert_eq!(kept(name.clone(), true), json!({"name": w}));
        assert_eq!(kept(name.clone(), false), name);
    }

    #[test]
    fn what_the_database_would_refuse_or_never_end_is_cut() {
        assert_eq!(
            kept(json!({"a\u{0}": "b\u{0}c"}), false),
            json!({"a": "bc"})
        );
        let long = shortened(json!({"description": "ü".repeat(KEPT_MAX_BYTES)}));
        let begins = long["begins"].as_str().unwrap();
        assert!(begins.starts_with("{\"description\":\"üü") && begins.len() <= KEPT_MAX_BYTES);
    }
}
