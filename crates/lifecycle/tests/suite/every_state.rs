//! Laws of the machine alone: every reachable state, with every event, under every policy.

use lifecycle::{
    Action, BookingState, ChargedSeats, Event, MoneyTask, Outcome, Payment, PaymentPolicy,
    SeatTask, State,
};

use crate::universe::{EVENTS, all_policies, reachable};

fn each_life(check: impl Fn(PaymentPolicy, BookingState)) {
    for policy in all_policies() {
        for lifecycle in reachable(policy) {
            check(policy, lifecycle);
        }
    }
}

fn each_move(check: impl Fn(PaymentPolicy, BookingState, Event, BookingState)) {
    each_life(|policy, lifecycle| {
        for event in EVENTS {
            if let Ok(next) = lifecycle.apply(policy, event) {
                check(policy, lifecycle, event, next);
            }
        }
    });
}

/// The events that an action can lead to, reported by the worker that takes it.
fn news_of(action: Action) -> Vec<Event> {
    let starts_with = |names: &[&str]| {
        let is_named = |event: &Event| names.contains(&name_of(*event));
        EVENTS.into_iter().filter(is_named).collect()
    };
    match action {
        Action::Hold => starts_with(&["Held", "HoldRefused", "HoldOfLostBooking"]),
        Action::Pay { .. } => starts_with(&[
            "PinRefused",
            "Charged",
            "Declined",
            "ChargeRefused",
            "KeyClosed",
        ]),
        Action::Confirm => starts_with(&["Sold", "HoldLost"]),
        Action::Release => starts_with(&["Released"]),
        Action::Reverse { .. } => starts_with(&["Reversed"]),
        Action::AwaitCustomer | Action::Nothing => Vec::new(),
    }
}

/// An event's name without its payload. A new event does not compile until it is named here, and then the test
/// below requires it in the list of all events.
fn name_of(event: Event) -> &'static str {
    match event {
        Event::Held => "Held",
        Event::HoldRefused { .. } => "HoldRefused",
        Event::HoldOfLostBooking => "HoldOfLostBooking",
        Event::PayRequested => "PayRequested",
        Event::SeatsChanged => "SeatsChanged",
        Event::PinRefused => "PinRefused",
        Event::Charged { .. } => "Charged",
        Event::Declined { .. } => "Declined",
        Event::ChargeRefused => "ChargeRefused",
        Event::KeyClosed => "KeyClosed",
        Event::Sold => "Sold",
        Event::HoldLost => "HoldLost",
        Event::DeadlinePassed => "DeadlinePassed",
        Event::CancelRequested => "CancelRequested",
        Event::Abandoned => "Abandoned",
        Event::Released => "Released",
        Event::Reversed => "Reversed",
    }
}

/// A measure of the distance from rest (a termination argument): no event raises it, and every worker's report
/// lowers it.
fn distance(lifecycle: BookingState) -> (u16, u8) {
    let state = match lifecycle.state {
        State::Pending => 1000,
        State::Held => 999,
        State::Paying { attempt } => 999 - 2 * u16::from(attempt),
        State::PaymentFailed { attempts } => 998 - 2 * u16::from(attempts),
        State::Confirmed => 1,
        State::Ended(_) => 0,
    };
    let tasks = u8::from(lifecycle.seats != SeatTask::Nothing)
        + u8::from(lifecycle.money != MoneyTask::Nothing);
    (state, tasks)
}

#[test]
fn what_does_not_move_is_refused_by_name() {
    each_life(|policy, lifecycle| {
        for event in EVENTS {
            if let Err(refused) = lifecycle.apply(policy, event) {
                assert_eq!((refused.state, refused.event), (lifecycle.state, event));
                assert!(refused.to_string().contains(name_of(event)), "{refused}");
            }
        }
    });
}

#[test]
fn every_event_has_a_use() {
    for event in EVENTS {
        let is_used = all_policies().into_iter().any(|policy| {
            let mut lives = reachable(policy).into_iter();
            lives.any(|lifecycle| lifecycle.apply(policy, event).is_ok())
        });
        assert!(is_used, "{event:?}");
    }
}

