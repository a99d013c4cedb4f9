//! The clients against a small server that answers, refuses, resets or stays silent as it is told.

mod answers;
mod circuit;
mod deadlines;
mod retries;
mod server;
