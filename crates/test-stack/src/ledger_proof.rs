//! What a service says of its own pools: the proof of its ledger.

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Where a service answers its ledger's proof.
pub const PROOF_PATH: &str = "/api/ledger/proof";

/// A ledger's proof: the counts of all pools of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Whether it holds.
    pub holds: bool,
    /// Units that nobody has.
    pub free: u64,
    /// Units in holds.
    pub held: u64,
    /// Units sold.
    pub sold: u64,
}

impl Proof {
    /// The proof in an answer.
    ///
    /// # Errors
    /// When the answer has none.
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

    /// Whether it holds, nothing is held, and so many units are sold.
    #[must_use]
    pub fn is_of(&self, sold: i64) -> bool {
        self.holds && self.held == 0 && u64::try_from(sold) == Ok(self.sold)
    }
}
