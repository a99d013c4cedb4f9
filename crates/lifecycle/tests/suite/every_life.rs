//! Laws of the machine alone: every reachable state, with every event, under every policy.

use lifecycle::{
    Action, BookingState, ChargedSeats, Event, MoneyTask, Outcome, Payment, PaymentPolicy,
    SeatTask, State,
};

use crate::universe::{EVENTS, all_terms, reachable};

fn each_life(check: impl Fn(PaymentPolicy, BookingState)) {
    for policy in all_terms() {
        for life in reachable(policy) {
            check(policy, life);
        }
    }
}

fn each_move(check: impl Fn(PaymentPolicy, BookingState, Event, BookingState)) {
    each_life(|policy, life| {
        for event in EVENTS {
            if let Ok(next) = life.apply(policy, event) {
                check(policy, life, event, next);
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
fn distance(life: BookingState) -> (u16, u8) {
    let state = match life.state {
        State::Pending => 1000,
        State::Held => 999,
        State::Paying { attempt } => 999 - 2 * u16::from(attempt),
        State::PaymentFailed { attempts } => 998 - 2 * u16::from(attempts),
        State::Confirmed => 1,
        State::Ended(_) => 0,
    };
    let tasks =
        u8::from(life.seats != SeatTask::Nothing) + u8::from(life.money != MoneyTask::Nothing);
    (state, tasks)
}

#[test]
fn what_does_not_move_is_refused_by_name() {
    each_life(|policy, life| {
        for event in EVENTS {
            if let Err(refused) = life.apply(policy, event) {
                assert_eq!((refused.state, refused.event), (life.state, event));
                assert!(refused.to_string().contains(name_of(event)), "{refused}");
            }
        }
    });
}

#[test]
fn every_event_has_a_use() {
    for event in EVENTS {
        let is_used = all_terms().into_iter().any(|policy| {
            let mut lives = reachable(policy).into_iter();
            lives.any(|life| life.apply(policy, event).is_ok())
        });
        assert!(is_used, "{event:?}");
    }
}

#[test]
fn an_end_shows_only_when_the_seats_are_free_and_all_else_at_once() {
    each_life(|_, life| {
        if life.seats == SeatTask::Release {
            assert!(!matches!(life.public_status, State::Ended(_)), "{life:?}");
        } else {
            assert_eq!(life.public_status, life.state, "{life:?}");
        }
    });
}

#[test]
fn tasks_belong_to_their_states() {
    each_life(|_, life| {
        let is_ended = matches!(life.state, State::Ended(_));
        match life.seats {
            SeatTask::Confirm => assert_eq!(life.state, State::Confirmed, "{life:?}"),
            SeatTask::Release => assert!(is_ended, "{life:?}"),
            SeatTask::Nothing => {}
        }
        if let MoneyTask::Reverse { attempt } = life.money {
            assert!(is_ended, "{life:?}");
            assert!(
                life.charged.is_none_or(|charged| charged == attempt),
                "{life:?}"
            );
        }
    });
}

#[test]
fn an_end_is_never_left() {
    each_move(|_, life, event, next| {
        if matches!(life.state, State::Ended(_)) {
            assert_eq!(next.state, life.state, "{event:?}");
        }
    });
}

#[test]
fn attempts_are_counted_up_to_their_limit() {
    each_life(|policy, life| {
        let paying = match life.state {
            State::Paying { attempt } => Some(attempt),
            _ => None,
        };
        let reversing = match life.money {
            MoneyTask::Reverse { attempt } => Some(attempt),
            MoneyTask::Nothing => None,
        };
        for attempt in [paying, reversing, life.charged].into_iter().flatten() {
            assert!((1..=policy.max_attempts).contains(&attempt), "{life:?}");
            assert_ne!(policy.payment, Payment::Nothing, "{life:?}");
        }
    });
}

#[test]
fn who_is_confirmed_has_paid_if_it_costs_something() {
    each_life(|policy, life| {
        if life.state == State::Confirmed {
            let is_free = policy.payment == Payment::Nothing;
            assert_eq!(life.charged.is_none(), is_free, "{life:?}");
        }
    });
}

#[test]
fn a_charge_is_forgotten_by_no_end() {
    each_move(|_, life, event, next| {
        let was_paying = matches!(life.state, State::Paying { .. } | State::Confirmed);
        if was_paying && matches!(next.state, State::Ended(_)) {
            let is_declined = matches!(event, Event::Declined { .. } | Event::KeyClosed);
            let is_settled = matches!(next.money, MoneyTask::Reverse { .. });
            let was_free = life.state == State::Confirmed && life.charged.is_none();
            assert_eq!(is_settled, !is_declined && !was_free, "{life:?} {event:?}");
        }
    });
}

#[test]
fn work_ends() {
    each_move(|_, life, event, next| {
        assert!(
            distance(next) <= distance(life),
            "{life:?} {event:?} {next:?}"
        );
    });
    each_life(|policy, life| {
        let news = news_of(life.next());
        assert_eq!(life.has_work(), !news.is_empty(), "{life:?}");
        for event in news {
            let next = life.apply(policy, event);
            let is_closer = next.is_ok_and(|next| distance(next) < distance(life));
            assert!(is_closer, "{life:?} {event:?} {next:?}");
        }
    });
}

#[test]
fn the_deadline_cuts_no_attempt_but_one_that_may_wait_in_a_queue() {
    each_life(|policy, life| {
        let cut = life.apply(policy, Event::DeadlinePassed);
        let is_queued = matches!(policy.payment, Payment::Queued { .. });
        let is_cut = match life.state {
            State::Pending | State::Held | State::PaymentFailed { .. } => true,
            State::Paying { .. } => is_queued,
            State::Confirmed | State::Ended(_) => false,
        };
        assert_eq!(cut.is_ok(), is_cut, "{life:?}");
        if let (Ok(cut), State::Paying { attempt }) = (cut, life.state) {
            assert_eq!(cut.money, MoneyTask::Reverse { attempt });
        }
    });
}

#[test]
fn past_its_deadline_an_attempt_ends_once_its_key_is_closed() {
    each_life(|policy, life| {
        let closed = life.apply(policy, Event::KeyClosed);
        let pays = matches!(life.state, State::Paying { .. });
        assert_eq!(closed.is_ok(), pays, "{life:?}");
        if let Ok(ended) = closed {
            assert_eq!(ended.state, State::Ended(Outcome::Expired));
            assert_eq!(ended.money, MoneyTask::Nothing, "{life:?}");
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
    let mut life = BookingState::NEW;
    for (event, state) in [
        (Event::Held, State::Held),
        (Event::PayRequested, State::Paying { attempt: 1 }),
        (declined, State::PaymentFailed { attempts: 1 }),
        (Event::PayRequested, State::Paying { attempt: 2 }),
        (declined, State::Ended(Outcome::Failed)),
    ] {
        life = life.apply(policy, event).unwrap();
        assert_eq!(life.state, state);
    }
    assert_eq!(life.next(), Action::Release);
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
    let mut life = BookingState::NEW.apply(policy, Event::Held).unwrap();
    let mut way = vec![life.state];
    for event in [
        declined,
        declined,
        Event::PayRequested,
        declined,
        declined,
        Event::PayRequested,
        declined,
    ] {
        life = life.apply(policy, event).unwrap();
        way.push(life.state);
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
    assert!(life.apply(policy, Event::PayRequested).is_err());
    let expired = life.apply(policy, Event::DeadlinePassed).unwrap();
    assert_eq!(expired.money, MoneyTask::Nothing);
}

#[test]
fn whatever_has_not_ended_can_be_cancelled() {
    each_life(|policy, life| {
        let cancelled = life.apply(policy, Event::CancelRequested);
        match cancelled {
            Ok(cancelled) => assert_eq!(cancelled.next(), Action::Release, "{life:?}"),
            Err(_) => assert!(matches!(life.state, State::Ended(_)), "{life:?}"),
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
    let mut life = paying.and_then(|life| life.apply(policy, lost)).unwrap();
    assert_eq!(life.public_status, State::Paying { attempt: 1 });
    assert_eq!(life.next(), Action::Release);
    life = life.apply(policy, Event::Released).unwrap();
    assert_eq!(life.next(), Action::Reverse { attempt: 1 });
    life = life.apply(policy, Event::Reversed).unwrap();
    assert_eq!(life.next(), Action::Nothing);
}
