//! The clients against a scripted server that answers, refuses, resets or stays silent.

mod answers;
mod batches;
mod circuit;
mod deadlines;
mod retries;
mod server;
