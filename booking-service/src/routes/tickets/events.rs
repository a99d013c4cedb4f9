//! Events: create, list, look up, change, delete, statistics.

mod body;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use service_core::idempotency::Answer;
use service_http::extract::{Id, IdempotencyKey, Json, Query};
use service_http::{Problem, respond};
use uuid::Uuid;

use crate::app::AppError;
use crate::http::Services;
use crate::model::event::{EventChange, NewEvent, SalesWindow, checked_price};
use crate::routes::bare_list::ListPart;
use crate::routes::refusals::{
    EventCreateRefusals, EventDeleteRefusals, EventLookupRefusals, EventRefusals,
    EventResizeRefusals, ListRefusals,
};
use crate::routes::tickets::events::body::{
    EventChangeRequest, EventRequest, EventView, Moment, Revenue, StatisticsView,
};

/// Create an event and its tickets.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "events", operation_id = "create_event",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent")),
    request_body = EventRequest,
    responses(
        (status = 201, description = "The event", body = EventView),
        EventRefusals, EventCreateRefusals
    )
)]
pub(crate) async fn create(
    services: Data<Services>,
    key: IdempotencyKey,
    request: Json<EventRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(&request.body)?;
    let body = request.body;
    let moment = |moment: Option<Moment>| moment.map(|moment| moment.0);
    let new = NewEvent {
        name: body.name,
        description: body.description,
        starts_at: body.date_time.0,
        time_zone: body.time_zone,
        venue: body.venue,
        total_tickets: body.total_tickets,
        price: checked_price(body.ticket_price, body.currency).map_err(AppError::from)?,
        sales: SalesWindow {
            from: moment(body.sales_start),
            until: moment(body.sales_end),
        },
        tickets_per_user: body.max_tickets_per_user,
        key,
    };
    let answered = services.events.create(&new, |event| {
        let location = format!("/api/v1/events/{}", event.id);
        Answer::created(&EventView::from(event.clone()), location)
    });
    Ok(respond::replayable(answered.await?))
}

/// All events, in order of creation.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", operation_id = "list_events",
    params(ListPart),
    responses(
        (status = 200, description = "Up to a hundred rows; the `Link` header has the next page", body = Vec<EventView>),
        ListRefusals
    )
)]
pub(crate) async fn list(
    services: Data<Services>,
    part: Query<ListPart>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let found = services
        .events
        .list(part.0.after, part.0.look_for()?)
        .await?;
    let views: Vec<EventView> = found.into_iter().map(EventView::from).collect();
    Ok(part.0.answer(&request, views, |event| event.id))
}

/// Look up an event.
#[utoipa::path(
    get, path = "/api/v1/events/{id}", tag = "events", operation_id = "show_event",
    params(("id" = Uuid, Path, description = "The event's id")),
    responses((status = 200, description = "The event", body = EventView), EventLookupRefusals)
)]
pub(crate) async fn show(services: Data<Services>, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    Ok(respond::ok(&EventView::from(
        services.events.find(id.0).await?,
    )))
}

/// Change any fields of an event. Existing bookings keep their price.
#[utoipa::path(
    put, path = "/api/v1/events/{id}", tag = "events", operation_id = "change_event",
    params(("id" = Uuid, Path, description = "The event's id")),
    request_body = EventChangeRequest,
    responses(
        (status = 200, description = "The changed event", body = EventView),
        EventLookupRefusals, EventRefusals, EventResizeRefusals
    )
)]
pub(crate) async fn change(
    services: Data<Services>,
    id: Id<Uuid>,
    request: Json<EventChangeRequest>,
) -> Result<HttpResponse, Problem> {
    let body = request.body;
    let moment = |moment: Option<Moment>| moment.map(|moment| moment.0);
    let change = EventChange {
        name: body.name,
        description: body.description,
        starts_at: moment(body.date_time),
        time_zone: body.time_zone,
        venue: body.venue,
        total_tickets: body.total_tickets,
        price: body.ticket_price,
        currency: body.currency,
        sales_from: body.sales_start.map(moment),
        sales_until: body.sales_end.map(moment),
        tickets_per_user: body.max_tickets_per_user,
    };
    let event = services.events.change(id.0, &change).await?;
    Ok(respond::ok(&EventView::from(event)))
}

/// Delete an event without tickets held or sold.
#[utoipa::path(
    delete, path = "/api/v1/events/{id}", tag = "events", operation_id = "delete_event",
    params(("id" = Uuid, Path, description = "The event's id")),
    responses((status = 204, description = "The event is deleted"), EventDeleteRefusals)
)]
pub(crate) async fn delete(
    services: Data<Services>,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    services.events.delete(id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Statistics of an event's bookings, of one snapshot.
#[utoipa::path(
    get, path = "/api/v1/events/{id}/statistics", tag = "events", operation_id = "event_statistics",
    params(("id" = Uuid, Path, description = "The event's id")),
    responses((status = 200, description = "The statistics", body = StatisticsView), EventLookupRefusals)
)]
pub(crate) async fn statistics(
    services: Data<Services>,
    id: Id<Uuid>,
) -> Result<HttpResponse, Problem> {
    let statistics = services.events.statistics(id.0).await?;
    Ok(respond::ok(&StatisticsView {
        event_id: id.0,
        total_sold: statistics.units_sold,
        estimated_revenue: Revenue {
            minor: statistics.revenue_minor,
            currency: statistics.currency,
        },
        currency: statistics.currency,
        available_tickets: statistics.free_units,
    }))
}
