//! Refused imports name file, line and column, and load nothing.

use std::path::Path;

use flight_service::import::ImportOptions;
use test_stack::TestDatabase;

use crate::import::{count, import};
use crate::support::{ScheduleDirectory, data, empty_database};

const DATED: &str =
    "flight_number,origin,destination,departure,arrival,total_seats,price,already_booked,seat_map";

/// The error of importing this directory. Asserts that the database stays empty.
async fn refusal(
    database: &TestDatabase,
    directory: &Path,
    change: impl FnOnce(&mut ImportOptions),
) -> anyhow::Result<String> {
    let Err(error) = import(database, directory, change).await else {
        anyhow::bail!("{} was imported", directory.display());
    };
    for table in ["airports", "flights", "pools", "ledger", "imports"] {
        anyhow::ensure!(count(database, table).await? == 0, "half loaded: {table}");
    }
    Ok(format!("{error:#}"))
}

#[tokio::test]
async fn every_wrong_row_is_named() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let rows = [
        DATED,
        "AI1,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00,,",
        "1,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00,,",
        "AI2,XXX,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00,,",
        "AI3,DEL,DEL,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00,,",
        "AI4,DEL,BOM,yesterday,2024-02-15T06:00:00Z,10,100.00,,",
        "AI5,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T04:00:00Z,10,100.00,,",
        "AI6,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,0,100.00,,",
        "AI7,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,1.005,,",
        "AI8,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,-1,,",
        "AI9,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00,11,",
        "AI10,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00,,\"rows A-B, seats 1-4\"",
        "AI11,DEL,BOM,2024-02-15T04:00:00Z",
        "AI12,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00,,",
    ];
    let schedule = ScheduleDirectory::new(&database)?.file("flights.csv", rows.join("\n"))?;
    let said = refusal(&database, schedule.path(), |_| {}).await?;
    insta::assert_snapshot!(said, @r#"
    flights.csv has 11 wrong rows, so nothing was imported:
      line 3, column flight_number: a flight number is an airline's two or three characters and up to six digits, such as AI101, not "1"
      line 4, column origin: an airport of airports.csv, not "XXX"
      line 5, column destination: another airport than the origin, not "DEL"
      line 6, column departure: failed to parse four digit integer as year: invalid digit, expected 0-9 but got y, not "yesterday"
      line 7, column arrival: a time after the departure, not "2024-02-15T04:00:00Z"
      line 8, column total_seats: 1 to 1000, not "0"
      line 9, column price: an amount of USD has at most 2 decimals, not "1.005"
      line 10, column price: zero or more, not "-1"
      line 11, column already_booked: 0 to total_seats, not "11"
      line 12, column seat_map: as many seats as total_seats, not "rows A-B, seats 1-4"
      line 13, 4 cells where 9 are expected
    "#);
    Ok(())
}

#[tokio::test]
async fn wrong_airports_are_named() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let schedule = ScheduleDirectory::new(&database)?
        .dated("AI1,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00")?
        .file(
            "airports.csv",
            "iata,name,city,country,latitude,longitude,timezone\n\
             DEL,a,b,c,28.5,77.1,Asia/Kolkata\n\
             DEL,a,b,c,28.5,77.1,Asia/Kolkata\n\
             BOM,a,b,c,91,72.8,Asia/Kolkata\n\
             BLR,a,b,c,13.1,77.7,India\n\
             4LR,a,b,c,13.1,77.7,Asia/Kolkata\n",
        )?;
    let said = refusal(&database, schedule.path(), |_| {}).await?;
    assert!(said.starts_with("airports.csv has 4 wrong rows"), "{said}");
    for line in [
        "line 3, column iata: each airport stands once, not \"DEL\"",
        "line 4, column latitude: degrees from -90 to 90, not \"91\"",
        "line 5, column timezone: an IANA time zone, not \"India\"",
        "line 6, column iata: ",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_flight_that_stands_twice_is_refused() -> anyhow::Result<()> {
    let row = "AI1,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00";
    let database = empty_database().await?;
    let schedule = ScheduleDirectory::new(&database)?.dated(&format!("{row}\n{row}"))?;
    let said = refusal(&database, schedule.path(), |_| {}).await?;
    let twice = "line 3, AI1 at 2024-02-15T04:00:00Z: the same flight stands twice";
    assert!(
        said.contains("1 wrong row,") && said.contains(twice),
        "{said}"
    );
    // And one that is in the schedule already.
    let schedule = schedule.dated(row)?;
    import(&database, schedule.path(), |_| {}).await?;
    let again = import(&database, schedule.path(), |_| {}).await;
    let said = again
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(said.contains("in the schedule already"), "{said}");
    assert!(said.contains("AI1"), "{said}");
    for table in ["flights", "pools", "ledger", "imports"] {
        assert_eq!(count(&database, table).await?, 1, "{table}");
    }
    Ok(())
}

#[tokio::test]
async fn a_directory_that_has_no_schedule_is_named() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let said = refusal(&database, Path::new("/nowhere/at/all"), |_| {}).await?;
    assert!(said.contains("/nowhere/at/all"), "{said}");
    let schedule = ScheduleDirectory::new(&database)?;
    let said = refusal(&database, schedule.path(), |_| {}).await?;
    assert!(
        said.contains("neither flights.csv nor flights.csv.gz"),
        "{said}"
    );
    let schedule = schedule.file("flights.csv", "flight_number,origin\nAI1,DEL\n")?;
    let said = refusal(&database, schedule.path(), |_| {}).await?;
    let missing = "flights.csv lacks the columns destination, total_seats, price";
    assert!(said.contains(missing), "{said}");
    let schedule = schedule.file("flights.csv.gz", "not gzip")?;
    std::fs::remove_file(schedule.path().join("flights.csv"))?;
    let said = refusal(&database, schedule.path(), |_| {}).await?;
    assert!(said.contains("flights.csv.gz can't be read"), "{said}");
    Ok(())
}

