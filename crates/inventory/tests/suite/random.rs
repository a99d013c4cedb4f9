//! Seeded randomness.

use anyhow::Context as _;
use domain::HoldId;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

/// Runs a test with the seed in HOLDFAST_TEST_SEED, otherwise with each of these. A failure prints its seed.
pub async fn with_seeds(
    seeds: &[u64],
    test: impl AsyncFn(u64) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let asked = match std::env::var("HOLDFAST_TEST_SEED") {
        Ok(text) => Some(text.parse().context("HOLDFAST_TEST_SEED is a number")?),
        Err(_) => None,
    };
    for seed in asked.map_or(seeds.to_vec(), |seed| vec![seed]) {
        // Shown when the test fails, however it fails.
        eprintln!("HOLDFAST_TEST_SEED={seed}");
        test(seed)
            .await
            .with_context(|| format!("with HOLDFAST_TEST_SEED={seed}"))?;
    }
    Ok(())
}

/// A generator per task, independent of what other tasks do.
pub fn chance(seed: u64, task: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_mul(1 << 20).wrapping_add(task))
}

pub fn random_id(chance: &mut StdRng) -> Uuid {
    Uuid::from_u128(chance.random())
}

pub fn random_hold(chance: &mut StdRng) -> HoldId {
    HoldId(random_id(chance))
}
