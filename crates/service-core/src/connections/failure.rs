//! Which errors of PostgreSQL pass.

use std::error::Error as _;
use std::io;

/// Classes of SQLSTATE that pass: 08 connection, 40 transaction rollback, 53 resources, 57 operator
/// intervention, 58 the server's system.
const PASSING_CLASSES: [&str; 5] = ["08", "40", "53", "57", "58"];

/// Single states that pass: a lock that is not free; a server that only reads, as one that was a primary
/// until a failover; a transaction that was idle for too long; and a statement that came after one that
/// failed, whose error says why and was overtaken.
const PASSING: [&str; 4] = ["55P03", READ_ONLY, "25P03", "25P02"];

/// The server only reads.
const READ_ONLY: &str = "25006";

/// States after which nothing more comes of a connection: the server only reads, or is going down.
const ENDING: [&str; 5] = [READ_ONLY, "25P03", "57P01", "57P02", "57P03"];

/// Whether the same statement may succeed when it is tried again soon, on another connection: the server is
/// away, starting, stopping, full or only reads, or the statement met a lock, a deadlock or its time limit.
#[must_use]
pub fn is_transient(error: &tokio_postgres::Error) -> bool {
    let Some(state) = error.code() else {
        // No state: the error did not come from the server. The connection is at fault then, unless a value
        // could not be converted.
        return match error.source() {
            Some(cause) => cause.is::<io::Error>(),
            None => true,
        };
    };
    let state = state.code();
    let class = state.get(..2).unwrap_or_default();
    PASSING_CLASSES.contains(&class) || PASSING.contains(&state)
}

/// Whether a connection is of no use after an error of this state.
pub(crate) fn ends_connection(state: &str) -> bool {
    ENDING.contains(&state)
}
