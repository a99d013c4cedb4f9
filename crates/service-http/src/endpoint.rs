//! The table of a service's endpoints. [`endpoints!`](crate::endpoints) takes a handler and its access rule;
//! path and method come from the handler's `#[utoipa::path]`. From the table follow the guarded routes, 405
//! with `Allow` for other methods, and the OpenAPI document.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{Resource, Route};
use anyhow::ensure;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};

use crate::Problem;
use crate::auth::access::Rule;
use crate::auth::guard::{GuardedPath, guard};

/// A table of endpoints: each handler, described by `#[utoipa::path]`, with its [`Rule`].
///
/// Fixed paths are matched first, so that a parameter can't capture them. Paths with parameters, which are
/// matched by regular expressions, keep the order of the table.
#[macro_export]
macro_rules! endpoints {
    ($($($handler:ident)::+ => $rule:expr,)*) => {
        ::std::vec![$($crate::endpoint::Endpoint::new(
            {
                #[derive(::utoipa::OpenApi)]
                #[openapi(paths($($handler)::+))]
                struct OpenApiIndex;
                <OpenApiIndex as ::utoipa::OpenApi>::openapi()
            },
            |method| ::actix_web::web::method(method).to($($handler)::+),
            $rule,
        ),)*]
    };
}

/// One endpoint: method, path, handler and rule.
pub struct Endpoint {
    method: Method,
    path: String,
    route: fn(Method) -> Route,
    /// A document with this operation alone.
    pub(crate) description: OpenApi,
    pub(crate) rule: Rule,
}

impl Endpoint {
    #[must_use]
    pub fn new(mut description: OpenApi, route: fn(Method) -> Route, rule: Rule) -> Self {
        let mut calls = description.paths.paths.iter_mut().flat_map(|(path, item)| {
            operations_of(item).map(move |(method, _)| (path.clone(), method))
        });
        let (path, method) = calls.next().unwrap_or_default();
        drop(calls);
        Self {
            method: method.parse().unwrap_or_default(),
            path,
            route,
            description,
            rule,
        }
    }

    fn has_parameters(&self) -> bool {
        self.path.contains('{')
    }
}

#[derive(Clone)]
pub struct Endpoints(Arc<[Endpoint]>);

impl Endpoints {
    /// # Errors
    /// Staff could change something without an audit entry.
    pub fn new(mut endpoints: Vec<Endpoint>) -> anyhow::Result<Self> {
        for Endpoint {
            method, path, rule, ..
        } in &endpoints
        {
            ensure!(
                !rule.is_unrecorded_change(method),
                "{method} {path} lets staff change something, and its rule does not say under which name it is recorded"
            );
        }
        endpoints.sort_by_key(Endpoint::has_parameters);
        Ok(Self(endpoints.into()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.iter()
    }

    pub fn configure(&self, config: &mut ServiceConfig) {
        let mut paths: Vec<&str> = Vec::new();
        for Endpoint { path, .. } in self.iter() {
            if paths.contains(&path.as_str()) {
                continue;
            }
            paths.push(path);
            let calls = self.iter().filter(|endpoint| endpoint.path == *path);
            let calls = calls.map(
                |Endpoint {
                     method,
                     rule,
                     route,
                     ..
                 }| { (method.clone(), *rule, route(method.clone())) },
            );
            config.service(guarded(path, calls.collect::<Vec<_>>()));
        }
    }
}

/// A path with its guarded methods; other methods are answered 405.
pub(crate) fn guarded<C: IntoIterator<Item = (Method, Rule, Route)>>(
    path: &str,
    calls: C,
) -> impl HttpServiceFactory + use<C> {
    let mut rules = Vec::new();
    let mut routes = Vec::new();
    for (method, rule, route) in calls {
        rules.push((method, rule));
        routes.push(route);
    }
    let mut methods: Vec<&str> = rules.iter().map(|(method, _)| method.as_str()).collect();
    methods.sort_unstable();
    let resource = unguarded(path, &methods.join(", "), routes);
    let at = Rc::new(GuardedPath {
        path: path.to_owned(),
        rules,
    });
    resource.wrap(from_fn(
        move |request: ServiceRequest, next: Next<BoxBody>| guard(Rc::clone(&at), request, next),
    ))
}

/// A path without a guard, for handlers that authenticate by themselves; other methods are answered 405.
pub fn unguarded(path: &str, allow: &str, routes: impl IntoIterator<Item = Route>) -> Resource {
    let allow: Rc<str> = allow.into();
    let resource = web::resource(path).default_service(web::to(move || {
        let problem = Problem::method_not_allowed(&allow);
        async move { problem }
    }));
    routes.into_iter().fold(resource, Resource::route)
}

/// A path's operations with their methods.
pub(crate) fn operations_of(
    item: &mut PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("PATCH", &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::access::{ADMINS, SERVICES, USERS, anyone, only, public};

    #[utoipa::path(get, path = "/x/{id}")]
    async fn read() -> &'static str {
        ""
    }

    #[utoipa::path(patch, path = "/x")]
    async fn change() -> &'static str {
        ""
    }

    #[test]
    fn no_rule_lets_staff_change_something_unrecorded() {
        for (rule, is_sound) in [
            (only(ADMINS), false),
            (only(SERVICES), false),
            (anyone(), false),
            (anyone().read_only(), true),
            (public(), true),
            (only(USERS).recorded("x"), true),
            (only(SERVICES).recorded_of_staff("x"), true),
        ] {
            let endpoints = crate::endpoints! { read => only(ADMINS), change => rule, };
            assert_eq!(Endpoints::new(endpoints).is_ok(), is_sound, "{rule:?}");
        }
    }

    #[test]
    fn paths_and_methods_are_those_of_the_description() {
        let endpoints = crate::endpoints! { read => public(), change => public(), };
        let endpoints = Endpoints::new(endpoints).unwrap();
        let calls = endpoints
            .iter()
            .map(|call| (call.method.as_str(), call.path.as_str()));
        assert_eq!(
            calls.collect::<Vec<_>>(),
            [("PATCH", "/x"), ("GET", "/x/{id}")]
        );
    }
}
