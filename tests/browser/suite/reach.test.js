// Accessibility: a small phone, the keyboard alone, and screen readers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { PHONE, launch, visit } from "../support/browser.js";
import { hold, pay, tick, untilSaid } from "../support/doing.js";
import { newEvent } from "../support/events.js";
import { newFlight } from "../support/flights.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Checks that nothing is wider than the screen. */
async function checkFits(page) {
  const { wide, screen } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  assert.ok(wide <= screen, `${page.url()} is ${wide} wide on ${screen}`);
}

test("on a phone", async () => {
  const flight = await newFlight({ departs: "2031-06-06T04:00:00Z" });
  const { page, leave } = await visit(browser, { ...PHONE, expectFailures: true });
  await page.goto("/");
  await checkFits(page);
  await page.getByRole("combobox", { name: "From" }).fill("DEL");
  await page.getByRole("combobox", { name: "To" }).fill("GOI");
  await page.getByLabel("Departure").fill("2031-06-06");
  await page.getByRole("button", { name: "Search" }).tap();
  await page.waitForURL(/\/search/);
  await checkFits(page);
  await page.locator("article", { hasText: flight.flight_number }).getByRole("link", { name: /Choose/ }).tap();
  await page.waitForURL(/\/itinerary/);
  await checkFits(page);
  await page.locator("label.seat", { hasText: "B1" }).tap();
  const box = await page.locator("label.seat", { hasText: "B1" }).boundingBox();
  assert.ok(box.width >= 40 && box.height >= 40, "a seat is large enough for a finger");
  await hold(page);
  await checkFits(page);
  await pay(page, "12345");
  await untilSaid(page, "Confirmed");
  for (const path of ["/my-bookings", "/events", "/operations", "/operations/bookings?find=guest", "/nowhere"]) {
    await page.goto(path);
    await checkFits(page);
  }
  await leave();
});

test("with a keyboard alone", async () => {
  await newFlight({ departs: "2031-07-07T04:00:00Z" });
  const { page, leave } = await visit(browser);
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  // Presses Tab until the focus is on the target.
  const tabTo = async (selector) => {
    for (let step = 0; step < 60; step += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    }
    assert.fail(`${selector} can't be reached with Tab on ${page.url()}`);
  };
  await page.goto("/");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the page");
  await press("Enter");
  await tabTo("#from");
  await page.keyboard.type("delhi");
  await page.getByRole("option", { name: /DEL/ }).waitFor();
  await press("ArrowDown", "Enter");
  assert.equal(await page.inputValue("#from"), "Delhi (DEL)");
  await tabTo("#to");
  await page.keyboard.type("goa");
  await page.getByRole("option", { name: /GOI/ }).waitFor();
  await press("Escape");
  await tabTo("#date");
  await page.keyboard.type("07072031");
  await tabTo("#seats");
  await press("Enter");
  await page.waitForURL(/\/search/);
  await tabTo("article a");
  await press("Enter");
  await page.waitForURL(/\/itinerary/);
  await tabTo(".seat input");
  // From A1 one row down and one seat to the side: B2.
  await press("ArrowDown", "ArrowRight", "Space");
  assert.equal(await page.locator("[data-chosen]").innerText(), "B2");
  // The whole cabin is one tab stop.
  await press("Tab");
  assert.match(await page.evaluate(() => document.activeElement.textContent), /^Who travels\?/);
  await press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Hold these seats");
  await press("Enter");
  await page.waitForURL(/\/orders\//);
  await tabTo("#code");
  await page.keyboard.type("12345");
  await press("Enter");
  await untilSaid(page, "Confirmed");
  await tabTo(".give-up summary");
  await press("Enter");
  await tabTo(".give-up button");
  await press("Enter");
  await untilSaid(page, "Cancelled");
  await leave();
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe-core finds no violations, ${colorScheme}`, async () => {
    const flight = await newFlight({ departs: "2031-08-08T04:00:00Z" });
    const event = await newEvent();
    const { page, leave } = await visit(browser, { colorScheme, reducedMotion: "reduce", bypassCSP: true, expectFailures: true });
    const check = async (what) => {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      }));
      const told = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
      assert.deepEqual(told, [], what);
    };
    const look = async (path) => {
      await page.goto(path);
      await check(path);
    };
    for (const path of [
      "/", "/search?from=DEL&to=GOI&date=2031-08-08", "/search?from=DEL&to=GOI&date=2031-01-01&seats=2",
      "/search?from=New+York&to=Atlantis", `/flights/${flight.id}`, "/itinerary?flights=8,9", "/my-bookings",
      "/events", `/events/${event.id}`, "/operations", "/operations/proof", "/operations/bookings?find=1",
      "/operations/bookings?made=soon", "/my-bookings?stage=open", "/nowhere",
    ]) await look(path);
    await page.goto("/");
    await page.getByRole("combobox", { name: "From" }).pressSequentially("new");
    await page.getByRole("option").first().waitFor();
    await check("airports while typing");
    await page.locator(".who summary").click();
    await check("who acts");
    await page.goto(`/flights/${flight.id}`);
    await tick(page, "A1");
    await check("a seat is ticked");
    await page.getByText("Who travels?").click();
    await check("who travels");
    await hold(page);
    await check("an order that is held");
    await page.getByRole("link", { name: "Change seats" }).click();
    await check("other seats");
    await page.getByRole("link", { name: "Keep my seats" }).click();
    await pay(page, "12345");
    await untilSaid(page, "Confirmed");
    await check("an order that is confirmed");
    await look("/my-bookings");
    await leave();
  });
}
