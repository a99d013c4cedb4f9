//! A server that sells option and event tickets, optionally with a fault.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, Json, Path};
use actix_web::{App, HttpResponse, HttpServer};
use serde_json::{Value, json};
use uuid::Uuid;

/// An injected fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Sells so many units too many, and records them.
    Oversells(u64),
    /// Confirms so many units too many without recording them.
    OversellsUnseen(u64),
    /// Refuses the last so many units for ever.
    Undersells(u64),
    /// Refuses the last so many units for a moment, as a stale gate would.
    RefusesEarly(u64),
    /// Confirms every second payment without keeping it.
    ForgetsPayments,
}

/// How long a stale gate lasts.
const STALE_FOR: Duration = Duration::from_millis(900);

#[derive(Debug, Default)]
struct Stock {
    tickets: u64,
    sold: u64,
    /// Confirmed without being recorded.
    unseen: u64,
    early_since: Option<Instant>,
}

#[derive(Debug, Default)]
struct RecordedSales {
    pools: HashMap<Uuid, Stock>,
    /// Whether each payment is kept.
    payments: HashMap<Uuid, bool>,
    /// The mock provider's last settings.
    provider: Value,
}

struct State {
    fault: Fault,
    recorded_sales: Mutex<RecordedSales>,
}

impl State {
    /// Sells a ticket of a pool, subject to the fault.
    fn sell(&self, id: &Value) -> bool {
        let mut recorded_sales = self.recorded_sales();
        let id = id.as_str().and_then(|id| id.parse().ok());
        let Some(stock) = id.and_then(|id: Uuid| recorded_sales.pools.get_mut(&id)) else {
            return false;
        };
        let there = stock.tickets - stock.sold.min(stock.tickets);
        let may = match self.fault {
            Fault::None | Fault::ForgetsPayments => there > 0,
            Fault::Oversells(more) => stock.sold < stock.tickets + more,
            Fault::OversellsUnseen(more) if there == 0 && stock.unseen < more => {
                stock.unseen += 1;
                return true;
            }
            Fault::OversellsUnseen(_) => there > 0,
            Fault::Undersells(fewer) => there > fewer,
            Fault::RefusesEarly(last) if there == last => {
                let since = *stock.early_since.get_or_insert_with(Instant::now);
                since.elapsed() > STALE_FOR
            }
            Fault::RefusesEarly(_) => there > 0,
        };
        stock.sold += u64::from(may);
        may
    }

    fn make(&self, tickets: &Value) -> Uuid {
        let id = Uuid::new_v4();
        let stock = Stock {
            tickets: tickets.as_u64().unwrap_or_default(),
            ..Stock::default()
        };
        self.recorded_sales().pools.insert(id, stock);
        id
    }

    fn pay(&self) -> Uuid {
        let (id, mut recorded_sales) = (Uuid::new_v4(), self.recorded_sales());
        let is_forgotten =
            self.fault == Fault::ForgetsPayments && recorded_sales.payments.len() % 2 == 1;
        recorded_sales.payments.insert(id, !is_forgotten);
        id
    }

    fn recorded_sales(&self) -> MutexGuard<'_, RecordedSales> {
        self.recorded_sales
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct Shop {
    address: SocketAddr,
    handle: ServerHandle,
    state: Data<State>,
}

impl Shop {
    pub fn open(fault: Fault) -> anyhow::Result<Self> {
        let recorded_sales = RecordedSales {
            provider: provider_at_first(),
            ..RecordedSales::default()
        };
        let state = Data::new(State {
            fault,
            recorded_sales: Mutex::new(recorded_sales),
        });
        let state_of_app = Data::clone(&state);
        let app = move || {
            App::new()
                .app_data(Data::clone(&state_of_app))
                .route("/health", web::get().to(HttpResponse::Ok))
                .route("/api/ledger/proof", web::get().to(proof))
                .route("/ticket_options", web::post().to(make_option))
                .route("/purchases", web::post().to(purchase))
                .route("/api/v1/events", web::post().to(make_event))
                .route("/api/v1/users", web::post().to(make_user))
                .route("/api/v1/bookings", web::post().to(book))
                .route("/api/v1/bookings/{id}", web::get().to(show_booking))
                .route("/api/payments/mock", web::get().to(show_provider))
                .route("/api/payments/mock", web::put().to(configure_mock))
                .route("/api/payments/process", web::post().to(pay))
                .route("/api/payments/{id}", web::get().to(show_payment))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0")?;
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self {
            address,
            handle,
            state,
        })
    }

