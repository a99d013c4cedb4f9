//! Ticket options in JSON:API: create and look up.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service_http::Problem;
use service_http::extract::IdempotencyKey;
use service_http::respond::mark_replayed;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{AppError, Unknown};
use crate::http::Services;
use crate::model::text::{Description, Name};
use crate::model::ticket_option::{NewTicketOption, TicketOption};
use crate::routes::refusals::{JsonApiCreateRefusals, JsonApiLookupRefusals};
use crate::routes::tickets::json_api::{self, Document, Kind, New};

pub(crate) struct TicketOptionKind;

impl Kind for TicketOptionKind {
    const TYPE: &'static str = json_api::TICKET_OPTIONS;
    type Attributes = SentAttributes;
    type Relationships = Value;
}

/// Attributes of a new ticket option.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct SentAttributes {
    /// The name
    #[schema(value_type = String, max_length = 200, example = "Standing")]
    name: Name,
    /// A description
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 5000, example = "In front of the stage")]
    description: Description,
    /// Number of tickets
    #[schema(value_type = i64, minimum = 0, maximum = 2_147_483_647, example = 100)]
    allocation: Allocation,
}

/// A number of tickets, zero or more.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "i64")]
struct Allocation(i32);

impl TryFrom<i64> for Allocation {
    type Error = String;

    fn try_from(count: i64) -> Result<Self, String> {
        let count = i32::try_from(count).ok().filter(|count| *count >= 0);
        count
            .map(Self)
            .ok_or_else(|| format!("must be from 0 to {}", i32::MAX))
    }
}

/// The document of a new ticket option.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read by `New`")]
pub(crate) struct NewTicketOptionDocument {
    /// The ticket option
    data: NewTicketOptionResource,
}

/// A ticket option without an id.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read by `New`")]
pub(crate) struct NewTicketOptionResource {
    /// `ticket_options`
    #[schema(rename = "type", example = "ticket_options")]
    kind: String,
    /// Attributes of the ticket option
    attributes: SentAttributes,
}

/// A ticket option.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketOptionResource {
    /// `ticket_options`
    #[serde(rename = "type")]
    #[schema(example = "ticket_options")]
    kind: &'static str,
    /// The ticket option's id
    id: Uuid,
    /// Attributes of the ticket option
    attributes: TicketOptionAttributes,
}

/// Attributes of a ticket option.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketOptionAttributes {
    /// The name
    #[schema(example = "Standing")]
    name: String,
    /// A description
    #[schema(example = "In front of the stage")]
    description: String,
    /// Number of tickets, sold ones included
    #[schema(example = 100)]
    allocation: i32,
}

impl From<TicketOption> for TicketOptionResource {
    fn from(option: TicketOption) -> Self {
        Self {
            kind: json_api::TICKET_OPTIONS,
            id: option.id,
            attributes: TicketOptionAttributes {
                name: option.name,
                description: option.description,
                allocation: option.allocation,
            },
        }
    }
}

/// Create a ticket option and its tickets.
#[utoipa::path(
    post, path = "/ticket_options", tag = "ticket options", operation_id = "create_ticket_option",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent")),
    request_body(content = NewTicketOptionDocument, content_type = "application/vnd.api+json"),
    responses(
        (
            status = 201, description = "The ticket option; `Location` has its path",
            body = Document<TicketOptionResource>, content_type = "application/vnd.api+json"
        ),
        JsonApiCreateRefusals
    )
)]
pub(crate) async fn create(
    services: Data<Services>,
    key: IdempotencyKey,
    new: New<TicketOptionKind>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&new.asked)?;
    let SentAttributes {
        name,
        description,
        allocation,
    } = new.attributes;
    let new = NewTicketOption {
        name,
        description,
        allocation: allocation.0,
        key,
    };
    let option = services.ticket_options.create(&new).await?;
    let resource = TicketOptionResource::from(option.value);
    let location = format!("/{}/{}", json_api::TICKET_OPTIONS, resource.id);
    let response = json_api::created(resource, &location);
    Ok(mark_replayed(response, option.replayed))
}

/// Look up a ticket option.
#[utoipa::path(
    get, path = "/ticket_options/{id}", tag = "ticket options", operation_id = "show_ticket_option",
    params(("id" = Uuid, Path, description = "The ticket option's id")),
    responses(
        (
            status = 200, description = "The ticket option; `allocation` includes sold tickets",
            body = Document<TicketOptionResource>, content_type = "application/vnd.api+json"
        ),
        JsonApiLookupRefusals
    )
)]
pub(crate) async fn show(
    services: Data<Services>,
    id: Path<String>,
    _: json_api::Accepted,
) -> Result<HttpResponse, Problem> {
    let id = parse_id(&id).ok_or(Unknown::TicketOption)?;
    let option = services.ticket_options.find(id).await?;
    Ok(json_api::ok(TicketOptionResource::from(option)))
}

/// Accepts only the canonical form in which this service writes ids; no other text is one's id.
pub(crate) fn parse_id(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok();
    id.filter(|id| id.to_string().eq_ignore_ascii_case(text))
}

/// A field that refers to a resource that does not exist.
pub(crate) fn unknown_in(field: &str, error: AppError) -> Problem {
    let problem = Problem::from(error);
    let (status, code) = (problem.status(), problem.code().to_owned());
    Problem::invalid_field(field, problem.detail())
        .with_status(status)
        .with_code(code)
}
