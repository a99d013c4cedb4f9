//! What the services' OpenAPI documents share: the calls for those who run them, and refusals.

use utoipa::openapi::path::{HttpMethod, OperationBuilder};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, Response, ResponseBuilder};

use crate::problem::MEDIA_TYPE;

/// Adds `/health`, `/ready`, `/metrics`, `/openapi.json` and `/docs/` to a document.
pub fn add_operations(document: &mut OpenApi) {
    let unavailable = problem_response("Something that it needs is down, which `detail` names");
    for (path, id, summary, answer, refusal) in [
        (
            "/health",
            "health",
            "Does the process live?",
            "It lives",
            None,
        ),
        (
            "/ready",
            "ready",
            "Can it work?",
            "It can; `degraded` names what works less well",
            Some(("503", unavailable)),
        ),
        (
            "/metrics",
            "metrics",
            "Metrics in Prometheus text",
            "The metrics",
            None,
        ),
        (
            "/openapi.json",
            "openapi",
            "This document",
            "The document",
            None,
        ),
        ("/docs/", "docs", "A page to read it", "The page", None),
    ] {
        let operation = OperationBuilder::new()
            .tag("operations")
            .operation_id(Some(id))
            .summary(Some(summary))
            .response("200", ResponseBuilder::new().description(answer));
        let operation = match refusal {
            Some((status, refusal)) => operation.response(status, refusal),
            None => operation,
        };
        let item = PathItem::new(HttpMethod::Get, operation.build());
        document.paths.paths.insert(path.to_owned(), item);
    }
}

/// An answer that is a problem. The document has to list the schema `ProblemBody`.
#[must_use]
pub fn problem_response(description: &str) -> Response {
    let schema = Ref::from_schema_name("ProblemBody");
    ResponseBuilder::new()
        .description(description)
        .content(
            MEDIA_TYPE,
            ContentBuilder::new().schema(Some(schema)).build(),
        )
        .build()
}

/// Declares sets of refusals by status, to be listed among a call's responses.
#[macro_export]
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $description:literal,)* })*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl ::utoipa::IntoResponses for $name {
            fn responses() -> ::std::collections::BTreeMap<
                String,
                ::utoipa::openapi::RefOr<::utoipa::openapi::Response>,
            > {
                [$(($status, $description)),*]
                    .into_iter()
                    .map(|(status, text)| {
                        (status.to_owned(), $crate::openapi::problem_response(text).into())
                    })
                    .collect()
            }
        }
    )*};
}
