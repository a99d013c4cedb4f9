use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::*;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
enum Refused {
    #[error("an item is bad")]
    Data,
    #[error("the connection is lost")]
    Lost,
}

impl ItemFault for Refused {
    fn is_item_fault(&self) -> bool {
        *self == Self::Data
    }
}

const BAD: i64 = -1;
const LOSES_CONNECTION: i64 = -2;
const PANICS: i64 = -3;
const LOSES_AN_ANSWER: i64 = -4;

/// A store that waits for a permit per batch, doubles each item, and remembers its batches.
struct Store {
    gate: Semaphore,
    batches: Mutex<Vec<Vec<i64>>>,
}

impl Store {
    /// Writes at once.
    fn open() -> Arc<Self> {
        Self::with_permits(Semaphore::MAX_PERMITS)
    }

    /// Writes only as many batches as it has permits for.
    fn gated() -> Arc<Self> {
        Self::with_permits(0)
    }

    fn with_permits(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            gate: Semaphore::new(permits),
            batches: Mutex::new(Vec::new()),
        })
    }

    fn batches(&self) -> Vec<Vec<i64>> {
        self.batches.lock().unwrap().clone()
    }

    async fn write(self: Arc<Self>, items: Vec<i64>) -> Result<Vec<i64>, Refused> {
        self.batches.lock().unwrap().push(items.clone());
        self.gate.acquire().await.unwrap().forget();
        assert!(!items.contains(&PANICS), "as it was told");
        if items.contains(&LOSES_CONNECTION) {
            return Err(Refused::Lost);
        }
        if items.contains(&BAD) {
            return Err(Refused::Data);
        }
        let mut answers: Vec<i64> = items.iter().map(|item| item * 2).collect();
        if items.contains(&LOSES_AN_ANSWER) {
            answers.pop();
        }
        Ok(answers)
    }
}

type TestBatcher = GroupCommit<i64, i64, Refused>;
type TestAnswer = Result<i64, BatchError<Refused>>;

const LIMITS: Limits = Limits {
    batch: 8,
    queue: 16,
    wait: Duration::from_secs(2),
    linger: Duration::ZERO,
};

fn start(store: &Arc<Store>, limits: Limits) -> TestBatcher {
    let store = Arc::clone(store);
    GroupCommit::start("test", limits, move |items| Arc::clone(&store).write(items))
}

/// Submits an item in a task of its own; the item is queued when this returns.
async fn submit(batcher: &TestBatcher, item: i64) -> tokio::task::JoinHandle<TestAnswer> {
    let batcher = batcher.clone();
    let task = tokio::spawn(async move { batcher.submit(item).await });
    tokio::task::yield_now().await;
    task
}

async fn submit_all(
    batcher: &TestBatcher,
    items: impl IntoIterator<Item = i64>,
) -> Vec<tokio::task::JoinHandle<TestAnswer>> {
    let mut tasks = Vec::new();
    for item in items {
        tasks.push(submit(batcher, item).await);
    }
    tasks
}

async fn answers(tasks: Vec<tokio::task::JoinHandle<TestAnswer>>) -> Vec<Result<i64, String>> {
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap().map_err(|error| error.to_string()));
    }
    answers
}

#[tokio::test]
async fn what_waits_while_a_batch_is_written_is_the_next_batch() {
    let store = Store::gated();
    let batcher = start(&store, LIMITS);
    let tasks = submit_all(&batcher, 1..=12).await;
    assert_eq!(store.batches(), [vec![1]], "a lone item waits for nobody");
    store.gate.add_permits(3);
    let expected: Vec<_> = (1..=12).map(|item| Ok(item * 2)).collect();
    assert_eq!(answers(tasks).await, expected);
    let sizes: Vec<usize> = store.batches().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 8, 3], "no batch is above the limit");
}

#[tokio::test(start_paused = true)]
async fn work_that_nobody_waits_for_lingers_for_more() {
    let store = Store::open();
    let linger = Duration::from_millis(20);
    let batcher = start(&store, Limits { linger, ..LIMITS });
    let first = submit(&batcher, 1).await;
    tokio::time::advance(linger / 2).await;
    let more = submit_all(&batcher, 2..=3).await;
    assert!(store.batches().is_empty());
    tokio::time::advance(linger).await;
    let written = std::iter::once(first).chain(more).collect();
    assert_eq!(answers(written).await, [Ok(2), Ok(4), Ok(6)]);
    assert_eq!(store.batches(), [vec![1, 2, 3]]);
    let late = submit(&batcher, 4).await;
    // Stopping does not wait.
    let stopped_at = tokio::time::Instant::now();
    batcher.stop().await;
    assert_eq!(stopped_at.elapsed(), Duration::ZERO);
    assert_eq!(answers(vec![late]).await, [Ok(8)]);
}

#[tokio::test]
async fn nobody_is_answered_before_the_commit() {
    let store = Store::gated();
    let batcher = start(&store, LIMITS);
    let task = submit(&batcher, 1).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!task.is_finished());
    store.gate.add_permits(1);
    assert_eq!(answers(vec![task]).await, [Ok(2)]);
}

