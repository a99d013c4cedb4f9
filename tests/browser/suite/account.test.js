// Signing up, logging in and out where visitors have to, and whose is what then.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { CLOSED_PAGES, launch, visit } from "../support/browser.js";
import { newEvent } from "../support/events.js";

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

test("a visitor signs up on the way, buys, logs out, and comes back to what is theirs", async () => {
  const event = await newEvent({ name: "Closed evening", tickets: 10 });
  const address = email();
  const { page, leave } = await visitClosed();
  // Everybody may look; what is somebody's own asks who they are.
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

  // To somebody else they are not there.
  const other = await visitClosed();
  await other.page.goto("/log-in");
  await signUp(other.page, "Ben", email());
  await other.page.waitForURL(/\/$/);
  const answer = await other.page.goto(tickets);
  assert.equal(answer.status(), 404);
  await other.leave();
});

test("an address belongs to one account, and the operations to nobody who logs in", async () => {
  const address = email();
  const first = await visitClosed();
  await first.page.goto("/log-in");
  await signUp(first.page, "Asha", address);
  await first.page.waitForURL(/\/$/);
  assert.equal(await first.page.getByRole("link", { name: "Operations" }).count(), 0);
  assert.equal((await first.page.goto("/operations")).status(), 404);
  await first.leave();

  const second = await visitClosed();
  await second.page.goto("/log-in");
  await signUp(second.page, "Ben", address);
  assert.match(await second.page.getByRole("alert").innerText(), /signed up with this e-mail address already/);
  await second.leave();
});
