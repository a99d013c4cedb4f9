//! Describes a wrong value in JSON's terms: clients know neither Rust nor its libraries.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::Value;

/// Rewords a parser's error for clients. `schema` is the field's, `value` its text, if it is a string.
pub(crate) fn client_wording(said: &str, schema: Option<&Value>, value: Option<&str>) -> String {
    let said = said.rsplit_once(" at line ").map_or(said, |(said, _)| said);
    if let Some(wrong) = wrong_time(said, schema, value) {
        return wrong.to_owned();
    }
    if let Some((_, expected)) = said
        .strip_prefix("invalid type: ")
        .or_else(|| said.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "))
    {
        return format!(
            "must be {}",
            named(expected, said.starts_with("invalid value"))
        );
    }
    if let Some((_, variants)) = said
        .strip_prefix("unknown variant `")
        .and_then(|rest| rest.split_once("`, expected "))
    {
        let variants = variants.trim_start_matches("one of ").replace('`', "");
        return match variants.contains([',', ' ']) {
            true => format!("must be one of {}", variants.replace(" or ", ", ")),
            false => format!("must be {variants}"),
        };
    }
    match said {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be an integer".to_owned()
        }
        "number too large to fit in target type" => "is too large".to_owned(),
        "number too small to fit in target type" => "is too small".to_owned(),
        "invalid float literal" => "must be a number".to_owned(),
        "provided string was not `true` or `false`" => "must be true or false".to_owned(),
        _ if said.starts_with("UUID parsing failed") => "must be a UUID".to_owned(),
        _ if said.starts_with("duplicate field") => "is given twice".to_owned(),
        _ => said.to_owned(),
    }
}

/// For a malformed date or time. A well-formed one that is refused has reasons of its own.
fn wrong_time(said: &str, schema: Option<&Value>, value: Option<&str>) -> Option<&'static str> {
    let format = schema.and_then(|schema| schema.get("format"));
    let format = format.and_then(Value::as_str);
    let is_other_type = value.is_none() && said.starts_with("invalid type");
    let is_wrong =
        |parses: fn(&str) -> bool| is_other_type || value.is_some_and(|text| !parses(text));
    match format {
        Some("date") if is_wrong(|text| text.parse::<Date>().is_ok()) => Some("must be YYYY-MM-DD"),
        Some("date-time")
            if is_wrong(|text| {
                text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok()
            }) =>
        {
            Some("must be a time such as 2030-07-10T19:30:00Z")
        }
        _ => None,
    }
}

/// The parser's name for a type, reworded.
fn named(expected: &str, is_out_of_range: bool) -> String {
    let integer = |from: String, to: String| match is_out_of_range {
        true => format!("an integer from {from} to {to}"),
        false => "an integer".to_owned(),
    };
    match expected {
        "i8" => integer(i8::MIN.to_string(), i8::MAX.to_string()),
        "i16" => integer(i16::MIN.to_string(), i16::MAX.to_string()),
        "i32" => integer(i32::MIN.to_string(), i32::MAX.to_string()),
        "i64" => integer(i64::MIN.to_string(), i64::MAX.to_string()),
        "u8" => integer("0".to_owned(), u8::MAX.to_string()),
        "u16" => integer("0".to_owned(), u16::MAX.to_string()),
        "u32" => integer("0".to_owned(), u32::MAX.to_string()),
        "u64" | "usize" => integer("0".to_owned(), u64::MAX.to_string()),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "an array".to_owned(),
        "a map" => "an object".to_owned(),
        "a formatted UUID string" | "a UUID string" => "a UUID".to_owned(),
        _ if expected.starts_with("struct ") || expected.starts_with("internally tagged") => {
            "an object".to_owned()
        }
        _ => expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn clients_are_told_in_words_of_json() {
        for (said, words) in [
            (
                r#"invalid type: string "a", expected i64"#,
                "must be an integer",
            ),
            (
                "invalid value: integer `-1`, expected u8",
                "must be an integer from 0 to 255",
            ),
            (
                "invalid type: floating point `1.5`, expected u32 at line 1 column 9",
                "must be an integer",
            ),
            ("invalid type: null, expected a string", "must be a string"),
            (
                "invalid type: integer `7`, expected a sequence",
                "must be an array",
            ),
            (
                r#"invalid type: string "x", expected struct Leg"#,
                "must be an object",
            ),
            (
                r#"invalid type: string ", expected i64", expected f64"#,
                "must be a number",
            ),
            (
                "unknown variant `x`, expected `a` or `b`",
                "must be one of a, b",
            ),
            (
                "unknown variant `x`, expected one of `a`, `b`, `c`",
                "must be one of a, b, c",
            ),
            ("invalid digit found in string", "must be an integer"),
            ("UUID parsing failed: invalid length", "must be a UUID"),
            ("must be from 1 to 100", "must be from 1 to 100"),
        ] {
            assert_eq!(client_wording(said, None, None), words, "{said}");
        }
    }

    #[test]
    fn a_date_is_told_how_dates_are_written_unless_it_is_one() {
        let date = json!({"format": "date"});
        let said = "failed to parse four digit integer as year";
        assert_eq!(
            client_wording(said, Some(&date), Some("2030/01/01")),
            "must be YYYY-MM-DD"
        );
        assert_eq!(
            client_wording("is in the future", Some(&date), Some("2030-01-01")),
            "is in the future"
        );
        let time = json!({"format": "date-time"});
        let said = "invalid type: integer `7`, expected a string";
        assert_eq!(
            client_wording(said, Some(&time), None),
            "must be a time such as 2030-07-10T19:30:00Z"
        );
    }
}
