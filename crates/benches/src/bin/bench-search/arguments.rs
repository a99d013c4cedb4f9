//! The command line.

use clap::{Parser, Subcommand, ValueEnum};

/// Measures search latency
#[derive(Parser)]
#[command(name = "bench-search")]
pub struct Arguments {
    /// Measure this part only; may be repeated
    #[arg(long, value_name = "PART")]
    pub only: Vec<Part>,
    /// Number of random searches
    #[arg(long, default_value_t = 2_000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(100..=100_000))]
    pub searches: u32,
    /// Seconds that cached searches, and the bare handler, are measured in each round
    #[arg(long, default_value_t = 4, value_name = "SECONDS", value_parser = clap::value_parser!(u8).range(1..=60))]
    pub seconds: u8,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 5, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=20))]
    pub rounds: u8,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// In this process
    Engine,
    /// Over HTTP
    Http,
    /// One recursive SQL query
    Sql,
    /// Larger timetables
    Growth,
}

#[derive(Subcommand)]
pub enum Command {
    /// The bare handler, in a process of its own
    #[command(hide = true)]
    Bare {
        /// The port on 127.0.0.1
        port: u16,
        /// Size of the body, in bytes
        bytes: usize,
    },
}
