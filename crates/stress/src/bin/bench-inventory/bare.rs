//! A handler that does nothing: what actix-web itself does in a second.

use std::path::Path;

use actix_web::rt::System;
use actix_web::{App, HttpServer, web};
use stress::http::Target;

use crate::program::Program;

/// The bare server, in a process of its own.
pub struct Bare(Program);

impl Bare {
    /// Starts it: this very program, told to be it.
    pub async fn start(scratch: &Path) -> anyhow::Result<Self> {
        let words = |port: u16| vec!["bare".to_owned(), port.to_string()];
        let program = std::env::current_exe()?;
        let server = Program::start(&program, scratch, words, |_| Vec::new(), "/").await?;
        Ok(Self(server))
    }

    /// Where it listens.
    pub fn target(&self) -> Target {
        self.0.target()
    }

    /// Ends it.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.0.stop().await
    }
}

/// Is the bare server, until it is told to end. As many threads as a service has: one a core.
pub fn serve(port: u16) -> anyhow::Result<()> {
    let hello = || async { "hello" };
    System::new().block_on(async {
        let app = move || App::new().route("/", web::get().to(hello));
        HttpServer::new(app).bind(("127.0.0.1", port))?.run().await
    })?;
    Ok(())
}
