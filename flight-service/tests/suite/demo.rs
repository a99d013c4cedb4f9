//! Known answers on the demo schedule.

use serde_json::Value;

use crate::support::{DAY, TestService, data};
use test_stack::caller::Answer;

/// The flight numbers of each itinerary, such as `AI401+AI402`.
pub fn numbers(answer: &Answer) -> Vec<String> {
    let numbers_of = |path: &Value| {
        let flights = path["flights"].as_array().into_iter().flatten();
        flights
            .filter_map(|flight| flight["flight_number"].as_str())
            .collect::<Vec<_>>()
            .join("+")
    };
    let paths = answer.body["paths"].as_array().into_iter().flatten();
    paths.map(numbers_of).collect()
}

#[tokio::test]
async fn three_itineraries_from_delhi_to_bombay() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let query = format!("source=DEL&destination=BOM&date={DAY}&seats=2");
    let cheapest = service.caller.search(&query).await?;
    assert_eq!(cheapest.status, 200);
    assert_eq!(cheapest.body["count"], 3);
    assert_eq!(numbers(&cheapest), ["AI103", "AI101", "AI102"]);
    assert_eq!(cheapest.body["paths"][0]["total_price"], 7800.0);
    // All three take 150 minutes, so the price decides.
    let fastest = format!("{query}&sort_by=fastest");
    let fastest = service.caller.search(&fastest).await?;
    assert_eq!(fastest.body, cheapest.body);
    Ok(())
}

#[tokio::test]
async fn an_answer_says_all_about_its_flights() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let query = format!("source=DEL&destination=BOM&date={DAY}&seats=2&limit=1");
    let answer = service.caller.search(&query).await?;
    insta::assert_json_snapshot!(answer.tidy(&[]), @r#"
    {
      "count": 1,
      "meta": {
        "after": "cheapest.78000000.9000.1708007400.3",
        "limit": 1
      },
      "paths": [
        {
          "currency": "INR",
          "flights": [
            {
              "arrival_local": "2024-02-15T22:30:00+05:30",
              "arrival_time": "2024-02-15T17:00:00Z",
              "available_seats": 100,
              "booked_seats": 80,
              "created_at": "[time]",
              "currency": "INR",
              "departure_local": "2024-02-15T20:00:00+05:30",
              "departure_time": "2024-02-15T14:30:00Z",
              "destination": "BOM",
              "flight_number": "AI103",
              "id": 3,
              "price": 7800.0,
              "source": "DEL",
              "status": "scheduled",
              "total_seats": 180
            }
          ],
          "stops": 0,
          "total_price": 7800.0,
          "total_time_minutes": 150
        }
      ]
    }
    "#);
    Ok(())
}

#[tokio::test]
async fn ids_follow_the_order_of_the_file() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let file = std::fs::read_to_string(data("demo").join("flights.csv"))?;
    for (id, row) in (1..).zip(file.lines().skip(1)) {
        let flight = service
            .caller
            .get(&format!("/api/flights/{id}"))
            .await?
            .body;
        let columns: Vec<&str> = row.split(',').collect();
        assert_eq!(flight["id"], id);
        assert_eq!(flight["flight_number"], columns[0]);
        assert_eq!(flight["source"], columns[1]);
        assert_eq!(flight["destination"], columns[2]);
        assert_eq!(
            flight["departure_local"],
            format!("{DAY}T{}:00+05:30", columns[3])
        );
        assert_eq!(
            flight["arrival_local"],
            format!("{DAY}T{}:00+05:30", columns[4])
        );
        assert_eq!(flight["total_seats"].to_string(), columns[5]);
        assert_eq!(flight["booked_seats"].to_string(), columns[6]);
        assert_eq!(flight["price"], columns[7].parse::<f64>()?);
        assert_eq!(flight["currency"], columns[8]);
    }
    assert_eq!(service.caller.get("/api/flights/17").await?.status, 200);
    assert_eq!(service.caller.get("/api/flights/18").await?.status, 404);
    Ok(())
}
