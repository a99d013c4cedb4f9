//! What the services' OpenAPI documents share: operator endpoints and refusals.

use service_core::command_line;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder};

use crate::auth::access::Access;
use crate::endpoint::{Endpoints, operations_of};
use crate::problem::MEDIA_TYPE;

/// The security scheme's name.
const BEARER: &str = "bearer";

/// The whole document of a service: `base` with these endpoints and the common ones. `refusal` makes a
/// refusal's response from the path and a description.
pub fn document(
    mut base: OpenApi,
    endpoints: &Endpoints,
    refusal: impl Fn(&str, &str) -> Response,
) -> OpenApi {
    for endpoint in endpoints.iter() {
        let mut description = endpoint.description.clone();
        for (path, item) in &mut description.paths.paths {
            for (method, operation) in operations_of(item) {
                set_access(operation, endpoint.rule.access, |text| refusal(path, text));
                set_limits(operation, |text| refusal(path, text));
                set_checks(operation, method, |text| refusal(path, text));
            }
        }
        base.merge(description);
    }
    add_operations(&mut base);
    let scheme = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "Not asked for where `auth.mode` is `open`: every caller is an admin then",
        ))
        .build();
    base.components
        .get_or_insert_default()
        .add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    base
}

fn add_operations(document: &mut OpenApi) {
    let unavailable = problem_response("A dependency is down; `detail` names it");
    for (path, id, summary, answer, refusal) in [
        (
            "/health",
            "health",
            "Is the process alive?",
            "It is alive",
            None,
        ),
        (
            "/ready",
            "ready",
            "Is the service ready?",
            "It is ready; `degraded` names what is missing",
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
        (
            "/docs/",
            "docs",
            "The API documentation page",
            "The page",
            None,
        ),
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
        let mut operation = operation.build();
        set_access(&mut operation, Access::Public, problem_response);
        let item = PathItem::new(HttpMethod::Get, operation);
        document.paths.paths.insert(path.to_owned(), item);
    }
}

fn set_access(operation: &mut Operation, access: Access, refusal: impl Fn(&str) -> Response) {
    let nobody = SecurityRequirement::default();
    let bearer = SecurityRequirement::new::<_, [&str; 0], _>(BEARER, []);
    let roles = match access {
        Access::Public => {
            operation.security = Some(Vec::new());
            return;
        }
        Access::Anyone => {
            operation.security = Some(vec![nobody, bearer]);
            return;
        }
        Access::Only(roles) => roles,
    };
    operation.security = Some(vec![bearer]);
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let roles = roles.into_iter().chain(["admin"]);
    let roles = roles.collect::<Vec<_>>().join(", ");
    for (status, text) in [
        (
            "401",
            "`unauthenticated`: no token, or an invalid one".to_owned(),
        ),
        (
            "403",
            format!("`forbidden`: only for {roles}, and for the caller's own resources"),
        ),
    ] {
        let responses = &mut operation.responses.responses;
        match responses.get_mut(status) {
            Some(RefOr::T(known)) => known.description = format!("{text}; {}", known.description),
            _ => {
                responses.insert(status.to_owned(), refusal(&text).into());
            }
        }
    }
}

/// Adds the refusals of unknown parameters and of `If-Match`.
fn set_checks(operation: &mut Operation, method: &str, refusal: impl Fn(&str) -> Response) {
    let unknown = "`invalid_request`: an unknown parameter; `errors` names it";
    let version = "`precondition_failed`: `If-Match` names another version";
    let version = (method != "GET").then_some(("412", version));
    for (status, text) in [("400", unknown)].into_iter().chain(version) {
        let responses = &mut operation.responses.responses;
        let said = responses.entry(status.to_owned());
        said.or_insert_with(|| refusal(text).into());
    }
}

/// Adds the refusals of slow and of too many requests.
fn set_limits(operation: &mut Operation, refusal: impl Fn(&str) -> Response) {
    let late = "`request_timeout`: the body arrived too slowly";
    let rate = "`rate_limited`: too many requests; `Retry-After` says when to retry";
    let shed = "`overloaded`: too many requests at once; retry soon";
    let late = operation.request_body.is_some().then_some(("408", late));
    let responses = &mut operation.responses.responses;
    for (status, text) in late.into_iter().chain([("429", rate), ("503", shed)]) {
        match responses.get_mut(status) {
            Some(RefOr::T(known)) if status == "429" => {
                known.description = format!("{}; {text}", known.description);
            }
            Some(_) => {}
            None => {
                responses.insert(status.to_owned(), refusal(text).into());
            }
        }
    }
}

/// A problem response. The document must list the schema `ProblemBody`.
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

/// Declares sets of refusals by status, for the `responses` of an operation.
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

/// Prints an OpenAPI document as YAML.
///
/// # Errors
/// Standard output is closed.
pub fn print_openapi(document: &OpenApi) -> anyhow::Result<()> {
    command_line::print(&document.to_yaml()?)
}
