//! What is learned from answers while the services run: ids, so that requests are about things that there
//! are, and what the documents don't say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// The one field of what stands for an id that is learned while the services run: of what it is, which one,
/// and what is sent while there is none.
const LEARNED_ID: &str = "\u{1}";

/// How many learned ids are kept of each kind.
pub const LEARNED: usize = 256;

/// What is learned from answers: ids, and what the documents don't say.
pub struct Learned {
    surprises: Mutex<BTreeSet<String>>,
    granted: Mutex<BTreeSet<String>>,
    busy: Mutex<Vec<String>>,
    /// By what they are ids of.
    ids: Mutex<BTreeMap<String, Vec<Value>>>,
}

impl Default for Learned {
    fn default() -> Self {
        let mut flights: Vec<Value> = (1..=17).map(Value::from).collect();
        // Of late ones more is asked: this one has a seat map.
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
    /// Answers that no document has.
    pub fn surprises(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.surprises
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls that did what they are for.
    pub fn granted(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was answered 503 though there was time.
    pub fn busy(&self) -> MutexGuard<'_, Vec<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the ids of an answer, which is about things of this kind.
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

    /// Puts learned ids where they belong.
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
        // It may have been spoilt.
        let index = usize::try_from(index).unwrap_or_default() % LEARNED;
        let made = &wanted[2];
        let is_other = index.is_multiple_of(16);
        let candidates = if is_other {
            // Something else's.
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
        // Those of late are the most interesting.
        let back = index * index / LEARNED % ids.len();
        ids[ids.len() - 1 - back].clone()
    }
}

/// What stands for an id of this kind; `made` is sent while there is none.
pub fn placeholder(kind: &str, index: usize, made: &Value) -> Value {
    json!({LEARNED_ID: [kind, index, made]})
}

/// What a field names an id of, in a body that is about things of this kind; none where it is no id.
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

/// What the fields of a field are about.
pub fn kind_within<'a>(kind: &'a str, name: &'a str) -> &'a str {
    match name {
        "data" | "attributes" | "relationships" => kind,
        _ => name.trim_end_matches('s'),
    }
}

/// What a path is about, up to its end or one of its parameters: the last name in it.
pub fn kind_of_path(path: &str) -> &str {
    let names = path.rsplit('/').filter(|name| !name.starts_with('{'));
    let kind = names.into_iter().next().unwrap_or_default();
    kind.trim_end_matches('s')
}
