//! Values as a schema describes them, and values that no schema describes.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Union};
use serde_json::{Map, Value, json};

use super::documents::Document;

/// What stands for an id that is learned while the services run: a number, or a text.
const NUMBER: &str = "\u{1}number ";
const TEXT: &str = "\u{1}text ";

/// How many learned ids are kept of each kind.
const LEARNED: usize = 256;

/// How deep values are.
const DEPTH: usize = 6;

/// What is learned from answers: ids, and what the documents don't say.
pub struct Learned {
    surprises: Mutex<BTreeSet<String>>,
    numbers: Mutex<Vec<Value>>,
    texts: Mutex<Vec<Value>>,
}

impl Default for Learned {
    fn default() -> Self {
        let texts = ["FL123", "AI101", "alice", "7"];
        Self {
            surprises: Mutex::default(),
            numbers: Mutex::new((1..=17).map(Value::from).collect()),
            texts: Mutex::new(texts.into_iter().map(Value::from).collect()),
        }
    }
}

impl Learned {
    /// Answers that no document has.
    pub fn surprises(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.surprises
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the ids of an answer.
    pub fn learn(&self, answer: &Value) {
        match answer {
            Value::Array(items) => items.iter().take(3).for_each(|item| self.learn(item)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    let is_id = name.to_lowercase().ends_with("id") || name == "after";
                    match value {
                        Value::Number(_) if is_id => keep(&self.numbers, value),
                        Value::String(_) if is_id && name != "request_id" => {
                            keep(&self.texts, value);
                        }
                        _ => self.learn(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// Puts learned ids where they belong.
    pub fn fill(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let (ids, index) = match (text.strip_prefix(NUMBER), text.strip_prefix(TEXT)) {
                    (Some(index), _) => (&self.numbers, index),
                    (_, Some(index)) => (&self.texts, index),
                    _ => return,
                };
                let ids = ids.lock().unwrap_or_else(PoisonError::into_inner);
                let index: usize = index.parse().unwrap_or_default();
                // Those of late are the most interesting.
                let index = ids.len() - 1 - index * index / LEARNED % ids.len();
                *value = ids[index].clone();
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.fill(field)),
            _ => {}
        }
    }
}

fn keep(ids: &Mutex<Vec<Value>>, id: &Value) {
    let mut ids = ids.lock().unwrap_or_else(PoisonError::into_inner);
    if !ids.contains(id) {
        if ids.len() >= LEARNED {
            ids.remove(LEARNED / 2);
        }
        ids.push(id.clone());
    }
}

/// A value that a schema describes, under this name.
pub fn described(document: &Document, name: &str, schema: &Value) -> BoxedStrategy<Value> {
    at_depth(document, name, schema, DEPTH)
}

fn at_depth(document: &Document, name: &str, schema: &Value, depth: usize) -> BoxedStrategy<Value> {
    let schema = document.resolve(schema);
    let made = made(document, name, schema, depth);
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

fn made(document: &Document, name: &str, schema: &Value, depth: usize) -> BoxedStrategy<Value> {
    if depth == 0 {
        return Just(Value::Null).boxed();
    }
    if let Some(values) = schema["enum"].as_array() {
        return select(values.clone()).boxed();
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            let choices = choices.iter();
            return Union::new(choices.map(|of| at_depth(document, name, of, depth - 1))).boxed();
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter();
        let parts: Vec<_> = parts
            .map(|part| at_depth(document, name, part, depth - 1))
            .collect();
        return parts.prop_map(merged).boxed();
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec!["object"],
    };
    let of_type = |kind: &str| match kind {
        "integer" => integer(name, schema),
        "number" => (0..2_000_000_i32)
            .prop_map(|cents| json!(f64::from(cents) / 100.0))
            .boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "string" => text(name, schema),
        "array" => vec(at_depth(document, name, &schema["items"], depth - 1), 0..4)
            .prop_map(Value::from)
            .boxed(),
        "object" => object(document, schema, depth),
        _ => Just(Value::Null).boxed(),
    };
    Union::new(types.into_iter().map(of_type)).boxed()
}

fn merged(parts: Vec<Value>) -> Value {
    let fields = parts.into_iter().filter_map(|part| match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Value::Object(fields.flatten().collect())
}

fn integer(name: &str, schema: &Value) -> BoxedStrategy<Value> {
    let least = schema["minimum"].as_i64().unwrap_or(-2);
    let most = schema["maximum"].as_i64().unwrap_or(1000).max(least);
    let made = prop_oneof![
        4 => least..=least.saturating_add(4).min(most),
        1 => least..=most,
        1 => select(vec![least, most]),
    ];
    let made = made.prop_map(Value::from);
    if name.contains("id") || name.contains("Id") {
        prop_oneof![1 => made, 3 => learned(NUMBER)].boxed()
    } else {
        made.boxed()
    }
}

fn text(name: &str, schema: &Value) -> BoxedStrategy<Value> {
    let days = || select(vec!["2024-02-15", "2024-02-16", "2024-02-29", "2030-01-01"]);
    let made = match schema["format"].as_str() {
        Some("date") => days().prop_map(str::to_owned).boxed(),
        Some("date-time") => (days(), "T[01][0-9]:[0-5][0-9]:00Z")
            .prop_map(|(day, time)| format!("{day}{time}"))
            .boxed(),
        Some("uuid") => any::<u128>()
            .prop_map(|bits| uuid::Uuid::from_u128(bits).to_string())
            .boxed(),
        _ => prop_oneof![
            "[A-Za-z0-9]{1,12}",
            "[A-F][1-9]",
            "[a-z]{1,8}@example\\.org",
            Just("DEL".to_owned()),
            Just("BOM".to_owned()),
            days().prop_map(str::to_owned),
        ]
        .boxed(),
    };
    let made = made.prop_map(Value::from);
    let is_name = ["id", "Id", "after", "before", "key"]
        .iter()
        .any(|part| name.ends_with(part));
    if is_name {
        prop_oneof![1 => made, 3 => learned(TEXT), 1 => learned(NUMBER)].boxed()
    } else {
        made.boxed()
    }
}

fn learned(kind: &'static str) -> BoxedStrategy<Value> {
    (0..LEARNED)
        .prop_map(move |index| json!(format!("{kind}{index}")))
        .boxed()
}

fn object(document: &Document, schema: &Value, depth: usize) -> BoxedStrategy<Value> {
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
            let value = option::weighted(share, at_depth(document, name, of, depth - 1));
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

/// A value that nobody expects.
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

/// Puts a value somewhere into another: at the place that the choices lead to.
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
                // One field less.
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
