//! Services as processes: this test binary starts itself again with only the test [`the_service`], which
//! serves there and does nothing otherwise.

use std::env;
use std::path::Path;

use local_servers::child::{Child, Launch, Lifetime, arguments};
use local_servers::logs::last_lines;
use local_servers::ports::free_port;
use local_servers::temporary_directory::unused_path;
use nix::sys::signal::Signal;
use service_core::telemetry;
use test_stack::wait_until;

use crate::SOON;

/// The service that this process serves.
const PART: &str = "HOLDFAST_ABUSE_SERVICE";

/// Log lines quoted in an error.
const QUOTED_LINES: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Flights,
    Payments,
    Bookings,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Flights, Self::Payments, Self::Bookings];
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service() -> anyhow::Result<()> {
    match env::var(PART).as_deref() {
        Ok("Flights") => {
            let settings = flight_service::settings::Settings::load(None)?;
            telemetry::start_logs(&settings.log)?;
            flight_service::Application::build(&settings)
                .await?
                .run()
                .await
        }
        Ok("Bookings") => {
            let settings = booking_service::settings::Settings::load(None)?;
            telemetry::start_logs(&settings.log)?;
            booking_service::Application::build(&settings)
                .await?
                .run()
                .await
        }
        Ok("Payments") => {
            let settings = payment_service::settings::Settings::load(None)?;
            telemetry::start_logs(&settings.log)?;
            payment_service::Application::build(&settings)
                .await?
                .run()
                .await
        }
        _ => Ok(()),
    }
}

/// A running service.
pub struct Service {
    pub part: Part,
    pub port: u16,
    child: Child,
}

impl Service {
    /// Starts a service, and waits until it answers.
    pub async fn start(
        part: Part,
        mut environment: Vec<(String, String)>,
        logs: &Path,
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        environment.push((PART.to_owned(), format!("{part:?}")));
        environment.push(("PORT".to_owned(), port.to_string()));
        let log = logs.join(format!("{part:?}.log"));
        let directory = unused_path(&env::temp_dir(), "abuse-service");
        let launch = Launch {
            program: &env::current_exe()?,
            arguments: arguments(["--exact", "process::the_service", "--nocapture"]),
            environment,
            hidden_environment: &[],
            account: None,
            working_directory: Path::new("/"),
            log: &log,
            last_signal: Signal::SIGKILL,
            lifetime: &Lifetime::Temporary { directory },
        };
        let service = Self {
            part,
            port,
            child: launch.start()?,
        };
        wait_until("the service answers", SOON, async || {
            reqwest::get(service.url("/health")).await.is_ok()
        })
        .await
        .map_err(|error| error.context(last_lines(&log, QUOTED_LINES)))?;
        Ok(service)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn pid(&self) -> i32 {
        self.child.identity().pid
    }

    pub async fn end(mut self) -> anyhow::Result<()> {
        self.child.end(&[]).await?;
        Ok(())
    }
}
