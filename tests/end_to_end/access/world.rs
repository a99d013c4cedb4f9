//! The three services with auth required, and the visitors' target resources.

use anyhow::Context as _;
use local_servers::service::Service;
use local_servers::temporary_directory::TemporaryDirectory;
use serde_json::{Value, json};
use service_core::settings::{AuthMode, AuthSettings};
use tokens::{Role, Signer};

use super::target::Target;
use super::visitors::Tokens;
use crate::databases::DAY;
use crate::services::{AI101, Services, Settings};
use test_stack::caller::Caller;

/// The customer who owns everything.
pub const OWNER: &str = "7";

/// DEL to BOM with a seat map.
pub const FL123: &str = "FL123";

/// Services that authenticate callers. The tests' own callers are admins.
pub struct World {
    pub services: Services,
    pub tokens: Tokens,
    pub http: reqwest::Client,
    _directory: TemporaryDirectory,
}

fn required(auth: &mut AuthSettings) {
    auth.mode = AuthMode::Required;
}

impl World {
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// With changed settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> anyhow::Result<Self> {
        let key = tokens::sign::new_key()?;
        let signer = Signer::from_pem(key.as_bytes())?;
        let directory = TemporaryDirectory::new("access")?;
        let jwks = directory.path().join("jwks.json");
        std::fs::write(&jwks, signer.public_jwks().context("no public key")?)?;
        let mut services = Services::start_with(|settings| {
            required(&mut settings.flights.auth);
            required(&mut settings.bookings.auth);
            required(&mut settings.payments.auth);
            settings.flights.auth.jwks_file = Some(jwks.clone());
            settings.payments.auth.jwks_file = Some(jwks);
            settings.bookings.auth.signing_key = Some(key.into());
            // A slow answer of Redis would have the service count failures by itself.
            settings.bookings.redis.timeout = test_stack::caller::SOON;
            change(settings);
        })
        .await?;
        let tokens = Tokens { signer };
        let admin = tokens.good("ada", Role::Admin)?;
        // What visitors leave is not looked at.
        services.skip_invariants();
        services.flights = services.flights.bearing(&admin);
        services.bookings = services.bookings.bearing(&admin);
        services.payments = services.payments.bearing(&admin);
        Ok(Self {
            services,
            tokens,
            // The documents' page answers with a redirect.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
            _directory: directory,
        })
    }

    pub fn caller(&self, service: Service) -> &Caller {
        match service {
            Service::Flight => &self.services.flights,
            Service::Booking => &self.services.bookings,
            Service::Payment => &self.services.payments,
        }
    }

    pub fn url(&self, service: Service, path: &str) -> String {
        self.caller(service).url(path)
    }

    /// A customer's caller of booking-service.
    pub fn customer(&self, subject: &str) -> anyhow::Result<Caller> {
        let token = self.tokens.good(subject, Role::Customer)?;
        Ok(self.services.bookings.bearing(&token))
    }

    /// Creates one of each resource that a call can be about.
    pub async fn targets(&self) -> anyhow::Result<Target> {
        let owner = self.customer(OWNER)?;
        let booking = owner
            .book(&json!({"user_id": 7, "flight_id": AI101, "seats": 1, "date": DAY}))
            .await?;
        let order = json!({"userId": OWNER, "seats": ["A1"]});
        let path = format!("/api/flights/{FL123}/orders");
        let order = owner.post(&path, &order).await?;
        let admin = &self.services.bookings;
        let user = json!({"name": "Asha", "email": "asha@example.org"});
        let user = admin.post("/api/v1/users", &user).await?;
        let other = json!({"name": "Ravi", "email": "ravi@example.org"});
        let other = admin.post("/api/v1/users", &other).await?;
        let leaver = json!({"name": "Kiran", "email": "kiran@example.org"});
        let leaver = admin.post("/api/v1/users", &leaver).await?;
        let event = json!({"name": "Gala", "description": "", "date_time": "2040-01-01T20:00:00Z",
            "total_tickets": 100, "ticket_price": 75.5});
        let first = admin.post("/api/v1/events", &event).await?;
        let second = admin.post("/api/v1/events", &event).await?;
        let tickets =
            json!({"user_id": user.body["id"], "event_id": first.body["id"], "quantity": 1});
        let tickets = admin.post("/api/v1/bookings", &tickets).await?;
        let option = json!({"data": {"type": "ticket_options",
            "attributes": {"name": "Standing", "allocation": 100}}});
        let option = admin.make("/ticket_options", &option).await?;
        let purchase = purchase_of(&option, OWNER);
        let purchase = admin.make("/purchases", &purchase).await?;
        let charge = json!({"booking_id": 1, "amount": 100, "user_id": 1, "payment_type": "upi"});
        let charge = self
            .services
            .payments
            .post("/api/payments/simulate/success", &charge)
            .await?;
        let flight = json!({"flight_number": "ZZ1", "source": "DEL", "destination": "BOM",
            "departure_time": "2040-01-01T08:00:00Z", "arrival_time": "2040-01-01T10:00:00Z",
            "total_seats": 10, "price": 100, "currency": "INR"});
        let flight = self.services.flights.post("/api/flights", &flight).await?;
        Ok(Target {
            booking: booking.body["booking_id"].to_string(),
            order: text(&order.body["orderId"])?,
            user: text(&user.body["id"])?,
            other_user: text(&other.body["id"])?,
            leaver: text(&leaver.body["id"])?,
            tickets: text(&tickets.body["id"])?,
            event: text(&first.body["id"])?,
            other_event: text(&second.body["id"])?,
            ticket_option: option,
            purchase,
            charge: text(&charge.body["payment_id"])?,
            flight: flight.body["id"].to_string(),
        })
    }
}

pub fn purchase_of(option: &str, user: &str) -> Value {
    json!({"data": {"type": "purchases", "attributes": {"quantity": 1}, "relationships": {
        "ticket_option": {"data": {"type": "ticket_options", "id": option}},
        "user": {"data": {"type": "users", "id": user}}}}})
}

fn text(value: &Value) -> anyhow::Result<String> {
    let text = value.as_str().map(str::to_owned);
    text.with_context(|| format!("not a text: {value}"))
}
