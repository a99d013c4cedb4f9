//! `holdfast` as a person uses it, with stand-ins for the services: the stack starts, restarts crashed parts,
//! and leaves nothing behind. The workspace's own tests run it with the real services.

mod project;

use std::net::TcpListener;
use std::time::Duration;

use local_servers::database::connect;
use nix::sys::signal::Signal;
use project::Project;
use test_stack::{wait_for, wait_until};

/// Generous: the machine may be busy with other tests.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_stack_runs_in_the_foreground_and_finds_its_data_again() -> anyhow::Result<()> {
    let project = Project::new()?;
    assert_eq!(
        project.command(&["status"]).output()?.status.code(),
        Some(3)
    );

    let mut stack = project.run()?;
    stack.is_ready().await?;
    let shown = stack.output()?;
    for text in [
        format!(
            "http://127.0.0.1:{}/api/flights/search?",
            project.flight_port
        ),
        format!(
            "curl http://127.0.0.1:{}/api/bookings/1",
            project.booking_port
        ),
        "sales never close".to_owned(),
    ] {
        assert!(shown.contains(&text), "{text} is missing in:\n{shown}");
    }
    let imports = project.imports()?;
    assert_eq!(imports.len(), 2, "{imports:?}");
    assert!(imports[0].starts_with("import data/demo --once --on 2024-02-15 --from 20"));
    assert!(imports[1].starts_with("import data/us-week --once --starting 20"));
    assert!(project.command(&["status"]).output()?.status.success());
    let second = project.command(&["run"]).output()?;
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("already runs"));

    connect(&project.database_url("holdfast_flights")?)
        .await?
        .batch_execute("CREATE TABLE kept AS SELECT 7 AS number")
        .await?;
    let processes = project.processes()?;
    assert_eq!(processes.len(), 5);
    stack.signal(Signal::SIGINT);
    assert_eq!(stack.ended().await?, Some(0));
    assert!(processes.iter().all(|process| !process.is_alive()));

    let mut stack = project.run()?;
    stack.is_ready().await?;
    let row = connect(&project.database_url("holdfast_flights")?)
        .await?
        .query_one("SELECT number FROM kept", &[])
        .await?;
    assert_eq!(row.get::<_, i32>(0), 7);
    assert!(project.command(&["stop"]).status()?.success());
    assert_eq!(stack.ended().await?, Some(0));
    Ok(())
}

#[tokio::test]
async fn crashed_processes_are_restarted_up_to_a_limit() -> anyhow::Result<()> {
    let project = Project::new()?;
    let mut stack = project.run()?;
    stack.is_ready().await?;
    for name in ["flight-service", "PostgreSQL", "Redis"] {
        let before = project.process(name)?;
        before.signal(Signal::SIGKILL);
        wait_until("it is another process", SOON, async || {
            project.process(name).is_ok_and(|now| now != before)
        })
        .await?;
        wait_for("all are ready again", SOON, async || {
            let status = project.command(&["status"]).output();
            match status.map(|output| (output.status.success(), output.stdout)) {
                Ok((true, _)) => Ok(()),
                Ok((false, text)) => Err(String::from_utf8_lossy(&text).into_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await?;
        let line = format!("{name} ended (signal: 9 (SIGKILL)): starting it again");
        assert!(stack.output()?.contains(&line), "{}", stack.output()?);
    }

    project.break_services()?;
    let processes = project.processes()?;
    project.process("payment-service")?.signal(Signal::SIGKILL);
    assert_eq!(stack.ended().await?, Some(1));
    let shown = stack.output()?;
    assert!(shown.contains("payment-service ended again"), "{shown}");
    assert!(shown.contains("this service is broken"), "{shown}");
    assert!(processes.iter().all(|process| !process.is_alive()));
    Ok(())
}

#[tokio::test]
async fn a_killed_stack_is_cleaned_up_by_the_next() -> anyhow::Result<()> {
    let project = Project::new()?;
    let mut stack = project.run()?;
    stack.is_ready().await?;
    let left = project.processes()?;
    stack.signal(Signal::SIGKILL);
    stack.ended().await?;
    assert!(left.iter().all(|process| process.is_alive()));
    assert_eq!(
        project.command(&["status"]).output()?.status.code(),
        Some(3)
    );

    let mut stack = project.run()?;
    stack.is_ready().await?;
    let shown = stack.output()?;
    assert!(shown.contains("an earlier stack left running"), "{shown}");
    assert!(left.iter().all(|process| !process.is_alive()));
    stack.signal(Signal::SIGTERM);
    assert_eq!(stack.ended().await?, Some(0));
    Ok(())
}

#[tokio::test]
async fn a_stack_in_the_background_is_stopped_and_reset() -> anyhow::Result<()> {
    let project = Project::new()?;
    let started = project.command(&["start"]).output()?;
    let shown = String::from_utf8_lossy(&started.stdout).into_owned();
    assert!(started.status.success(), "{shown}");
    assert!(shown.contains("Holdfast is ready."), "{shown}");
    let url = project.database_url("holdfast_bookings")?;
    connect(&url)
        .await?
        .batch_execute("CREATE TABLE gone ()")
        .await?;

    assert!(!project.command(&["remove"]).output()?.status.success());
    assert!(project.command(&["reset"]).output()?.status.success());
    assert!(project.command(&["status"]).output()?.status.success());
    let database = connect(&project.database_url("holdfast_bookings")?).await?;
    assert!(database.query("SELECT FROM gone", &[]).await.is_err());
    assert_eq!(project.imports()?.len(), 4);

    let processes = project.processes()?;
    assert!(project.command(&["stop"]).output()?.status.success());
    assert!(processes.iter().all(|process| !process.is_alive()));
    let again = project.command(&["stop"]).output()?;
    assert_eq!(
        String::from_utf8_lossy(&again.stdout),
        "nothing is running\n"
    );

    // A stopped stack imports its data again and stays stopped.
    assert!(project.command(&["reset"]).output()?.status.success());
    assert_eq!(project.imports()?.len(), 6);
    assert_eq!(
        project.command(&["status"]).output()?.status.code(),
        Some(3)
    );
    assert!(project.command(&["remove"]).output()?.status.success());
    assert!(!project.state_directory().exists());
    Ok(())
}

#[test]
fn a_taken_port_is_named_with_its_owner() -> anyhow::Result<()> {
    let project = Project::new()?;
    let taken = TcpListener::bind(("127.0.0.1", project.booking_port))?;
    let refused = project.command(&["run"]).output()?;
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8_lossy(&refused.stderr);
    for text in [
        format!("port {}", project.booking_port),
        format!("process {}", std::process::id()),
        "HOLDFAST_BOOKING_PORT".to_owned(),
    ] {
        assert!(error.contains(&text), "{text} is missing in:\n{error}");
    }
    drop(taken);
    Ok(())
}

#[test]
#[ignore = "not a test: what the stand-ins for the services run"]
fn stand_in() -> anyhow::Result<()> {
    project::serve()
}
