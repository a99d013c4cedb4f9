//! Parses bodies and queries. A refusal lists everything that is wrong, each fault with its place.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;

use crate::Problem;
use crate::described::{Call, REQUIRED, escaped};
use crate::problem::FieldError;
use crate::wording::client_wording;

/// Upper limit of nesting in a body: several times what any request has.
const DEPTH_LIMIT: usize = 32;

/// Upper limit of reported faults: more than any request has fields that can be wrong.
const FAULTS_LIMIT: usize = 50;

/// Policy for fields that the body's type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// Refused: a misspelt field must not pass as an omitted one.
    Refused,
    /// Refused, except these names.
    RefusedBut(&'static [&'static str]),
    /// Those of the answer are accepted: what was read may be sent back with a change.
    AsAnswered,
    /// Ignored: the caller may be of the next version.
    Ignored,
}

/// # Errors
/// 400 that names each wrong field.
pub(crate) fn json<T: DeserializeOwned>(
    bytes: &[u8],
    call: Option<Call<'_>>,
    unknown: Unknown,
) -> Result<T, Problem> {
    if bytes.is_empty() {
        return Err(Problem::malformed("the body is empty; send JSON"));
    }
    if depth(bytes) > DEPTH_LIMIT {
        return Err(Problem::malformed(format!(
            "the body's arrays and objects are more than {DEPTH_LIMIT} deep"
        )));
    }
    // Fields are matched by name; serde would accept an array by position, too.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::invalid(vec![FieldError {
            pointer: String::new(),
            detail: "must be an object".to_owned(),
        }]));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let (parsed, ignored) = read::<T, _>(&mut deserializer);
    let refused = refused(ignored, call, unknown);
    match parsed {
        Ok(parsed) => {
            deserializer.end().map_err(|error| {
                Problem::malformed(format!("the body is not one JSON value: {error}"))
            })?;
            if refused.is_empty() {
                Ok(parsed)
            } else {
                Err(Problem::invalid(refused))
            }
        }
        Err((pointer, error)) if error.is_data() => {
            let whole = serde_json::from_slice::<Value>(bytes);
            let whole = whole.map_err(|error| not_json(&error))?;
            let first = body_error(pointer, &error.to_string(), &whole, call);
            Err(Problem::invalid(faults::<T>(first, &whole, call, unknown)))
        }
        Err((_, error)) => Err(not_json(&error)),
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::malformed(format!("the body is not JSON: {error}"))
}

/// A fault's pointer and the parser's error.
type Fault<E> = (String, E);

/// Parses a value; returns it, or its first fault, with the unknown fields.
fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> (Result<T, Fault<D::Error>>, Vec<String>) {
    let mut ignored = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let parsed = serde_ignored::deserialize(
        serde_path_to_error::Deserializer::new(deserializer, &mut track),
        |path| ignored.push(ignored_pointer(&path)),
    );
    (
        parsed.map_err(|error| (pointer_of(&track.path()), error)),
        ignored,
    )
}

/// The unknown fields that the policy refuses.
fn refused(ignored: Vec<String>, call: Option<Call<'_>>, unknown: Unknown) -> Vec<FieldError> {
    if ignored.is_empty() || unknown == Unknown::Ignored {
        return Vec::new();
    }
    let answered = call.filter(|_| unknown == Unknown::AsAnswered);
    let answered = answered.map(Call::answered_fields).unwrap_or_default();
    let is_known = |pointer: &str| match unknown {
        Unknown::RefusedBut(names) => {
            let name = pointer.rsplit('/').next().unwrap_or_default();
            names.contains(&name)
        }
        _ => answered.contains(pointer.trim_start_matches('/')),
    };
    let refused = ignored.into_iter().filter(|pointer| !is_known(pointer));
    let errors = refused.map(|pointer| FieldError {
        pointer,
        detail: "unknown field".to_owned(),
    });
    errors.collect()
}

