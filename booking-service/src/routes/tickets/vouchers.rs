//! Vouchers: create, list, look up.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::{Amount, Currency, Money, Units};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::idempotency::Answer;
use service_http::extract::{IdempotencyKey, Json, Query};
use service_http::{Problem, respond};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{AppError, Unknown};
use crate::http::Services;
use crate::model::voucher::{NewVoucher, Reduction, Voucher, VoucherCode};
use crate::routes::bare_list::ListPart;
use crate::routes::refusals::{ListRefusals, LookupRefusals, VoucherRefusals};

/// A new voucher, with either `percent_off`, or `amount_off` and `currency`.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct VoucherRequest {
    /// 1 to 40 letters, digits, hyphens and underscores; case does not matter
    #[schema(value_type = String, max_length = 40, pattern = "^[A-Za-z0-9_-]{1,40}$", example = "SPRING25")]
    code: VoucherCode,
    /// Discount in percent of the price
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100, example = 25)]
    percent_off: Option<u8>,
    /// Discount as an amount
    #[serde(default)]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    amount_off: Option<Amount>,
    /// The discount's currency, ISO 4217
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Option<Currency>,
    /// Maximum number of bookings that use it
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 100)]
    max_uses: Units,
    /// Maximum number of tickets in a booking that uses it
    #[serde(default = "usual_tickets_per_use")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000, example = 10)]
    max_tickets_per_use: Units,
    /// The only event that it is valid for
    #[serde(default)]
    event_id: Option<Uuid>,
}

/// Enough for a family and its guests, and far from a whole event. Equals the column's default.
fn usual_tickets_per_use() -> Units {
    Units::of_len(10).unwrap_or(Units::ONE)
}

impl VoucherRequest {
    fn reduction(&self) -> Result<Reduction, Problem> {
        let wrong = |field: &str, detail: &str| Err(Problem::invalid_field(field, detail));
        match (self.percent_off, self.amount_off) {
            (Some(percent), None) if (1..=100).contains(&percent) => {
                Ok(Reduction::Percent(percent))
            }
            (Some(_), None) => wrong("percent_off", "must be from 1 to 100"),
            (None, Some(amount)) if amount > Amount::ZERO => {
                let off = Money::new(amount, self.currency.unwrap_or(Currency::USD));
                let off = off.map_err(|error| Problem::invalid_field("amount_off", error.0))?;
                Ok(Reduction::Amount(off))
            }
            (None, Some(_)) => wrong("amount_off", "must be above zero"),
            (Some(_), Some(_)) => wrong("amount_off", "is not given beside percent_off"),
            (None, None) => wrong("percent_off", "is missing, and so is amount_off"),
        }
    }
}

/// A voucher.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VoucherView {
    /// The voucher's id
    id: Uuid,
    /// The voucher's code
    #[schema(example = "SPRING25")]
    code: String,
    /// Discount in percent of the price
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 25)]
    percent_off: Option<u8>,
    /// Discount as an amount
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    amount_off: Option<Amount>,
    /// The discount's currency, ISO 4217
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    currency: Option<Currency>,
    /// Maximum number of bookings that use it
    #[schema(example = 100)]
    max_uses: i32,
    /// Number of uses left
    #[schema(example = 97)]
    uses_left: i32,
    /// Maximum number of tickets in a booking that uses it
    #[schema(value_type = i64, example = 10)]
    max_tickets_per_use: Units,
    /// The only event that it is valid for
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<Uuid>,
    /// Creation time
    created_at: Timestamp,
}

impl From<Voucher> for VoucherView {
    fn from(voucher: Voucher) -> Self {
        let (percent_off, off) = match voucher.reduction {
            Reduction::Percent(percent) => (Some(percent), None),
            Reduction::Amount(off) => (None, Some(off)),
        };
        Self {
            id: voucher.id,
            code: voucher.code,
            percent_off,
            amount_off: off.map(Money::amount),
            currency: off.map(Money::currency),
            max_uses: voucher.max_uses,
            uses_left: voucher.uses_left,
            max_tickets_per_use: voucher.max_tickets_per_use,
            event_id: voucher.event,
            created_at: voucher.created_at,
        }
    }
}

/// Create a voucher.
#[utoipa::path(
    post, path = "/api/v1/vouchers", tag = "vouchers", operation_id = "create_voucher",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent")),
    request_body = VoucherRequest,
    responses((status = 201, description = "The voucher", body = VoucherView), VoucherRefusals)
)]
pub(crate) async fn create(
    services: Data<Services>,
    key: IdempotencyKey,
    request: Json<VoucherRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&request.body)?;
    let reduction = request.body.reduction()?;
    let body = request.body;
    let new = NewVoucher {
        code: body.code,
        event: body.event_id,
        reduction,
        max_uses: body.max_uses,
        max_tickets_per_use: body.max_tickets_per_use,
        key,
    };
    let answered = services.vouchers.create(&new, |voucher| {
        let location = format!("/api/v1/vouchers/{}", voucher.code);
        Answer::created(&VoucherView::from(voucher.clone()), location)
    });
    Ok(respond::replayable(answered.await?))
}

/// All vouchers, in order of creation.
#[utoipa::path(
    get, path = "/api/v1/vouchers", tag = "vouchers", operation_id = "list_vouchers",
    params(ListPart),
    responses(
        (status = 200, description = "Up to a hundred rows; the `Link` header has the next page", body = Vec<VoucherView>),
        ListRefusals
    )
)]
pub(crate) async fn list(
    services: Data<Services>,
    part: Query<ListPart>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let found = services
        .vouchers
        .list(part.0.after, part.0.look_for()?)
        .await?;
    let views: Vec<VoucherView> = found.into_iter().map(VoucherView::from).collect();
    Ok(part.0.answer(&request, views, |voucher| voucher.id))
}

/// Look up a voucher by its code.
#[utoipa::path(
    get, path = "/api/v1/vouchers/{code}", tag = "vouchers", operation_id = "show_voucher",
    params(("code" = String, Path, description = "The voucher's code", example = "SPRING25")),
    responses((status = 200, description = "The voucher", body = VoucherView), LookupRefusals)
)]
pub(crate) async fn show(
    services: Data<Services>,
    code: Path<String>,
) -> Result<HttpResponse, Problem> {
    // An invalid code belongs to no voucher.
    let code = VoucherCode::try_from(code.into_inner())
        .map_err(|_| AppError::Unknown(Unknown::Voucher))?;
    Ok(respond::ok(&VoucherView::from(
        services.vouchers.find(&code).await?,
    )))
}
