//! A service's environment: addresses and settings.

use local_servers::ports::free_port;
use local_servers::service::Service;

/// Environment variables of a service: names and values.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

/// A port per service, at which the others call it.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    flight: u16,
    booking: u16,
    payment: u16,
}

impl Ports {
    /// Unused ports.
    pub fn free() -> std::io::Result<Self> {
        Ok(Self {
            flight: free_port()?,
            booking: free_port()?,
            payment: free_port()?,
        })
    }

    pub fn of(self, service: Service) -> u16 {
        match service {
            Service::Flight => self.flight,
            Service::Booking => self.booking,
            Service::Payment => self.payment,
        }
    }

    /// Moves booking-service to another port: for its second replica.
    #[must_use]
    pub fn with_booking(self, booking: u16) -> Self {
        Self { booking, ..self }
    }

    pub fn url(self, service: Service) -> String {
        format!("http://127.0.0.1:{}", self.of(service))
    }
}

/// The variables of a service. The last of several settings with one name wins.
pub fn environment(
    service: Service,
    ports: Ports,
    database_url: &str,
    redis_url: &str,
    settings: &[Settings<'_>],
) -> Vec<(String, String)> {
    let addresses = [
        ("HOLDFAST__HTTP__HOST", "127.0.0.1".to_owned()),
        ("PORT", ports.of(service).to_string()),
        ("DATABASE_URL", database_url.to_owned()),
        ("REDIS_URL", redis_url.to_owned()),
        ("FLIGHT_SERVICE_URL", ports.url(Service::Flight)),
        ("PAYMENT_SERVICE_URL", ports.url(Service::Payment)),
        // The output goes to a file.
        ("NO_COLOR", "1".to_owned()),
    ];
    let settings = settings.iter().copied().flatten();
    let settings = settings.map(|(name, value)| (*name, (*value).to_owned()));
    let variables = addresses.into_iter().chain(settings);
    variables
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
