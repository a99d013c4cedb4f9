//! The three databases that a command works on.

use local_servers::service::Service;
use reconcile::Urls;

use crate::local::settings::Settings;
use crate::local::stack::running_database_url;

/// The given URLs of the flights, bookings and payments databases; the running stack's where none is given.
pub async fn given_or_running(
    settings: &Settings,
    given: [&Option<String>; 3],
) -> anyhow::Result<Urls> {
    let [flights, bookings, payments] = given;
    let url = async |given: &Option<String>, service: Service| match given {
        Some(url) => Ok(url.clone()),
        None => running_database_url(settings, service.database()).await,
    };
    Ok(Urls {
        flights: url(flights, Service::Flight).await?,
        bookings: url(bookings, Service::Booking).await?,
        payments: url(payments, Service::Payment).await?,
    })
}
