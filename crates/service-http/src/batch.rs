//! Answers batched calls: many calls in one request, as crate `batch-api` describes them.
//!
//! The calls run side by side. Each is treated like a request of its own: it has its deadline, ids, span and concurrency
//! permit; if it is malformed, refused or panics, that is its answer alone. Answers are sent in the order in which the
//! calls end. If the client disconnects, unfinished calls are dropped, as the handler of a single call is.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody as _;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use batch_api::{ANSWER_MEDIA_TYPE, CallBatch, MEMBERS_MAX, Member, MemberAnswer};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use futures_util::{FutureExt as _, TryFutureExt as _};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::context::{self, RequestContext};
use crate::extract::Json;
use crate::middleware::{RequestLimits, log_error};
use crate::parse::{self, Unknown};
use crate::{Problem, deadline, problem};

/// The calls of a batch, each parsed on its own. For calls between services only: unknown fields are ignored.
pub struct Batch<C> {
    members: Vec<Result<Member<C>, Problem>>,
    limits: RequestLimits,
    path: String,
}

impl<C: DeserializeOwned + 'static> FromRequest for Batch<C> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limits = request.app_data::<RequestLimits>().cloned();
        let path = request.path().to_owned();
        let body = Json::<CallBatch<Box<RawValue>>>::from_request(request, payload);
        async move {
            let members = body.await?.body.members;
            if !(1..=MEMBERS_MAX).contains(&members.len()) {
                let detail = format!("must have 1 to {MEMBERS_MAX} calls");
                return Err(Problem::invalid_field("members", detail));
            }
            let members = members.iter();
            let members = members
                .map(|member| parse::json(member.get().as_bytes(), None, Unknown::Ignored))
                .collect();
            let limits =
                limits.ok_or_else(|| Problem::internal("the limits of requests are not there"))?;
            Ok(Self {
                members,
                limits,
                path,
            })
        }
        .boxed_local()
    }
}

impl<C> Batch<C> {
    /// Makes the calls, and answers each as `run` does.
    pub fn answer<F>(self, run: impl Fn(C) -> F) -> HttpResponse
    where
        F: Future<Output = Result<HttpResponse, Problem>> + 'static,
    {
        let Self {
            members,
            limits,
            path,
        } = self;
        let members = members.into_iter().enumerate().map(|(index, member)| {
            let path = path.clone();
            match member {
                Ok(Member {
                    call,
                    timeout_ms,
                    request_id,
                    traceparent,
                }) => {
                    let within = timeout_ms.map_or(limits.time, Duration::from_millis);
                    let within = within.min(limits.time);
                    let context = context_of(path, request_id, traceparent, within);
                    // Boxed here, so that what is around it stays small.
                    let call = run(call).boxed_local();
                    answered(index, context, admitted(call, limits.clone(), within)).boxed_local()
                }
                Err(problem) => {
                    let context = context_of(path, None, None, limits.time);
                    answered(index, context, async { Err(problem) }).boxed_local()
                }
            }
        });
        let members: FuturesUnordered<_> = members.collect();
        let lines = members
            .ready_chunks(MEMBERS_MAX)
            .map(|lines| Ok::<_, Infallible>(Bytes::from(lines.concat())));
        HttpResponse::Ok()
            .content_type(ANSWER_MEDIA_TYPE)
            .streaming(lines)
    }
}

fn context_of(
    path: String,
    request_id: Option<String>,
    traceparent: Option<String>,
    within: Duration,
) -> RequestContext {
    let server_request_id = Uuid::now_v7();
    let request_id = request_id.filter(|id| context::is_request_id(id));
    RequestContext {
        request_id: request_id.unwrap_or_else(|| server_request_id.to_string()),
        server_request_id,
        path,
        traceparent: traceparent.filter(|text| context::is_traceparent(text)),
        deadline: Instant::now().checked_add(within),
    }
}

/// Makes a call under a concurrency permit and within its time.
async fn admitted(
    call: impl Future<Output = Result<HttpResponse, Problem>>,
    limits: RequestLimits,
    within: Duration,
) -> Result<HttpResponse, Problem> {
    let _permit = limits.concurrency.acquire(&context::current().path)?;
    deadline::within(Some(within), call).await?
}

/// Makes a call, and returns its line of the answer.
async fn answered(
    member: usize,
    context: RequestContext,
    call: impl Future<Output = Result<HttpResponse, Problem>>,
) -> Vec<u8> {
    let span = tracing::error_span!("request", request_id = %context.request_id,
        server_request_id = %context.server_request_id, path = %context.path, member);
    let line = async {
        // A panic fails this call only.
        let answer = AssertUnwindSafe(call).catch_unwind();
        let answer = answer.unwrap_or_else(|_| {
            metrics::counter!("panics_caught_total", "at" => "batch").increment(1);
            Err(Problem::internal("a call of a batch panicked"))
        });
        let response = answer.await.unwrap_or_else(HttpResponse::from_error);
        log_error(&response);
        line_of(member, response)
    };
    context::of(context, problem::in_style(None, line))
        .instrument(span)
        .await
}

fn line_of(member: usize, response: HttpResponse) -> Vec<u8> {
    let status = response.status().as_u16();
    let headers = response.headers();
    let media_type = headers.get(CONTENT_TYPE);
    let is_problem = media_type
        .is_some_and(|value| value.as_bytes().starts_with(problem::MEDIA_TYPE.as_bytes()));
    let retry_after = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let body = response.into_body().try_into_bytes().unwrap_or_default();
    let answer = MemberAnswer {
        member,
        status,
        is_problem,
        retry_after,
        body: serde_json::from_slice(&body).unwrap_or(RawValue::NULL),
    };
    let mut line = serde_json::to_vec(&answer).unwrap_or_default();
    line.push(b'\n');
    line
}
