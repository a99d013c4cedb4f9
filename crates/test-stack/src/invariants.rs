//! What has to hold at the end of a test, whether or not the test asks.

use crate::background::block_on;

/// Fails the test unless this succeeds: for `Drop` of what a test has started. A test that panics has failed already,
/// and nothing is checked.
///
/// What is checked runs on another runtime than the test's, which stands still meanwhile: it may use nothing that
/// belongs to the test's, such as an HTTP client.
///
/// # Panics
/// When it fails. An error that the test returns at the same time is not shown.
pub fn assert_at_end<F: Future<Output = anyhow::Result<()>>>(check: impl FnOnce() -> F + Send) {
    if std::thread::panicking() {
        return;
    }
    if let Err(error) = block_on(check) {
        #[expect(clippy::panic, reason = "only so can a test fail whose end this is")]
        {
            panic!("at the end of the test: {error:#}");
        }
    }
}
