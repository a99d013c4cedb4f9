//! The real week of US flights, shifted into a summer: local times of departure stay.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;

use flate2::read::GzDecoder;
use jiff::{Timestamp, ToSpan as _};

use crate::import::{count, import};
use crate::support::{data, empty_database};
use local_servers::database::connect;

/// Every so many rows are compared; a prime, so that all carriers and times of day are among them.
const EACH: usize = 499;

/// From Monday 5 March 2001 to Monday 1 July 2024.
const WEEKS: i64 = 1217;

#[tokio::test]
async fn the_week_keeps_its_local_times() -> anyhow::Result<()> {
    let database = empty_database().await?;
    import(&database, &data("us-week"), |options| {
        // Daylight saving time, unlike the week of March 2001.
        options.starting = Some(jiff::civil::date(2024, 7, 1));
    })
    .await?;
    assert_eq!(count(&database, "flights").await?, 112_987);
    assert_eq!(count(&database, "pools").await?, 112_987);
    assert_eq!(count(&database, "ledger").await?, 112_987);
    assert_eq!(count(&database, "airports").await?, 224);

    let sql = connect(database.url()).await?;
    let zones = sql
        .query("SELECT code, time_zone FROM airports", &[])
        .await?;
    let zones: HashMap<String, String> = zones.iter().map(|row| (row.get(0), row.get(1))).collect();
    let query = sql
        .prepare(
            "SELECT count(*) FROM flights WHERE flight_number = $1 AND source = $2 \
             AND destination = $3 AND departs_at = $4 AND arrives_at = $5",
        )
        .await?;
    let mut file = String::new();
    GzDecoder::new(File::open(data("us-week").join("flights.csv.gz"))?)
        .read_to_string(&mut file)?;
    let mut compared = 0;
    for row in file.lines().skip(1).step_by(EACH) {
        let columns: Vec<&str> = row.split(',').collect();
        let (departs, arrives): (Timestamp, Timestamp) = (columns[3].parse()?, columns[4].parse()?);
        let local = departs.in_tz(&zones[columns[1]])?;
        let departs_now = (local.datetime() + WEEKS.weeks()).in_tz(&zones[columns[1]])?;
        assert_eq!(departs_now.time(), local.time(), "{row}");
        assert_eq!(departs_now.weekday(), local.weekday(), "{row}");
        let departs_now = departs_now.timestamp();
        let arrives_now = departs_now + departs.duration_until(arrives);
        let found = sql
            .query_one(
                &query,
                &[
                    &columns[0],
                    &columns[1],
                    &columns[2],
                    &departs_now,
                    &arrives_now,
                ],
            )
            .await?;
        assert_eq!(found.try_get::<_, i64>(0)?, 1, "{row}");
        compared += 1;
    }
    assert_eq!(compared, 112_987_usize.div_ceil(EACH));
    Ok(())
}
