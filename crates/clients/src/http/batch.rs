//! Batches of calls: what waits while a request is under way goes with the next, as commits do (group commit).
//!
//! A lone call goes at once, as a request to its own endpoint. Each call of a batch keeps its own deadline, context and
//! answer. A batch that got no answer leaves the outcome of each of its calls unknown; one that was not received had no
//! effect. A service that does not know the batch's endpoint, because it is of an older version, gets single requests.

mod gate;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use batch_api::{CallBatch, Member, MemberAnswer};
use bytes::BytesMut;
use futures_util::future::join_all;
use reqwest::{Response, StatusCode};
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use self::gate::{Entry, GATHERING, Gate, Waits};
use super::answer::Answer;
use super::failure::{Failure, classify};
use super::transport::Transport;
use super::{CallContext, CallError, Request};

/// How long a service that refused a batch gets single requests: until it was likely replaced by the next version.
const SINGLES_DURATION: Duration = Duration::from_secs(60);

/// Bytes of a member besides its call: deadline, ids and field names.
const MEMBER_BYTES: usize = 256;

/// Sends the calls of one kind to one service. Clones share the queue.
#[derive(Clone, Debug)]
pub(super) struct Batches(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    service: &'static str,
    path: &'static str,
    transport: Transport,
    /// Batches are sent by tasks of their own: they outlive the callers.
    runtime: Handle,
    gate: Mutex<Gate<Waiting>>,
    /// Single requests until then.
    singles_until: Mutex<Option<Instant>>,
}

/// A call that waits for its answer.
#[derive(Debug)]
struct Waiting {
    request: Arc<Request>,
    context: CallContext,
    deadline: Instant,
    answer: oneshot::Sender<Result<Answer, Failure>>,
}

impl Waits for Waiting {
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn bytes(&self) -> usize {
        let call = self.request.batched.as_ref();
        MEMBER_BYTES + call.map_or(0, |call| call.get().len())
    }
}

/// A request under way. Dropped, it lets the next one start.
struct Slot {
    batches: Batches,
    number: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.batches.gate().end(self.number);
        self.batches.start_next();
    }
}

impl Batches {
    /// # Panics
    /// Outside a Tokio runtime.
    pub(super) fn new(service: &'static str, path: &'static str, transport: Transport) -> Self {
        Self(Arc::new(Shared {
            service,
            path,
            transport,
            runtime: Handle::current(),
            gate: Mutex::new(Gate::new()),
            singles_until: Mutex::new(None),
        }))
    }

    /// Makes a call, alone or with others.
    pub(super) async fn call(
        &self,
        request: &Arc<Request>,
        context: &CallContext,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        let shared = &*self.0;
        if self.is_single() {
            return shared.transport.exchange(request, context, timeout).await;
        }
        let now = Instant::now();
        let deadline = now + timeout;
        let (answer, answered) = oneshot::channel();
        let entry = self.gate().enter(now, || Waiting {
            request: Arc::clone(request),
            context: context.clone(),
            deadline,
            answer,
        });
        match entry {
            Entry::Alone(number) => {
                let _slot = self.slot(number);
                shared.transport.exchange(request, context, timeout).await
            }
            Entry::Queued(place) => self.wait(place, deadline, answered).await,
            Entry::Full => Err(Failure::not_sent(CallError::Busy)),
        }
    }

    /// Waits for an answer, and meanwhile for the moment from which a further request may start.
    async fn wait(
        &self,
        place: u64,
        deadline: Instant,
        mut answered: oneshot::Receiver<Result<Answer, Failure>>,
    ) -> Result<Answer, Failure> {
        let is_late = || Instant::now() >= deadline;
        loop {
            self.start_next();
            let until = if self.gate().has(place) {
                deadline.min(Instant::now() + GATHERING)
            } else {
                deadline
            };
            tokio::select! {
                answer = &mut answered => {
                    // The task that would have answered is gone: the process stops.
                    return answer.unwrap_or_else(|lost| Err(Failure::no_answer(lost)));
                }
                () = sleep_until(until.into()) => {}
            }
            if is_late() {
                return Err(match self.gate().withdraw(place) {
                    true => Failure::not_sent(CallError::DeadlinePassed),
                    false => Failure::timeout("the answer did not come in time"),
                });
            }
        }
    }

    /// Starts the next batch, if one waits and may go.
    fn start_next(&self) {
        let next = self.gate().next(Instant::now());
        if let Some((number, batch)) = next {
            let slot = self.slot(number);
            let this = self.clone();
            self.0.runtime.spawn(async move {
                let _slot = slot;
                this.send(batch).await;
            });
        }
    }

