//! How statements are planned.

/// Planner settings for a transaction: plan once per statement, use indexes. Each statement looks up some
/// hundreds of rows at most by key, but a plan for tables that have just grown, or have no statistics yet, may
/// scan them all.
pub(crate) const PLANNER_SETTINGS: &str = "SET LOCAL plan_cache_mode = force_generic_plan; \
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
    SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashagg = off";
