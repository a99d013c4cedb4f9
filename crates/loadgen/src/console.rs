//! Console output while load runs.

use std::fmt::Display;
use std::io::Write as _;

/// Prints a line and flushes.
pub fn line(text: impl Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
