//! Propagates the current request's ids and deadline to the services that are called on its behalf.

use clients::http::CallContext;
use service_http::context;

pub(crate) fn call_context() -> CallContext {
    let request = context::current();
    CallContext {
        request_id: request.request_id,
        traceparent: request.traceparent,
        deadline: request.deadline,
    }
}
