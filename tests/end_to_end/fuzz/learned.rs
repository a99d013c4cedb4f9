//! State learned from answers: ids, so that requests are about existing resources, and undocumented answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// The only field of a placeholder for a learned id. Its value has the id's kind, an index, and a fallback
/// while none is known.
const LEARNED_ID: &str = "\u{1}";

/// Learned ids kept per kind.
pub const LEARNED: usize = 256;

pub struct Learned {
    surprises: Mutex<BTreeSet<String>>,
    granted: Mutex<BTreeSet<String>>,
    busy: Mutex<Vec<String>>,
    /// By kind.
    ids: Mutex<BTreeMap<String, Vec<Value>>>,
}

impl Default for Learned {
    fn default() -> Self {
        let mut flights: Vec<Value> = (1..=17).map(Value::from).collect();
        // Later ids are used more often: this flight has a seat map.
        flights.extend(["FL123", "AI101"].map(Value::from));
        flights.push(json!(17));
        Self {
            surprises: Mutex::default(),
            granted: Mutex::default(),
            busy: Mutex::default(),
            ids: Mutex::new([("flight".to_owned(), flights)].into()),
        }
    }
}

impl Learned {
    /// Undocumented answers.
    pub fn surprises(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.surprises
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls that were granted.
    pub fn granted(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests answered 503 although they had time.
    pub fn busy(&self) -> MutexGuard<'_, Vec<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the ids in an answer about things of this kind.
    pub fn learn(&self, kind: &str, answer: &Value) {
        match answer {
            Value::Array(items) => {
                for item in items.iter().take(3) {
                    self.learn(kind, item);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::Number(_) | Value::String(_) => self.keep(kind, name, value),
                        _ => self.learn(kind_within(kind, name), value),
                    }
                }
            }
            _ => {}
        }
    }

    fn keep(&self, kind: &str, name: &str, value: &Value) {
        let Some(kind) = kind_of_field(kind, name) else {
            return;
        };
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = ids.entry(kind.to_owned()).or_default();
        if !ids.contains(value) {
            if ids.len() >= LEARNED {
                ids.remove(LEARNED / 2);
            }
            ids.push(value.clone());
        }
    }

    /// Replaces the placeholders in a value by learned ids.
    pub fn fill(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => match fields.get(LEARNED_ID) {
                Some(id) => *value = self.id(id),
                None => fields.values_mut().for_each(|field| self.fill(field)),
            },
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(item)),
            _ => {}
        }
    }

    fn id(&self, wanted: &Value) -> Value {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = wanted[0].as_str().unwrap_or_default();
        let index = wanted[1].as_u64().unwrap_or_default();
        // It may have been mutated.
        let index = usize::try_from(index).unwrap_or_default() % LEARNED;
        let made = &wanted[2];
        let is_other = index.is_multiple_of(16);
        let candidates = if is_other {
            // An id of another kind.
            ids.values().nth(index / 16 % ids.len())
        } else {
            ids.get(kind)
        };
        let fitting = candidates.into_iter().flatten();
        let fitting = fitting.filter(|id| is_other || id.is_number() == made.is_number());
        let ids: Vec<&Value> = fitting.collect();
        if ids.is_empty() {
            return made.clone();
        }
        // Recent ids are the most interesting.
        let back = index * index / LEARNED % ids.len();
        ids[ids.len() - 1 - back].clone()
    }
}

/// A placeholder for an id of this kind; `made` is its fallback.
pub fn placeholder(kind: &str, index: usize, made: &Value) -> Value {
    json!({LEARNED_ID: [kind, index, made]})
}

/// The kind of id in a field, in a body about things of this kind; `None` if it is no id.
pub fn kind_of_field<'a>(kind: &'a str, name: &'a str) -> Option<&'a str> {
    match name {
        "id" | "ids" | "code" => Some(kind),
        "after" | "before" => Some("place"),
        "customer_id" => Some("user"),
        "request_id" => None,
        _ => name
            .strip_suffix("_id")
            .or_else(|| name.strip_suffix("_ids"))
            .or_else(|| name.strip_suffix("Id")),
    }
}

/// The kind that a field's own fields are about.
pub fn kind_within<'a>(kind: &'a str, name: &'a str) -> &'a str {
    match name {
        "data" | "attributes" | "relationships" => kind,
        _ => name.trim_end_matches('s'),
    }
}

/// The kind that a path is about, up to its end or to a parameter: the last name in it.
pub fn kind_of_path(path: &str) -> &str {
    let names = path.rsplit('/').filter(|name| !name.starts_with('{'));
    let kind = names.into_iter().next().unwrap_or_default();
    kind.trim_end_matches('s')
}
