// Starts a private stack, runs the tests against it, and stops it, also on a signal. The first argument is
// the directory of the binaries; further ones go to node's test runner: `node run.js ../../target/debug
// --test-name-pattern=race`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { startStack } from "./support/stack.js";

// Longer than all tests together take on a slow machine.
const TIME_LIMIT_MS = 20 * 60 * 1000;

const here = path.dirname(fileURLToPath(import.meta.url));
const [binaries = path.join(here, "../../target/debug"), ...rest] = process.argv.slice(2);

// The tests end, and with them whatever waits for them.
let tests = null;
let signalled = null;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    signalled = signal;
    if (tests) tests.kill("SIGTERM");
  });
}

const stack = await startStack(path.resolve(binaries));
let code = 1;
try {
  if (!signalled) {
    const suite = path.join(here, "suite");
    const files = readdirSync(suite).filter((name) => name.endsWith(".test.js"));
    // One file at a time: they share a machine with the stack.
    tests = spawn(
      process.execPath,
      ["--test", "--test-concurrency=1", ...rest, ...files.map((name) => path.join(suite, name))],
      { stdio: "inherit", env: { ...process.env, ...stack.environment } },
    );
    const limit = setTimeout(() => tests.kill(), TIME_LIMIT_MS);
    const [exit] = await once(tests, "exit");
    code = exit ?? 1;
    clearTimeout(limit);
    if (code !== 0 && !signalled) stack.showLogs();
  }
} finally {
  await stack.stop();
}
process.exit(code);