#[tokio::test]
async fn a_bad_item_fails_alone() {
    let store = Store::gated();
    let batcher = start(&store, LIMITS);
    let tasks = submit_all(&batcher, [0, 1, 2, BAD, 4, 5]).await;
    store.gate.add_permits(100);
    let failed = "the write failed".to_owned();
    let expected = [Ok(0), Ok(2), Ok(4), Err(failed), Ok(8), Ok(10)];
    assert_eq!(answers(tasks).await, expected);
    let expected: [&[i64]; 6] = [
        &[0],
        &[1, 2, BAD, 4, 5],
        &[1, 2],
        &[BAD, 4, 5],
        &[BAD],
        &[4, 5],
    ];
    assert_eq!(store.batches(), expected);
}

#[tokio::test]
async fn a_lost_connection_fails_the_whole_batch_and_only_it() {
    let store = Store::gated();
    let batcher = start(&store, LIMITS);
    let tasks = submit_all(&batcher, [0, 1, LOSES_CONNECTION, 3]).await;
    store.gate.add_permits(100);
    let failed = || Err("the write failed".to_owned());
    assert_eq!(answers(tasks).await, [Ok(0), failed(), failed(), failed()]);
    assert_eq!(store.batches().len(), 2, "it is not tried again");
    assert_eq!(batcher.submit(5).await.unwrap(), 10);
}

#[tokio::test]
async fn an_item_that_panics_fails_alone() {
    let store = Store::gated();
    let batcher = start(&store, LIMITS);
    let tasks = submit_all(&batcher, [0, 1, PANICS, 3]).await;
    store.gate.add_permits(100);
    let panicked = Err("the write panicked".to_owned());
    assert_eq!(answers(tasks).await, [Ok(0), Ok(2), panicked, Ok(6)]);
}

#[tokio::test]
async fn a_missing_answer_breaks_one_batch_only() {
    let store = Store::open();
    let batcher = start(&store, LIMITS);
    let broken = batcher.submit(LOSES_AN_ANSWER).await;
    assert!(
        matches!(broken, Err(BatchError::WrongResultCount)),
        "{broken:?}"
    );
    assert_eq!(batcher.submit(1).await.unwrap(), 2);
}

#[tokio::test]
async fn an_item_whose_caller_has_gone_is_not_written() {
    let store = Store::gated();
    let batcher = start(&store, LIMITS);
    let tasks = submit_all(&batcher, [1, 2, 3]).await;
    tasks[1].abort();
    tokio::task::yield_now().await;
    store.gate.add_permits(100);
    assert!(batcher.submit(4).await.is_ok());
    assert_eq!(store.batches()[..2], [vec![1], vec![3, 4]]);
}

#[tokio::test]
async fn a_caller_that_goes_while_its_batch_is_written_holds_nobody_up() {
    let store = Store::gated();
    let batcher = start(&store, LIMITS);
    submit(&batcher, 1).await.abort();
    let next = submit(&batcher, 2).await;
    store.gate.add_permits(100);
    assert_eq!(answers(vec![next]).await, [Ok(4)]);
    assert_eq!(store.batches(), [[1], [2]], "what had begun is written");
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let store = Store::gated();
    let batcher = start(&store, Limits { queue: 2, ..LIMITS });
    let tasks = submit_all(&batcher, [1, 2, 3]).await;
    assert!(matches!(batcher.submit(4).await, Err(BatchError::Busy)));
    store.gate.add_permits(100);
    assert_eq!(answers(tasks).await, [Ok(2), Ok(4), Ok(6)]);
    assert!(!store.batches().concat().contains(&4));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_has_waited_too_long_is_not_written() {
    let store = Store::gated();
    let batcher = start(&store, LIMITS);
    let first = submit(&batcher, 1).await;
    let late = submit(&batcher, 2).await;
    tokio::time::advance(LIMITS.wait + Duration::from_millis(1)).await;
    let in_time = submit(&batcher, 3).await;
    store.gate.add_permits(100);
    let busy = Err("too many writes are waiting".to_owned());
    assert_eq!(
        answers(vec![first, late, in_time]).await,
        [Ok(2), busy, Ok(6)]
    );
    assert_eq!(store.batches(), [[1], [3]]);
}

#[tokio::test]
async fn stopping_writes_what_waits_and_takes_no_more() {
    let store = Store::gated();
    let batcher = start(&store, LIMITS);
    let tasks = submit_all(&batcher, [1, 2, 3]).await;
    let stopping = tokio::spawn({
        let batcher = batcher.clone();
        async move { batcher.stop().await }
    });
    tokio::task::yield_now().await;
    store.gate.add_permits(100);
    stopping.await.unwrap();
    assert!(matches!(batcher.submit(4).await, Err(BatchError::Stopped)));
    assert_eq!(answers(tasks).await, [Ok(2), Ok(4), Ok(6)]);
    batcher.stop().await;
}

#[tokio::test]
async fn once_all_handles_are_dropped_writing_ends() {
    let store = Store::open();
    let batcher = start(&store, LIMITS);
    let tracker = batcher.tracker.clone();
    assert_eq!(batcher.submit(1).await.unwrap(), 2);
    drop(batcher);
    tracker.wait().await;
}
