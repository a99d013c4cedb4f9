//! Which errors of PostgreSQL are transient.

use std::error::Error as _;
use std::io;

/// Transient classes of SQLSTATE: 08 connection, 40 transaction rollback, 53 insufficient resources, 57
/// operator intervention, 58 system error.
const TRANSIENT_CLASSES: [&str; 5] = ["08", "40", "53", "57", "58"];

/// Transient single states: 55P03 lock not available; 25006 read-only server, such as a primary after a
/// failover; 25P03 idle-in-transaction timeout; 25P02 statement in a failed transaction, which may be reported
/// before the error that failed it.
const TRANSIENT: [&str; 4] = ["55P03", READ_ONLY, "25P03", "25P02"];

/// read_only_sql_transaction.
const READ_ONLY: &str = "25006";

/// States that end a connection: the server is read-only or shuts down.
const ENDING: [&str; 5] = [READ_ONLY, "25P03", "57P01", "57P02", "57P03"];

/// Whether the statement may succeed when it is retried soon on another connection: the server is away,
/// starting, stopping, full or read-only, or the statement met a lock, a deadlock or its timeout.
#[must_use]
pub fn is_transient(error: &tokio_postgres::Error) -> bool {
    let Some(state) = error.code() else {
        // No SQLSTATE: the error did not come from the server. The connection failed, or a value could not be
        // converted.
        return match error.source() {
            Some(cause) => cause.is::<io::Error>(),
            None => true,
        };
    };
    let state = state.code();
    let class = state.get(..2).unwrap_or_default();
    TRANSIENT_CLASSES.contains(&class) || TRANSIENT.contains(&state)
}

/// Whether a connection must not be reused after an error of this state.
pub(crate) fn ends_connection(state: &str) -> bool {
    ENDING.contains(&state)
}
