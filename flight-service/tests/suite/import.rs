//! Imports, as `flight-service import` makes them.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use flight_service::import::{self, ImportOptions};
use test_stack::{TestDatabase, wait_until};

use crate::demo::numbers;
use crate::support::{
    ScheduleDirectory, TestService, data, empty_database, import_options, settings,
};
use local_servers::database::connect;
use test_stack::caller::SOON;

/// Imports a directory into a database.
pub async fn import(
    database: &TestDatabase,
    directory: &Path,
    change: impl FnOnce(&mut ImportOptions),
) -> anyhow::Result<()> {
    let mut options = import_options(directory);
    change(&mut options);
    import::run(&settings(database.url())?, &options).await
}

/// Number of rows of a table.
pub async fn count(database: &TestDatabase, table: &str) -> anyhow::Result<i64> {
    let sql = connect(database.url()).await?;
    let query = format!("SELECT count(*) FROM {table}");
    Ok(sql.query_one(&query, &[]).await?.try_get(0)?)
}

#[tokio::test]
async fn a_timetable_flies_on_each_of_its_dates_once() -> anyhow::Result<()> {
    let database = empty_database().await?;
    import(&database, &data("demo"), |options| {
        options.on = vec![
            jiff::civil::date(2024, 2, 15),
            jiff::civil::date(2024, 3, 2),
        ];
        options.from = Some(jiff::civil::date(2024, 2, 28));
        options.days = Some(4);
    })
    .await?;
    let sql = connect(database.url()).await?;
    let days = sql
        .query(
            "SELECT (departs_at AT TIME ZONE 'Asia/Kolkata')::date::text, count(*) FROM flights \
             GROUP BY 1 ORDER BY 1",
            &[],
        )
        .await?;
    let days: Vec<(String, i64)> = days.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [
        "2024-02-15",
        "2024-02-28",
        "2024-02-29",
        "2024-03-01",
        "2024-03-02",
    ];
    assert_eq!(days, expected.map(|day| (day.to_owned(), 17)));
    Ok(())
}

#[tokio::test]
async fn once_means_once() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let day = jiff::civil::date(2024, 2, 15);
    for _ in 0..2 {
        import(&database, &data("demo"), |options| {
            options.once = true;
            options.on = vec![day];
        })
        .await?;
        assert_eq!(count(&database, "flights").await?, 17);
    }
    // Concurrently: one imports, the other finds that it is done.
    let database = empty_database().await?;
    let once = || {
        import(&database, Path::new("../data/demo/."), |options| {
            options.once = true;
            options.on = vec![day];
        })
    };
    let (one, other) = tokio::join!(once(), once());
    one.and(other)?;
    assert_eq!(count(&database, "flights").await?, 17);
    Ok(())
}

#[tokio::test]
async fn files_may_be_packed() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&std::fs::read(data("demo").join("flights.csv"))?)?;
    let schedule = ScheduleDirectory::new(&database)?.file("flights.csv.gz", packer.finish()?)?;
    import(&database, schedule.path(), |options| {
        options.on = vec![jiff::civil::date(2024, 2, 15)];
    })
    .await?;
    assert_eq!(count(&database, "flights").await?, 17);
    assert_eq!(count(&database, "pools").await?, 17);
    assert_eq!(count(&database, "airports").await?, 7);
    Ok(())
}

#[tokio::test]
async fn a_running_service_sees_a_new_schedule() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let rows = "XX1,GOI,DEL,2024-02-15T04:00:00Z,2024-02-15T08:00:00Z,50,100.00";
    let schedule = ScheduleDirectory::new(&service.database)?.dated(rows)?;
    import(&service.database, schedule.path(), |_| {}).await?;
    let query = "source=GOI&destination=DEL&date=2024-02-15&seats=1";
    wait_until("the new flight is found", SOON, async || {
        let answer = service.caller.search(query).await;
        answer.is_ok_and(|answer| numbers(&answer) == ["XX1"])
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_new_flight_is_sold_before_search_knows_it() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let rows = "XX1,GOI,DEL,2024-02-15T04:00:00Z,2024-02-15T08:00:00Z,50,100.00";
    let schedule = ScheduleDirectory::new(&service.database)?.dated(rows)?;
    import(&service.database, schedule.path(), |_| {}).await?;
    let taken = service
        .caller
        .decrement(&crate::support::seats_of(18, 50))
        .await?;
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert_eq!(taken.body["available_seats"], 0);
    Ok(())
}

#[tokio::test]
async fn a_flight_may_arrive_on_the_next_day() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let schedule = ScheduleDirectory::new(&database)?.file(
        "flights.csv",
        "flight_number,origin,destination,departs_local,arrives_local,total_seats,price\n\
         XX1,DEL,BOM,23:30,01:45,10,100\n",
    )?;
    import(&database, schedule.path(), |options| {
        options.on = vec![jiff::civil::date(2024, 2, 28)];
    })
    .await?;
    let sql = connect(database.url()).await?;
    let minutes = "SELECT (extract(epoch FROM arrives_at - departs_at) / 60)::int FROM flights";
    let row = sql.query_one(minutes, &[]).await?;
    assert_eq!(row.try_get::<_, i32>(0)?, 135);
    Ok(())
}

