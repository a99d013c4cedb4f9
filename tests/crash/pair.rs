//! Two replicas of booking-service with one flight-service and one payment-service, all with default
//! settings, and customers of both replicas.

use futures_util::future::try_join_all;
use local_servers::ports::free_port;
use local_servers::service::Service;
use serde_json::json;
use test_stack::caller::{Answer, Call, Caller};
use test_stack::environment::{Ports, Settings};

use crate::cluster::{self, Cluster, Member, WILLING_PROVIDER};
use crate::databases::{DAY, Databases};
use crate::service::KeptService;

const FLIGHTS: Settings<'static> = &[("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "never")];

/// All customers have one address.
const BOOKINGS: Settings<'static> = &[("HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_ADDRESS", "0")];

/// Flights of the demo with room for hundreds.
const FLIGHT_IDS: [usize; 6] = [1, 3, 8, 9, 12, 13];

pub struct Pair {
    pub one: Caller,
    pub other: Caller,
    pub flights: KeptService,
    pub payments: KeptService,
    pub one_service: KeptService,
    pub cluster: Cluster,
    other_service: KeptService,
}

/// A customer's request, and its replica.
pub struct Customer {
    pub at: Caller,
    pub call: Call,
    /// Event tickets, whose payment is queued; otherwise seats.
    pub wants_tickets: bool,
}

impl Pair {
    /// Starts all services, with a provider that takes this long, and waits until both replicas are ready.
    pub async fn start(databases: Databases, processing_time: &str) -> anyhow::Result<Self> {
        let cluster = Cluster::start("pair", databases).await?;
        let ports = Ports::free()?;
        let other_ports = ports.with_booking(free_port()?);
        let provider: Settings<'_> = &[("HOLDFAST__MOCK__PROCESSING_TIME", processing_time)];
        let payments = [WILLING_PROVIDER, provider];
        let keep = |name, service, ports, settings: &[Settings<'_>]| {
            cluster.keep(Member::new(name, service, ports, settings))
        };
        let pair = Self {
            flights: keep("flights", Service::Flight, ports, &[FLIGHTS]),
            payments: keep("payments", Service::Payment, ports, &payments),
            one_service: keep("one", Service::Booking, ports, &[BOOKINGS]),
            other_service: keep("other", Service::Booking, other_ports, &[BOOKINGS]),
            one: Caller::local(ports.of(Service::Booking))?,
            other: Caller::local(other_ports.of(Service::Booking))?,
            cluster,
        };
        pair.are_ready().await?;
        Ok(pair)
    }

    /// Waits until both replicas are ready and not degraded.
    pub async fn are_ready(&self) -> anyhow::Result<()> {
        cluster::are_ready(&[&self.one, &self.other]).await
    }

    /// An event with tickets for everybody.
    pub async fn event(&self) -> anyhow::Result<String> {
        cluster::make(&self.other, "/api/v1/events", cluster::event(10_000)).await
    }

    /// `count` customers with a unique name, alternating between the replicas: half of them want tickets to
    /// this event, the others seats of several flights.
    pub async fn customers(
        &self,
        name: &str,
        count: usize,
        event: &str,
    ) -> anyhow::Result<Vec<Customer>> {
        let customers = (0..count).map(async |number| {
            let wants_tickets = number % 4 < 2;
            let call = if wants_tickets {
                self.tickets(&format!("{name}-{number}"), event).await?
            } else {
                let flight = FLIGHT_IDS[number % FLIGHT_IDS.len()];
                let seats =
                    json!({"user_id": number + 1, "seats": 1, "date": DAY, "flight_id": flight});
                Call::post("/api/bookings", seats).keyed(format!("{name}-{number}"))
            };
            let at = [&self.one, &self.other][number % 2].clone();
            anyhow::Ok(Customer {
                at,
                call,
                wants_tickets,
            })
        });
        try_join_all(customers).await
    }

    /// The request of a new user for a ticket to this event.
    pub async fn tickets(&self, name: &str, event: &str) -> anyhow::Result<Call> {
        let user = json!({"name": "Ann", "email": format!("{name}@example.org")});
        let user = cluster::make(&self.other, "/api/v1/users", user).await?;
        let tickets = json!({"user_id": user, "event_id": event, "quantity": 1});
        Ok(Call::post("/api/v1/bookings", tickets).keyed(name.to_owned()))
    }

    /// Fails unless the tickets of this answer are paid, as the other replica sees them.
    pub async fn are_paid(&self, answer: &Answer) -> anyhow::Result<()> {
        cluster::is_confirmed(&self.other, &cluster::id_of(answer)?).await
    }

    /// Fails unless everything has come to its end, and adds up.
    pub async fn is_settled(&self) -> anyhow::Result<()> {
        self.cluster.is_settled().await
    }

    /// The ends of the logs.
    pub fn logs(&self) -> String {
        self.cluster.logs(&["flights", "payments", "one", "other"])
    }

    /// Ends the services; their databases stay as long as what is answered.
    pub async fn end(self) -> anyhow::Result<Cluster> {
        let services = [
            self.one_service,
            self.other_service,
            self.payments,
            self.flights,
        ];
        cluster::end_all(services).await?;
        Ok(self.cluster)
    }
}
