//! Itinerary search: results, their order, and live seats.

use crate::demo::numbers;
use crate::support::{AI103, DAY, TestService, seats_of};

#[tokio::test]
async fn itineraries_with_changes_come_in_order() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let query = format!("source=DEL&destination=BLR&date={DAY}&seats=1");
    let answer = service.caller.search(&query).await?;
    assert_eq!(
        numbers(&answer),
        [
            "AI201",
            "AI202",
            // The same price: the shorter one first.
            "AI401+AI402",
            "AI401+AI404",
            "AI405+AI406"
        ]
    );
    let changing = &answer.body["paths"][2];
    assert_eq!(changing["stops"], 1);
    assert_eq!(changing["total_price"], 15000.0);
    assert_eq!(changing["total_time_minutes"], 270);

    let direct = service
        .caller
        .search(&format!("{query}&max_stops=0"))
        .await?;
    assert_eq!(numbers(&direct), ["AI201", "AI202"]);
    let three = service.caller.search(&format!("{query}&limit=3")).await?;
    assert_eq!(numbers(&three), ["AI201", "AI202", "AI401+AI402"]);
    assert_eq!(three.body["count"], 3);
    Ok(())
}

#[tokio::test]
async fn a_connection_lasts_from_45_minutes_to_four_hours() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    // AI402 and AI404 reach BLR before AI502 departs; AI103 departs four hours after it arrives.
    let query = format!("source=HYD&destination=BOM&date={DAY}&seats=1");
    let answer = service.caller.search(&query).await?;
    assert_eq!(numbers(&answer), ["AI404+AI502+AI103", "AI402+AI502+AI103"]);

    let strict = TestService::start_with(|settings| {
        settings.search.connection_max = std::time::Duration::from_secs(4 * 3600 - 1);
    })
    .await?;
    assert_eq!(strict.caller.search(&query).await?.body["count"], 0);
    Ok(())
}

#[tokio::test]
async fn the_fastest_may_cost_more() -> anyhow::Result<()> {
    let rows = "\
        XX1,GOI,DEL,2024-02-15T04:00:00Z,2024-02-15T08:00:00Z,50,100.00\n\
        XX2,GOI,DEL,2024-02-15T05:00:00Z,2024-02-15T06:00:00Z,50,900.00";
    let service = TestService::start_with_flights(rows, |_| {}).await?;
    let query = format!("source=GOI&destination=DEL&date={DAY}&seats=1");
    let cheapest = service.caller.search(&query).await?;
    assert_eq!(numbers(&cheapest), ["XX1", "XX2"]);
    let fastest = format!("{query}&sort_by=fastest");
    let fastest = service.caller.search(&fastest).await?;
    assert_eq!(numbers(&fastest), ["XX2", "XX1"]);
    Ok(())
}

#[tokio::test]
async fn the_date_is_that_of_the_airport_of_departure() -> anyhow::Result<()> {
    // Half past midnight in India is still the day before in UTC.
    let rows = "XX1,GOI,DEL,2024-02-15T19:00:00Z,2024-02-15T21:00:00Z,50,100.00";
    let service = TestService::start_with_flights(rows, |_| {}).await?;
    for (date, found) in [("2024-02-15", 0), ("2024-02-16", 1), ("2024-02-17", 0)] {
        let query = format!("source=GOI&destination=DEL&date={date}&seats=1");
        let answer = service.caller.search(&query).await?;
        assert_eq!(answer.body["count"], found, "{date}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_flies_on_other_days() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let days = [
        "2024-02-14",
        "2024-02-16",
        "1970-01-01",
        "0001-01-01",
        "9999-12-31",
        "-009999-01-01",
    ];
    for date in days {
        let query = format!("source=DEL&destination=BOM&date={date}&seats=1");
        let answer = service.caller.search(&query).await?;
        assert_eq!(answer.status, 200, "{date}");
        assert_eq!(answer.text, "{\"paths\":[],\"count\":0}\n", "{date}");
    }
    Ok(())
}

#[tokio::test]
async fn seats_are_live() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let search = async |seats: i64| {
        let query = format!("source=DEL&destination=BOM&date={DAY}&seats={seats}");
        Ok::<_, anyhow::Error>(numbers(&caller.search(&query).await?))
    };
    assert_eq!(search(100).await?, ["AI103", "AI101", "AI102"]);
    assert_eq!(search(101).await?, ["AI101", "AI102"]);
    assert_eq!(search(1_000_000).await?, [""; 0]);

    caller.decrement(&seats_of(AI103, 99)).await?;
    assert_eq!(search(1).await?, ["AI103", "AI101", "AI102"]);
    assert_eq!(search(2).await?, ["AI101", "AI102"]);
    caller.decrement(&seats_of(AI103, 1)).await?;
    assert_eq!(search(1).await?, ["AI101", "AI102"]);
    caller.increment(&seats_of(AI103, 2)).await?;
    assert_eq!(search(2).await?, ["AI103", "AI101", "AI102"]);
    let query = format!("source=DEL&destination=BOM&date={DAY}&seats=2&limit=1");
    let answer = caller.search(&query).await?;
    assert_eq!(answer.body["paths"][0]["flights"][0]["available_seats"], 2);
    Ok(())
}

#[tokio::test]
async fn names_may_be_in_lower_case() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let query = format!("source=del&destination=bom&date={DAY}&seats=1");
    assert_eq!(service.caller.search(&query).await?.body["count"], 3);
    Ok(())
}
