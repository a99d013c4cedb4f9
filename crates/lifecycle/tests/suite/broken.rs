//! Mutation tests of the rules: each fault is found by the model checker, by the law that it breaks. So a walk
//! without findings has really looked, and each rule is needed.

use lifecycle::{Payment, PaymentPolicy};

use crate::model::{Claims, Fault, Setting, explore};

const CONFIRMED_HAS_SEATS: &str = "a confirmed booking's hold is pinned or sold";
const SHOWN_END_IS_FREE: &str = "an end shows only when the seats are free";
const REST_IS_WHOLE: &str = "at rest, all is sold and paid, or all is given back";

/// The law that two workers break under this fault, and a shortest trace to it.
fn broken_by(fault: Fault, payment: Payment, claims: Claims) -> (&'static str, String) {
    let setting = Setting {
        policy: PaymentPolicy {
            payment,
            max_attempts: 2,
        },
        workers: 2,
        claims,
        takes_by_force: false,
        is_unabridged: false,
        fault: Some(fault),
    };
    match explore(&setting) {
        Ok(explored) => panic!("{fault:?} is not found: {explored:?}"),
        Err(violation) => (violation.law, violation.trace),
    }
}

fn law_broken_by(fault: Fault, payment: Payment) -> &'static str {
    broken_by(fault, payment, Claims::RaiseVersion).0
}

#[test]
fn to_confirm_what_was_not_pinned() {
    let law = law_broken_by(
        Fault::PinSkipped,
        Payment::Later {
            is_on_session: false,
        },
    );
    assert_eq!(law, CONFIRMED_HAS_SEATS);
}

#[test]
fn to_end_without_closing_the_key() {
    // Paid at once, the row of a charged booking may still say that it is pending.
    let paid_later = Payment::Later {
        is_on_session: false,
    };
    for payment in [Payment::AtOnce, paid_later] {
        assert_eq!(law_broken_by(Fault::KeyLeftOpen, payment), REST_IS_WHOLE);
    }
}

#[test]
fn to_take_silence_for_a_decline() {
    let law = law_broken_by(Fault::SilenceTakenForDecline, Payment::AtOnce);
    assert_eq!(law, "nobody is charged twice");
}

#[test]
fn to_take_a_refused_call_for_a_decline() {
    let law = law_broken_by(Fault::RefusalTakenForDecline, Payment::AtOnce);
    assert_eq!(law, REST_IS_WHOLE);
}

#[test]
fn to_take_silence_for_a_closed_key() {
    let law = law_broken_by(Fault::SilenceTakenForClosed, Payment::AtOnce);
    assert_eq!(law, REST_IS_WHOLE);
}

#[test]
fn to_write_to_any_version() {
    let paid_later = Payment::Later {
        is_on_session: false,
    };
    let (law, _) = broken_by(Fault::VersionIgnored, paid_later, Claims::KeepVersion);
    assert_eq!(law, REST_IS_WHOLE);
}

#[test]
fn to_release_nothing_after_a_refusal_that_was_not_the_only_answer() {
    let law = law_broken_by(Fault::AloneUnproven, Payment::AtOnce);
    assert_eq!(law, SHOWN_END_IS_FREE);
}

#[test]
fn to_release_nothing_though_a_claim_would_not_show() {
    let (law, trace) = broken_by(Fault::ClaimUnseen, Payment::AtOnce, Claims::KeepVersion);
    assert_eq!(law, SHOWN_END_IS_FREE);
    // The maker is refused while its lease expires; the worker that took over is granted the hold.
    insta::assert_snapshot!(trace, @r"
    another worker takes over
        Pending (shown Pending, Nothing, Nothing); hold Unknown; keys [Unknown, Unknown, Unknown]
    Hold is answered Refused
        Pending (shown Pending, Nothing, Nothing); hold Unknown; keys [Unknown, Unknown, Unknown]
    Hold is answered Done
        Pending (shown Pending, Nothing, Nothing); hold Pinned; keys [Unknown, Unknown, Unknown]
    a worker writes HoldRefused { may_be_held: false }
        Ended(Failed) (shown Ended(Failed), Nothing, Nothing); hold Pinned; keys [Unknown, Unknown, Unknown]
    ");
}

#[test]
fn to_deliver_an_answered_request_again() {
    let law = law_broken_by(Fault::AnsweredHoldRepeated, Payment::AtOnce);
    assert_eq!(law, SHOWN_END_IS_FREE);
}

#[test]
fn to_let_a_hold_lapse_that_nothing_pins() {
    for payment in [Payment::AtOnce, Payment::Nothing] {
        let law = law_broken_by(Fault::HoldLeftToLapse, payment);
        assert_eq!(law, CONFIRMED_HAS_SEATS);
    }
}

#[test]
fn to_forget_a_release_that_came_before_its_hold() {
    let law = law_broken_by(
        Fault::TombstoneSkipped,
        Payment::Later {
            is_on_session: false,
        },
    );
    assert_eq!(law, SHOWN_END_IS_FREE);
}

#[test]
fn to_abandon_a_booking() {
    let law = law_broken_by(Fault::BookingAbandoned, Payment::AtOnce);
    assert_eq!(law, "every booking comes to rest");
}
