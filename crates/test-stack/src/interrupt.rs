//! Work that a signal ends.

use anyhow::bail;
use local_servers::signals::Signals;

/// Does this work, and gives it up at SIGINT, SIGTERM or SIGHUP: what it started ends with it.
///
/// # Errors
/// Those of the work, and when it was interrupted.
pub async fn unless_interrupted<T>(
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        finished = work => finished,
        signal = signals.next() => bail!("interrupted by {signal}"),
    }
}
