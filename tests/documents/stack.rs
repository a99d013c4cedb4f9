//! A private local stack, and a shell beside it.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The project's root.
pub const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The stack's parts, and their ports in the documents.
const PARTS: [(&str, &str); 5] = [
    ("FLIGHT", "8080"),
    ("BOOKING", "8081"),
    ("PAYMENT", "8082"),
    ("POSTGRES", "15432"),
    ("REDIS", "16379"),
];

/// Printed after each command, with its exit code.
const END: &str = "=== end of command ===";

/// One stack at a time: each imports a schedule of 114,000 flights.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub struct Stack {
    state: PathBuf,
    ports: Vec<(&'static str, &'static str, u16)>,
    environment: Vec<(String, String)>,
    _turn: MutexGuard<'static, ()>,
}

/// A command's output and exit code.
pub struct Outcome {
    pub printed: String,
    pub code: i32,
}

impl Stack {
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("holdfast-documents-{}-{number}", std::process::id());
        let state = env::temp_dir().join(name);
        fs::create_dir(&state).expect("a temporary directory");
        // As root, PostgreSQL runs as another user, who must reach its directory.
        fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).expect("its mode");
        let listeners = PARTS.map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let ports: Vec<_> = PARTS
            .iter()
            .zip(&listeners)
            .map(|(&(part, port), listener)| {
                (
                    part,
                    port,
                    listener.local_addr().expect("its address").port(),
                )
            })
            .collect();
        drop(listeners);
        let of_ports = ports
            .iter()
            .map(|(part, _, port)| (format!("HOLDFAST_{part}_PORT"), port.to_string()));
        let plain = [
            ("HOLDFAST_STATE_DIR", state.to_str().expect("a plain path")),
            ("HOLDFAST_POSTGRES_URL", ""),
            ("HOLDFAST_REDIS_URL", ""),
            // A schedule change rebuilds the timetable of 114,000 flights, which takes long in an unoptimized
            // build.
            ("HOLDFAST__HTTP__REQUEST_TIMEOUT", "60s"),
            ("HOLDFAST__FLIGHTS__TIMEOUT", "50s"),
        ];
        let plain = plain.iter().chain(settings);
        let plain = plain.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let stack = Self {
            environment: plain.chain(of_ports).collect(),
            state,
            ports,
            _turn: turn,
        };
        let started = stack.holdfast("start").status().expect("holdfast start");
        assert!(started.success(), "the stack does not start");
        stack
    }

    /// A shell with this stack's ports in place of `127.0.0.1:8080` and the like.
    pub fn shell(&self) -> Shell<'_> {
        let mut bash = Process::new("bash");
        bash.current_dir(&self.state);
        bash.envs(self.environment.iter().cloned());
        bash.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = bash.spawn().expect("bash");
        let mut shell = Shell {
            stack: self,
            input: process.stdin.take().expect("its input"),
            output: BufReader::new(process.stdout.take().expect("its output")),
            process,
        };
        shell.run("curl() { command curl -s --max-time 60 \"$@\"; }; export -f curl; exec 2>&1");
        shell
    }

    /// The command with this stack's ports and binary.
    fn here(&self, command: &str) -> String {
        let binary = binary().display().to_string();
        let mut command = command.replace("target/local/holdfast", &binary);
        for (_, documented, port) in &self.ports {
            let documented = format!("127.0.0.1:{documented}");
            command = command.replace(&documented, &format!("127.0.0.1:{port}"));
        }
        command
    }

    fn holdfast(&self, command: &str) -> Process {
        let mut process = Process::new(binary());
        process.arg(command).current_dir(PROJECT);
        process.envs(self.environment.iter().cloned());
        process.stdout(Stdio::null());
        process
    }
}

/// A shell that keeps its variables between commands.
pub struct Shell<'a> {
    stack: &'a Stack,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell<'_> {
    /// Runs a command, and reads its output.
    pub fn run(&mut self, command: &str) -> Outcome {
        let command = self.stack.here(command);
        let typed = writeln!(self.input, "{command}\nprintf '%s %s\\n' '{END}' $?");
        typed.expect("the shell reads");
        let mut printed = String::new();
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("text");
            assert!(read > 0, "the shell ended after {printed}");
            if let Some((rest, code)) = line.split_once(END) {
                printed.push_str(rest);
                let code = code.trim().parse().expect("a number");
                return Outcome { printed, code };
            }
            printed.push_str(&line);
        }
    }
}

impl Drop for Shell<'_> {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.holdfast("stop").status().ok();
        fs::remove_dir_all(&self.state).ok();
    }
}

/// The `holdfast` binary, built beside this test.
fn binary() -> PathBuf {
    let test = env::current_exe().expect("this program");
    let directory = test.parent().and_then(Path::parent).expect("its place");
    let binary = directory.join("holdfast");
    assert!(
        binary.exists() && directory.join("flight-service").exists(),
        "build what the documents run first: cargo build --workspace --bins"
    );
    binary
}
