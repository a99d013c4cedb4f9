//! Values as a schema describes them, and unexpected values.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Union};
use proptest::string::string_regex;
use serde_json::{Map, Value, json};

use super::documents::Document;
use super::learned::{LEARNED, kind_of_field, kind_within, placeholder};

/// The departure day of the flights.
const DAY: &str = "2024-02-15";

/// Nesting depth of values.
const DEPTH: usize = 6;

/// A value of this schema, for a field with this name.
pub fn described(document: &Document, at: Place<'_>, schema: &Value) -> BoxedStrategy<Value> {
    at_depth(document, at, schema, DEPTH)
}

/// The position of a value.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The kind that the body or the parameter is about.
    pub kind: &'a str,
    /// The field's name.
    pub name: &'a str,
}

impl Place<'_> {
    /// Half the time a learned id that fits here, otherwise `made`.
    fn learned_or(self, made: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
        let Some(kind) = kind_of_field(self.kind, self.name) else {
            return made;
        };
        let kind = kind.to_owned();
        let learned = (0..LEARNED, made.clone())
            .prop_map(move |(index, made)| placeholder(&kind, index, &made));
        prop_oneof![1 => made, 3 => learned].boxed()
    }
}

fn at_depth(
    document: &Document,
    at: Place<'_>,
    schema: &Value,
    depth: usize,
) -> BoxedStrategy<Value> {
    let schema = document.resolve(schema);
    let made = made(document, at, schema, depth);
    let examples = schema.get("example").into_iter();
    let examples: Vec<Value> = examples
        .chain(schema["examples"].as_array().into_iter().flatten())
        .cloned()
        .collect();
    if examples.is_empty() {
        made
    } else {
        prop_oneof![select(examples), made].boxed()
    }
}

fn made(document: &Document, at: Place<'_>, schema: &Value, depth: usize) -> BoxedStrategy<Value> {
    if depth == 0 {
        return Just(Value::Null).boxed();
    }
    if let Some(values) = schema["enum"].as_array() {
        return select(values.clone()).boxed();
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            let choices = choices.iter();
            return Union::new(choices.map(|of| at_depth(document, at, of, depth - 1))).boxed();
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter();
        let parts: Vec<_> = parts
            .map(|part| at_depth(document, at, part, depth - 1))
            .collect();
        return parts.prop_map(merged).boxed();
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec!["object"],
    };
    let of_type = |kind: &str| match kind {
        "integer" => at.learned_or(integer(schema)),
        "number" => (0..2_000_000_i32)
            .prop_map(|cents| json!(f64::from(cents) / 100.0))
            .boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "string" => at.learned_or(text(at, schema)),
        "array" => vec(at_depth(document, at, &schema["items"], depth - 1), 0..4)
            .prop_map(Value::from)
            .boxed(),
        "object" => object(document, at, schema, depth),
        _ => Just(Value::Null).boxed(),
    };
    // Nullable values are mostly not null, which is more interesting.
    let weight = |kind: &str| if kind == "null" { 1 } else { 5 };
    let kinds = types.into_iter();
    Union::new_weighted(kinds.map(|kind| (weight(kind), of_type(kind))).collect()).boxed()
}

