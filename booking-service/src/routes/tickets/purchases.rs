//! Purchases of ticket options in JSON:API: create and look up.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, ReqData};
use domain::{Units, Verbatim};
use serde::{Deserialize, Serialize};
use service_core::caller::Caller;
use service_http::Problem;
use service_http::extract::IdempotencyKey;
use service_http::respond::mark_replayed;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::accounts::ownership::Owned as _;
use crate::app::{AppError, Unknown};
use crate::http::Services;
use crate::http::check_may_sell_to;
use crate::http::problem;
use crate::model::actor::Actor;
use crate::model::ticket_option::{Purchase, PurchaseRequest};
use crate::routes::refusals::{JsonApiLookupRefusals, PurchaseRefusals};
use crate::routes::tickets::json_api::{self, Document, Identifier, Kind, New, ToOne};
use crate::routes::tickets::ticket_options::{parse_id, unknown_in};

/// JSON pointers of the request's parts.
const QUANTITY: &str = "data/attributes/quantity";
const OPTION_ID: &str = "data/relationships/ticket_option/data/id";
const USER_ID: &str = "data/relationships/user/data/id";

pub(crate) struct PurchaseKind;

impl Kind for PurchaseKind {
    const TYPE: &'static str = json_api::PURCHASES;
    type Attributes = PurchaseAttributes;
    type Relationships = PurchaseRelationships;
}

/// Attributes of a purchase.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PurchaseAttributes {
    /// Number of tickets
    #[schema(minimum = 1, maximum = 1_000_000, example = 2)]
    quantity: i64,
}

/// Relationships of a purchase.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PurchaseRelationships {
    /// The ticket option
    ticket_option: ToOne,
    /// The buyer; not checked
    user: ToOne,
}

/// The document of a new purchase.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read by `New`")]
pub(crate) struct NewPurchaseDocument {
    /// The purchase
    data: NewPurchaseResource,
}

/// A purchase without an id.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read by `New`")]
pub(crate) struct NewPurchaseResource {
    /// `purchases`
    #[schema(rename = "type", example = "purchases")]
    kind: String,
    /// Attributes of the purchase
    attributes: PurchaseAttributes,
    /// Relationships of the purchase
    relationships: PurchaseRelationships,
}

/// A purchase.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PurchaseResource {
    /// `purchases`
    #[serde(rename = "type")]
    #[schema(example = "purchases")]
    kind: &'static str,
    /// The purchase's id
    id: Uuid,
    /// Attributes of the purchase
    attributes: PurchaseAttributes,
    /// Relationships of the purchase
    relationships: PurchaseRelationships,
}

impl From<Purchase> for PurchaseResource {
    fn from(purchase: Purchase) -> Self {
        let to_one = |kind: &str, id| ToOne {
            data: Identifier {
                kind: kind.to_owned(),
                id,
            },
        };
        Self {
            kind: json_api::PURCHASES,
            id: purchase.id,
            attributes: PurchaseAttributes {
                quantity: purchase.quantity.into(),
            },
            relationships: PurchaseRelationships {
                ticket_option: to_one(json_api::TICKET_OPTIONS, purchase.ticket_option.to_string()),
                user: to_one("users", purchase.user),
            },
        }
    }
}

/// Buy tickets, without payment. The purchase is complete when accepted.
#[utoipa::path(
    post, path = "/purchases", tag = "ticket options", operation_id = "create_purchase",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent")),
    request_body(content = NewPurchaseDocument, content_type = "application/vnd.api+json"),
    responses(
        (
            status = 201, description = "The purchase; `Location` has its path",
            body = Document<PurchaseResource>, content_type = "application/vnd.api+json"
        ),
        PurchaseRefusals
    )
)]
pub(crate) async fn create(
    services: Data<Services>,
    key: IdempotencyKey,
    caller: ReqData<Caller>,
    actor: Actor,
    new: New<PurchaseKind>,
) -> Result<HttpResponse, Problem> {
    let request = parse(new, &key, &caller, actor)?;
    let purchase = services
        .ticket_options
        .purchase(request)
        .await
        .map_err(refused)?;
    let resource = PurchaseResource::from(purchase.value);
    let location = format!("/{}/{}", json_api::PURCHASES, resource.id);
    let response = json_api::created(resource, &location);
    Ok(mark_replayed(response, purchase.replayed))
}

/// Parses the request, or names the part in error.
fn parse(
    new: New<PurchaseKind>,
    key: &IdempotencyKey,
    caller: &Caller,
    actor: Actor,
) -> Result<PurchaseRequest, Problem> {
    let key = key.of(&new.asked)?;
    let quantity = Units::try_from(new.attributes.quantity)
        .map_err(|error| invalid_quantity(Problem::invalid_field(QUANTITY, error.0)))?;
    let missing = || Problem::invalid_field("data/relationships", "required");
    let PurchaseRelationships {
        ticket_option,
        user,
    } = new.relationships.ok_or_else(missing)?;
    for (name, one, kind) in [
        ("ticket_option", &ticket_option, json_api::TICKET_OPTIONS),
        ("user", &user, "users"),
    ] {
        if one.data.kind != kind {
            let field = format!("data/relationships/{name}/data/type");
            return Err(Problem::invalid_field(&field, format!("must be {kind}")));
        }
    }
    let user = Verbatim::<1, 255>::try_from(user.data.id)
        .map_err(|error| Problem::invalid_field(USER_ID, error.0))?;
    let user = String::from(user);
    check_may_sell_to(caller, USER_ID, &user)?;
    let ticket_option = parse_id(&ticket_option.data.id)
        .ok_or_else(|| unknown_in(OPTION_ID, AppError::Unknown(Unknown::TicketOption)))?;
    Ok(PurchaseRequest {
        actor,
        ticket_option,
        user,
        quantity,
        key,
    })
}

fn refused(error: AppError) -> Problem {
    match error {
        AppError::InsufficientTickets(_) => {
            invalid_quantity(Problem::invalid_field(QUANTITY, error.to_string()))
        }
        AppError::Invalid(..) => invalid_quantity(error.into()),
        AppError::Unknown(Unknown::TicketOption) => unknown_in(OPTION_ID, error),
        error => error.into(),
    }
}

fn invalid_quantity(problem: Problem) -> Problem {
    problem
        .with_code(problem::INVALID_PURCHASE_QUANTITY)
        .titled("Unable to purchase provided quantity")
}

/// Look up a purchase.
#[utoipa::path(
    get, path = "/purchases/{id}", tag = "ticket options", operation_id = "show_purchase",
    params(("id" = Uuid, Path, description = "The purchase's id")),
    responses(
        (
            status = 200, description = "The purchase",
            body = Document<PurchaseResource>, content_type = "application/vnd.api+json"
        ),
        JsonApiLookupRefusals
    )
)]
pub(crate) async fn show(
    services: Data<Services>,
    id: Path<String>,
    caller: ReqData<Caller>,
    _: json_api::Accepted,
) -> Result<HttpResponse, Problem> {
    let id = parse_id(&id).ok_or(Unknown::Purchase)?;
    let purchase = services.ticket_options.find_purchase(id).await?;
    let purchase = purchase.for_caller(&caller)?;
    Ok(json_api::ok(PurchaseResource::from(purchase)))
}
