//! The text shown when everything is ready.

use local_servers::service::Service;

use super::environment::is_set;
use super::services::LOCAL_SETTINGS;
use super::settings::Settings;

/// The addresses, the differences from a deployment, and three commands to paste.
pub fn banner(settings: &Settings) -> String {
    let addresses: Vec<String> = [Service::Flight, Service::Booking, Service::Payment]
        .iter()
        .map(|service| {
            let name = service.name();
            format!("  {name:<16} http://127.0.0.1:{}", settings.port(*service))
        })
        .collect();
    let differences: Vec<&str> = LOCAL_SETTINGS
        .iter()
        .filter(|setting| setting.holds(is_set))
        .map(|setting| setting.meaning)
        .collect();
    let Settings {
        flight_port,
        booking_port,
        ..
    } = settings;
    format!(
        "
Holdfast is ready.

{addresses}

Unlike a deployment:
  - {differences}

Open http://localhost:{booking_port} in a browser, or search, book, look at the booking:

curl 'http://127.0.0.1:{flight_port}/api/flights/search?source=DEL&destination=BOM&date=2024-02-15&seats=2&sort_by=cheapest'
curl -X POST http://127.0.0.1:{booking_port}/api/bookings -H 'content-type: application/json' -d '{{\"user_id\":1,\"flight_id\":1,\"seats\":2,\"date\":\"2024-02-15\"}}'
curl http://127.0.0.1:{booking_port}/api/bookings/1
",
        addresses = addresses.join("\n"),
        differences = differences.join("\n  - "),
    )
}
