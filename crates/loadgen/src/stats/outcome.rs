//! What a request came to.

use std::fmt;

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was answered with this HTTP status.
    Status(u16),
    /// It came to what the client calls by this name.
    Named(&'static str),
    /// The connection failed, or what came was not HTTP: nobody knows what the server did.
    Broken,
    /// There was no answer when the run was over: nobody knows what the server did.
    Unanswered,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Named(name) => name.fmt(f),
            Self::Broken => f.write_str("broken"),
            Self::Unanswered => f.write_str("unanswered"),
        }
    }
}
