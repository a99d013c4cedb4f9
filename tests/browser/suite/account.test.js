// Sign-up, login and logout where visitors have to log in, and the ownership of bookings.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { CLOSED_PAGES, PAGES, launch, visit } from "../support/browser.js";
import { hold, tick, untilLive } from "../support/doing.js";
import { newEvent } from "../support/events.js";
import { newFlight, orderSeats } from "../support/flights.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const PASSWORD = "correct horse battery";
let people = 0;
const email = () => `account-${process.pid}-${++people}@example.org`;
const visitClosed = () => visit(browser, { base: CLOSED_PAGES, expectFailures: true });

async function signUp(page, name, address) {
  await page.getByRole("link", { name: "Sign up" }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("E-mail address").fill(address);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign up" }).click();
}

async function logIn(page, address, password) {
  await page.getByLabel("E-mail address").fill(address);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

test("a visitor signs up while buying, logs out, and finds their bookings after logging in", async () => {
  const event = await newEvent({ name: "Closed evening", tickets: 10 });
  const address = email();
  const { page, leave } = await visitClosed();
  // Public pages need no login; a user's own pages ask for one.
  await page.goto(`/events/${event.id}`);
  await page.getByRole("link", { name: "My bookings" }).click();
  await page.waitForURL(/\/log-in\?back=/);
  await signUp(page, "Asha Rao", address);
  await page.waitForURL(/\/my-bookings$/);

  await page.goto(`/events/${event.id}`);
  assert.equal(await page.getByLabel("Your e-mail address").count(), 0);
  await page.getByRole("button", { name: "Buy" }).click();
  await page.waitForURL(/\/tickets\//);
  await page.locator(".badge", { hasText: "Confirmed" }).first().waitFor();
  const tickets = page.url();

  await page.getByText("Asha Rao", { exact: true }).first().click();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("link", { name: "Log in" }).waitFor();
  await page.goto(tickets);
  await page.waitForURL(/\/log-in\?back=/);
  await logIn(page, address, "wrong horse battery");
  assert.match(await page.getByRole("alert").innerText(), /address or the password is wrong/);
  await logIn(page, address, PASSWORD);
  await page.waitForURL(tickets);
  await leave();

  // Another user does not find them.
  const other = await visitClosed();
  await other.page.goto("/log-in");
  await signUp(other.page, "Ben", email());
  await other.page.waitForURL(/\/$/);
  const answer = await other.page.goto(tickets);
  assert.equal(answer.status(), 404);
  await other.leave();
});

test("an address belongs to one account, and a sign-up never makes staff", async () => {
  const address = email();
  const first = await visitClosed();
  await first.page.goto("/log-in");
  await signUp(first.page, "Asha", address);
  await first.page.waitForURL(/\/$/);
  assert.equal(await first.page.getByRole("link", { name: "Operations" }).count(), 0);
  assert.equal((await first.page.goto("/operations")).status(), 403);
  await first.leave();

  const second = await visitClosed();
  await second.page.goto("/log-in");
  await signUp(second.page, "Ben", address);
  assert.match(await second.page.getByRole("alert").innerText(), /signed up with this e-mail address already/);
  await second.leave();
});

/** Gives the user with this address a role, as an admin does. */
async function giveRole(address, role) {
  const users = await (await fetch(`${PAGES}/api/v1/users?limit=100`)).json();
  const user = users.find((one) => one.email === address);
  const given = await fetch(`${PAGES}/api/v1/users/${user.id}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ role }),
  });
  assert.equal(given.status, 200);
}

test("staff lose the operations pages with their role, even on an open page", async () => {
  const address = email();
  const { page, leave } = await visitClosed();
  await page.goto("/operations");
  await page.waitForURL(/\/log-in\?back=%2Foperations/);
  await signUp(page, "Agnes", address);
  await page.getByRole("heading", { name: "That was not accepted" }).waitFor();
  await giveRole(address, "agent");
  await page.goto("/");
  assert.match(await page.locator(".who summary").innerText(), /Agnes\s+Agent/);
  await page.getByRole("link", { name: "Operations" }).click();
  await page.locator(".light.good", { hasText: "Flights: it adds up" }).waitFor();
  await giveRole(address, "customer");
  // The next update that is requested is refused, and the page says so.
  await page.getByRole("heading", { name: "That was not accepted" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Operations" }).count(), 0);
  await leave();
});

test("a customer changing seats sees their own among the seats held by others", async () => {
  const flight = await newFlight();
  const { page, leave } = await visitClosed();
  await page.goto("/log-in");
  await signUp(page, "Asha", email());
  await page.waitForURL(/\/$/);
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "B2");
  await hold(page);
  await page.getByRole("link", { name: "Change seats" }).click();
  await untilLive(page);
  await orderSeats(flight.id, ["C3"]);
  await page.locator("label.seat.held", { hasText: "C3" }).waitFor();
  await page.locator("label.seat.mine", { hasText: "B2" }).waitFor();
  // The full state sent after a lost connection marks their own seats, too.
  const order = page.url().match(/orders\/([^/]+)/)[1];
  const live = await page.evaluate(async (path) => {
    const answer = await fetch(path);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("B2")) {
      const { done, value } = await reader.read();
      if (done) throw new Error("the stream ended");
      text += value;
    }
    await reader.cancel();
    return text;
  }, `/flights/${flight.id}/live?order=${order}`);
  assert.match(live, /class="seat mine" id="seat-\d+-B2"/);
  await leave();
});
