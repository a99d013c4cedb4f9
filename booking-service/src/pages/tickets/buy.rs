//! Buying tickets. They belong to a user of this service; a buyer without an account gets one for their
//! e-mail address.

use actix_web::HttpResponse;
use actix_web::web::Data;
use domain::{RefusalCode, Units};

use service_http::Problem;
use service_http::extract::Id;
use uuid::Uuid;

use crate::app::accounts::authentication::{AccountError, Guess};
use crate::app::accounts::users::Users;
use crate::app::tickets::event_bookings::EventBookingRequest;
use crate::app::{AppError, Unknown};
use crate::http::Services;
use crate::model::invalid_field::InvalidField;
use crate::model::text::{Email, Name};
use crate::model::user::User;
use crate::model::voucher::VoucherCode;
use crate::pages::answers::{go_to, set_cookie};
use crate::pages::events;
use crate::pages::forms::Form;
use crate::pages::paths;
use crate::pages::session::{self, PageSession};
use crate::pages::tickets::form::{TICKETS_MAX, known};

/// Makes the booking. The tickets are held when this answers.
pub(in crate::pages) async fn buy(
    session: PageSession,
    services: Data<Services>,
    id: Id<Uuid>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let outcome = match wanted(&form) {
        Ok((quantity, voucher)) => match buyer(&session, &services.users, &form).await? {
            Ok(user) => {
                let request = EventBookingRequest {
                    actor: session.actor,
                    user: user.id,
                    event: id.0,
                    quantity,
                    voucher,
                    key: form.request_key("POST /events/tickets", &user.id.to_string()),
                };
                let names_voucher = request.voucher.is_some();
                let booking = services.event_bookings.create(request);
                let booked = if names_voucher {
                    let caller = &session.caller;
                    services
                        .accounts
                        .throttle_enumeration(Guess::Voucher, caller, booking)
                        .await
                } else {
                    booking.await.map_err(Into::into)
                };
                booked.map(|booked| (booked.value, user))
            }
            Err(text) => Err(AppError::from(InvalidField::new("email", text)).into()),
        },
        Err(text) => Err(AppError::from(InvalidField::new("quantity", text)).into()),
    };
    match outcome {
        Ok((booking, user)) => {
            let mut answer = go_to(&paths::tickets(booking.id));
            let account = session::account(services.cookies, user.id);
            set_cookie(&mut answer, &account).map_err(Problem::internal)?;
            Ok(answer)
        }
        Err(error) => match why_not(&error) {
            Some(notice) => {
                let sale = events::Sale {
                    events: &services.events,
                    dashboard: &services.dashboard,
                    users: &services.users,
                };
                events::again(&session, &sale, id.0, &notice).await
            }
            None => Err(error.into()),
        },
    }
}

fn wanted(form: &Form) -> Result<(Units, Option<VoucherCode>), String> {
    let quantity = form.text("quantity").parse::<i64>().ok();
    let quantity = quantity.and_then(|count| Units::try_from(count).ok());
    let quantity = quantity.filter(|count| count.get() <= TICKETS_MAX);
    let quantity = quantity.ok_or_else(|| format!("choose 1 to {TICKETS_MAX} tickets"))?;
    let voucher = Some(form.text("voucher").to_owned()).filter(|code| !code.is_empty());
    let voucher = voucher.map(VoucherCode::try_from).transpose();
    let voucher = voucher.map_err(|text| format!("the voucher code {text}"))?;
    Ok((quantity, voucher))
}

/// The session's account, or the user with this e-mail address, created if there is none.
async fn buyer(
    session: &PageSession,
    users: &Users,
    form: &Form,
) -> Result<Result<User, String>, AppError> {
    if let Some(user) = known(session, users).await {
        return Ok(Ok(user));
    }
    let email = match Email::try_from(form.text("email").to_owned()) {
        Ok(email) => email,
        Err(text) => return Ok(Err(format!("this {text}"))),
    };
    let name = Name::try_from(session.user.clone());
    let name = name.map_err(|error| AppError::from(InvalidField::new("user", error.0)))?;
    users.find_or_create(&name, &email).await.map(Ok)
}

/// Errors shown beside the form; others have their own page.
fn why_not(error: &AccountError) -> Option<String> {
    let error = match error {
        AccountError::TooMany(_) => {
            return Some("There were too many wrong codes. Try again in a few minutes.".to_owned());
        }
        AccountError::App(error) => error,
        _ => return None,
    };
    match error {
        AppError::Unknown(Unknown::Voucher) => {
            Some("There is no such voucher for this event.".to_owned())
        }
        AppError::Invalid(InvalidField { detail: text, .. }) => Some(text.clone()),
        AppError::Refused(refusal) => Some(match refusal.code {
            RefusalCode::SoldOut => "There are not so many tickets left.".to_owned(),
            _ => refusal.message.clone(),
        }),
        AppError::TooManyUnpaid(too_many) => Some(too_many.to_string()),
        AppError::InsufficientTickets(_) => Some("There are not so many tickets left.".to_owned()),
        _ => None,
    }
}
