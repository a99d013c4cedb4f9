//! `holdfast reset`: deletes all data and imports the schedules again.

use std::process::ExitCode;

use local_servers::database::{connect, drop_if_exists};
use local_servers::postgres;
use local_servers::service::Service;

use super::run::{take_over, with_signals};
use super::{start, stop};
use crate::local::settings::{POSTGRES_URL, Place, Settings};
use crate::local::state::StateDirectory;
use crate::local::{ports, print};

pub async fn execute(settings: &Settings) -> anyhow::Result<ExitCode> {
    let directory = StateDirectory::make(&settings.state_directory)?;
    let was_running = directory.in_use()?;
    if was_running {
        print::line("stopping the stack, to restart it in the background");
        stop::stop(&directory).await?;
    }
    let lock = take_over(&directory).await?;
    remove_data(settings, &directory).await?;
    if was_running {
        drop(lock);
        return start::execute(settings).await;
    }
    ports::check(settings)?;
    with_signals(settings, &directory, async |stack| {
        stack.load().await?;
        print::line("imported again; stopping the servers");
        Ok(())
    })
    .await
}

async fn remove_data(settings: &Settings, directory: &StateDirectory) -> anyhow::Result<()> {
    match &settings.postgres {
        Place::Private(_) => postgres::remove(&directory.postgres()).await?,
        Place::Existing(url) => {
            let server = connect(url).await?;
            for service in Service::ALL {
                print::line(format_args!(
                    "dropping {} on the server that {POSTGRES_URL} names",
                    service.database()
                ));
                drop_if_exists(&server, service.database()).await?;
            }
        }
    }
    print::line("all data deleted");
    Ok(())
}