/// All faults of a body. The parser stops at the first one: the faulty value is removed and the rest parsed
/// again.
fn faults<T: DeserializeOwned>(
    first: FieldError,
    whole: &Value,
    call: Option<Call<'_>>,
    unknown: Unknown,
) -> Vec<FieldError> {
    let mut faults = Faults::default();
    let mut unknown_fields = Vec::new();
    let mut rest = whole.clone();
    if first.detail != REQUIRED {
        take_out(&mut rest, &first.pointer);
    }
    faults.add(first);
    for _ in 0..FAULTS_LIMIT {
        let (parsed, ignored) = read::<T, _>(&rest);
        unknown_fields.extend(refused(ignored, call, unknown));
        let Err((pointer, error)) = parsed else {
            break;
        };
        let fault = body_error(pointer, &error.to_string(), whole, call);
        let is_there = whole.pointer(&fault.pointer).is_some();
        let place = match fault.detail == REQUIRED {
            true => parent(&fault.pointer).to_owned(),
            false => fault.pointer.clone(),
        };
        if is_there != (fault.detail == REQUIRED) {
            faults.add(fault);
        }
        if !take_out(&mut rest, &place) {
            break;
        }
    }
    let missing = call.map(|call| call.missing_fields(whole));
    let missing = missing.into_iter().flatten();
    missing
        .chain(unknown_fields)
        .for_each(|fault| faults.add(fault));
    faults.0
}

/// Faults, one per place.
#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, fault: FieldError) {
        if !self.0.iter().any(|known| known.pointer == fault.pointer) {
            self.0.push(fault);
        }
    }
}

fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Removes a field; for an element of an array the whole array, so that the other elements keep their places.
/// `false` if there is nothing to remove.
fn take_out(body: &mut Value, pointer: &str) -> bool {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return false;
    };
    match body.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            let name = name.replace("~1", "/").replace("~0", "~");
            fields.remove(&name).is_some()
        }
        Some(Value::Array(_)) => take_out(body, parent),
        _ => false,
    }
}

/// Parses a query; empty values count as absent, since HTML forms send their empty fields too.
///
/// # Errors
/// 400 that names each wrong parameter.
pub(crate) fn query<T: DeserializeOwned>(
    query: &str,
    call: Option<Call<'_>>,
) -> Result<T, Problem> {
    let mut given = pairs(query);
    let mut faults = Faults::default();
    for _ in 0..FAULTS_LIMIT {
        let text = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&given)
            .finish();
        let pairs = form_urlencoded::parse(text.as_bytes());
        let (parsed, _) = read::<T, _>(serde_urlencoded::Deserializer::new(pairs));
        let (pointer, error) = match parsed {
            Ok(parsed) if faults.0.is_empty() => return Ok(parsed),
            Ok(_) => break,
            Err(fault) => fault,
        };
        let (pointer, said) = placed(pointer, &error.to_string());
        let name = pointer.trim_start_matches('/').to_owned();
        let value = given.iter().find(|(given, _)| *given == name);
        let value = value.map(|(_, value)| value.as_str());
        let schema = call.and_then(|call| call.parameter(&name));
        let detail = client_wording(&said, schema, value);
        let is_known = faults.0.iter().any(|known| known.pointer == pointer);
        faults.add(FieldError { pointer, detail });
        let before = given.len();
        given.retain(|(given, _)| *given != name);
        if is_known || given.len() == before {
            break;
        }
    }
    let missing = call.map(|call| call.missing_parameters(&pairs(query)));
    let missing = missing.into_iter().flatten();
    missing.for_each(|fault| faults.add(fault));
    Err(Problem::invalid(faults.0))
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    pairs.filter(|(_, value)| !value.is_empty()).collect()
}

fn body_error(pointer: String, said: &str, whole: &Value, call: Option<Call<'_>>) -> FieldError {
    let (pointer, said) = placed(pointer, said);
    let schema = call.and_then(|call| call.field(&pointer));
    let value = whole.pointer(&pointer).and_then(Value::as_str);
    let detail = client_wording(&said, schema, value);
    FieldError { pointer, detail }
}

/// Place and text of a fault. The parser reports a missing or duplicate field at its parent: its name is
/// moved into the pointer, where clients look for it.
fn placed(pointer: String, said: &str) -> (String, String) {
    let named = |prefix| {
        let (name, _) = said.strip_prefix(prefix)?.split_once('`')?;
        Some(format!("{pointer}/{}", escaped(name)))
    };
    if let Some(place) = named("missing field `") {
        return (place, REQUIRED.to_owned());
    }
    match named("duplicate field `") {
        Some(place) => (place, "is given twice".to_owned()),
        None => (pointer, said.to_owned()),
    }
}

