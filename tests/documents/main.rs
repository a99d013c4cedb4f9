//! Runs the documents' commands as they stand against a fresh local stack.
//!
//! A block of language `console` is a session: each line after `$ ` is a command, with its continuation
//! lines, and the text up to the next command is its answer. Blocks of commands that can't run here (`make`,
//! `docker`) are skipped. Answers are compared without white space; `…` matches anything, and numbers, ids
//! and times match any of their kind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answer;
mod session;
mod stack;

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::answer::matches;
use crate::session::{Block, Command, blocks};
use crate::stack::{Outcome, PROJECT, Shell, Stack};

/// Timeout for asynchronous work to finish.
const DONE_WITHIN: Duration = Duration::from_secs(20);

/// Commands that a test can't run, or that would end the stack.
const PASSED_OVER: [&str; 4] = ["make ", "docker ", "scripts/", "export "];

fn run(document: &str, environment: &[(&str, &str)]) {
    let text = fs::read_to_string(Path::new(PROJECT).join(document)).expect(document);
    let commands: Vec<Command> = blocks(&text)
        .into_iter()
        .filter(|block| !is_passed_over(block))
        .flat_map(|block| block.commands)
        .collect();
    assert!(!commands.is_empty(), "{document} has no session");
    let stack = Stack::start(environment);
    let mut shell = stack.shell();
    let mut wrong = Vec::new();
    for command in &commands {
        let outcome = answered(command, &mut shell);
        if !is_as_told(command, &outcome) {
            let Command { line, text, answer } = command;
            let expected = answer.as_deref().unwrap_or("(any answer)");
            wrong.push(format!(
                "{document}:{line}: $ {text}\nshould answer:\n{expected}\nanswers (exit code {}):\n{}",
                outcome.code, outcome.printed
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Runs a command until its answer is the document's: earlier commands may still be at work, so commands that
/// only read are retried.
fn answered(command: &Command, shell: &mut Shell) -> Outcome {
    let deadline = Instant::now() + DONE_WITHIN;
    loop {
        let outcome = shell.run(&command.text);
        if is_as_told(command, &outcome) || !is_read(command) || Instant::now() > deadline {
            return outcome;
        }
        sleep(Duration::from_millis(100));
    }
}

fn is_as_told(command: &Command, outcome: &Outcome) -> bool {
    match &command.answer {
        Some(answer) => matches(answer, &outcome.printed),
        None => outcome.code == 0,
    }
}

fn is_read(command: &Command) -> bool {
    let text = &command.text;
    text.starts_with("curl http") || text.starts_with("curl 'http")
}

fn is_passed_over(block: &Block) -> bool {
    block.commands.iter().any(|command| {
        PASSED_OVER
            .iter()
            .any(|start| command.text.starts_with(start))
    })
}

#[test]
fn readme() {
    run("README.md", &[]);
}

#[test]
fn setup() {
    run("SETUP.md", &[]);
}

#[test]
fn first_session() {
    run("docs/first-session.md", &[]);
}

#[test]
fn api() {
    run("docs/api.md", &[]);
}

#[test]
fn auth() {
    run("docs/auth.md", &[("HOLDFAST__AUTH__MODE", "required")]);
}