fn merged(parts: Vec<Value>) -> Value {
    let fields = parts.into_iter().filter_map(|part| match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Value::Object(fields.flatten().collect())
}

fn integer(schema: &Value) -> BoxedStrategy<Value> {
    let least = schema["minimum"].as_i64().unwrap_or(-2);
    let most = schema["maximum"].as_i64().unwrap_or(1000).max(least);
    let made = prop_oneof![
        6 => least..=least.saturating_add(4).min(most),
        1 => least..=most,
        1 => select(vec![least, most]),
    ];
    made.prop_map(Value::from).boxed()
}

fn text(at: Place<'_>, schema: &Value) -> BoxedStrategy<Value> {
    let days =
        || prop_oneof![3 => Just(DAY), 1 => select(vec!["2024-02-16", "2024-02-29", "2030-01-01"])];
    let pattern = schema["pattern"].as_str().and_then(|pattern| {
        let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
        string_regex(pattern).ok()
    });
    let made = match (schema["format"].as_str(), at.name) {
        (Some("date"), _) => days().prop_map(str::to_owned).boxed(),
        (Some("date-time"), _) => (
            select(vec![DAY, "2030-01-01", "2040-01-01"]),
            "T[01][0-9]:[0-5][0-9]:00Z",
        )
            .prop_map(|(day, time)| format!("{day}{time}"))
            .boxed(),
        (Some("uuid"), _) => any::<u128>()
            .prop_map(|bits| uuid::Uuid::from_u128(bits).to_string())
            .boxed(),
        (_, "seats") => "[A-C]([1-9]|10)".boxed(),
        // JSON:API's names of kinds.
        (_, "type") => Just(format!("{}s", at.kind)).boxed(),
        (_, "month") => Just("2024-02".to_owned()).boxed(),
        (_, "currency") => select(vec!["INR", "USD"]).prop_map(str::to_owned).boxed(),
        (_, "email") => "[a-z]{1,8}@example\\.org".boxed(),
        (_, "source" | "destination") => select(vec!["DEL", "BOM", "BLR", "MAA"])
            .prop_map(str::to_owned)
            .boxed(),
        _ => match pattern {
            Some(pattern) => pattern.boxed(),
            None => prop_oneof![
                "[A-Za-z0-9]{1,12}",
                "[A-F][1-9]",
                "[a-z]{1,8}@example\\.org",
                Just("DEL".to_owned()),
                Just("BOM".to_owned()),
                days().prop_map(str::to_owned),
            ]
            .boxed(),
        },
    };
    made.prop_map(Value::from).boxed()
}

fn object(
    document: &Document,
    at: Place<'_>,
    schema: &Value,
    depth: usize,
) -> BoxedStrategy<Value> {
    let within = kind_within(at.kind, at.name);
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let fields: Vec<_> = properties
        .map(|(name, of)| {
            let share = if required.contains(&name.as_str()) {
                0.98
            } else {
                0.4
            };
            let at = Place { kind: within, name };
            let value = option::weighted(share, at_depth(document, at, of, depth - 1));
            (Just(name.clone()), value)
        })
        .collect();
    fields
        .prop_map(|fields| {
            let fields = fields.into_iter();
            let fields = fields.filter_map(|(name, value)| Some((name, value?)));
            Value::Object(fields.collect::<Map<_, _>>())
        })
        .boxed()
}

/// An unexpected value.
pub fn odd() -> BoxedStrategy<Value> {
    prop_oneof![
        select(vec![
            Value::Null,
            json!(true),
            json!(0),
            json!(-1),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1.5),
            json!(1e300),
            json!(-0.0),
            json!(0.001),
            json!(""),
            json!(" "),
            json!("\u{0}"),
            json!("a\nb"),
            json!("' OR 1=1 --"),
            json!("../../etc/passwd"),
            json!("\u{202e}\u{feff}é🛫"),
            json!("9".repeat(400)),
            json!("x".repeat(5000)),
            json!("0000-00-00"),
            json!("9999-12-31T23:59:60Z"),
            json!("-009999-01-01"),
            json!([]),
            json!({}),
            json!([[[[[[]]]]]]),
            json!({"": null}),
        ]),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
        vec(any::<i32>().prop_map(Value::from), 0..200).prop_map(Value::from),
    ]
    .boxed()
}

/// Replaces a nested value; the choices lead to its position.
pub fn spoil(value: &mut Value, choices: &[u8], with: Value) {
    let Some((choice, rest)) = choices.split_first() else {
        *value = with;
        return;
    };
    let choice = usize::from(*choice);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let at = choice % (fields.len() + 1);
            match fields.keys().nth(at).cloned() {
                // Removes the field.
                Some(name) if choice > 200 => {
                    fields.remove(&name);
                }
                Some(name) => {
                    if let Some(field) = fields.get_mut(&name) {
                        spoil(field, rest, with);
                    }
                }
                None => {
                    fields.insert("more".to_owned(), with);
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = choice % items.len();
            spoil(&mut items[at], rest, with);
        }
        _ => *value = with,
    }
}
