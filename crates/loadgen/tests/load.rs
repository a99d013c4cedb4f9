//! The load generator against servers whose answers are known: every request is counted once, with the right
//! outcome. Its speed is not asserted.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use loadgen::LoadError;
use loadgen::http::{self, Answer, Connection, Request, Target};
use loadgen::load::{self, Pace, Plan};
use loadgen::stats::Outcome;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const PLAN: Plan = Plan {
    clients: 8,
    threads: 2,
    pace: Pace::Closed,
    warm_up: Duration::from_millis(50),
    measured: Duration::from_millis(150),
    max_requests: 1_000_000,
};
const GRANTED: Outcome = Outcome::Status(201);
const REFUSED: Outcome = Outcome::Status(409);
const COUNTED: Outcome = Outcome::Named("counted");

/// Grants two of three requests, refuses the third, and counts both.
struct KnownServer {
    target: Target,
    granted: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    handle: ServerHandle,
}

impl KnownServer {
    fn start() -> anyhow::Result<Self> {
        let (granted, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counters = (Arc::clone(&granted), Arc::clone(&refused));
        let answer = move |body: String| {
            let (granted, refused) = counters.clone();
            async move {
                if body.parse().is_ok_and(|number: u64| number % 3 == 2) {
                    refused.fetch_add(1, Ordering::SeqCst);
                    HttpResponse::Conflict().body("sold_out")
                } else {
                    granted.fetch_add(1, Ordering::SeqCst);
                    HttpResponse::Created().finish()
                }
            }
        };
        let app = move || App::new().route("/holds", web::post().to(answer.clone()));
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0")?;
        let target = server.addrs()[0].try_into()?;
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self {
            target,
            granted,
            refused,
            handle,
        })
    }
}

#[tokio::test]
async fn a_closed_loop_counts_what_the_server_counts() {
    let server = KnownServer::start().unwrap();
    let request = |_, number: u64| Request::post_json("/holds", number.to_string());
    let report = http::run(PLAN, server.target, request, http::by_status)
        .await
        .unwrap();
    let tally = report.tally();
    assert_eq!(tally.total(GRANTED), server.granted.load(Ordering::SeqCst));
    assert_eq!(tally.total(REFUSED), server.refused.load(Ordering::SeqCst));
    assert_eq!(
        tally.requests(),
        tally.total(GRANTED) + tally.total(REFUSED)
    );
    assert!(tally.measured(GRANTED) > 0 && report.rate(GRANTED) > 0.0);
    assert!(report.latency_ms(GRANTED, 0.5) <= report.latency_ms(GRANTED, 1.0));
    assert_eq!(report.measured_for(), PLAN.measured);
    server.handle.stop(false).await;
}

#[tokio::test]
async fn the_body_may_decide_the_outcome() {
    let server = KnownServer::start().unwrap();
    let request = |_, _| Request::post_json("/holds", "2");
    let by_body = |answer: &Answer<'_>| match answer.body {
        b"sold_out" => Outcome::Named("sold out"),
        _ => Outcome::Named("something else"),
    };
    let plan = Plan {
        max_requests: 100,
        ..PLAN
    };
    let report = http::run(plan, server.target, request, by_body)
        .await
        .unwrap();
    assert_eq!(report.tally().total(Outcome::Named("sold out")), 100);
    assert_eq!(report.tally().requests(), 100);
    server.handle.stop(false).await;
}

#[tokio::test]
async fn a_fixed_rate_sends_or_misses_each_request() {
    let server = KnownServer::start().unwrap();
    let request = |_, _| Request::post_json("/holds", "0");
    let plan = Plan {
        pace: Pace::Fixed {
            per_second: 1000,
            send_within: Duration::from_secs(10),
        },
        ..PLAN
    };
    let report = http::run(plan, server.target, request, http::by_status)
        .await
        .unwrap();
    assert_eq!(report.tally().total(GRANTED), 200);
    assert_eq!(report.tally().measured(GRANTED), 150);
    assert_eq!(report.tally().missed(), 0);
    server.handle.stop(false).await;
}

#[tokio::test]
async fn requests_behind_a_slow_answer_are_late_or_missed() {
    let plan = Plan {
        clients: 1,
        threads: 1,
        pace: Pace::Fixed {
            per_second: 100,
            send_within: Duration::from_millis(100),
        },
        warm_up: Duration::ZERO,
        measured: Duration::from_millis(500),
        ..PLAN
    };
    let report = load::run(plan, async |_| {
        Ok::<_, Infallible>(async |number| {
            if number == 0 {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            COUNTED
        })
    })
    .await
    .unwrap();
    let tally = report.tally();
    assert_eq!(tally.requests(), 50);
    assert!(tally.missed() > 0, "those of the first 200 ms are missed");
    // The rest of the 300 ms were sent late, and their latency shows it.
    assert!(report.latency_ms(COUNTED, 0.9) > 50.0);
}

#[tokio::test]
async fn every_client_numbers_its_requests() {
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let plan = Plan {
        max_requests: 1000,
        ..PLAN
    };
    let all = Arc::clone(&seen);
    let report = load::run(plan, async move |client| {
        let all = Arc::clone(&all);
        Ok::<_, Infallible>(async move |number| {
            let is_new = all.lock().unwrap().insert((client, number));
            assert!(is_new, "request {number} of client {client} comes twice");
            tokio::task::yield_now().await;
            COUNTED
        })
    })
    .await
    .unwrap();
    assert_eq!(report.tally().total(COUNTED), 1000);
    let seen = seen.lock().unwrap();
    let clients: HashSet<usize> = seen.iter().map(|(client, _)| *client).collect();
    assert_eq!(clients, (0..8).collect());
    assert!(report.measured_for() < PLAN.measured);
}

#[tokio::test]
async fn closed_connections_and_malformed_answers_are_distinguished() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target: Target = listener.local_addr().unwrap().try_into().unwrap();
    tokio::spawn(async move {
        let answers: [&[u8]; 3] = [
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        ];
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(answer).await.unwrap();
        }
    });
    let mut connection = Connection::open(target).await.unwrap();
    let get = Request::get("/");
    assert_eq!(connection.send(&get).await.unwrap().body, b"hi");
    let nonsense = connection.send(&get).await.unwrap_err().to_string();
    assert!(nonsense.contains("not HTTP"), "{nonsense}");
    let short = connection.send(&get).await.unwrap_err().to_string();
    assert!(short.contains("connection failed"), "{short}");
}

#[tokio::test]
async fn a_run_that_cannot_start_is_an_error() {
    // Bound and dropped: nothing listens there.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = free.local_addr().unwrap();
    drop(free);
    let target = address.try_into().unwrap();
    let error = http::run(PLAN, target, |_, _| Request::get("/"), http::by_status).await;
    assert!(matches!(error, Err(LoadError::Connect { .. })));

    let panicking = load::run(PLAN, async |_| {
        Ok::<_, Infallible>(async |_| {
            let _: u64 = "on purpose".parse().unwrap();
            COUNTED
        })
    });
    assert!(matches!(panicking.await, Err(LoadError::ClientPanicked)));
}
