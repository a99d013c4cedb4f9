//! Itineraries: several flights booked all or nothing, if their connections are possible.

use serde_json::{Value, json};

use crate::databases::DAY;
use crate::services::{Services, id_of};

/// DEL to HYD, 160 seats free at 9500.00.
const AI401: i64 = 8;
/// HYD to BLR, 145 seats free at 5500.00.
const AI402: i64 = 9;
/// BOM to HYD, 150 seats free at 6800.00.
const AI403: i64 = 10;
/// HYD to BLR, an hour after AI403's arrival, 155 seats free at 5500.00.
const AI404: i64 = 11;
/// BLR to DEL, an hour after AI404's arrival, 145 seats free at 12000.00.
const AI502: i64 = 15;

/// BOM to DEL with two stops.
const TRIP: [i64; 3] = [AI403, AI404, AI502];

fn itinerary_of(flights: &[i64], seats: i64) -> Value {
    json!({"user_id": 1, "flight_ids": flights, "seats": seats, "date": DAY})
}

async fn free(services: &Services) -> anyhow::Result<[i64; 3]> {
    Ok([
        services.free_seats(AI403).await?,
        services.free_seats(AI404).await?,
        services.free_seats(AI502).await?,
    ])
}

#[tokio::test]
async fn an_itinerary_is_booked_as_one() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let booked = services.bookings.book(&itinerary_of(&TRIP, 2)).await?;
    assert_eq!(booked.summary(), "200 -");
    assert_eq!(booked.body["total_amount"], 48600.0);
    assert_eq!(free(&services).await?, [148, 153, 143]);
    let seen = services.bookings.look(id_of(&booked)?).await?;
    assert_eq!(seen.body["flight_ids"], json!(TRIP));
    assert_eq!(seen.body["flight_id"], AI403);
    assert_eq!(seen.body["flight"]["flight_number"], "AI403");
    services.bookings.cancel(1).await?;
    assert_eq!(free(&services).await?, [150, 155, 145]);
    Ok(())
}

#[tokio::test]
async fn an_itinerary_is_booked_all_or_nothing() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for (flights, seats, summary) in [
        (TRIP, 146, "400 sold_out"),
        ([AI403, AI404, 999], 1, "400 unknown_flight"),
    ] {
        let answer = services
            .bookings
            .book(&itinerary_of(&flights, seats))
            .await?;
        assert_eq!(answer.summary(), summary);
        assert_eq!(free(&services).await?, [150, 155, 145], "{summary}");
    }
    // The date is the first flight's.
    let wrong =
        json!({"user_id": 1, "flight_ids": [AI401, AI402], "seats": 1, "date": "2024-02-16"});
    let answer = services.bookings.book(&wrong).await?;
    assert_eq!(answer.summary(), "400 wrong_date");
    // The last seats of the smaller flight.
    let answer = services
        .bookings
        .book(&itinerary_of(&[AI401, AI402], 145))
        .await?;
    assert_eq!(answer.summary(), "200 -");
    assert_eq!(services.free_seats(AI402).await?, 0);
    Ok(())
}

/// Impossible itineraries, and the rule that each breaks.
const UNFLYABLE: [(&[i64], &str); 7] = [
    // AI301 departs from AI101's destination half an hour before its arrival.
    (&[1, 6], "connection_too_short"),
    // AI302 departs five and a half hours after it.
    (&[1, 7], "connection_too_long"),
    (&[6, 1], "airports_apart"),
    (&[1, 2], "airports_apart"),
    // To Hyderabad, Bengaluru, and back to Delhi.
    (&[AI401, AI402, AI502], "airport_twice"),
    (&[AI401, AI401], "flight_twice"),
    (&[1, 2, 3, 4, 5], "too_many_flights"),
];

#[tokio::test]
async fn impossible_itineraries_are_refused_in_every_channel() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for (flights, code) in UNFLYABLE {
        let first = flights[0];
        let expected = format!("400 {code}");
        let counted = services.bookings.book(&itinerary_of(flights, 1)).await?;
        assert_eq!(counted.summary(), expected, "{counted:?}");

        let legs: Vec<Value> = flights
            .iter()
            .map(|flight| json!({"flight_id": flight, "seats": ["A1"]}))
            .collect();
        let path = format!("/api/flights/{first}/orders");
        let order = json!({"userId": "alice", "legs": legs});
        let ordered = services.bookings.post(&path, &order).await?;
        assert_eq!(ordered.summary(), expected, "{ordered:?}");
        assert_eq!(ordered.invalid(), "400 /legs");

        let ids: Vec<String> = flights.iter().map(ToString::to_string).collect();
        let ids = ids.join(",");
        let itinerary = format!("/api/flights/itinerary?flight_ids={ids}");
        let shown = services.flights.get(&itinerary).await?;
        assert_eq!(shown.summary(), expected, "{shown:?}");
        assert_eq!(shown.invalid(), "400 /flight_ids");
        let page = format!("/itinerary?flights={ids}&seats=1");
        let page = services.bookings.get(&page).await?;
        assert_eq!(page.status, 400, "{}", page.text);
    }
    let proof = services.flights.get("/api/ledger/proof").await?;
    assert_eq!(proof.body["held"], 0, "{proof:?}");
    Ok(())
}

