// Starts a stack of its own, runs the tests against it, stops it. The argument is the directory of the
// binaries. Further arguments are passed to node's test runner: `node run.js ../../target/debug
// --test-name-pattern=race`.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { startStack } from "./support/stack.js";

// Longer than all tests together take on a slow machine.
const TIME_LIMIT_MS = 20 * 60 * 1000;

const here = path.dirname(fileURLToPath(import.meta.url));
const [binaries = path.join(here, "../../target/debug"), ...rest] = process.argv.slice(2);

const stack = await startStack(path.resolve(binaries));
let code = 1;
try {
  const suite = path.join(here, "suite");
  const files = readdirSync(suite).filter((name) => name.endsWith(".test.js"));
  // One file at a time: they share a machine with the stack.
  const tests = spawn(
    process.execPath,
    ["--test", "--test-concurrency=1", ...rest, ...files.map((name) => path.join(suite, name))],
    { stdio: "inherit", env: { ...process.env, ...stack.environment } },
  );
  const limit = setTimeout(() => tests.kill(), TIME_LIMIT_MS);
  code = await new Promise((resolve) => tests.on("exit", (exit) => resolve(exit ?? 1)));
  clearTimeout(limit);
  if (code !== 0) stack.showLogs();
} finally {
  await stack.stop();
}
process.exit(code);
