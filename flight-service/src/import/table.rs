//! A CSV file with cells parsed by column name; errors name line and column.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};
use csv::StringRecord;
use flate2::read::MultiGzDecoder;

/// Byte order marks of UTF-16, little and big endian: what spreadsheets save as "Unicode text".
const UTF_16_MARKS: [&[u8]; 2] = [&[0xFF, 0xFE], &[0xFE, 0xFF]];

/// The byte order mark that some editors write before UTF-8.
const UTF_8_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// A CSV file with a header. Columns are found by name, in any order and case.
pub(super) struct Table {
    name: String,
    headers: StringRecord,
    reader: csv::Reader<Box<dyn Read>>,
}

impl Table {
    /// Opens `name` in a directory, or its gzip file, of which all members are read.
    ///
    /// # Errors
    /// The file can't be read, or has an unknown or duplicate column: a misspelt column would go unnoticed.
    pub(super) fn open(directory: &Path, name: &str, known: &[&str]) -> anyhow::Result<Self> {
        let packed = format!("{name}.gz");
        let is_plain = directory.join(name).exists();
        ensure!(
            !is_plain || !directory.join(&packed).exists(),
            "{} has both {name} and {packed}: which one is meant?",
            directory.display()
        );
        let (name, source): (&str, Box<dyn Read>) = if is_plain {
            let path = directory.join(name);
            (
                name,
                Box::new(File::open(&path).with_context(|| path.display().to_string())?),
            )
        } else {
            let path = directory.join(&packed);
            let file = File::open(&path).with_context(|| {
                format!("{} has neither {name} nor {packed}", directory.display())
            })?;
            (&packed, Box::new(MultiGzDecoder::new(file)))
        };
        let source = without_mark(name, source)?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let headers = reader
            .headers()
            .with_context(|| format!("{name} can't be read"))?;
        Ok(Self {
            name: name.to_owned(),
            headers: known_headers(name, headers, known)?,
            reader,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn has_column(&self, column: &str) -> bool {
        self.headers.iter().any(|header| header == column)
    }

    pub(super) fn require_columns(&self, columns: &[&str]) -> anyhow::Result<()> {
        let missing: Vec<&str> = columns
            .iter()
            .copied()
            .filter(|column| !self.has_column(column))
            .collect();
        anyhow::ensure!(
            missing.is_empty(),
            "{} lacks the columns {}",
            self.name,
            missing.join(", ")
        );
        Ok(())
    }

    /// Parses every row. The second list names the invalid rows and the reasons.
    ///
    /// # Errors
    /// The file can't be read to its end, or has no rows.
    pub(super) fn parse<T>(
        mut self,
        mut row: impl FnMut(&Row<'_>) -> Result<T, String>,
    ) -> anyhow::Result<(Vec<T>, Vec<String>)> {
        let mut parsed = Vec::new();
        let mut wrong = Vec::new();
        let mut record = StringRecord::new();
        loop {
            match self.reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => {
                    let is_empty = parsed.is_empty() && wrong.is_empty();
                    ensure!(!is_empty, "{} has no rows below its header", self.name);
                    return Ok((parsed, wrong));
                }
                Err(error) if error.is_io_error() => {
                    return Err(error).with_context(|| format!("{} can't be read", self.name));
                }
                Err(error) => {
                    wrong.push(error.to_string());
                    continue;
                }
            }
            let line = record.position().map_or(0, csv::Position::line);
            // Spreadsheets write empty cells beside a table, and empty rows below it.
            if record.iter().all(str::is_empty) {
                continue;
            }
            let beside = record.iter().skip(self.headers.len());
            let has_all = record.len() >= self.headers.len();
            let result = if has_all && beside.clone().all(str::is_empty) {
                row(&Row {
                    line,
                    headers: &self.headers,
                    record: &record,
                })
            } else {
                Err(format!(
                    "{} cells where {} are expected",
                    record.len(),
                    self.headers.len()
                ))
            };
            match result {
                Ok(value) => parsed.push(value),
                Err(reason) => wrong.push(format!("line {line}, {reason}")),
            }
        }
    }
}

/// Strips the byte order mark.
fn without_mark(name: &str, source: Box<dyn Read>) -> anyhow::Result<Box<dyn Read>> {
    let mut source = BufReader::new(source);
    let beginning = source
        .fill_buf()
        .with_context(|| format!("{name} can't be read"))?;
    ensure!(
        !UTF_16_MARKS.iter().any(|mark| beginning.starts_with(mark)),
        "{name} is UTF-16; save it as UTF-8"
    );
    if beginning.starts_with(UTF_8_MARK) {
        source.consume(UTF_8_MARK.len());
    }
    Ok(Box::new(source))
}

/// The column names in lower case, without the empty ones beside the table.
fn known_headers(
    name: &str,
    headers: &StringRecord,
    known: &[&str],
) -> anyhow::Result<StringRecord> {
    let mut headers: Vec<String> = headers
        .iter()
        .map(|header| header.trim().to_ascii_lowercase())
        .collect();
    while headers.last().is_some_and(String::is_empty) {
        headers.pop();
    }
    let mut seen = BTreeSet::new();
    let (mut unknown, mut double) = (Vec::new(), Vec::new());
    for header in &headers {
        if !known.contains(&header.as_str()) {
            unknown.push(format!("{header:?}"));
        } else if !seen.insert(header) {
            double.push(format!("{header:?}"));
        }
    }
    ensure!(
        unknown.is_empty(),
        "{name} has columns that are not known: {}; it may have {}",
        unknown.join(", "),
        known.join(", ")
    );
    ensure!(
        double.is_empty(),
        "{name} has columns twice: {}",
        double.join(", ")
    );
    Ok(headers.into_iter().collect())
}

pub(super) struct Row<'a> {
    line: u64,
    headers: &'a StringRecord,
    record: &'a StringRecord,
}

impl Row<'_> {
    /// The line on which the row starts.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The text of a cell; empty if there is no such column.
    pub(super) fn text(&self, column: &str) -> &str {
        let index = self.headers.iter().position(|header| header == column);
        index
            .and_then(|index| self.record.get(index))
            .unwrap_or_default()
    }

    /// The parsed value of a cell.
    pub(super) fn value<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<T, String> {
        self.text(column)
            .parse()
            .map_err(|error| self.wrong(column, error))
    }

    /// Describes an invalid cell.
    pub(super) fn wrong(&self, column: &str, reason: impl std::fmt::Display) -> String {
        format!("column {column}: {reason}, not {:?}", self.text(column))
    }
}

/// Fails if rows are wrong: names the first twenty, and counts all.
pub(super) fn check(file: &str, wrong: &[String]) -> anyhow::Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    let shown = wrong
        .iter()
        .take(20)
        .map(|line| format!("\n  {line}"))
        .collect::<String>();
    let more = match wrong.len().saturating_sub(20) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    let rows = match wrong.len() {
        1 => "1 wrong row".to_owned(),
        count => format!("{count} wrong rows"),
    };
    bail!("{file} has {rows}, so nothing was imported:{shown}{more}")
}
