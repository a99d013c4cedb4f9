// Event tickets, and the operations pages about them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, visit } from "../support/browser.js";
import { newEvent } from "../support/events.js";
import { newFlight, orderSeats } from "../support/flights.js";

const PAYMENTS = process.env.TEST_PAYMENTS_URL;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Makes the mock provider decline all payments, or none. */
async function declineAll(isDeclined) {
  const answer = await fetch(`${PAYMENTS}/api/payments/mock`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ failure_rate: isDeclined ? 1 : 0 }),
  });
  assert.equal(answer.status, 200);
}

const said = (page, word) => page.locator(".badge", { hasText: word }).first().waitFor();
const email = () => `visitor-${process.pid}-${Math.floor(performance.now() * 1000)}@example.org`;

test("tickets are bought, watched until they are paid, and cancelled", async () => {
  const event = await newEvent({ name: "Organ recital", tickets: 40, price: 12.5 });
  const { page, leave } = await visit(browser, { expectFailures: true });
  await page.goto(`/events/${event.id}`);
  assert.match(await page.locator(".summary").innerText(), /\$12\.50[\s\S]*40 tickets left/);
  await page.getByLabel("Tickets", { exact: true }).fill("3");
  await page.getByLabel("Your e-mail address").fill(email());
  await page.getByRole("button", { name: "Buy" }).click();
  await page.waitForURL(/\/tickets\//);
  await said(page, "Confirmed");
  assert.match(await page.locator("main").innerText(), /Organ recital[\s\S]*3 tickets[\s\S]*\$37\.50/);

  // The next ones need no address, and fewer than a hundred are left.
  await page.goto(`/events/${event.id}`);
  assert.match(await page.locator(".summary").innerText(), /37 tickets left/);
  assert.equal(await page.getByLabel("Your e-mail address").count(), 0);
  await page.getByLabel("Tickets", { exact: true }).fill("38");
  await page.getByRole("button", { name: "Buy" }).click();
  assert.match(await page.getByRole("alert").innerText(), /not so many tickets left/);

  await page.getByRole("link", { name: "My bookings" }).click();
  await page.getByRole("link", { name: /Organ recital/ }).click();
  await page.getByText("Cancel the booking", { exact: true }).click();
  await page.getByRole("button", { name: "Yes, cancel the booking" }).click();
  await said(page, "Cancelled");
  await page.goto(`/events/${event.id}`);
  assert.match(await page.locator(".summary").innerText(), /40 tickets left/);
  await leave();
});

test("an invalid address is reported beside the form", async () => {
  const event = await newEvent();
  const { page, leave } = await visit(browser, { expectFailures: true });
  await page.goto(`/events/${event.id}`);
  await page.getByLabel("Your e-mail address").fill("somebody@nowhere");
  await page.getByRole("button", { name: "Buy" }).click();
  assert.match(await page.getByRole("alert").innerText(), /not an address of e-mail/);
  await leave();
});

test("a failing payment becomes a dead letter until it is requeued", async () => {
  const event = await newEvent({ name: "Night at the opera" });
  const { page, leave } = await visit(browser);
  await declineAll(true);
  try {
    await page.goto(`/events/${event.id}`);
    await page.getByLabel("Your e-mail address").fill(email());
    await page.getByRole("button", { name: "Buy" }).click();
    await page.waitForURL(/\/tickets\//);
    await page.getByText(/you can pay again/).waitFor();
    const tickets = page.url();
    await page.goto("/operations");
    const letters = page.locator("#dead-letters");
    await letters.getByRole("button", { name: /Try again/ }).first().waitFor();
    await declineAll(false);
    await letters.getByRole("button", { name: /Try again/ }).first().click();
    await page.waitForURL(/\/operations/);
    await letters.getByText("None: no payment").waitFor();
    await page.goto(tickets);
    await said(page, "Confirmed");
  } finally {
    await declineAll(false);
  }
  await leave();
});

test("tickets whose payment was declined can be paid again while they are held", async () => {
  const event = await newEvent({ name: "Second try" });
  const { page, leave } = await visit(browser);
  await declineAll(true);
  try {
    await page.goto(`/events/${event.id}`);
    await page.getByLabel("Your e-mail address").fill(email());
    await page.getByRole("button", { name: "Buy" }).click();
    await page.waitForURL(/\/tickets\//);
    const again = page.getByRole("button", { name: "Pay again" });
    await again.waitFor();
    await page.getByRole("timer").waitFor();
    await declineAll(false);
    await again.click();
    await said(page, "Confirmed");
  } finally {
    await declineAll(false);
  }
  await leave();
});

test("operations: sales, holds, the ledger's light, and any booking", async () => {
  const flight = await newFlight();
  const user = `searched for ${process.pid}`;
  const { orderId } = await orderSeats(flight.id, ["A1", "A2", "A3"], user);
  const event = await newEvent({ name: "Sold for the chart" });
  const buyer = await visit(browser);
  await buyer.page.goto(`/events/${event.id}`);
  await buyer.page.getByLabel("Your e-mail address").fill(email());
  await buyer.page.getByRole("button", { name: "Buy" }).click();
  await said(buyer.page, "Confirmed");
  await buyer.leave();
  const { page, leave } = await visit(browser);
  await page.goto("/operations");
  await page.locator(".light.good", { hasText: "Flights: it adds up" }).waitFor();
  await page.locator(".light.good", { hasText: "Events and ticket options: it adds up" }).waitFor();
  assert.match(await page.getByRole("img", { name: /Bookings over the last hour/ }).getAttribute("aria-label"), /\d+ made/);
  await page.getByRole("img", { name: /Sold over the last hour: \$[1-9]/ }).waitFor();
  await page.locator("section", { hasText: "Free now" }).first().getByText(flight.flight_number).waitFor();
  for (const known of [user, orderId, String(flight.id)]) {
    await page.goto("/operations");
    await page.getByLabel("Booking, order, user or flight id").fill(known);
    await page.getByRole("button", { name: "Find" }).click();
    const row = page.locator("tr", { hasText: user });
    assert.match(await row.innerText(), /A1, A2, A3[\s\S]*Held/, known);
  }
  // Also by flight and status.
  await page.goto("/operations/bookings");
  await page.getByLabel("Flight", { exact: true }).fill(flight.flight_number);
  await page.getByLabel("State").selectOption("Held or paying");
  await page.getByRole("button", { name: "Find" }).click();
  await page.locator("tr", { hasText: user }).waitFor();
  await page.getByLabel("State").selectOption("Cancelled");
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByText("Nothing found").waitFor();
  await page.goBack();
  await page.locator("tr", { hasText: user }).getByRole("link").click();
  await page.getByRole("timer").waitFor();
  await leave();
});

test("an event's start is shown in the visitor's own time, too", async () => {
  const event = await newEvent({ name: "Own time" });
  const { page, leave } = await visit(browser, { timezoneId: "Asia/Kolkata" });
  await page.goto(`/events/${event.id}`);
  assert.match(await page.locator("main").innerText(), /9 Sep 2031, 18:00 UTC\s+9 Sept? 2031, 23:30 where you are/);
  await leave();
  const utc = await visit(browser, { timezoneId: "UTC" });
  await utc.page.goto(`/events/${event.id}`);
  assert.doesNotMatch(await utc.page.locator("main").innerText(), /where you are/);
  await utc.leave();
});
