//! What a service says of its own pools.

use anyhow::ensure;
use serde_json::Value;

use crate::http::{Connection, Request, Target};

/// The ledger's proof, as the service answers it.
///
/// # Errors
/// When it does not.
pub async fn ledger_proof(service: Target) -> anyhow::Result<Value> {
    let mut connection = Connection::open(service).await?;
    let answer = connection.send(&Request::get("/api/ledger/proof")).await?;
    ensure!(
        answer.status == 200,
        "the ledger's proof is answered {}",
        answer.status
    );
    Ok(serde_json::from_slice(answer.body)?)
}
