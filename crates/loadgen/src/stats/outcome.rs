//! The outcome of a request.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Answered with this HTTP status.
    Status(u16),
    /// Classified by the client under this name.
    Named(&'static str),
    /// The connection failed, or the answer was not HTTP. The request may have taken effect.
    Broken,
    /// No answer by the end of the run. The request may have taken effect.
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
