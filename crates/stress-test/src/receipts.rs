//! Payments that are looked up one by one where no database can be queried: customers' receipts are compared
//! with payment-service's later answers.

use anyhow::bail;
use tokio::time::{Instant, sleep};

use crate::endpoints::{Caller, Endpoint, Reply};
use crate::pool::{Pool, Receipt};
use crate::target::{CALL_TIMEOUT, RETRY_PAUSE};
use crate::verdict::Finding;

/// Checks the receipts of a pool's customers; clean if there are none.
pub(super) async fn check(caller: &mut Caller, pool: &Pool) -> anyhow::Result<Finding> {
    let (mut lost, mut untold) = (0, 0);
    for Receipt { id, is_charged } in pool.told.receipts() {
        let reply = look_up(caller, &format!("/api/payments/{id}")).await?;
        let is_kept = reply.text("status") == "success" && reply.body["refunded"] == 0.0;
        match (is_charged, is_kept) {
            (true, false) => lost += 1,
            (false, true) => untold += 1,
            (true, true) | (false, false) => {}
        }
    }
    let mut finding = Finding {
        oversold: lost,
        undersold: untold,
        reasons: Vec::new(),
    };
    if lost > 0 {
        let reason =
            format!("{lost} payments confirmed to customers are missing at payment-service");
        finding.reasons.push(reason);
    }
    if untold > 0 {
        let reason =
            format!("{untold} payments were charged although customers were told that they failed");
        finding.reasons.push(reason);
    }
    Ok(finding)
}

/// payment-service's answer about a payment: 200 or 404.
async fn look_up(caller: &mut Caller, path: &str) -> anyhow::Result<Reply> {
    let until = Instant::now() + CALL_TIMEOUT;
    loop {
        let reply = caller.get(Endpoint::Payment, path.to_owned()).await?;
        match reply.status {
            200 | 404 => return Ok(reply),
            // The load has used up the client's quota, or the service is busy.
            429 | 503 if Instant::now() < until => sleep(RETRY_PAUSE).await,
            status => bail!("looking up a payment was answered {status} {}", reply.body),
        }
    }
}
