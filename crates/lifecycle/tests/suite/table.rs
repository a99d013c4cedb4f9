//! The whole machine as a table: the action of each state, and the state after each event.

use std::collections::BTreeMap;
use std::fmt::Write;

use lifecycle::{Action, BookingState, MoneyTask, Payment, PaymentPolicy, SeatTask, State};

use crate::universe::{EVENTS, PAYMENTS, reachable};

/// A state and its remaining tasks. The public status, and the charged attempt of an ended booking, don't
/// affect what follows.
fn describe(lifecycle: BookingState) -> String {
    let mut text = match (lifecycle.state, lifecycle.charged) {
        (State::Paying { attempt }, _) => format!("Paying({attempt})"),
        (State::Confirmed, Some(attempt)) => format!("Confirmed(charged {attempt})"),
        (State::Confirmed, None) => "Confirmed(free)".to_owned(),
        (state, _) => format!("{state:?}"),
    };
    match lifecycle.seats {
        SeatTask::Nothing => {}
        SeatTask::Confirm => text.push_str(" +confirm"),
        SeatTask::Release => text.push_str(" +release"),
    }
    if let MoneyTask::Reverse { attempt } = lifecycle.money {
        write!(text, " +reverse({attempt})").unwrap();
    }
    text
}

/// The states by description, in the order of a booking's life; each with an example per payment.
fn lives() -> Vec<(String, Vec<(Payment, BookingState)>)> {
    let mut order: Vec<(String, Vec<(Payment, BookingState)>)> = Vec::new();
    for payment in PAYMENTS {
        for lifecycle in reachable(policy(payment)) {
            let name = describe(lifecycle);
            match order.iter_mut().find(|(known, _)| *known == name) {
                Some((_, lives)) => lives.push((payment, lifecycle)),
                None => order.push((name, vec![(payment, lifecycle)])),
            }
        }
    }
    order.sort_by_key(|(_, lives)| {
        let lifecycle = lives[0].1;
        (
            lifecycle.state,
            lifecycle.charged,
            lifecycle.seats,
            lifecycle.money,
        )
    });
    order
}

fn policy(payment: Payment) -> PaymentPolicy {
    PaymentPolicy {
        payment,
        max_attempts: 2,
    }
}

#[test]
fn the_machine_at_a_glance() {
    let mut table = "At most two attempts to pay. After `+`, what is left to do. What is not listed is refused.\n".to_owned();
    for (name, lives) in lives() {
        let action = lives[0].1.next();
        assert!(
            lives
                .iter()
                .all(|(_, lifecycle)| lifecycle.next() == action),
            "{name}"
        );
        let action = match action {
            Action::Nothing => "is left alone".to_owned(),
            action => format!("does {action:?}"),
        };
        writeln!(table, "\n{name}: {action}").unwrap();
        for event in EVENTS {
            let mut ways: BTreeMap<String, Vec<Payment>> = BTreeMap::new();
            for (payment, lifecycle) in &lives {
                if let Ok(next) = lifecycle.apply(policy(*payment), event) {
                    let payments = ways.entry(describe(next)).or_default();
                    if !payments.contains(payment) {
                        payments.push(*payment);
                    }
                }
            }
            let mut all: Vec<Payment> = lives.iter().map(|(payment, _)| *payment).collect();
            all.dedup();
            for (next, payments) in ways {
                let event = if payments == all {
                    format!("{event:?}")
                } else {
                    format!("{event:?}, paid {payments:?}")
                };
                let next = if next == name { "(stays)" } else { &next };
                writeln!(table, "    {event:<40} -> {next}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}
