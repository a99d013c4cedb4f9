UPDATE ledger_progress
SET covered_until = now(), settled_pools = settled.pools, settled_capacity = settled.capacity,
    settled_free = settled.free, settled_held = settled.held, settled_sold = settled.sold
FROM (
    SELECT count(*) AS pools, coalesce(sum(capacity), 0) AS capacity, coalesce(sum(free), 0) AS free,
           coalesce(sum(held), 0) AS held, coalesce(sum(sold), 0) AS sold
    FROM pool_checkpoints WHERE settled
) AS settled;
