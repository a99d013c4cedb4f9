//! Output of numbers: lines for people, one line of JSON for programs.

use loadgen::console::line;
use loadgen::stats::median;
use serde_json::{Map, Value};
use test_stack::background_load::TOLERATED_CORES;

/// `None` unless both were measured.
#[must_use]
pub fn ratio(number: Option<f64>, baseline: Option<f64>) -> Option<f64> {
    let (number, baseline) = (number?, baseline?);
    (baseline > 0.0).then_some(number / baseline)
}

/// Prints the results that are compared over time, each with its number of digits; `null` if not measured.
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

/// Prints the CPU use of other programs, from several measurements.
pub fn print_background_load(cores: &[f64]) -> anyhow::Result<()> {
    let middle = median(cores).unwrap_or_default();
    let most = cores.iter().copied().fold(0.0, f64::max);
    let verdict = if middle > TOLERATED_CORES {
        ": measure again when nothing else runs"
    } else {
        ""
    };
    line(format_args!(
        "\nOther programs took {:.0} % of a core, {:.0} % in the worst case{verdict}.",
        middle * 100.0,
        most * 100.0,
    ))
}
