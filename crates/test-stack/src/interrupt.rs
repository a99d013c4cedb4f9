//! Work that a signal interrupts.

use anyhow::bail;
use local_servers::signals::Signals;

/// Runs the work until SIGINT, SIGTERM or SIGHUP, which drops it: whatever it started ends with it.
pub async fn unless_interrupted<T>(
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        finished = work => finished,
        signal = signals.next() => bail!("interrupted by {signal}"),
    }
}