#[test]
fn an_end_shows_only_when_the_seats_are_free_and_all_else_at_once() {
    each_life(|_, lifecycle| {
        if lifecycle.seats == SeatTask::Release {
            assert!(
                !matches!(lifecycle.public_status, State::Ended(_)),
                "{lifecycle:?}"
            );
        } else {
            assert_eq!(lifecycle.public_status, lifecycle.state, "{lifecycle:?}");
        }
    });
}

#[test]
fn tasks_belong_to_their_states() {
    each_life(|_, lifecycle| {
        let is_ended = matches!(lifecycle.state, State::Ended(_));
        match lifecycle.seats {
            SeatTask::Confirm => assert_eq!(lifecycle.state, State::Confirmed, "{lifecycle:?}"),
            SeatTask::Release => assert!(is_ended, "{lifecycle:?}"),
            SeatTask::Nothing => {}
        }
        if let MoneyTask::Reverse { attempt } = lifecycle.money {
            assert!(is_ended, "{lifecycle:?}");
            assert!(
                lifecycle.charged.is_none_or(|charged| charged == attempt),
                "{lifecycle:?}"
            );
        }
    });
}

#[test]
fn an_end_is_never_left() {
    each_move(|_, lifecycle, event, next| {
        if matches!(lifecycle.state, State::Ended(_)) {
            assert_eq!(next.state, lifecycle.state, "{event:?}");
        }
    });
}

#[test]
fn attempts_are_counted_up_to_their_limit() {
    each_life(|policy, lifecycle| {
        let paying = match lifecycle.state {
            State::Paying { attempt } => Some(attempt),
            _ => None,
        };
        let reversing = match lifecycle.money {
            MoneyTask::Reverse { attempt } => Some(attempt),
            MoneyTask::Nothing => None,
        };
        for attempt in [paying, reversing, lifecycle.charged].into_iter().flatten() {
            assert!(
                (1..=policy.max_attempts).contains(&attempt),
                "{lifecycle:?}"
            );
            assert_ne!(policy.payment, Payment::Nothing, "{lifecycle:?}");
        }
    });
}

#[test]
fn who_is_confirmed_has_paid_if_it_costs_something() {
    each_life(|policy, lifecycle| {
        if lifecycle.state == State::Confirmed {
            let is_free = policy.payment == Payment::Nothing;
            assert_eq!(lifecycle.charged.is_none(), is_free, "{lifecycle:?}");
        }
    });
}

#[test]
fn a_charge_is_forgotten_by_no_end() {
    each_move(|_, lifecycle, event, next| {
        let was_paying = matches!(lifecycle.state, State::Paying { .. } | State::Confirmed);
        if was_paying && matches!(next.state, State::Ended(_)) {
            let is_declined = matches!(event, Event::Declined { .. } | Event::KeyClosed);
            let is_settled = matches!(next.money, MoneyTask::Reverse { .. });
            let was_free = lifecycle.state == State::Confirmed && lifecycle.charged.is_none();
            assert_eq!(
                is_settled,
                !is_declined && !was_free,
                "{lifecycle:?} {event:?}"
            );
        }
    });
}

#[test]
fn work_ends() {
    each_move(|_, lifecycle, event, next| {
        assert!(
            distance(next) <= distance(lifecycle),
            "{lifecycle:?} {event:?} {next:?}"
        );
    });
    each_life(|policy, lifecycle| {
        let news = news_of(lifecycle.next());
        assert_eq!(lifecycle.has_work(), !news.is_empty(), "{lifecycle:?}");
        for event in news {
            let next = lifecycle.apply(policy, event);
            let is_closer = next.is_ok_and(|next| distance(next) < distance(lifecycle));
            assert!(is_closer, "{lifecycle:?} {event:?} {next:?}");
        }
    });
}

#[test]
fn the_deadline_cuts_no_attempt_but_one_that_may_wait_in_a_queue() {
    each_life(|policy, lifecycle| {
        let cut = lifecycle.apply(policy, Event::DeadlinePassed);
        let is_queued = matches!(policy.payment, Payment::Queued { .. });
        let is_cut = match lifecycle.state {
            State::Pending | State::Held | State::PaymentFailed { .. } => true,
            State::Paying { .. } => is_queued,
            State::Confirmed | State::Ended(_) => false,
        };
        assert_eq!(cut.is_ok(), is_cut, "{lifecycle:?}");
        if let (Ok(cut), State::Paying { attempt }) = (cut, lifecycle.state) {
            assert_eq!(cut.money, MoneyTask::Reverse { attempt });
        }
    });
}

