//! The state of a connection: open requests, open transaction, silence.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::connections::failure::ends_connection;

/// Messages that the server answers with one ReadyForQuery each: Query, Sync, FunctionCall. COPY FROM STDIN,
/// during which the server ignores a Sync, is not used here.
const ASKING: [u8; 3] = *b"QSF";

/// ReadyForQuery, and its status byte outside a transaction.
const READY: u8 = b'Z';
const NO_TRANSACTION: &[u8] = b"I";

/// ErrorResponse, and its field with the SQLSTATE.
const ERROR: u8 = b'E';
const SQLSTATE: u8 = b'C';

/// Counts requests and answers on one connection.
pub(crate) struct Traffic {
    began: Instant,
    /// ReadyForQuery messages still to come. Authentication counts as one.
    owed: AtomicUsize,
    is_in_transaction: AtomicBool,
    /// Whether a write is blocked because the server reads nothing.
    is_stuck: AtomicBool,
    /// Whether an error made the connection unusable.
    is_unusable: AtomicBool,
    /// Start of the current wait: the server's last byte, or the request. Milliseconds since `began`.
    waiting_since_ms: AtomicU64,
    answered: Notify,
}

impl Traffic {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            owed: AtomicUsize::new(1),
            is_in_transaction: AtomicBool::new(false),
            is_stuck: AtomicBool::new(false),
            is_unusable: AtomicBool::new(false),
            waiting_since_ms: AtomicU64::new(0),
            answered: Notify::new(),
        }
    }

    /// A message was sent to the server.
    pub(crate) fn sent(&self, kind: u8) {
        if ASKING.contains(&kind) && self.owed.fetch_add(1, Ordering::SeqCst) == 0 {
            self.begin_waiting();
        }
    }

    /// Whether the server accepts bytes.
    pub(crate) fn set_stuck(&self, is_stuck: bool) {
        let was_stuck = self.is_stuck.swap(is_stuck, Ordering::SeqCst);
        if is_stuck && !was_stuck && self.owed.load(Ordering::SeqCst) == 0 {
            self.begin_waiting();
        }
    }

    /// Bytes came from the server.
    pub(crate) fn heard(&self) {
        self.begin_waiting();
    }

    /// A complete message came from the server.
    pub(crate) fn received(&self, kind: u8, body: &[u8]) {
        match kind {
            READY => {
                self.is_in_transaction
                    .store(body != NO_TRANSACTION, Ordering::SeqCst);
                let one_less = |owed: usize| owed.checked_sub(1);
                self.owed
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
                    .ok();
                self.answered.notify_waiters();
            }
            ERROR if sqlstate(body).is_some_and(ends_connection) => {
                self.is_unusable.store(true, Ordering::SeqCst);
            }
            _ => {}
        }
    }

    /// Whether the connection can be reused. Waits at most `within` for answers still on their way.
    pub(crate) async fn is_reusable(&self, within: Duration) -> bool {
        let idle = async {
            loop {
                let answered = self.answered.notified();
                if self.is_idle() {
                    return;
                }
                answered.await;
            }
        };
        if self.is_unusable.load(Ordering::SeqCst) {
            return false;
        }
        self.is_idle() || tokio::time::timeout(within, idle).await.is_ok()
    }

    fn is_idle(&self) -> bool {
        self.owed.load(Ordering::SeqCst) == 0 && !self.is_in_transaction.load(Ordering::SeqCst)
    }

    /// How long the server has been silent while it owes an answer or blocks a write; otherwise zero.
    pub(crate) fn silent_for(&self) -> Duration {
        let is_waited_for =
            self.owed.load(Ordering::SeqCst) > 0 || self.is_stuck.load(Ordering::SeqCst);
        if !is_waited_for {
            return Duration::ZERO;
        }
        let since_ms = self.waiting_since_ms.load(Ordering::SeqCst);
        Duration::from_millis(self.now_ms().saturating_sub(since_ms))
    }

    fn begin_waiting(&self) {
        self.waiting_since_ms.store(self.now_ms(), Ordering::SeqCst);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The SQLSTATE in an error's fields. A field is a type byte and a zero-terminated string.
fn sqlstate(body: &[u8]) -> Option<&str> {
    let fields = body.split(|byte| *byte == 0);
    let mut codes = fields.filter_map(|field| field.strip_prefix(&[SQLSTATE]));
    std::str::from_utf8(codes.next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    fn signed_in() -> Traffic {
        let traffic = Traffic::new();
        traffic.received(READY, b"I");
        traffic
    }

    #[tokio::test]
    async fn a_connection_is_reusable_once_all_answers_came() {
        let traffic = Traffic::new();
        assert!(!traffic.is_reusable(SOON).await, "not signed in");
        traffic.received(READY, b"I");
        assert!(traffic.is_reusable(SOON).await);
        traffic.sent(b'P');
        traffic.sent(b'S');
        traffic.sent(b'Q');
        traffic.received(READY, b"I");
        assert!(!traffic.is_reusable(SOON).await, "one is owed");
        traffic.received(READY, b"I");
        assert!(traffic.is_reusable(SOON).await);
    }

    #[tokio::test]
    async fn a_connection_with_an_open_transaction_is_not_reusable() {
        let traffic = signed_in();
        for (status, is_reusable) in [(b"T", false), (b"E", false), (b"I", true)] {
            traffic.sent(b'Q');
            traffic.received(READY, status);
            assert_eq!(traffic.is_reusable(SOON).await, is_reusable);
        }
    }

    #[tokio::test]
    async fn a_connection_to_a_server_that_only_reads_is_spent() {
        for (code, is_reusable) in [("25006", false), ("57P01", false), ("23505", true)] {
            let traffic = signed_in();
            let error = format!("SERROR\0VERROR\0C{code}\0Mno\0\0");
            traffic.received(ERROR, error.as_bytes());
            assert_eq!(traffic.is_reusable(SOON).await, is_reusable, "{code}");
        }
    }

    #[tokio::test]
    async fn silence_counts_only_while_an_answer_is_owed() {
        let traffic = signed_in();
        assert_eq!(traffic.silent_for(), Duration::ZERO);
        traffic.sent(b'Q');
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(traffic.silent_for() >= Duration::from_millis(10));
        traffic.received(READY, b"I");
        assert_eq!(traffic.silent_for(), Duration::ZERO);
        traffic.set_stuck(true);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(traffic.silent_for() >= Duration::from_millis(10));
    }
}
