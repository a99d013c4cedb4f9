//! Look-up of flights by id or number.

use crate::support::{AI101, AI103, TestService, seats_of};

#[tokio::test]
async fn a_flight_is_found_by_its_id() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let answer = service.caller.get("/api/flights/1").await?;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["flight_number"], "AI101");
    assert_eq!(answer.body["status"], "scheduled");
    // The same as in search results.
    let query = "source=DEL&destination=BOM&date=2024-02-15&seats=1";
    let found = service.caller.search(query).await?;
    assert_eq!(answer.body, found.body["paths"][1]["flights"][0]);
    Ok(())
}

#[tokio::test]
async fn a_flight_is_found_by_its_number() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let answer = service.caller.get("/api/flights/FL123").await?;
    assert_eq!((answer.status, &answer.body["id"]), (200, &17.into()));
    Ok(())
}

#[tokio::test]
async fn its_counts_are_those_of_now() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    service.caller.decrement(&seats_of(AI101, 7)).await?;
    let flight = service.caller.get("/api/flights/1").await?.body;
    assert_eq!(flight["total_seats"], 180);
    assert_eq!(flight["booked_seats"], 57);
    assert_eq!(flight["available_seats"], 123);
    assert_eq!(service.caller.free_seats(AI103).await?, 100);
    Ok(())
}

#[tokio::test]
async fn an_unknown_id_is_not_found() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for id in [
        "18",
        "0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "abc",
        "ZZ999",
        "1.0",
        "%00",
    ] {
        let answer = service.caller.get(&format!("/api/flights/{id}")).await?;
        assert_eq!(answer.summary(), "404 unknown_flight", "{id}");
    }
    Ok(())
}
