// From the search to a confirmed booking, and back.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, visit } from "../support/browser.js";
import { hold, pay, tick, untilSaid } from "../support/doing.js";
import { newFlight, orderSeats, seatStatus } from "../support/flights.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test("search to confirmed", async () => {
  const flight = await newFlight({ departs: "2031-03-10T04:00:00Z" });
  const { page, leave } = await visit(browser);
  await page.goto("/");
  await page.getByRole("combobox", { name: "From" }).pressSequentially("delh");
  await page.getByRole("option", { name: /DEL/ }).click();
  await page.getByRole("combobox", { name: "To" }).fill("Goa");
  await page.getByLabel("Departure").fill("2031-03-10");
  await page.getByLabel("Seats").fill("2");
  await page.getByRole("button", { name: "Search" }).click();
  const found = page.locator("article", { hasText: flight.flight_number });
  assert.match(await found.innerText(), /09:30[\s\S]*nonstop[\s\S]*12:00[\s\S]*24 seats left[\s\S]*₹8,400/);
  await found.getByRole("link", { name: /Choose/ }).click();
  await tick(page, "A1", "A2");
  assert.match(await page.locator(".summary").innerText(), /A1, A2[\s\S]*₹8,400/);
  await hold(page);
  assert.match(await page.getByRole("timer").innerText(), /^1[45]:\d\d$/);
  assert.equal(await seatStatus(flight.id, "A1"), "RESERVED");
  await pay(page, "12345");
  await untilSaid(page, "Confirmed");
  assert.equal(await seatStatus(flight.id, "A1"), "BOOKED");

  await page.getByRole("link", { name: "My bookings" }).click();
  assert.match(await page.locator("main").innerText(), /Delhi to Goa[\s\S]*A1, A2[\s\S]*₹8,400[\s\S]*Confirmed/);
  await page.getByRole("link", { name: /Delhi to Goa/ }).click();
  await page.getByText("Cancel the booking", { exact: true }).click();
  await page.getByRole("button", { name: "Yes, cancel the booking" }).click();
  await untilSaid(page, "Cancelled");
  assert.equal(await seatStatus(flight.id, "A1"), "AVAILABLE");
  await leave();
});

test("other seats before paying", async () => {
  const flight = await newFlight();
  const { page, leave } = await visit(browser, { expectFailures: true });
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "B2");
  await hold(page);
  await page.getByRole("link", { name: "Change seats" }).click();
  await orderSeats(flight.id, ["C3"]);
  // The map is updated: C3 can't be ticked any more, and B2, their own, can.
  await page.locator("label.seat.held", { hasText: "C3" }).waitFor();
  await tick(page, "B2", "D4");
  await page.getByRole("button", { name: "Take these seats" }).click();
  await page.waitForURL(/\/orders\/[^/]+$/);
  assert.match(await page.locator(".yours").innerText(), /D4/);
  assert.equal(await seatStatus(flight.id, "B2"), "AVAILABLE");
  await leave();
});

test("an itinerary is chosen map by map and booked as one order", async () => {
  const first = await newFlight({ departs: "2031-04-02T02:00:00Z" });
  const second = await newFlight({ source: "GOI", destination: "MAA", departs: "2031-04-02T06:00:00Z", minutes: 90 });
  const { page, leave } = await visit(browser, { expectFailures: true });
  await page.goto("/search?from=DEL&to=MAA&date=2031-04-02&seats=1");
  const found = page.locator("article", { hasText: first.flight_number });
  assert.match(await found.innerText(), /1 stop[\s\S]*1 h 30 min in Goa/);
  await page.getByRole("link", { name: "Nonstop" }).click();
  await page.getByRole("heading", { name: "No flights on that day" }).waitFor();
  await page.getByRole("link", { name: "Search with any number of stops" }).click();
  await found.getByRole("link", { name: /Choose/ }).click();
  await page.waitForURL(/\/itinerary/);
  assert.match(await page.locator("main").innerText(), /1 h 30 min in Goa/);
  await page.locator(`#seat-${first.id}-A1`).click();
  await page.getByRole("button", { name: "Hold these seats" }).click();
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /as many seats on each flight/);
  await page.locator(`#seat-${first.id}-A1`).click();
  await page.locator(`#seat-${second.id}-D6`).click();
  await hold(page);
  await pay(page, "12345");
  await untilSaid(page, "Confirmed");
  assert.equal(await seatStatus(first.id, "A1"), "BOOKED");
  assert.equal(await seatStatus(second.id, "D6"), "BOOKED");
  await leave();
});

