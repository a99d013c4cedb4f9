//! A database that is read-only for a while, as after a failover: bookings are answered 503, and sales resume
//! by themselves once it takes writes again.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use test_stack::{Servers, wait_for};

use crate::databases::Databases;
use crate::pair::Pair;
use test_stack::caller::Call;

/// Timeout for sales to resume.
const BACK_WITHIN: Duration = Duration::from_secs(15);

const CUSTOMERS: usize = 8;

#[tokio::test]
async fn sales_resume_after_a_read_only_database() -> anyhow::Result<()> {
    let pair = Pair::start(Databases::create().await?, "50ms").await?;
    let played = play(&pair).await;
    let logs = pair.logs();
    pair.end().await?;
    played.with_context(|| logs)
}

async fn play(pair: &Pair) -> anyhow::Result<()> {
    let event = pair.event().await?;
    let customers = pair.customers("only-reads", CUSTOMERS, &event).await?;
    let ready = Call::get("/ready");
    let name = pair.cluster.databases.bookings.name();
    let server = local_servers::database::connect(Servers::shared().await?.database_url()).await?;

    let only_reads = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    server.batch_execute(&only_reads).await?;
    let cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1";
    server.query(cut, &[&name]).await?;
    for customer in &customers {
        for call in [&customer.call, &ready] {
            let answer = customer.at.try_call(call).await?.context("no answer")?;
            ensure!(answer.status == 503, "{call:?}: {answer:?}");
            ensure!(
                answer.header("retry-after").is_some(),
                "{call:?}: {answer:?}"
            );
        }
    }

    // Connections from the read-only period are still open.
    let writes = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    server.batch_execute(&writes).await?;
    let mut tickets = Vec::new();
    wait_for("everybody has booked", BACK_WITHIN, async || {
        tickets.clear();
        for customer in &customers {
            let answer = customer.at.call_once(&customer.call).await?;
            let answer = answer.context("not yet")?;
            ensure!(answer.status < 300, "{answer:?}");
            tickets.extend(customer.wants_tickets.then_some(answer));
        }
        anyhow::Ok(())
    })
    .await?;
    wait_for("everything adds up", BACK_WITHIN, async || {
        for answer in &tickets {
            pair.are_paid(answer).await?;
        }
        pair.is_settled().await
    })
    .await?;
    pair.are_ready().await
}