#[tokio::test]
async fn dates_that_do_not_fit_are_refused() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let day = jiff::civil::date(2024, 2, 15);
    let said = refusal(&database, &data("demo"), |_| {}).await?;
    assert!(said.contains("say with --on or --from"), "{said}");
    let schedule = ScheduleDirectory::new(&database)?
        .dated("AI1,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00")?;
    let said = refusal(&database, schedule.path(), |options| options.on = vec![day]).await?;
    assert!(said.contains("dated flights"), "{said}");
    let said = refusal(&database, schedule.path(), |options| {
        options.starting = Some(day);
    });
    assert!(said.await?.contains("2024-02-15 is not a Monday"));
    Ok(())
}

#[tokio::test]
async fn files_that_are_not_what_they_seem_are_refused() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let header = "flight_number,origin,destination,departure,arrival,total_seats,price";
    let row = "AI1,DEL,BOM,2024-02-15T04:00:00Z,2024-02-15T06:00:00Z,10,100.00";
    let utf_16: Vec<u8> = format!("\u{feff}{header}\n{row}\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (content, expected) in [
        (
            format!("{header}\n"),
            "flights.csv has no rows below its header",
        ),
        (String::new(), "flights.csv lacks the columns"),
        (
            format!("{header},curency\n{row},INR\n"),
            "columns that are not known: \"curency\"",
        ),
        (
            format!("{header},currency,Currency\n{row},INR,INR\n"),
            "columns twice: \"currency\"",
        ),
        (
            format!("{header},departs_local\n{row},08:00\n"),
            "both local times and dated ones",
        ),
        (
            format!("{header}\n{row},more\n"),
            "line 2, 8 cells where 7 are expected",
        ),
        (
            format!("{header}\n{}\n", row.replace("04:00:00Z", "04:00:00.5Z")),
            "line 2, column departure: a whole second",
        ),
    ] {
        let schedule = ScheduleDirectory::new(&database)?.file("flights.csv", &content)?;
        let said = refusal(&database, schedule.path(), |_| {}).await?;
        assert!(said.contains(expected), "{content:?}: {said}");
    }
    let schedule = ScheduleDirectory::new(&database)?.file("flights.csv", utf_16)?;
    let said = refusal(&database, schedule.path(), |_| {}).await?;
    assert!(
        said.contains("flights.csv is UTF-16; save it as UTF-8"),
        "{said}"
    );
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, format!("{header}\n{row}\n").as_bytes())?;
    let mut packed = packer.finish()?;
    packed.truncate(packed.len() - 9);
    let schedule = schedule.file("flights.csv.gz", packed)?;
    let said = refusal(&database, schedule.path(), |_| {}).await?;
    assert!(
        said.contains("has both flights.csv and flights.csv.gz"),
        "{said}"
    );
    std::fs::remove_file(schedule.path().join("flights.csv"))?;
    let said = refusal(&database, schedule.path(), |_| {}).await?;
    assert!(said.contains("flights.csv.gz can't be read"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_time_that_the_clocks_skip_is_refused_by_line() -> anyhow::Result<()> {
    let database = empty_database().await?;
    let schedule = ScheduleDirectory::new(&database)?
        .file(
            "airports.csv",
            "iata,name,city,country,latitude,longitude,timezone\n\
             JFK,a,b,c,40.6,-73.8,America/New_York\nBOS,a,b,c,42.4,-71.0,America/New_York\n",
        )?
        .file(
            "flights.csv",
            "flight_number,origin,destination,departs_local,arrives_local,total_seats,price\n\
             XX1,JFK,BOS,01:30,03:30,10,100\n\
             XX2,JFK,BOS,02:30,05:00,10,100\n",
        )?;
    let said = refusal(&database, schedule.path(), |options| {
        options.on = vec![jiff::civil::date(2030, 3, 10)];
    });
    let said = said.await?;
    let expected = "line 3, XX2 on 2030-03-10: there is no 2030-03-10T02:30:00 in America/New_York";
    assert!(
        said.contains(expected) && said.contains("1 wrong row,"),
        "{said}"
    );
    Ok(())
}
