// Two people and one seat.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PAGES, launch, visit } from "../support/browser.js";
import { hold, tick, untilLive } from "../support/doing.js";
import { newFlight, orderSeats, seatStatus } from "../support/flights.js";
import { proxyTo } from "../support/proxy.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test("two browsers want one seat: one gets it, the other is told and chooses again", async () => {
  const flight = await newFlight();
  const two = await Promise.all([1, 2].map(() => visit(browser, { expectFailures: true })));
  await Promise.all(two.map(async ({ page }) => {
    // Neither page is updated, so that both request what they show.
    await page.route("**/live?*", (route) => route.abort());
    await page.goto(`/flights/${flight.id}`);
    await tick(page, "A1", "A2");
  }));
  const button = (page) => page.getByRole("button", { name: "Hold these seats" });
  await Promise.all(two.map(({ page }) => Promise.all([
    page.waitForResponse((answer) => answer.request().method() === "POST"),
    button(page).click(),
  ])));
  await Promise.all(two.map(({ page }) => page.waitForLoadState()));
  const won = two.filter(({ page }) => /\/orders\/./.test(page.url()));
  const lost = two.filter(({ page }) => !/\/orders\/./.test(page.url()));
  assert.equal(won.length, 1);
  const [{ page }] = lost;
  assert.match(await page.getByRole("alert").innerText(), /Somebody was faster/);
  await page.locator("label.seat.held", { hasText: "A1" }).waitFor();
  await tick(page, "B1", "B2");
  await hold(page);
  for (const seat of ["A1", "A2", "B1", "B2"]) assert.equal(await seatStatus(flight.id, seat), "RESERVED");
  for (const one of two) await one.leave();
});

test("a change by somebody else shows, and what is ticked stays ticked", async () => {
  const flight = await newFlight();
  const { page, leave } = await visit(browser);
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1", "D6");
  const isHeld = (seat) => page.locator("label.seat.held", { hasText: seat });
  await untilLive(page);
  await orderSeats(flight.id, ["B3"]);
  await isHeld("B3").waitFor();
  assert.match(await page.locator(".count").innerText(), /23 of 24/);
  assert.ok(await page.locator('input[value="A1"]').isChecked());
  // Somebody takes a seat that is ticked here.
  await orderSeats(flight.id, ["D6"]);
  await isHeld("D6").waitFor();
  assert.equal(await page.locator('input[value="D6"]').isChecked(), false);
  assert.match(await page.locator("#announcer").innerText(), /D6 has just been taken/);
  assert.match(await page.locator("[data-taken]").innerText(), /D6 has just been taken/);
  assert.match(await page.locator("[data-chosen]").innerText(), /^A1$/);
  await leave();
});

test("changes missed while the connection was lost are caught up", async () => {
  const flight = await newFlight();
  const proxy = await proxyTo(PAGES);
  const { page, leave } = await visit(browser, { base: proxy.url, expectFailures: true });
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  await untilLive(page);
  proxy.cut();
  await page.locator(".lost").waitFor();
  await orderSeats(flight.id, ["C2"]);
  proxy.mend();
  await page.locator("label.seat.held", { hasText: "C2" }).waitFor();
  await page.locator(".lost").waitFor({ state: "hidden" });
  assert.ok(await page.locator('input[value="A1"]').isChecked());
  // And it is live again.
  await orderSeats(flight.id, ["C3"]);
  await page.locator("label.seat.held", { hasText: "C3" }).waitFor();
  await leave();
  await proxy.close();
});
