//! How numbers are shown: to people line by line, to programs as one line of JSON.

use std::fmt::Display;
use std::io::Write as _;

use serde_json::{Map, Value};

/// Prints a line at once.
///
/// # Errors
/// When it can't be written.
pub fn line(text: impl Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// How many times a baseline a number is, where both were measured.
#[must_use]
pub fn ratio(number: Option<f64>, baseline: Option<f64>) -> Option<f64> {
    let (number, baseline) = (number?, baseline?);
    (baseline > 0.0).then_some(number / baseline)
}

/// Prints everything that is compared over time, with so many digits each; `null` where it was not
/// measured.
///
/// # Errors
/// When it can't be written.
pub fn print_result(numbers: &[(&str, Option<f64>, i32)]) -> anyhow::Result<()> {
    let mut object = Map::new();
    for (name, number, digits) in numbers {
        object.insert((*name).to_owned(), rounded(*number, *digits));
    }
    line(format_args!("\nRESULT {}", Value::Object(object)))
}

fn rounded(number: Option<f64>, digits: i32) -> Value {
    let scale = 10_f64.powi(digits);
    number.map_or(Value::Null, |number| {
        Value::from((number * scale).round() / scale)
    })
}
