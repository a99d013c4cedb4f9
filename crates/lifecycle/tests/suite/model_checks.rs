//! Exhaustive model_checks of the model. Each panics with a shortest trace to the first broken law.

use std::collections::BTreeSet;

use lifecycle::{ChargedSeats, Event, Outcome, Payment, PaymentPolicy, State};

use crate::model::{Claims, Explored, Setting, explore};
use crate::universe::{EVENTS, PAYMENTS, all_policies};

fn three_workers(policy: PaymentPolicy) -> Setting {
    Setting {
        policy,
        workers: 3,
        claims: Claims::RaiseVersion,
        takes_by_force: false,
        is_unabridged: false,
        fault: None,
    }
}

fn walk(setting: &Setting) -> Explored {
    explore(setting).unwrap_or_else(|violation| {
        let (law, trace) = (violation.law, violation.trace);
        panic!("{setting:?}\nbroken: {law}\n{trace}")
    })
}

#[test]
fn overtaken_workers_do_no_harm() {
    for policy in all_policies() {
        walk(&three_workers(policy));
    }
}

#[test]
fn workers_with_the_same_version_do_no_harm() {
    for policy in all_policies() {
        walk(&Setting {
            claims: Claims::KeepVersion,
            ..three_workers(policy)
        });
    }
}

#[test]
fn a_hold_taken_by_force_is_undone_or_never_noticed() {
    for policy in all_policies() {
        walk(&Setting {
            takes_by_force: true,
            ..three_workers(policy)
        });
    }
}

#[test]
fn nothing_is_overlooked_by_taking_worlds_together() {
    for payment in PAYMENTS {
        for claims in [Claims::RaiseVersion, Claims::KeepVersion] {
            let policy = PaymentPolicy {
                payment,
                max_attempts: 2,
            };
            let abridged = Setting {
                workers: 2,
                claims,
                ..three_workers(policy)
            };
            let unabridged = Setting {
                is_unabridged: true,
                ..abridged
            };
            let (few, many) = (walk(&abridged), walk(&unabridged));
            assert!(few.worlds < many.worlds);
            assert_eq!(few.at_rest, many.at_rest);
            assert_eq!(few.written, many.written);
        }
    }
}

/// Otherwise the laws would hold because nothing happens.
#[test]
fn every_event_and_every_end_comes_about() {
    let paid_later = three_workers(PaymentPolicy {
        payment: Payment::Later {
            is_on_session: false,
        },
        max_attempts: 2,
    });
    let forced = walk(&Setting {
        takes_by_force: true,
        ..paid_later
    });
    // Changes of seats and lost bookings are not modelled.
    let mut events = BTreeSet::from(EVENTS);
    events.remove(&Event::SeatsChanged);
    events.remove(&Event::HoldOfLostBooking);
    assert_eq!(forced.written, events);

    // A pinned hold is lost only by force.
    let seats = ChargedSeats::Lost;
    events.remove(&Event::Charged { seats });
    events.remove(&Event::HoldLost);
    let unforced = walk(&paid_later);
    assert_eq!(unforced.written, events);
    let ends = [Outcome::Failed, Outcome::Expired, Outcome::Cancelled].map(State::Ended);
    let states = unforced.at_rest.iter().map(|world| world.lifecycle.state);
    let states: BTreeSet<State> = states.collect();
    assert_eq!(states, [State::Confirmed].into_iter().chain(ends).collect());
}