test("a flight without a seat map is booked by count", async () => {
  const flight = await newFlight({ seatMap: null, seats: 40 });
  const { page, leave } = await visit(browser);
  await page.goto(`/flights/${flight.id}?seats=3`);
  await hold(page);
  await pay(page, "12345");
  await untilSaid(page, "Confirmed");
  assert.match(await page.locator(".yours").innerText(), /3 seats/);
  await page.goto(`/flights/${flight.id}`);
  assert.match(await page.locator("main").innerText(), /37 seats left/);
  await leave();
});

test("without scripts", async () => {
  const flight = await newFlight({ departs: "2031-05-05T04:00:00Z" });
  const { page, leave } = await visit(browser, { javaScriptEnabled: false, expectFailures: true });
  await page.goto("/");
  await page.getByRole("combobox", { name: "From" }).fill("delhi");
  await page.getByRole("combobox", { name: "To" }).fill("GOI");
  await page.getByLabel("Departure").fill("2031-05-05");
  await page.getByRole("button", { name: "Search" }).click();
  await page.locator("article", { hasText: flight.flight_number }).getByRole("link", { name: /Choose/ }).click();
  await page.getByRole("button", { name: "Hold these seats" }).click();
  assert.match(await page.getByRole("alert").innerText(), /Choose a seat/);
  await tick(page, "C1");
  await hold(page);
  assert.match(await page.getByRole("timer").innerText(), /^1[45]:\d\d$/);
  await pay(page, "12345");
  // The page polls by itself.
  await untilSaid(page, "Confirmed");
  await page.getByText("Cancel the booking", { exact: true }).click();
  await page.getByRole("button", { name: "Yes, cancel the booking" }).click();
  await untilSaid(page, "Cancelled");
  await leave();
});

test("a form submitted twice orders once", async () => {
  const flight = await newFlight();
  const { page, name, leave } = await visit(browser);
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  const form = await page.locator("form.choose").evaluate((form) => new URLSearchParams(new FormData(form)).toString());
  const send = () => page.request.post("/orders", {
    data: form,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    maxRedirects: 0,
  });
  const [first, second] = [await send(), await send()];
  assert.equal(first.status(), 303);
  assert.equal(second.headers().location, first.headers().location, name);
  await leave();
});

test("a form changed and submitted again orders what it says now", async () => {
  const flight = await newFlight();
  const { page, leave } = await visit(browser);
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  const form = await page.locator("form.choose").evaluate((form) => new URLSearchParams(new FormData(form)).toString());
  const send = (data) => page.request.post("/orders", {
    data,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    maxRedirects: 0,
  });
  const [first, second] = [await send(form), await send(form.replace("=A1", "=A2"))];
  assert.deepEqual([first.status(), second.status()], [303, 303]);
  assert.notEqual(first.headers().location, second.headers().location);
  for (const seat of ["A1", "A2"]) assert.equal(await seatStatus(flight.id, seat), "RESERVED");
  await leave();
});

test("travelers are named for all seats or for none", async () => {
  const flight = await newFlight();
  const { page, leave } = await visit(browser, { expectFailures: true });
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1", "A2");
  await page.getByText("Who travels?").click();
  const given = page.getByLabel("Given names");
  // As many rows as seats.
  assert.equal(await given.count(), 2);
  await given.nth(0).fill("Asha");
  await page.getByLabel("Family name").nth(0).fill("Rao");
  await page.getByRole("button", { name: "Hold these seats" }).click();
  assert.match(await page.getByRole("alert").innerText(), /Name all travellers, 2 of them/);
  assert.equal(await given.nth(0).inputValue(), "Asha");
  await given.nth(1).fill("Ravi");
  await page.getByLabel("Family name").nth(1).fill("Rao");
  await hold(page);
  assert.match(await page.locator("main").innerText(), /Travellers: Asha Rao, Ravi Rao/);
  await leave();
});

test("my bookings are filtered by status", async () => {
  const flight = await newFlight();
  const { page, name, leave } = await visit(browser);
  await orderSeats(flight.id, ["A1"], name);
  await page.goto("/my-bookings");
  const rows = page.locator("ul.rows li");
  assert.equal(await rows.count(), 1);
  await page.getByRole("link", { name: "Held or paying" }).click();
  await page.waitForURL(/stage=/);
  assert.equal(await rows.count(), 1);
  await page.getByRole("link", { name: "Confirmed", exact: true }).click();
  await page.getByText("No booking of yours stands so").waitFor();
  assert.equal(await rows.count(), 0);
  await leave();
});
