//! What holds once every booking has come to its end, over the databases of all three services.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, ensure};
use stack::testing::wait_until;
use uuid::Uuid;

use crate::caller::SOON;
use crate::databases::{connect, count_by};
use crate::services::Services;

/// A charge's row.
struct Charge {
    status: String,
    amount: Option<i64>,
    refunded: i64,
    payment: Uuid,
}

impl Services {
    /// Waits until no booking has work left, then checks that a confirmed one has sold seats and one
    /// captured charge, and any other has neither; that nothing belongs to nobody; and that the ledger
    /// adds up.
    pub async fn check_invariants(&self) -> anyhow::Result<()> {
        let sql = connect(&self.databases.bookings).await?;
        let left = "SELECT count(*) FROM bookings WHERE step <> 'done' OR status = 'pending'";
        wait_until("every booking has come to its end", SOON, async || {
            count_by(&sql, left).await.is_ok_and(|left| left == 0)
        })
        .await?;

        let mut charges = self.charges().await?;
        let mut holds = self.live_holds().await?;
        let rows = sql
            .query(
                "SELECT id, status, hold_id, charge_key, amount_minor, payment_id FROM bookings",
                &[],
            )
            .await?;
        for row in rows {
            let id: i64 = row.try_get("id")?;
            let key: Uuid = row.try_get("charge_key")?;
            let hold = holds.remove(&row.try_get("hold_id")?);
            let charge = charges.remove(&key.to_string());
            let kept = charge
                .as_ref()
                .filter(|charge| charge.status == "success" && charge.refunded == 0);
            if row.try_get::<_, &str>("status")? == "confirmed" {
                ensure!(
                    hold.as_deref() == Some("sold"),
                    "booking {id}: hold {hold:?}"
                );
                let amount: Option<i64> = row.try_get("amount_minor")?;
                if amount == Some(0) {
                    ensure!(charge.is_none(), "booking {id} is free but charged");
                    continue;
                }
                let kept = kept.with_context(|| format!("booking {id} is not paid"))?;
                ensure!(kept.amount == amount, "booking {id}: another amount");
                let payment: Option<Uuid> = row.try_get("payment_id")?;
                ensure!(
                    payment == Some(kept.payment),
                    "booking {id}: another charge"
                );
            } else {
                ensure!(hold.is_none(), "booking {id} has ended with hold {hold:?}");
                let refunded = charge.is_none_or(|charge| {
                    charge.status != "success" || charge.amount == Some(charge.refunded)
                });
                ensure!(refunded, "booking {id} has ended with money");
            }
        }
        ensure!(charges.is_empty(), "{} charges are nobody's", charges.len());
        ensure!(holds.is_empty(), "{} holds are nobody's", holds.len());

        let proof = self.flights.get("/api/ledger/proof").await?;
        ensure!(proof.body["holds"] == true, "{}", proof.text);
        ensure!(
            proof.body["held"] == 0,
            "units are still held: {}",
            proof.text
        );
        Ok(())
    }

    /// All charges by their keys.
    async fn charges(&self) -> anyhow::Result<HashMap<String, Charge>> {
        let sql = connect(&self.databases.payments).await?;
        let query = "SELECT idempotency_key, status, amount_minor, refunded_minor, payment_id \
                     FROM charges";
        let mut charges = HashMap::new();
        for row in sql.query(query, &[]).await? {
            let charge = Charge {
                status: row.try_get("status")?,
                amount: row.try_get("amount_minor")?,
                refunded: row.try_get("refunded_minor")?,
                payment: row.try_get("payment_id")?,
            };
            let key: Option<String> = row.try_get("idempotency_key")?;
            charges.insert(key.context("a charge without a key")?, charge);
        }
        let payments: HashSet<Uuid> = charges.values().map(|charge| charge.payment).collect();
        ensure!(payments.len() == charges.len(), "charges share an id");
        Ok(charges)
    }

    /// The holds that have units, and whether these are held or sold.
    async fn live_holds(&self) -> anyhow::Result<HashMap<Uuid, String>> {
        let sql = connect(&self.databases.flights).await?;
        let query = "SELECT id, status FROM holds WHERE status IN ('held', 'sold')";
        let rows = sql.query(query, &[]).await?;
        rows.iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect()
    }
}
