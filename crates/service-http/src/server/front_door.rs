//! The acceptor: connections are admitted, then served as HTTP/1.
//!
//! actix-web's own acceptor lacks the limits of [`super::connections`], and does not hand out its streams.

use std::fmt;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::body::MessageBody;
use actix_http::{HttpService, Request};
use actix_server::ServerBuilder;
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::Error;
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::rt::net::TcpStream;

use super::connection::Connection;
use super::connections::ConnectionAdmission;

/// Time limit for a client to close its side after a closing answer.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Acceptor {
    pub(super) admission_limits: ConnectionAdmission,
    pub(super) header_read_timeout: Duration,
    pub(super) keep_alive: Duration,
}

/// Serves an application on a listener.
pub(super) fn open<F, I, S, B>(
    server: ServerBuilder,
    name: &str,
    listener: TcpListener,
    door: Acceptor,
    app: F,
) -> anyhow::Result<ServerBuilder>
where
    F: Fn() -> I + Clone + Send + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>
        + 'static,
    S::InitError: fmt::Debug,
    B: MessageBody + 'static,
{
    let shutdown = server.graceful_shutdown_signal();
    let server = server.listen(name, listener, move || {
        let shutdown = shutdown.clone();
        let service = HttpService::build()
            .graceful_shutdown_signal(move || {
                let shutdown = shutdown.clone();
                async move { shutdown.notified().await }
            })
            .keep_alive(door.keep_alive)
            .client_request_timeout(door.header_read_timeout)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .on_connect_ext(|connection: &Connection, with_requests| {
                with_requests.insert(connection.state());
            });
        let app = app().into_factory().map_err(|error| error.error_response());
        let service = service.finish(map_config(app, |()| AppConfig::default()));
        let admission_limits = door.admission_limits.clone();
        fn_service(move |stream: TcpStream| std::future::ready(admission_limits.admit(stream)))
            .and_then(service)
    })?;
    Ok(server)
}
