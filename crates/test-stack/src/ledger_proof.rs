//! The proof of a service's ledger.

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Path of the proof, the same at every service.
pub const PROOF_PATH: &str = "/api/ledger/proof";

/// Sums over all pools of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Whether the ledger adds up to the pools' counts.
    pub holds: bool,
    pub free: u64,
    /// Units in holds.
    pub held: u64,
    pub sold: u64,
}

impl Proof {
    /// Reads the proof from an answer.
    pub fn read(status: u16, body: &Value) -> anyhow::Result<Self> {
        ensure!(status == 200, "the ledger's proof is answered {status}");
        let count = |name: &str| {
            let count = body[name].as_u64();
            count.with_context(|| format!("the ledger's proof has no {name}"))
        };
        Ok(Self {
            holds: body["holds"] == true,
            free: count("free")?,
            held: count("held")?,
            sold: count("sold")?,
        })
    }

    /// Whether it holds, nothing is held, and exactly `sold` units are sold.
    #[must_use]
    pub fn is_of(&self, sold: i64) -> bool {
        self.holds && self.held == 0 && u64::try_from(sold) == Ok(self.sold)
    }
}
