//! A service as a process: this test program, started again for one test, [`the_service`], which does nothing but
//! in there. That is how the service comes to have points at which it can be killed.

use std::env;
use std::path::Path;

use local_servers::service::Service;
use service_core::telemetry;
use test_stack::program::ProgramLaunch;

/// Which service this process is to be.
const SERVICE: &str = "HOLDFAST_TEST_SERVICE";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service() -> anyhow::Result<()> {
    let Ok(name) = env::var(SERVICE) else {
        return Ok(());
    };
    match Service::ALL
        .into_iter()
        .find(|service| service.name() == name)
    {
        Some(Service::Flight) => {
            let settings = flight_service::settings::Settings::load(None)?;
            telemetry::start_logs(&settings.log)?;
            let service = flight_service::Application::build(&settings).await?;
            service.run().await
        }
        Some(Service::Booking) => {
            let settings = booking_service::settings::Settings::load(None)?;
            telemetry::start_logs(&settings.log)?;
            let service = booking_service::Application::build(&settings).await?;
            service.run().await
        }
        Some(Service::Payment) => {
            let settings = payment_service::settings::Settings::load(None)?;
            telemetry::start_logs(&settings.log)?;
            let service = payment_service::Application::build(&settings).await?;
            service.run().await
        }
        None => anyhow::bail!("{SERVICE} is {name}"),
    }
}

/// How a service is started with this environment.
pub fn launch<'a>(
    program: &'a Path,
    service: Service,
    mut environment: Vec<(String, String)>,
    log: &'a Path,
) -> ProgramLaunch<'a> {
    environment.push((SERVICE.to_owned(), service.name().to_owned()));
    let arguments = ["--exact", "process::the_service", "--nocapture"];
    ProgramLaunch {
        program,
        arguments: arguments.map(str::to_owned).to_vec(),
        environment,
        log,
    }
}
