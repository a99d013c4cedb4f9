//! The proof of a running service's ledger.

use loadgen::http::{Connection, Request, Target};
use test_stack::ledger_proof::{PROOF_PATH, Proof};

pub async fn ledger_proof(service: Target) -> anyhow::Result<Proof> {
    let mut connection = Connection::open(service).await?;
    let answer = connection.send(&Request::get(PROOF_PATH)).await?;
    Proof::read(answer.status, &serde_json::from_slice(answer.body)?)
}
