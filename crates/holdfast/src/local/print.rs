//! Output to the terminal, or to `stack.log` when the stack runs in the background.

use std::fmt::Display;
use std::io::{Write, stderr, stdout};

/// Prints a line. A closed terminal is no reason to stop.
pub fn line(text: impl Display) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// Prints text as it is.
pub fn bytes(text: &[u8]) {
    let mut out = stdout().lock();
    let _ = out.write_all(text);
    let _ = out.flush();
}

/// Prints an error with its causes.
pub fn failure(error: &anyhow::Error) {
    let _ = writeln!(stderr().lock(), "error: {error:#}");
}
