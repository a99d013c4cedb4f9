//! One pass over all bookings, holds and charges, or over the suspects.

use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;

use crate::error::ReconcileError;
use crate::options::Options;
use crate::report::{PoolKind, Pools, Report, Rule, Violation};
use crate::rows::{self, Booking, Charge, Hold, Rows};
use crate::rules::Case;
use crate::snapshot::{BOOKINGS, Connections, FLIGHTS, Snapshot};
use crate::tickets;

/// Suspects that are rechecked. The snapshots are a few milliseconds apart, in which far fewer bookings move
/// on; more suspects than this are no matter of timing.
const SUSPECTS_MAX: usize = 10_000;

/// The result of a pass.
pub struct Pass {
    pub verdict: Report,
    /// Looks wrong, but may be a matter of timing.
    pub suspects: Vec<Violation>,
    /// Number of further suspects, which are not rechecked.
    pub unexamined: u64,
}

pub async fn scan_all(
    connections: &mut Connections,
    options: &Options,
) -> Result<Pass, ReconcileError> {
    let snapshot = connections.snapshot().await?;
    let mut look = Pass {
        verdict: Report::new(options.overdue_after),
        suspects: Vec::new(),
        unexamined: 0,
    };
    prove(&snapshot, &mut look.verdict).await?;
    tickets::check(&snapshot, &mut look.verdict).await?;
    count_holds(&snapshot, &mut look.verdict).await?;
    let moving = being_archived(&snapshot).await?;
    let overdue_after_s = options.overdue_after.as_secs_f64();
    let mut cases = Cases {
        bookings: rows::bookings(&snapshot, overdue_after_s, None).await?,
        holds: rows::live_holds(&snapshot, None).await?,
        tickets: rows::ticket_holds(&snapshot, None).await?,
        charges: rows::charges(&snapshot, None).await?,
    };
    while let Some(case) = cases.next().await? {
        if moving.contains(&case.id) {
            continue;
        }
        look.verdict.count(&case);
        for violation in case.violations() {
            if look.suspects.len() < SUSPECTS_MAX {
                look.suspects.push(violation);
            } else {
                look.unexamined += 1;
            }
        }
    }
    Ok(look)
}

/// Rechecks suspects; returns those that are still wrong in the same way.
pub async fn again(
    connections: &mut Connections,
    suspects: Vec<Violation>,
) -> Result<Vec<Violation>, ReconcileError> {
    let known: BTreeSet<(Uuid, Rule)> = suspects
        .iter()
        .filter_map(|suspect| Some((suspect.hold?, suspect.rule)))
        .collect();
    let mut ids: Vec<Uuid> = known.iter().map(|(id, _)| *id).collect();
    ids.dedup();
    let snapshot = connections.snapshot().await?;
    let moving = being_archived(&snapshot).await?;
    let mut cases = Cases {
        bookings: rows::bookings(&snapshot, 0.0, Some(&ids)).await?,
        holds: rows::live_holds(&snapshot, Some(&ids)).await?,
        tickets: rows::ticket_holds(&snapshot, Some(&ids)).await?,
        charges: rows::charges(&snapshot, Some(&ids)).await?,
    };
    let mut left = Vec::new();
    while let Some(case) = cases.next().await? {
        if moving.contains(&case.id) {
            continue;
        }
        let still = case.violations().into_iter();
        left.extend(still.filter(|violation| known.contains(&(case.id, violation.rule))));
    }
    Ok(left)
}

/// The holds of bookings that are on their way to the archive: a batch at most. Some of their rows have moved.
async fn being_archived(snapshot: &Snapshot<'_>) -> Result<HashSet<Uuid>, ReconcileError> {
    let fails = |error| ReconcileError::Database(BOOKINGS, error);
    let is_there = "SELECT to_regclass('archive.moving') IS NOT NULL";
    let row = snapshot.bookings.query_one(is_there, &[]).await;
    if !row.and_then(|row| row.try_get(0)).map_err(fails)? {
        return Ok(HashSet::new());
    }
    let moving = "SELECT hold_id FROM archive.moving";
    let rows = snapshot.bookings.query(moving, &[]).await.map_err(fails)?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(fails))
        .collect()
}

/// The row streams that are merged.
struct Cases<'a> {
    bookings: Rows<'a, Booking>,
    holds: Rows<'a, Hold>,
    tickets: Rows<'a, Hold>,
    charges: Rows<'a, Charge>,
}

impl Cases<'_> {
    async fn next(&mut self) -> Result<Option<Case>, ReconcileError> {
        let ids = [
            self.bookings.next_hold(),
            self.holds.next_hold(),
            self.tickets.next_hold(),
            self.charges.next_hold(),
        ];
        let Some(id) = ids.into_iter().flatten().min() else {
            return Ok(None);
        };
        let booking = self.bookings.take(id).await?;
        let (seats, tickets) = (self.holds.take(id).await?, self.tickets.take(id).await?);
        let is_of_tickets = booking.as_ref().is_some_and(|one| one.channel == "event");
        let mut case = Case {
            id,
            booking,
            hold: if is_of_tickets { tickets } else { seats },
            charges: Vec::new(),
        };
        while let Some(charge) = self.charges.take(id).await? {
            case.charges.push(charge);
        }
        Ok(Some(case))
    }
}

/// Proves the ledger of all pools. It is in one snapshot, so there is nothing to recheck.
async fn prove(snapshot: &Snapshot<'_>, verdict: &mut Report) -> Result<(), ReconcileError> {
    for (kind, database) in [
        (PoolKind::Seats, &snapshot.flights),
        (PoolKind::Tickets, &snapshot.bookings),
    ] {
        let proof = inventory::proof::prove_whole(database).await?;
        let pools = Pools {
            count: proof.pools,
            capacity: proof.capacity,
            free: proof.free,
            held: proof.held,
            sold: proof.sold,
        };
        match kind {
            PoolKind::Seats => verdict.pools = pools,
            PoolKind::Tickets => verdict.ticket_pools = pools,
        }
        for contradiction in proof.violations {
            verdict.add(Violation {
                rule: Rule::PoolDiffers,
                booking: None,
                hold: None,
                pool: Some(contradiction.pool.0),
                pool_of: Some(kind),
                what: contradiction.what,
            });
        }
    }
    Ok(())
}

/// Counts all holds, including ended ones.
async fn count_holds(snapshot: &Snapshot<'_>, verdict: &mut Report) -> Result<(), ReconcileError> {
    let query = "SELECT status, count(*) FROM holds GROUP BY status";
    for (name, database, counts) in [
        (FLIGHTS, &snapshot.flights, &mut verdict.holds),
        (BOOKINGS, &snapshot.bookings, &mut verdict.ticket_holds),
    ] {
        let fails = |error| ReconcileError::Database(name, error);
        for row in database.query(query, &[]).await.map_err(fails)? {
            let status = row.try_get(0).map_err(fails)?;
            counts.insert(status, row.try_get(1).map_err(fails)?);
        }
    }
    Ok(())
}
