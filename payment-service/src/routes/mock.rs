//! The mock provider's behaviour, read and changed while it runs.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use service_http::extract::Json;
use service_http::{Problem, respond};
use utoipa::ToSchema;

use super::refusals::BodyRefusals;
use crate::provider::mock::{Behaviour, MockProvider};

/// The mock provider's behaviour.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MockBehaviour {
    /// Share of charges that are declined.
    #[schema(example = 0.15, minimum = 0, maximum = 1)]
    failure_rate: f64,
    /// Share of charges that time out.
    #[schema(example = 0.05, minimum = 0, maximum = 1)]
    timeout_rate: f64,
    /// Share of captured charges whose answer is lost.
    #[schema(example = 0.0, minimum = 0, maximum = 1)]
    lost_answer_rate: f64,
    /// Mean processing time of a charge.
    #[schema(example = 200, minimum = 0, maximum = 60_000)]
    processing_time_ms: u64,
    /// Uniform spread around the mean, plus or minus.
    #[schema(example = 100, minimum = 0, maximum = 60_000)]
    processing_spread_ms: u64,
}

/// A change of the mock provider's behaviour; absent fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MockChange {
    /// Share of charges that are declined; with `timeout_rate` at most 1.
    #[schema(example = 0.15, minimum = 0, maximum = 1)]
    failure_rate: Option<f64>,
    /// Share of charges that time out.
    #[schema(example = 0.05, minimum = 0, maximum = 1)]
    timeout_rate: Option<f64>,
    /// Share of captured charges whose answer is lost.
    #[schema(example = 0.0, minimum = 0, maximum = 1)]
    lost_answer_rate: Option<f64>,
    /// Mean processing time of a charge.
    #[schema(example = 200, minimum = 0, maximum = 60_000)]
    processing_time_ms: Option<u64>,
    /// Uniform spread around the mean, plus or minus.
    #[schema(example = 100, minimum = 0, maximum = 60_000)]
    processing_spread_ms: Option<u64>,
}

impl From<Behaviour> for MockBehaviour {
    fn from(behaviour: Behaviour) -> Self {
        // `Behaviour::check` refuses times above a minute, so the default is never taken.
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or_default();
        Self {
            failure_rate: behaviour.failure_rate,
            timeout_rate: behaviour.timeout_rate,
            lost_answer_rate: behaviour.lost_answer_rate,
            processing_time_ms: ms(behaviour.processing_time),
            processing_spread_ms: ms(behaviour.processing_jitter),
        }
    }
}

impl MockChange {
    fn apply(&self, behaviour: &mut Behaviour) {
        let set = |value: &mut f64, new: Option<f64>| *value = new.unwrap_or(*value);
        set(&mut behaviour.failure_rate, self.failure_rate);
        set(&mut behaviour.timeout_rate, self.timeout_rate);
        set(&mut behaviour.lost_answer_rate, self.lost_answer_rate);
        if let Some(time) = self.processing_time_ms {
            behaviour.processing_time = Duration::from_millis(time);
        }
        if let Some(spread) = self.processing_spread_ms {
            behaviour.processing_jitter = Duration::from_millis(spread);
        }
    }
}

/// Show the mock provider's behaviour.
#[utoipa::path(
    get, path = "/api/payments/mock", tag = "mock provider",
    responses((status = 200, description = "The current behaviour", body = MockBehaviour))
)]
pub(super) async fn show(mock: Data<MockProvider>) -> HttpResponse {
    respond::ok(&MockBehaviour::from(mock.behaviour()))
}

/// Change the mock provider's behaviour.
///
/// The change applies from now on, to this process only, until it stops.
#[utoipa::path(
    put, path = "/api/payments/mock", tag = "mock provider",
    request_body = MockChange,
    responses((status = 200, description = "The current behaviour", body = MockBehaviour), BodyRefusals)
)]
pub(super) async fn change(
    mock: Data<MockProvider>,
    request: Json<MockChange>,
) -> Result<HttpResponse, Problem> {
    let changed = mock
        .change(|behaviour| request.body.apply(behaviour))
        .map_err(|wrong| Problem::invalid_field(wrong.field, wrong.problem))?;
    tracing::info!(?changed, "mock provider settings changed");
    Ok(respond::ok(&MockBehaviour::from(changed)))
}
