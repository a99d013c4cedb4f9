//! Stored answers of keyed adjustments, written in the adjustment's transaction.

use flight_api::SeatsRequest;
use inventory::{Accepted, Direction, RowStatement, Rows};
use service_core::idempotency::RequestKey;
use service_core::idempotency::answers::{self, Answer};

use crate::model::adjustment::adjusted;

/// The idempotency row of an adjustment, attached to its command.
pub struct KeptAdjustment {
    pub key: RequestKey,
    pub request: SeatsRequest,
    pub direction: Direction,
}

impl Rows for KeptAdjustment {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        let mut keys = Vec::new();
        let mut digests = Vec::new();
        let mut statuses = Vec::new();
        let mut bodies = Vec::new();
        for (one, accepted) in batch {
            let Accepted::Adjusted(made) = accepted else {
                continue;
            };
            let answer = Answer::ok(&adjusted(&one.request, one.direction, *made));
            keys.push(one.key.key.clone());
            digests.push(one.key.digest.to_vec());
            statuses.push(answers::status_of(&answer));
            bodies.push(answer.body);
        }
        let nothing: Vec<Option<String>> = vec![None; keys.len()];
        vec![
            RowStatement::new(answers::INSERT)
                .with(keys)
                .with(digests)
                .with(statuses)
                .with(nothing.clone())
                .with(bodies)
                .with(nothing),
        ]
    }
}
