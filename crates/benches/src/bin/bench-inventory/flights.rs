//! flight-service over HTTP on a small schedule.

use anyhow::ensure;
use benches::inventory::{CAPACITY, enlarge};
use benches::ledger::ledger_proof;
use benches::oversell_check::{check_taken, unclear};
use domain::{HoldId, PoolId};
use loadgen::http::{self, Connection, Request, Target};
use loadgen::load::Plan;
use loadgen::stats::{Outcome, Report};
use local_servers::database::connect;
use local_servers::service::Service;
use test_stack::service_stack::ServiceStack;

const AIRPORTS: &str = "\
iata,name,city,country,latitude,longitude,timezone
DEL,Indira Gandhi International,Delhi,India,28.5665,77.1031,Asia/Kolkata
BOM,Chhatrapati Shivaji Maharaj International,Mumbai,India,19.0887,72.8679,Asia/Kolkata
";
const FLIGHTS: &str = "\
flight_number,origin,destination,departure,arrival,total_seats,already_booked,price
HF1,DEL,BOM,2030-01-15T06:00:00Z,2030-01-15T08:00:00Z,1000,0,100.00
HF2,DEL,BOM,2030-01-15T09:00:00Z,2030-01-15T11:00:00Z,180,180,100.00
";
/// The flights' local departure date.
const DATE: &str = "2030-01-15";
/// Units sold before the load: all of the second flight.
const ALREADY_BOOKED: u64 = 180;

/// A running flight-service, and how many units were granted.
pub struct Flights {
    target: Target,
    hot: i64,
    sold_out: i64,
    /// Size of a refusal.
    pub refusal_bytes: usize,
    granted: u64,
    unclear: u64,
}

impl Flights {
    /// Fills the database and starts the service.
    pub async fn start(servers: &mut ServiceStack) -> anyhow::Result<Self> {
        import_schedule(servers).await?;
        let database_url = servers.database_url(Service::Flight);
        let client = connect(&database_url).await?;
        let id_of = async |number: &str| -> anyhow::Result<i64> {
            let find = "SELECT id FROM flights WHERE flight_number = $1";
            Ok(client.query_one(find, &[&number]).await?.try_get(0)?)
        };
        let (hot, sold_out) = (id_of("HF1").await?, id_of("HF2").await?);
        // Flights of a schedule have at most 1,000 seats: this one must not sell out.
        enlarge(&database_url, &[PoolId(hot)], CAPACITY).await?;

        let port = servers.start(Service::Flight, &[]).await?;
        let mut flights = Self {
            target: Target::local(port),
            hot,
            sold_out,
            refusal_bytes: 0,
            granted: 0,
            unclear: 0,
        };
        for request in [decrement_request(sold_out), hold_request(sold_out)] {
            flights.refusal_bytes = flights.expect_sold_out(&request).await?;
        }
        Ok(flights)
    }

    /// Fails unless the request is refused for the reason to be measured; returns the refusal's size.
    async fn expect_sold_out(&self, request: &Request) -> anyhow::Result<usize> {
        let mut connection = Connection::open(self.target).await?;
        let answer = connection.send(request).await?;
        let bytes = answer.body.len();
        let body: serde_json::Value = serde_json::from_slice(answer.body)?;
        let (status, code) = (answer.status, &body["code"]);
        ensure!(
            status == 409 && code == "sold_out",
            "{} on a sold-out flight is answered {status}, {code}",
            request.path
        );
        Ok(bytes)
    }

    /// Each request holds a seat of the hot flight.
    pub async fn hold(&mut self, plan: Plan) -> anyhow::Result<Report> {
        let flight = self.hot;
        let request = move |_, _| hold_request(flight);
        let report = http::run(plan, self.target, request, http::by_status).await?;
        self.granted += report.tally().total(Outcome::Status(201));
        self.unclear += unclear(&report);
        Ok(report)
    }

    /// Each request decrements the sold-out flight.
    pub async fn decrement_sold_out(&self, plan: Plan) -> anyhow::Result<Report> {
        let flight = self.sold_out;
        let request = move |_, _| decrement_request(flight);
        Ok(http::run(plan, self.target, request, http::by_status).await?)
    }

    /// Each request asks for any seat of the sold-out flight.
    pub async fn hold_sold_out(&self, plan: Plan) -> anyhow::Result<Report> {
        let flight = self.sold_out;
        let request = move |_, _| hold_request(flight);
        Ok(http::run(plan, self.target, request, http::by_status).await?)
    }

    /// Fails unless the ledger balances, and the units held are the units granted.
    pub async fn prove(&self) -> anyhow::Result<String> {
        let proof = ledger_proof(self.target).await?;
        ensure!(
            proof.holds && proof.sold == ALREADY_BOOKED,
            "the ledger's proof says {proof:?}"
        );
        let held = i64::try_from(proof.held)?;
        check_taken("flight-service", held, self.granted, self.unclear)
    }
}

fn hold_request(flight: i64) -> Request {
    let id = HoldId::generate();
    let body =
        format!(r#"{{"id":"{id}","owner":"bench","legs":[{{"flight_id":{flight},"units":1}}]}}"#);
    Request::post_json("/api/holds", body)
}

fn decrement_request(flight: i64) -> Request {
    let body = format!(r#"{{"flight_id":{flight},"seats":1,"date":"{DATE}"}}"#);
    Request::post_json("/api/flights/seats/decrement", body)
}

/// Has the service create its tables and import the schedule.
async fn import_schedule(servers: &mut ServiceStack) -> anyhow::Result<()> {
    let directory = servers.directory().join("schedule");
    std::fs::create_dir(&directory)?;
    std::fs::write(directory.join("airports.csv"), AIRPORTS)?;
    std::fs::write(directory.join("flights.csv"), FLIGHTS)?;
    servers.import(&directory, &[]).await
}