    /// Sends calls together and answers each.
    async fn send(&self, batch: Vec<Waiting>) {
        let shared = &*self.0;
        if batch.len() == 1 || self.is_single() {
            return self.send_singly(batch).await;
        }
        metrics::histogram!("client_batch_calls", "service" => shared.service)
            .record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        let now = Instant::now();
        let left = |deadline: Instant| deadline.saturating_duration_since(now);
        let longest = batch.iter().map(|waiting| left(waiting.deadline)).max();
        let members = batch.iter().filter_map(|waiting| {
            let context = &waiting.context;
            Some(Member::<&RawValue> {
                call: waiting.request.batched.as_deref()?,
                timeout_ms: u64::try_from(left(waiting.deadline).as_millis()).ok(),
                request_id: Some(context.request_id.clone()).filter(|id| !id.is_empty()),
                traceparent: context.traceparent.clone(),
            })
        });
        let body = serde_json::to_vec(&CallBatch {
            members: members.collect(),
        });
        // The calls are JSON already, so this can't fail; if it did, they would go by themselves.
        let Ok(body) = body else {
            return self.send_singly(batch).await;
        };
        let timeout = longest.unwrap_or_default();
        match shared.transport.post(shared.path, body, timeout).await {
            Ok(response) => self.answer(batch, response).await,
            Err(error) => fail_of(batch, error),
        }
    }

    async fn answer(&self, batch: Vec<Waiting>, response: Response) {
        match response.status() {
            StatusCode::OK => read(batch, response).await,
            status if refuses_batches(status) => {
                tracing::info!(service = self.0.service, %status, "batch refused; sending single requests");
                let until = Instant::now() + SINGLES_DURATION;
                *lock(&self.0.singles_until) = Some(until);
                self.send_singly(batch).await;
            }
            _ => match Answer::read(response).await {
                Ok(answer) => fail(batch, || match classify(answer.clone()) {
                    Ok(answer) => Failure::not_sent(answer.unexpected()),
                    Err(failure) => failure,
                }),
                Err(error) => fail_of(batch, error),
            },
        }
    }

    /// Sends calls side by side, each to its own endpoint.
    async fn send_singly(&self, batch: Vec<Waiting>) {
        join_all(batch.into_iter().map(async |waiting| {
            let timeout = waiting.deadline.saturating_duration_since(Instant::now());
            let transport = &self.0.transport;
            let answer = transport.exchange(&waiting.request, &waiting.context, timeout);
            waiting.answer.send(answer.await).ok();
        }))
        .await;
    }

    fn is_single(&self) -> bool {
        let until = *lock(&self.0.singles_until);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn slot(&self, number: u64) -> Slot {
        Slot {
            batches: self.clone(),
            number,
        }
    }

    fn gate(&self) -> MutexGuard<'_, Gate<Waiting>> {
        lock(&self.0.gate)
    }
}

/// Whether a batch was refused as a whole, before any of its calls was made, and single requests might not be: an older
/// version answers 404 or 405.
fn refuses_batches(status: StatusCode) -> bool {
    let about_the_caller = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_client_error() && !about_the_caller.contains(&status)
}

/// Answers each line's call as soon as it comes.
async fn read(batch: Vec<Waiting>, mut response: Response) {
    let mut waiting: Vec<_> = batch.into_iter().map(Some).collect();
    let mut unread = BytesMut::new();
    let failed = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => unread.extend_from_slice(&chunk),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            let line = unread.split_to(end + 1);
            let Ok(line) = serde_json::from_slice::<MemberAnswer<'_>>(&line) else {
                continue;
            };
            let place = waiting.get_mut(line.member).and_then(Option::take);
            if let Some(waiting) = place
                && let Some(answer) = Answer::of_member(&line)
            {
                waiting.answer.send(classify(answer)).ok();
            }
        }
    };
    let left: Vec<_> = waiting.into_iter().flatten().collect();
    match failed {
        Some(error) => fail_of(left, error),
        None => fail(left, || Failure::no_answer("the answer ended early")),
    }
}

fn fail_of(batch: Vec<Waiting>, error: reqwest::Error) {
    let error = Arc::new(error);
    fail(batch, || Failure::of(&error));
}

/// Fails the calls that are left. The service failed once, whatever their number.
fn fail(batch: Vec<Waiting>, failure: impl Fn() -> Failure) {
    for (index, waiting) in batch.into_iter().enumerate() {
        let failure = match index {
            0 => failure(),
            _ => failure().without_fault(),
        };
        waiting.answer.send(Err(failure)).ok();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
