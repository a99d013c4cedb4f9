// The whole system on free ports with its own data, and two more booking-services: one whose holds expire
// within seconds, and one where visitors have to log in. Services are stateless, so all work on the same
// orders.

import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const PARTS = ["FLIGHT", "BOOKING", "PAYMENT", "POSTGRES", "REDIS"];
const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;

/** Hold time of the second booking-service. */
export const BRIEFLY_S = 4;

async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  })));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function untilReady(url) {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const answer = await fetch(`${url}/ready`).catch(() => null);
    if (answer && answer.ok) return;
    if (Date.now() > deadline) throw new Error(`${url} is not ready within ${READY_WITHIN_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Starts the system from these binaries. */
export async function startStack(binaries) {
  const state = mkdtempSync(path.join(os.tmpdir(), "holdfast-browser-"));
  // As root, PostgreSQL runs as another user, who must reach its directory.
  chmodSync(state, 0o755);
  const ports = await freePorts(PARTS.length + 2);
  const environment = { ...process.env, HOLDFAST_STATE_DIR: state, HOLDFAST_POSTGRES_URL: "", HOLDFAST_REDIS_URL: "" };
  PARTS.forEach((part, index) => { environment[`HOLDFAST_${part}_PORT`] = String(ports[index]); });
  const [flight, booking, payment, postgres, redis, brief, closed] = ports;
  const holdfast = (command) =>
    execFileSync(path.join(binaries, "holdfast"), [command], { cwd: PROJECT, env: environment, stdio: ["ignore", "pipe", "inherit"] });
  const remove = () => rmSync(state, { recursive: true, force: true });
  try {
    holdfast("start");
  } catch (error) {
    holdfast("stop");
    remove();
    throw error;
  }
  const others = [];
  const another = (port, settings) => others.push(spawn(path.join(binaries, "booking-service"), [], {
    cwd: PROJECT,
    stdio: "ignore",
    env: {
      ...environment,
      PORT: String(port),
      DATABASE_URL: `postgres://holdfast:${passwordOf(state)}@127.0.0.1:${postgres}/holdfast_bookings`,
      REDIS_URL: `redis://127.0.0.1:${redis}`,
      FLIGHT_SERVICE_URL: `http://127.0.0.1:${flight}`,
      PAYMENT_SERVICE_URL: `http://127.0.0.1:${payment}`,
      // As in the local stack: all tests come from one address, and the flights departed long ago.
      HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_USER: "0",
      HOLDFAST__CUSTOMERS__UNPAID_ORDERS_PER_ADDRESS: "0",
      HOLDFAST__CUSTOMERS__CANCEL_BEFORE_DEPARTURE: "never",
      HOLDFAST__CUSTOMERS__CANCEL_BEFORE_EVENT: "never",
      ...settings,
    },
  }));
  const url = (port) => `http://127.0.0.1:${port}`;
  const stop = async () => {
    for (const other of others) {
      // A signal to the process group may have come first.
      if (other.exitCode === null && other.signalCode === null) {
        const ended = once(other, "exit");
        other.kill();
        await ended;
      }
    }
    holdfast("stop");
    holdfast("remove");
    remove();
  };
  try {
    another(brief, { RESERVATION_TIMEOUT: `${BRIEFLY_S}s`, HOLDFAST__AUTH__MODE: "open" });
    another(closed, {
      HOLDFAST__AUTH__MODE: "required",
      HOLDFAST__AUTH__SECRET: randomBytes(32).toString("hex"),
      HOLDFAST__ACCOUNTS__SECURE_COOKIE: "false",
    });
    await untilReady(url(brief));
    await untilReady(url(closed));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    environment: {
      TEST_PAGES_URL: url(booking),
      TEST_BRIEF_PAGES_URL: url(brief),
      TEST_CLOSED_PAGES_URL: url(closed),
      TEST_FLIGHTS_URL: url(flight),
      TEST_PAYMENTS_URL: url(payment),
    },
    showLogs() {
      for (const name of ["booking-service", "flight-service"]) {
        const log = readFileSync(path.join(state, "logs", `${name}.log`), "utf8").trimEnd().split("\n");
        console.error(`--- the last lines of ${name}'s log\n${log.slice(-20).join("\n")}`);
      }
    },
    stop,
  };
}

function passwordOf(state) {
  return readFileSync(path.join(state, "postgres", "password"), "utf8").trim();
}
