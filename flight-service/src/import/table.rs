//! A CSV file whose cells are parsed by the column's name; what is wrong is said by line and column.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use anyhow::Context as _;
use csv::StringRecord;
use flate2::read::GzDecoder;

/// A CSV file with a header.
pub(super) struct Table {
    name: String,
    headers: StringRecord,
    reader: csv::Reader<Box<dyn Read>>,
}

impl Table {
    /// Opens `name` in a directory, or the same packed with gzip.
    pub(super) fn open(directory: &Path, name: &str) -> anyhow::Result<Self> {
        let packed = format!("{name}.gz");
        let (name, source): (&str, Box<dyn Read>) = if directory.join(name).exists() {
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
            (&packed, Box::new(GzDecoder::new(file)))
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let headers = reader
            .headers()
            .with_context(|| format!("{name} can't be read"))?
            .clone();
        Ok(Self {
            name: name.to_owned(),
            headers,
            reader,
        })
    }

    /// The file's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is a column of this name.
    pub(super) fn has_column(&self, column: &str) -> bool {
        self.headers.iter().any(|header| header == column)
    }

    /// Fails unless all these columns are there.
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

    /// Parses every row. The second list says which rows could not be, and why.
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
                Ok(false) => return Ok((parsed, wrong)),
                Err(error) if error.is_io_error() => {
                    return Err(error).with_context(|| format!("{} can't be read", self.name));
                }
                Err(error) => {
                    wrong.push(error.to_string());
                    continue;
                }
            }
            let line = record.position().map_or(0, csv::Position::line);
            let result = if record.len() == self.headers.len() {
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

/// One row.
pub(super) struct Row<'a> {
    line: u64,
    headers: &'a StringRecord,
    record: &'a StringRecord,
}

impl Row<'_> {
    /// The line on which it starts.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The text in a column; empty where there is no such column.
    pub(super) fn text(&self, column: &str) -> &str {
        let index = self.headers.iter().position(|header| header == column);
        index
            .and_then(|index| self.record.get(index))
            .unwrap_or_default()
    }

    /// The value in a column.
    pub(super) fn value<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<T, String> {
        self.text(column)
            .parse()
            .map_err(|error| self.wrong(column, error))
    }

    /// Why a cell is wrong.
    pub(super) fn wrong(&self, column: &str, reason: impl std::fmt::Display) -> String {
        format!("column {column}: {reason}, not {:?}", self.text(column))
    }
}