#[test]
fn past_its_deadline_an_attempt_ends_once_its_key_is_closed() {
    each_life(|policy, lifecycle| {
        let closed = lifecycle.apply(policy, Event::KeyClosed);
        let pays = match lifecycle.state {
            State::Paying { .. } => true,
            state => state == State::Pending && policy.creation_covers_first_attempt(),
        };
        assert_eq!(closed.is_ok(), pays, "{lifecycle:?}");
        if let Ok(ended) = closed {
            assert_eq!(ended.state, State::Ended(Outcome::Expired));
            assert_eq!(ended.money, MoneyTask::Nothing, "{lifecycle:?}");
        }
    });
}

#[test]
fn a_decline_on_session_keeps_the_hold_until_the_last_attempt() {
    let policy = PaymentPolicy {
        payment: Payment::Later {
            is_on_session: true,
        },
        max_attempts: 2,
    };
    let declined = Event::Declined {
        past_deadline: false,
    };
    let mut lifecycle = BookingState::NEW;
    for (event, state) in [
        (Event::Held, State::Held),
        (Event::PayRequested, State::Paying { attempt: 1 }),
        (declined, State::PaymentFailed { attempts: 1 }),
        (Event::PayRequested, State::Paying { attempt: 2 }),
        (declined, State::Ended(Outcome::Failed)),
    ] {
        lifecycle = lifecycle.apply(policy, event).unwrap();
        assert_eq!(lifecycle.state, state);
    }
    assert_eq!(lifecycle.next(), Action::Release);
}

#[test]
fn a_queued_payment_has_failed_after_each_round_and_tried_again_under_other_keys() {
    let policy = PaymentPolicy {
        payment: Payment::Queued { round: 2 },
        max_attempts: 5,
    };
    let declined = Event::Declined {
        past_deadline: false,
    };
    let mut lifecycle = BookingState::NEW.apply(policy, Event::Held).unwrap();
    let mut way = vec![lifecycle.state];
    for event in [
        declined,
        declined,
        Event::PayRequested,
        declined,
        declined,
        Event::PayRequested,
        declined,
    ] {
        lifecycle = lifecycle.apply(policy, event).unwrap();
        way.push(lifecycle.state);
    }
    let paying = |attempt| State::Paying { attempt };
    let payment_failed = |attempts| State::PaymentFailed { attempts };
    let expected = [
        paying(1),
        paying(2),
        payment_failed(2),
        paying(3),
        paying(4),
        payment_failed(4),
        paying(5),
        payment_failed(5),
    ];
    assert_eq!(way, expected);
    assert!(lifecycle.apply(policy, Event::PayRequested).is_err());
    let expired = lifecycle.apply(policy, Event::DeadlinePassed).unwrap();
    assert_eq!(expired.money, MoneyTask::Nothing);
}

#[test]
fn whatever_has_not_ended_can_be_cancelled() {
    each_life(|policy, lifecycle| {
        let cancelled = lifecycle.apply(policy, Event::CancelRequested);
        match cancelled {
            Ok(cancelled) => assert_eq!(cancelled.next(), Action::Release, "{lifecycle:?}"),
            Err(_) => assert!(matches!(lifecycle.state, State::Ended(_)), "{lifecycle:?}"),
        }
    });
}

#[test]
fn a_charge_without_seats_is_given_back() {
    let policy = PaymentPolicy {
        payment: Payment::AtOnce,
        max_attempts: 1,
    };
    let paying = BookingState::NEW.apply(policy, Event::Held);
    let lost = Event::Charged {
        seats: ChargedSeats::Lost,
    };
    let mut lifecycle = paying
        .and_then(|lifecycle| lifecycle.apply(policy, lost))
        .unwrap();
    assert_eq!(lifecycle.public_status, State::Paying { attempt: 1 });
    assert_eq!(lifecycle.next(), Action::Release);
    lifecycle = lifecycle.apply(policy, Event::Released).unwrap();
    assert_eq!(lifecycle.next(), Action::Reverse { attempt: 1 });
    lifecycle = lifecycle.apply(policy, Event::Reversed).unwrap();
    assert_eq!(lifecycle.next(), Action::Nothing);
}
