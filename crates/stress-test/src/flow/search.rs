//! Searches for itineraries.

use crate::endpoints::{Caller, Endpoint};
use crate::outcome::{BUSY, FOUND, INVALID_ANSWER, NOTHING_FOUND};
use crate::random::any;
use loadgen::http::Request;
use loadgen::stats::Outcome;

/// The airports and departure dates of the schedule.
#[derive(Clone, Debug, Default)]
pub struct Network {
    pub airports: Vec<String>,
    pub dates: Vec<String>,
}

/// The cheapest 20 with up to three stops, the service's defaults.
pub(super) async fn run(caller: &mut Caller, network: &Network) -> Outcome {
    let (Some(source), Some(date)) = (any(&network.airports), any(&network.dates)) else {
        return INVALID_ANSWER;
    };
    let mut destination = any(&network.airports).unwrap_or(source);
    while destination == source {
        destination = any(&network.airports).unwrap_or(source);
    }
    let path = format!(
        "/api/flights/search?source={source}&destination={destination}&date={date}&seats=1"
    );
    // Not parsed: an answer has some 20 KB, and the load shares the machine with the services.
    match caller.send(Endpoint::Flight, &Request::get(path)).await {
        Ok(answer) if answer.status == 200 => {
            if answer.body.starts_with(br#"{"paths":[]"#) {
                NOTHING_FOUND
            } else {
                FOUND
            }
        }
        Ok(answer) if matches!(answer.status, 429 | 503) => BUSY,
        Ok(answer) => Outcome::Status(answer.status),
        Err(_) => Outcome::Broken,
    }
}
