//! The flights under load: none of them sells out.

use std::fmt::Write as _;

use benches::inventory::{CAPACITY, enlarge};
use domain::PoolId;
use local_servers::database::connect;
use local_servers::service::Service;
use test_stack::service_stack::ServiceStack;

/// The flights' local departure date.
pub const DATE: &str = "2030-01-15";

const AIRPORTS: &str = "\
iata,name,city,country,latitude,longitude,timezone
DEL,Indira Gandhi International,Delhi,India,28.5665,77.1031,Asia/Kolkata
BOM,Chhatrapati Shivaji Maharaj International,Mumbai,India,19.0887,72.8679,Asia/Kolkata
";

/// Flights of the spread load; one more is the hot one.
const SPREAD_FLIGHTS: usize = 200;

/// Seats that are added to each flight's 1,000, so that no run sells it out. Together the spread flights get as
/// many as the hot one.
const SPREAD_SEATS: i32 = CAPACITY / 200;

/// Flight ids.
#[derive(Clone, Debug)]
pub struct Flights {
    pub spread: Vec<i64>,
    pub hot: i64,
}

/// Has flight-service import the flights, and raises their capacities.
pub async fn load(servers: &mut ServiceStack) -> anyhow::Result<Flights> {
    let directory = servers.directory().join("schedule");
    std::fs::create_dir(&directory)?;
    std::fs::write(directory.join("airports.csv"), AIRPORTS)?;
    std::fs::write(directory.join("flights.csv"), flights()?)?;
    servers.import(&directory, &[]).await?;

    let database_url = servers.database_url(Service::Flight);
    let client = connect(&database_url).await?;
    let rows = client.query("SELECT id FROM flights ORDER BY id", &[]);
    let mut spread = Vec::with_capacity(SPREAD_FLIGHTS);
    for row in rows.await? {
        spread.push(row.try_get(0)?);
    }
    let hot = spread
        .pop()
        .ok_or_else(|| anyhow::anyhow!("no flights were loaded"))?;
    let pools: Vec<PoolId> = spread.iter().copied().map(PoolId).collect();
    enlarge(&database_url, &pools, SPREAD_SEATS).await?;
    enlarge(&database_url, &[PoolId(hot)], CAPACITY).await?;
    Ok(Flights { spread, hot })
}

fn flights() -> anyhow::Result<String> {
    let mut rows = String::from(
        "flight_number,origin,destination,departure,arrival,total_seats,already_booked,price\n",
    );
    for number in 1..=SPREAD_FLIGHTS + 1 {
        writeln!(
            rows,
            "HF{number},DEL,BOM,{DATE}T06:00:00Z,{DATE}T08:00:00Z,1000,0,100.00"
        )?;
    }
    Ok(rows)
}