const HEADER: &str = "flight_number,origin,destination,departure,arrival,total_seats,price";
const ROW: &str = "XX1,DEL,BOM,2030-02-15T04:00:00Z,2030-02-15T06:00:00Z,10,100";
const OTHER_ROW: &str = "XX2,DEL,BOM,2030-02-15T05:00:00Z,2030-02-15T07:00:00Z,10,100";

fn packed(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text.as_bytes())?;
    Ok(packer.finish()?)
}

#[tokio::test]
async fn every_member_of_a_packed_file_is_read() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let members = [
        packed(&format!("{HEADER}\n{ROW}\n"))?,
        packed(&format!("{OTHER_ROW}\n"))?,
    ];
    let schedule = ScheduleDirectory::new(&database)?.file("flights.csv.gz", members.concat())?;
    import(&database, schedule.path(), |_| {}).await?;
    assert_eq!(count(&database, "flights").await?, 2);
    Ok(())
}

#[tokio::test]
async fn files_are_as_spreadsheets_write_them() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let header = HEADER.to_uppercase();
    let text = format!("\u{feff}{header},Currency, ,\r\n{ROW},INR,,\r\n,,,,,,,,\r\n\r\n");
    let schedule = ScheduleDirectory::new(&database)?.file("flights.csv", text)?;
    import(&database, schedule.path(), |_| {}).await?;
    let sql = connect(database.url()).await?;
    let row = sql.query_one("SELECT currency FROM flights", &[]).await?;
    assert_eq!(row.try_get::<_, String>(0)?, "INR");
    Ok(())
}

#[tokio::test]
async fn a_flight_over_the_date_line_arrives_the_day_before() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let schedule = ScheduleDirectory::new(&database)?
        .file(
            "airports.csv",
            "iata,name,city,country,latitude,longitude,timezone\n\
             APW,Faleolo,Apia,Samoa,-13.83,-172.0,Pacific/Apia\n\
             PPG,Pago Pago,Pago Pago,American Samoa,-14.33,-170.71,Pacific/Pago_Pago\n",
        )?
        .file(
            "flights.csv",
            "flight_number,origin,destination,departs_local,arrives_local,total_seats,price\n\
             OL1,APW,PPG,12:00,12:35,10,100\n\
             OL2,APW,PPG,13:00,13:35-1,10,100\n",
        )?;
    import(&database, schedule.path(), |options| {
        options.on = vec![jiff::civil::date(2030, 6, 10)];
    })
    .await?;
    let sql = connect(database.url()).await?;
    let minutes = "SELECT (extract(epoch FROM arrives_at - departs_at) / 60)::int FROM flights";
    for row in sql.query(minutes, &[]).await? {
        assert_eq!(row.try_get::<_, i32>(0)?, 35);
    }
    Ok(())
}

#[tokio::test]
async fn a_dated_time_is_the_moment_that_it_is() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let schedule = ScheduleDirectory::new(&database)?
        .file(
            "airports.csv",
            "iata,name,city,country,latitude,longitude,timezone\n\
             JFK,a,b,c,40.6,-73.8,America/New_York\nBOS,a,b,c,42.4,-71.0,America/New_York\n",
        )?
        // The second 01:30 of the night in which clocks go back.
        .dated("XX1,JFK,BOS,2030-11-03T01:30:00-05:00,2030-11-03T02:30:00-05:00,10,100")?;
    import(&database, schedule.path(), |_| {}).await?;
    let sql = connect(database.url()).await?;
    let row = sql.query_one("SELECT departs_at FROM flights", &[]).await?;
    let departs_at: jiff::Timestamp = row.try_get(0)?;
    assert_eq!(departs_at.to_string(), "2030-11-03T06:30:00Z");
    Ok(())
}

#[tokio::test]
async fn airports_move_only_when_asked_to() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let schedule = ScheduleDirectory::new(&database)?.dated(ROW)?;
    import(&database, schedule.path(), |_| {}).await?;
    let airports = std::fs::read_to_string(data("demo").join("airports.csv"))?;
    // Another name is not another place.
    let renamed = airports.replace("Indira Gandhi International", "Palam");
    let schedule = schedule.file("airports.csv", renamed)?.dated(OTHER_ROW)?;
    let sql = connect(database.url()).await?;
    import(&database, schedule.path(), |_| {}).await?;
    let moved = airports.replace("Asia/Kolkata", "Asia/Dubai");
    let row = "XX3,DEL,BOM,2030-02-15T05:00:00Z,2030-02-15T07:00:00Z,10,100";
    let schedule = schedule.file("airports.csv", moved)?.dated(row)?;
    let refused = import(&database, schedule.path(), |_| {}).await;
    let said = refused.err().map(|error| error.to_string());
    let said = said.unwrap_or_default();
    assert!(said.contains("other places or time zones"), "{said}");
    assert!(
        said.contains("DEL") && said.contains("--replace-airports"),
        "{said}"
    );
    assert_eq!(count(&database, "flights").await?, 2);
    let zones = "SELECT count(*) FROM airports WHERE time_zone = 'Asia/Dubai'";
    let count: i64 = sql.query_one(zones, &[]).await?.try_get(0)?;
    assert_eq!(count, 0);
    import(&database, schedule.path(), |options| {
        options.replace_airports = true;
    })
    .await?;
    let count: i64 = sql.query_one(zones, &[]).await?.try_get(0)?;
    assert!(count > 0);
    Ok(())
}
