//! The calls and queries of the documents, run as they stand against a fresh local stack.
//!
//! A block of language `console` is a session: each line after `$ ` is a command, with the lines that continue
//! it, and what follows up to the next is its answer. Blocks of commands that nobody can run here (`make`,
//! `docker`) are passed over. Answers are compared without white space; `…` stands for anything, and numbers,
//! ids and times for any of their kind.

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

/// How long what was begun may take to be done.
const DONE_WITHIN: Duration = Duration::from_secs(20);

/// What can't be run by a test, or would end what runs.
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

/// What a command answers in the end: what was begun before may not be done at once, so a command that changes
/// nothing is repeated until its answer is the one that the document has.
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
