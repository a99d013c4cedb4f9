//! The timetable in memory, and an exact search for the best itineraries in it.
//!
//! A [`Timetable`] is built once from airports and flights and never changes. A [`Query`] asks it
//! for the best ways from one airport to another on a day; the answer is the exact beginning of the
//! list of all itineraries, in a total order, as if all had been enumerated and sorted.
//!
//! What an itinerary is, [`domain::sale_rules::itinerary`] says; this crate finds the best ones.
//!
//! This crate is pure. It does no I/O, knows no database and no wire format, keeps no seat counts
//! (the caller says of each flight whether it is open) and reads no clock.
//!
//! # Map
//!
//! | module | what it holds |
//! | --- | --- |
//! | `timetable` | airports, flights, the columns and their grouping by route |
//! | `build` | the way in: sorts, checks, and refuses by name |
//! | `query`, `filters` | what is asked: [`Query`], [`Filters`], [`SearchError`] |
//! | `order`, `cursor` | [`Order`], the total order that it stands for, and a [`Cursor`] in it |
//! | `itinerary` | what is answered: [`Itinerary`] |
//! | `resolved_query` | a query in the timetable's own terms, or why it makes no sense |
//! | `search` | [`Timetable::search`]: from a query to an answer |
//! | `branch` | the enumeration that leaves out what can't be among the best |
//! | `bounds`, `shared_bounds` | what the way on costs at least, and who uses it again |
//! | `last_legs` | which routes to the destination can be used at all |
//! | `transposition_table` | what the search learned about the way on from a flight |
//! | `top_k` | the best found so far |
//!
//! # Method
//!
//! Depth-first branch and bound (A. H. Land and A. G. Doig, "An Automatic Method of Solving
//! Discrete Programming Problems", Econometrica 28, 1960). A partial itinerary is extended leg by
//! leg; the best K complete ones wait in a heap with the worst on top. Where the cost so far and a
//! lower bound of the cost to come exceed that worst, nothing that follows can get in, and the
//! branch is cut. A branch that can only equal the worst is kept: the keys that follow the first
//! may still decide for it. The search goes by rounds, direct flights first, and by the bound of
//! the first leg: good early answers cut what comes later short.
//!
//! The bounds are admissible in the sense of A* (P. Hart, N. Nilsson and B. Raphael, "A Formal
//! Basis for the Heuristic Determination of Minimum Cost Paths", 1968): never more than the true
//! cost. They come from a graph of airports whose edges are routes at their least price, or their
//! least time with the least connection, searched backwards from the destination as Dijkstra would,
//! but in rounds by the number of legs, as RAPTOR does (D. Delling, T. Pajor and R. Werneck,
//! "Round-Based Public Transit Routing", 2012): prices may be negative, and each number of legs has
//! its own bound. Airports to change at are part of the graph's nodes, so that a bound knows of the
//! detour; excluded ones are not in it. Routes whose last legs are all closed, another airline's or
//! at the wrong time of day do not count. That the K best simple paths are found by bounds on the
//! rest of the way is the idea behind the algorithms for k shortest paths (J. Y. Yen, "Finding the K
//! Shortest Loopless Paths in a Network", 1971; D. Eppstein, "Finding the k Shortest Paths", 1998);
//! theirs need one fixed cost for each edge, while here a connection decides which edges follow.
//!
//! Bounds by airport know nothing of times of day. A search that goes on for long learns: what was
//! found behind a flight, with so many legs to come, is remembered as the new bound of that flight
//! (see `transposition_table`), so that a part of the schedule that leads nowhere is looked at once, not once for
//! each way into it.
//!
//! Flights stand in columns sorted by route and departure, and a connection is a binary search in
//! them: like the Connection Scan algorithm (J. Dibbelt, T. Pajor, B. Strasser and D. Wagner,
//! "Intriguingly Simple and Fast Transit Routing", 2013) the search reads arrays from front to end
//! and builds no graph of events. RAPTOR and Connection Scan themselves answer another question,
//! the earliest arrival or a Pareto front, and keep one way to each stop; the best K need all.
//!
//! # Why the answer is exact
//!
//! Without cuts the search is an enumeration: each round extends every partial itinerary by every
//! flight that the definition admits. A cut is made where a lower bound of the first key of all that
//! follows is more than the cutoff, which is the first key of the worst of K itineraries at hand or the
//! query's own limit; or where a lower bound of the second key is more than the query's limit. So
//! what is cut off does not belong to the answer, whatever the keys after the first. It remains that
//! every bound is one.
//!
//! - *By airport.* The bound for k legs from an airport is the least sum over all sequences of k
//!   routes to the destination of the least that each can cost. A real way on takes k flights of such
//!   a sequence: each costs at least its route's least, each wait is at least the least connection,
//!   its last flight is a possible last leg, and it changes at all airports that are still missing
//!   and at none that is excluded. Shared bounds also let ways through that come back to the source;
//!   that lowers them at most.
//! - *Learned.* The bound of a flight with k legs to come is the least over all flights that connect to
//!   it, open or not known to be closed, of the flight's cost and its own bound with k - 1 legs to
//!   come. Flights that were passed over because nobody can take them do not count; those that were
//!   cut because of how this itinerary began (its cost, its airports, its duration) count with their
//!   bound, so what was learned holds for every beginning. By induction over k it is a lower bound.
//!
//! [`Query::after`] does not change what is cut: an itinerary at or before that place is looked at and
//! not taken, so the cutoff is that of the K best after it, and every page is exact. Since no two
//! itineraries have the same place, the pages that follow one another are the whole list. What is in
//! front of the page is searched again with each page; a page far behind costs what a list of that
//! length does.

#![warn(missing_docs)]

mod bounds;
mod branch;
mod build;
mod cursor;
mod filters;
mod itinerary;
mod last_legs;
mod order;
mod query;
mod resolved_query;
mod search;
mod shared_bounds;
mod timetable;
mod top_k;
mod transposition_table;

pub use build::BuildError;
pub use cursor::Cursor;
pub use domain::sale_rules::itinerary::{ConnectionWindow, ConnectionWindowReversed, MAX_LEGS};
pub use filters::{Filters, TimeWindow};
pub use itinerary::Itinerary;
pub use order::Order;
pub use query::{MAX_STOPS, Query, SearchError};
pub use search::SearchStats;
pub use timetable::{Airport, Flight, FlightSlot, Timetable};
