//! Itineraries: looked up, and required by a hold.

use serde_json::json;
use uuid::Uuid;

use crate::holds::hold;
use crate::support::{AI101, TestService};

/// BOM to BLR, half an hour before AI101 arrives at BOM.
const AI301: i64 = 6;

#[tokio::test]
async fn a_hold_is_one_itinerary_if_it_is_asked_to_be() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let legs = [AI101, AI301].map(|flight| json!({"flight_id": flight, "units": 1}));
    let mut body = json!({"id": Uuid::new_v4(), "owner": "alice", "legs": legs});
    body["itinerary"] = json!(true);
    let refused = hold(&service.caller, &body).await?;
    assert_eq!(refused.summary(), "400 connection_too_short");
    // Nothing was held, and the id is still unused.
    body["itinerary"] = json!(false);
    assert_eq!(hold(&service.caller, &body).await?.status, 201);
    Ok(())
}

#[tokio::test]
async fn an_itinerary_has_its_price_and_time() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let at = |ids: &str| format!("/api/flights/itinerary?flight_ids={ids}");
    let shown = service.caller.get(&at("8,9")).await?;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert_eq!(shown.body["total_price"], 15000.0);
    assert_eq!(shown.body["total_time_minutes"], 270);
    assert_eq!(shown.body["stops"], 1);
    assert_eq!(shown.body["flights"][1]["flight_number"], "AI402");
    for (ids, refusal) in [
        ("8,9,15", "400 airport_twice"),
        ("9,8", "400 airports_apart"),
        ("8,999", "404 unknown_flight"),
        ("8,x", "400 invalid_request"),
        ("", "400 invalid_request"),
    ] {
        let answer = service.caller.get(&at(ids)).await?;
        assert_eq!(answer.summary(), refusal, "{ids}");
    }
    Ok(())
}
