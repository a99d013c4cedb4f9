//! Requests, parsed into domain types. A refusal names all wrong fields at once.

use domain::{Amount, Money, Verbatim};
use payment_api::{ChargeRequest, Reference};
use service_http::Problem;
use service_http::problem::FieldError;

use crate::charge::{ChargeDetails, PaymentCode};

/// In characters: enough for a UUID, an e-mail address or a URL.
const REFERENCE_MAX_CHARS: usize = 255;

/// In characters.
const PAYMENT_TYPE_MAX_CHARS: usize = 64;

pub(super) fn details(request: ChargeRequest) -> Result<ChargeDetails, Problem> {
    let mut errors = Vec::new();
    let mut check = |field: &str, found: Result<(), String>| {
        if let Err(detail) = found {
            errors.push(FieldError {
                pointer: format!("/{field}"),
                detail,
            });
        }
    };
    check("booking_id", reference(&request.booking_id));
    check("user_id", reference(&request.user_id));
    check("amount", above_zero(request.amount));
    let money = Money::new(request.amount, request.currency).unwrap_or_else(|error| {
        check("amount", Err(error.0));
        Money::zero(request.currency)
    });
    check(
        "payment_type",
        plain::<0, PAYMENT_TYPE_MAX_CHARS>(&request.payment_type),
    );
    if let Some(text) = &request.reference {
        check("reference", plain::<0, REFERENCE_MAX_CHARS>(text));
    }
    let code = request
        .payment_code
        .as_deref()
        .map(str::parse::<PaymentCode>);
    let payment_code = code.transpose().unwrap_or_else(|error| {
        check("payment_code", Err(error.to_string()));
        None
    });
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Ok(ChargeDetails {
        booking: request.booking_id,
        user: request.user_id,
        money,
        payment_type: request.payment_type,
        reference: request.reference,
        payment_code,
    })
}

pub(super) fn refund_amount(amount: Amount) -> Result<Amount, Problem> {
    above_zero(amount)
        .map(|()| amount)
        .map_err(|detail| Problem::invalid_field("amount", detail))
}

/// A key in a body or a query, in the same form as the header's: 1 to 255 visible ASCII characters and
/// spaces.
pub(super) fn charge_key(key: String) -> Result<String, Problem> {
    let visible = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if (1..=255).contains(&key.len()) && key.bytes().all(visible) {
        Ok(key)
    } else {
        Err(Problem::invalid_field(
            "key",
            "must be 1 to 255 visible ASCII characters",
        ))
    }
}

fn above_zero(amount: Amount) -> Result<(), String> {
    if amount > Amount::ZERO {
        Ok(())
    } else {
        Err("must be above zero".to_owned())
    }
}

fn reference(reference: &Reference) -> Result<(), String> {
    match reference {
        Reference::Number(_) => Ok(()),
        Reference::Text(text) => plain::<1, REFERENCE_MAX_CHARS>(text),
    }
}

/// Checks the length and the characters of a text that is stored unchanged.
fn plain<const MIN: usize, const MAX: usize>(text: &str) -> Result<(), String> {
    let kept = Verbatim::<MIN, MAX>::try_from(text.to_owned());
    kept.map(drop).map_err(|error| error.0)
}
