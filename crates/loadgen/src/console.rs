//! What a person sees while load is made.

use std::fmt::Display;
use std::io::Write as _;

/// Prints a line at once.
///
/// # Errors
/// When it can't be written.
pub fn line(text: impl Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
