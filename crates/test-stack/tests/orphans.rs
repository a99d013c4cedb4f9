//! No server outlives a killed parent.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use local_servers::database::connect;
use local_servers::process::ProcessIdentity;
use nix::sys::signal::Signal;
use test_stack::wait_until;

fn identity(pid: u32) -> anyhow::Result<ProcessIdentity> {
    ProcessIdentity::of(i32::try_from(pid)?).context("it has ended")
}

#[tokio::test]
async fn servers_end_when_their_parent_is_killed() -> anyhow::Result<()> {
    // The command runs until this test closes its input, so its end is not what ends the servers.
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-test-servers"))
        .args(["--", "sh", "-c"])
        .arg("echo $HOLDFAST_TEST_DATABASE_URL; read -r _")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    // Kept, because waiting for a child closes its input.
    let input = command.stdin.take();
    let parent = identity(command.id())?;
    let mut lines = BufReader::new(command.stdout.take().context("no output")?).lines();
    let url = lines.next().context("no address")??;
    connect(&url).await?;
    let children = parent.children();
    assert_eq!(children.len(), 3, "PostgreSQL, Redis and the command");

    parent.signal(Signal::SIGKILL);
    command.wait()?;
    wait_until(
        "the servers have ended",
        Duration::from_secs(20),
        async || {
            let alive = children.iter().filter(|child| child.is_alive());
            alive.count() == 1
        },
    )
    .await?;
    assert!(connect(&url).await.is_err());
    drop(input);
    Ok(())
}

#[test]
fn the_commands_exit_code_is_passed_on() -> anyhow::Result<()> {
    let code = |script: &str| -> anyhow::Result<Option<i32>> {
        let status = Command::new(env!("CARGO_BIN_EXE_with-test-servers"))
            .args(["--", "sh", "-c", script])
            .status()?;
        Ok(status.code())
    };
    assert_eq!(code("test -n \"$HOLDFAST_TEST_REDIS_URL\"")?, Some(0));
    assert_eq!(code("kill -TERM $$")?, Some(143));
    Ok(())
}
