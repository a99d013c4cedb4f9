//! An order as it moves.

use actix_web::HttpResponse;
use actix_web::web::Data;
use domain::HoldId;
use jiff::Timestamp;
use maud::Markup;
use service_kit::Problem;
use service_kit::extract::{Id, Query};

use super::super::live::{Known, Watched, watch};
use super::super::visitor::Visitor;
use super::{Shown, panel};
use crate::app::booking::Booking;
use crate::app::catalog::Catalog;
use crate::app::orders::Orders;
use crate::routes::call_context;

struct Order {
    visitor: Visitor,
    orders: Data<Orders>,
    catalog: Data<Catalog>,
    id: HoldId,
}

/// Sends its changes.
pub(super) async fn stream(
    visitor: Visitor,
    orders: Data<Orders>,
    catalog: Data<Catalog>,
    id: Id<HoldId>,
    known: Query<Known>,
) -> Result<HttpResponse, Problem> {
    super::find(id.0, &orders, &visitor).await?;
    let draining = orders.bookings.tasks.draining();
    let order = Order {
        visitor,
        orders,
        catalog,
        id: id.0,
    };
    watch(order, known.0, draining)
}

impl Watched for Order {
    type Seen = Booking;

    async fn look(&self) -> Option<Booking> {
        self.orders.find(self.id).await.ok()
    }

    fn mark(order: &Booking) -> String {
        panel::mark(order)
    }

    fn is_final(order: &Booking) -> bool {
        panel::is_final(order)
    }

    async fn html(&self, order: Booking) -> Markup {
        let shown = Shown::of(order, &self.catalog, &self.orders, &call_context()).await;
        panel::panel(&shown, &self.visitor, Timestamp::now())
    }
}
