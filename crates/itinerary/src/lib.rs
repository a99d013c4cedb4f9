//! An in-memory timetable, and an exact search for its best itineraries.
//!
//! A [`Timetable`] is built once from airports and flights and never changes. A [`Query`] asks for the best
//! itineraries between two airports on a day. The answer is exact: the first K of all itineraries in a total
//! order, as if all had been enumerated and sorted.
//!
//! [`domain::sale_rules::itinerary`] defines what an itinerary is; this crate finds the best ones.
//!
//! This crate is pure. It does no I/O, knows no database and no wire format, keeps no seat counts (the caller
//! says whether a flight is open) and reads no clock.
//!
//! # Map
//!
//! | module | contents |
//! | --- | --- |
//! | `timetable` | airports, flights, the columns and their grouping by route |
//! | `build` | builds a timetable; validates the input |
//! | `query`, `filters` | the request: [`Query`], [`Filters`], [`SearchError`] |
//! | `order`, `cursor` | [`SearchOrder`] and its total order; a [`Cursor`] for pagination |
//! | `itinerary` | the result: [`Itinerary`] |
//! | `resolved_query` | a validated query, in indexes and seconds of the timetable |
//! | `search` | [`Timetable::search`], the entry point |
//! | `branch` | the branch and bound itself |
//! | `bounds`, `shared_bounds` | lower bounds of the remaining cost, and their cache |
//! | `last_legs` | routes to the destination with a usable last leg |
//! | `transposition_table` | lower bounds learned during a search |
//! | `top_k` | the best itineraries so far |
//!
//! # Method
//!
//! Depth-first branch and bound (A. H. Land and A. G. Doig, "An Automatic Method of Solving Discrete
//! Programming Problems", Econometrica 28, 1960). A partial itinerary is extended leg by leg. The best K
//! complete ones are kept in a heap with the worst on top. A branch is cut when its cost so far plus a lower
//! bound of its remaining cost exceeds that worst. A branch that can only equal the worst is kept, because
//! later sort keys may decide for it. The search proceeds in rounds by number of legs, direct flights first,
//! and within a round by the bound of the first leg: good early results prune later branches.
//!
//! The bounds are admissible in the sense of A* (P. Hart, N. Nilsson and B. Raphael, "A Formal Basis for the
//! Heuristic Determination of Minimum Cost Paths", 1968): never more than the true cost. They come from a graph
//! of airports. Its edges are routes, weighted by their least price, or by their least flight time plus the
//! least connection. It is searched backwards from the destination, as in Dijkstra's algorithm, but in rounds
//! by number of legs, as in RAPTOR (D. Delling, T. Pajor and R. Werneck, "Round-Based Public Transit Routing",
//! 2012), because prices may be negative and each number of legs has its own bound. The via airports are part
//! of the graph's nodes, so the bound includes the detour; excluded airports are not in the graph. Routes whose
//! last legs are all closed, of another airline or at the wrong time of day are ignored. Finding the K best
//! simple paths by bounds on the remaining path is the idea behind the k-shortest-path algorithms (J. Y. Yen,
//! "Finding the K Shortest Loopless Paths in a Network", 1971; D. Eppstein, "Finding the k Shortest Paths",
//! 1998). Those need a fixed cost per edge, while here a connection decides which edges follow.
//!
//! Bounds by airport ignore the time of day. A long search therefore learns: the least cost found behind a
//! flight, for a number of remaining legs, becomes that flight's bound (see `transposition_table`). A dead end
//! of the schedule is then explored once, not once for each way into it.
//!
//! Flights are stored in columns sorted by route and departure, and a connection is a binary search in them.
//! Like the Connection Scan algorithm (J. Dibbelt, T. Pajor, B. Strasser and D. Wagner, "Intriguingly Simple
//! and Fast Transit Routing", 2013), the search reads arrays from front to end and builds no graph of events.
//! RAPTOR and Connection Scan themselves solve another problem, the earliest arrival or a Pareto front, and
//! keep one way to each stop; the best K need all.
//!
//! # Why the answer is exact
//!
//! Without cuts the search is an enumeration: each round extends every partial itinerary by every flight that
//! the definition allows. A branch is cut if a lower bound of its first key exceeds the cutoff, which is the
//! first key of the worst of K itineraries found or the query's own limit; or if a lower bound of its second
//! key exceeds the query's limit. So a cut branch can't contain a result, whatever its later keys. It remains
//! to show that each bound is a lower bound.
//!
//! - *By airport.* The bound for k legs from an airport is the least, over all sequences of k routes to the
//!   destination, of the sum of their least costs. A real path takes k flights of such a sequence: each costs
//!   at least its route's least, each wait is at least the least connection, its last flight is a possible last
//!   leg, and it changes at all remaining via airports and at no excluded one. Shared bounds also allow paths
//!   back through the source, which can only lower them.
//! - *Learned.* The bound of a flight with k remaining legs is the least, over all flights that connect to it,
//!   of the flight's cost plus its own bound with k - 1 remaining legs. Infeasible flights, which are closed or
//!   not admitted, don't count. Flights that were pruned because of how this itinerary began (its cost,
//!   airports or duration) contribute their bound, so the learned bound holds for every beginning. By induction
//!   over k it is a lower bound.
//!
//! [`Query::after`] does not change the cuts. An itinerary at or before the cursor is expanded but not kept, so
//! the cutoff is that of the K best after it, and every page is exact. No two itineraries have the same sort
//! key, so consecutive pages make up the whole list. Each page searches again what precedes it: a page far down
//! costs as much as a list of that length.

#![warn(missing_docs)]

mod bounds;
mod branch;
mod build;
mod cursor;
mod filters;
mod itinerary;
mod last_legs;
mod query;
mod rank;
mod relaxation;
mod resolved_query;
mod search;
mod shared_bounds;
mod stats;
mod timetable;
mod top_k;
mod transposition_table;

pub use build::BuildError;
pub use cursor::Cursor;
pub use domain::SearchOrder;
pub use domain::sale_rules::itinerary::{ConnectionWindow, ConnectionWindowReversed};
pub use filters::{Filters, TimeWindow};
pub use itinerary::Itinerary;
pub use query::{MAX_STOPS, Query, SearchError};
pub use stats::SearchStats;
pub use timetable::{Airport, Flight, FlightSlot, Timetable};