#[tokio::test]
async fn an_impossible_itinerary_leaves_the_key_free() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let wrong = itinerary_of(&[6, 1], 1);
    let right = itinerary_of(&[AI401, AI402], 1);
    let refused = services.bookings.book_keyed("trip", &wrong).await?;
    assert_eq!(refused.summary(), "400 airports_apart");
    let booked = services.bookings.book_keyed("trip", &right).await?;
    assert_eq!(booked.summary(), "200 -");
    Ok(())
}

/// Search results can be booked through both channels that take several flights.
#[tokio::test]
async fn found_itineraries_can_be_booked() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let mut stops = [0; 4];
    for (source, destination) in [
        ("DEL", "BLR"),
        ("HYD", "BOM"),
        ("BOM", "DEL"),
        ("CCU", "BOM"),
    ] {
        let query = format!(
            "/api/flights/search?source={source}&destination={destination}&date={DAY}&seats=1&limit=100"
        );
        let found = services.flights.get(&query).await?;
        for path in found.body["paths"].as_array().into_iter().flatten() {
            let ids: Vec<i64> = path["flights"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|flight| flight["id"].as_i64())
                .collect();
            stops[ids.len() - 1] += 1;
            let booked = services.bookings.book(&itinerary_of(&ids, 1)).await?;
            assert_eq!(booked.summary(), "200 -", "{booked:?}");
            assert_eq!(booked.body["total_amount"], path["total_price"]);
            let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let itinerary = format!("/api/flights/itinerary?flight_ids={}", texts.join(","));
            let shown = services.flights.get(&itinerary).await?;
            assert_eq!(shown.body["total_price"], path["total_price"]);
            assert_eq!(shown.body["total_time_minutes"], path["total_time_minutes"]);
        }
    }
    assert!(stops[..3].iter().all(|count| *count > 0), "{stops:?}");
    Ok(())
}

#[tokio::test]
async fn search_and_booking_share_the_connection_time() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        // AI301 departs half an hour before AI101's arrival, and AI402 ninety minutes after AI401's.
        settings.flights.search.connection_min = std::time::Duration::from_secs(91 * 60);
    })
    .await?;
    let answer = services
        .bookings
        .book(&itinerary_of(&[AI401, AI402], 1))
        .await?;
    assert_eq!(answer.summary(), "400 connection_too_short");
    let query =
        format!("/api/flights/search?source=DEL&destination=BLR&date={DAY}&seats=1&max_stops=1");
    let found = services.flights.get(&query).await?;
    let ids = |path: &Value| path["flights"].as_array().map(|flights| flights.len() > 1);
    let paths = found.body["paths"].as_array();
    let with_changes = paths
        .into_iter()
        .flatten()
        .filter(|path| ids(path) == Some(true));
    // Longer connections are still found.
    for path in with_changes {
        assert_ne!(path["flights"][1]["id"], AI402);
    }
    Ok(())
}

#[tokio::test]
async fn an_itinerary_has_one_currency() -> anyhow::Result<()> {
    let rows = "XX1,BLR,GOI,2024-02-15T07:00:00Z,2024-02-15T09:00:00Z,5,100.00,USD";
    let services = Services::start_with_flights(rows).await?;
    let answer = services
        .bookings
        .book(&itinerary_of(&[AI402, 18], 1))
        .await?;
    assert_eq!(answer.summary(), "400 two_currencies");
    assert_eq!(
        (
            services.free_seats(AI402).await?,
            services.free_seats(18).await?
        ),
        (145, 5)
    );
    let page = services
        .bookings
        .get("/itinerary?flights=9,18&seats=1")
        .await?;
    assert_eq!(page.status, 400);
    assert!(!page.text.contains("5,600"), "{}", page.text);
    Ok(())
}

#[tokio::test]
async fn an_unpayable_total_is_refused() -> anyhow::Result<()> {
    let rows = "XX1,BLR,GOI,2024-02-15T10:00:00Z,2024-02-15T12:00:00Z,5,9000000000.00,INR";
    let services = Services::start_with_flights(rows).await?;
    let answer = services.bookings.book(&itinerary_of(&[18], 2)).await?;
    assert_eq!(answer.summary(), "400 not_payable");
    assert_eq!(services.free_seats(18).await?, 5);
    Ok(())
}
