//! Points at which a test has the process killed. Without the feature `enabled` they are nothing.

/// The process dies here, at once and without clean-up, if `HOLDFAST_CRASH_AT` names this point and
/// it was reached as often as the number after the name says: `commit.after:3`.
#[cfg(feature = "enabled")]
pub fn point(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static CRASH_AT: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let text = std::env::var("HOLDFAST_CRASH_AT").ok()?;
        let (name, times) = text.split_once(':')?;
        Some((name.to_owned(), times.parse().ok()?))
    });
    static REACHED: AtomicU32 = AtomicU32::new(0);

    if let Some((at, times)) = &*CRASH_AT
        && at == name
        && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == *times
    {
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).ok();
    }
}

/// Nothing.
#[cfg(not(feature = "enabled"))]
#[inline(always)]
pub fn point(_name: &str) {}