    /// The mock provider's last settings.
    pub fn provider(&self) -> Value {
        self.state.recorded_sales().provider.clone()
    }

    pub fn sold(&self) -> u64 {
        self.state
            .recorded_sales()
            .pools
            .values()
            .map(|stock| stock.sold)
            .sum()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn proof(state: Data<State>) -> HttpResponse {
    let recorded_sales = state.recorded_sales();
    let pools = recorded_sales.pools.values();
    let free: u64 = pools
        .clone()
        .map(|stock| stock.tickets.saturating_sub(stock.sold))
        .sum();
    let sold: u64 = pools.map(|stock| stock.sold).sum();
    HttpResponse::Ok().json(json!({"holds": true, "free": free, "held": 0, "sold": sold}))
}

async fn make_option(state: Data<State>, body: Json<Value>) -> HttpResponse {
    let id = state.make(&body["data"]["attributes"]["allocation"]);
    HttpResponse::Created().json(json!({"data": {"type": "ticket_options", "id": id}}))
}

async fn purchase(state: Data<State>, body: Json<Value>) -> HttpResponse {
    let id = &body["data"]["relationships"]["ticket_option"]["data"]["id"];
    if state.sell(id) {
        HttpResponse::Created().json(json!({"data": {"id": Uuid::new_v4()}}))
    } else {
        let error = json!({"status": "400", "code": "invalid_purchase_quantity"});
        HttpResponse::BadRequest().json(json!({"errors": [error]}))
    }
}

async fn make_event(state: Data<State>, body: Json<Value>) -> HttpResponse {
    HttpResponse::Created().json(json!({"id": state.make(&body["total_tickets"])}))
}

async fn make_user() -> HttpResponse {
    HttpResponse::Created().json(json!({"id": Uuid::new_v4()}))
}

async fn book(state: Data<State>, body: Json<Value>) -> HttpResponse {
    if body["event_id"].is_null() {
        return HttpResponse::BadRequest().finish();
    }
    if state.sell(&body["event_id"]) {
        HttpResponse::Created().json(json!({"id": Uuid::new_v4(), "status": "PENDING"}))
    } else {
        HttpResponse::Conflict().json(json!({"code": "sold_out"}))
    }
}

/// Paid by the time of the first lookup.
async fn show_booking(id: Path<Uuid>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"id": *id, "status": "CONFIRMED"}))
}

/// The mock provider's initial settings.
pub fn provider_at_first() -> Value {
    json!({"failure_rate": 0.15, "timeout_rate": 0.05, "lost_answer_rate": 0.0,
        "processing_time_ms": 200, "processing_spread_ms": 100})
}

async fn show_provider(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(&state.recorded_sales().provider)
}

async fn configure_mock(state: Data<State>, body: Json<Value>) -> HttpResponse {
    state.recorded_sales().provider = body.into_inner();
    HttpResponse::Ok().json(&state.recorded_sales().provider)
}

async fn pay(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"payment_id": state.pay(), "status": "success"}))
}

async fn show_payment(state: Data<State>, id: Path<Uuid>) -> HttpResponse {
    match state.recorded_sales().payments.get(&id) {
        Some(true) => HttpResponse::Ok().json(json!({"status": "success", "refunded": 0.0})),
        _ => HttpResponse::NotFound().finish(),
    }
}
