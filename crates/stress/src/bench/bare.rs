//! A handler that does nothing but answer with so many bytes: what actix-web itself does in a second.

use std::path::Path;

use actix_web::rt::System;
use actix_web::{App, HttpServer, web};

use super::program::Program;
use crate::http::Target;

/// The bare server, in a process of its own.
pub struct Bare(Program);

impl Bare {
    /// Starts it: this very program, told to be it by the words `bare PORT BYTES`.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn start(scratch: &Path, body_bytes: usize) -> anyhow::Result<Self> {
        let words = |port: u16| vec!["bare".to_owned(), port.to_string(), body_bytes.to_string()];
        let program = std::env::current_exe()?;
        let server = Program::start(&program, scratch, words, |_| Vec::new(), "/").await?;
        Ok(Self(server))
    }

    /// Where it listens.
    #[must_use]
    pub fn target(&self) -> Target {
        self.0.target()
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.0.stop().await
    }
}

/// Is the bare server, until it is told to end. As many threads as a service has: one a core.
///
/// # Errors
/// When the port can't be had.
pub fn serve(port: u16, body_bytes: usize) -> anyhow::Result<()> {
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