/// A JSON pointer (RFC 6901) to where parsing failed; empty for the whole document.
fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => format!("/{}", escaped(key)),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// The same for an ignored field.
fn ignored_pointer(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", ignored_pointer(parent)),
        Path::Map { parent, key } => format!("{}/{}", ignored_pointer(parent), escaped(key)),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => ignored_pointer(parent),
    }
}

/// Nesting depth of a JSON text. The parser limits the values that it keeps; this also limits those that it
/// skips.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde::Deserialize;
    use serde_json::json;
    use utoipa::openapi::OpenApi;

    use super::*;
    use crate::described::Document;
    use crate::described::OpenApiIndex;

    #[derive(Debug, Deserialize)]
    #[serde(try_from = "i64")]
    struct Count(i64);

    impl TryFrom<i64> for Count {
        type Error = &'static str;
        fn try_from(count: i64) -> Result<Self, Self::Error> {
            if count > 0 {
                Ok(Self(count))
            } else {
                Err("must be positive")
            }
        }
    }

    #[derive(Debug, Deserialize)]
    struct Order {
        legs: Vec<Leg>,
        #[serde(default)]
        price: Option<f64>,
        #[serde(default)]
        user: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    struct Leg {
        seats: Count,
        #[serde(default)]
        date: Option<jiff::civil::Date>,
    }

    fn described() -> OpenApiIndex {
        let text = json!({"type": "string"});
        let leg = json!({"type": "object", "required": ["seats", "flight"], "properties": {
            "seats": {"type": "integer"}, "flight": {"type": "integer"},
            "date": {"type": ["string", "null"], "format": "date"}}});
        let order = json!({"type": "object", "required": ["legs", "name"], "properties": {
            "legs": {"type": "array", "items": {"$ref": "#/components/schemas/Leg"}},
            "name": text, "price": {"type": "number"}}});
        let answer = json!({"content": {"application/json": {"schema": {
            "type": "object", "properties": {"id": text, "name": text}}}}, "description": ""});
        let parameter = |name, required| json!({"name": name, "in": "query", "required": required, "schema": text});
        let document: OpenApi = serde_json::from_value(json!({
            "openapi": "3.1.0", "info": {"title": "", "version": ""},
            "paths": {"/orders": {
                "put": {"responses": {"200": answer}, "requestBody": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Order"}}}}},
                "get": {"responses": {}, "parameters": [parameter("seats", true), parameter("day", true),
                    parameter("more", false)]},
            }},
            "components": {"schemas": {"Order": order, "Leg": leg}},
        }))
        .unwrap();
        OpenApiIndex::new(&Document::new(&document).unwrap()).unwrap()
    }

    fn refusal(body: &str, unknown: Unknown) -> String {
        let described = described();
        let call = described.call(&Method::PUT, "/orders");
        assert!(call.is_some());
        match json::<Order>(body.as_bytes(), call, unknown) {
            Ok(_) => "taken".to_owned(),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn all_that_is_wrong_with_a_body_is_told_at_once() {
        for (body, expected) in [
            (
                r#"{"legs":[{"seats":1,"flight":1},{"seats":0}],"user":7,"price":"high"}"#,
                "legs/1/seats: must be positive; price: must be a number; user: must be a string; \
                 name: required; legs/1/flight: required",
            ),
            (
                r#"{"legs":[{}]}"#,
                "legs/0/seats: required; name: required; legs/0/flight: required",
            ),
            ("{}", "legs: required; name: required"),
            (
                r#"{"legs":[{"seats":1e9,"flight":1}],"name":""}"#,
                "legs/0/seats: must be an integer",
            ),
            (
                r#"{"legs":[{"seats":1,"flight":1,"date":"5/6/2030"}],"name":""}"#,
                "legs/0/date: must be YYYY-MM-DD",
            ),
            (r#"{"legs":[],"legs":[],"name":""}"#, "legs: is given twice"),
            ("[[]]", "must be an object"),
        ] {
            let refusal = refusal(body, Unknown::Ignored);
            assert!(
                refusal.starts_with("400 invalid_request: "),
                "{body}: {refusal}"
            );
            assert!(refusal.contains(expected), "{body}: {refusal}");
        }
        for (body, expected) in [
            (r#"{"legs":[{"seats":1}]"#, "the body is not JSON"),
            (r#"{"legs":7]"#, "the body is not JSON"),
            (r#"{"legs":[]} {}"#, "not one JSON value"),
            ("", "the body is empty"),
        ] {
            let refusal = refusal(body, Unknown::Ignored);
            assert!(refusal.starts_with("400 malformed: "), "{body}: {refusal}");
            assert!(refusal.contains(expected), "{body}: {refusal}");
        }
        let order = br#"{"legs":[{"seats":2}],"price":0.30000000000000004}"#;
        let order: Order = json(order, None, Unknown::Refused).unwrap();
        assert_eq!((order.legs[0].seats.0, order.legs[0].date), (2, None));
        assert_eq!((order.price, order.user), (Some(0.1 + 0.2), None));
    }

    #[test]
    fn a_misspelt_field_is_not_one_that_was_left_out() {
        let misspelt = r#"{"legs":[{"seats":1,"flight":1,"daet":"2030-01-01"}],"prcie":5}"#;
        let refused = refusal(misspelt, Unknown::Refused);
        assert!(
            refused.contains("legs/0/flight: unknown field"),
            "{refused}"
        );
        assert!(
            refused.contains("legs/0/daet: unknown field; prcie: unknown field"),
            "{refused}"
        );
        let wrong_besides = refusal(r#"{"legs":[],"prcie":5,"user":7}"#, Unknown::Refused);
        assert!(
            wrong_besides.contains("user: must be a string; name: required; prcie: unknown field"),
            "{wrong_besides}"
        );
        let as_answered = r#"{"legs":[],"id":"1","name":"as it was"}"#;
        assert_eq!(refusal(as_answered, Unknown::AsAnswered), "taken");
        assert_ne!(refusal(as_answered, Unknown::Refused), "taken");
        assert_ne!(
            refusal(r#"{"legs":[],"prcie":5}"#, Unknown::AsAnswered),
            "taken"
        );
        assert_eq!(
            refusal(
                r#"{"legs":[],"meta":{"a":1}}"#,
                Unknown::RefusedBut(&["meta"])
            ),
            "taken"
        );
        assert_eq!(refusal(misspelt, Unknown::Ignored), "taken");
    }

    #[test]
    fn a_body_is_only_so_deep() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            refusal(
                &format!(r#"{{"legs":[],"more":{open}{close}}}"#),
                Unknown::Ignored,
            )
        };
        assert_eq!(nested(31), "taken");
        assert!(nested(32).starts_with("400 malformed"));
        assert!(nested(30_000).starts_with("400 malformed"));
        for (text, expected) in [
            ("", 0),
            ("7", 0),
            (r#"{"a":[1,{"b":[]}],"c":{}}"#, 4),
            (r#""[[[""#, 0),
            (r#"["\"[[[", "\\", [1]]"#, 2),
            ("]]]][", 1),
        ] {
            assert_eq!(depth(text.as_bytes()), expected, "{text}");
        }
    }

    #[derive(Debug, Deserialize)]
    struct Parameters {
        seats: Count,
        #[serde(default)]
        more: Option<u8>,
    }

    #[test]
    fn all_that_is_wrong_with_a_query_is_told_at_once() {
        let described = described();
        let call = described.call(&Method::GET, "/orders");
        for (text, expected) in [
            ("", "seats: required; day: required"),
            ("seats=", "seats: required; day: required"),
            (
                "seats=&more=a&day=1",
                "more: must be an integer; seats: required",
            ),
            (
                "seats=0&more=300&day=1",
                "seats: must be positive; more: is too large",
            ),
            ("seats=two&day=1", "seats: must be an integer"),
            ("seats=1&seats=2&day=1", "seats: is given twice"),
        ] {
            let problem = query::<Parameters>(text, call).unwrap_err();
            assert_eq!(
                problem.to_string(),
                format!("400 invalid_request: {expected}"),
                "{text}"
            );
        }
        let parsed = query::<Parameters>("seats=3&more=1", call).unwrap();
        assert_eq!((parsed.seats.0, parsed.more), (3, Some(1)));
        let unknown = call.unwrap().unknown_parameters("seats=1&max_stop=0");
        assert_eq!(unknown.len(), 1);
        assert_eq!(unknown[0].pointer, "/max_stop");
        assert_eq!(
            unknown[0].detail,
            "unknown parameter: this call has seats, day, more"
        );
    }
}
