//! A bare actix-web handler with a body of a given size: the upper bound of any service on actix-web.

use std::path::Path;

use actix_web::rt::System;
use actix_web::{App, HttpServer, web};
use loadgen::http::Target;
use local_servers::ports::free_port;
use test_stack::program::{Program, ProgramLaunch};

/// The bare server, in a process of its own.
pub(super) struct Bare(Program);

impl Bare {
    /// Starts this program again with the arguments `bare PORT BYTES`. Its log goes into the directory.
    pub(super) async fn start(directory: &Path, body_bytes: usize) -> anyhow::Result<Self> {
        let port = free_port()?;
        let launch = ProgramLaunch {
            program: &std::env::current_exe()?,
            arguments: vec!["bare".to_owned(), port.to_string(), body_bytes.to_string()],
            environment: Vec::new(),
            log: &directory.join("bare.log"),
        };
        Ok(Self(Program::start(launch, port, "/").await?))
    }

    pub(super) fn target(&self) -> Target {
        Target::local(self.0.port())
    }

    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        self.0.stop().await
    }
}

/// Serves until interrupted, with as many threads as a service: one per core.
pub(crate) fn serve(port: u16, body_bytes: usize) -> anyhow::Result<()> {
    let body = web::Bytes::from(vec![b'.'; body_bytes]);
    System::new().block_on(async {
        let app = move || {
            let body = body.clone();
            let answer = move || std::future::ready(body.clone());
            App::new().route("/", web::get().to(answer))
        };
        HttpServer::new(app).bind(("127.0.0.1", port))?.run().await
    })?;
    Ok(())
}
