//! Payments that are looked up again, one by one, where no database is there to count them all: what customers
//! were told is compared with what payment-service says of it later.

use anyhow::bail;
use tokio::time::{Instant, sleep};

use crate::endpoints::{Caller, Endpoint, Reply};
use crate::pool::{Pool, Receipt};
use crate::target::{TOLD_AGAIN_AFTER, TOLD_WITHIN};
use crate::verdict::Finding;

/// Looks up the receipts of a pool's customers; one that has none is right.
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
        let reason = format!("{lost} payments that customers made are not there when looked up");
        finding.reasons.push(reason);
    }
    if untold > 0 {
        let reason = format!("{untold} payments were taken that customers were told had failed");
        finding.reasons.push(reason);
    }
    Ok(finding)
}

/// What payment-service says of a payment: it, or that there is none.
async fn look_up(caller: &mut Caller, path: &str) -> anyhow::Result<Reply> {
    let until = Instant::now() + TOLD_WITHIN;
    loop {
        let reply = caller.get(Endpoint::Payment, path.to_owned()).await?;
        match reply.status {
            200 | 404 => return Ok(reply),
            // The load has used up what this client may ask, or what the service can answer.
            429 | 503 if Instant::now() < until => sleep(TOLD_AGAIN_AFTER).await,
            status => bail!(
                "a payment that is looked up is answered {status} {}",
                reply.body
            ),
        }
    }
}
