// Deadlines, and failed payments.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { BRIEF_PAGES, launch, visit } from "../support/browser.js";
import { hold, pay, tick, untilSaid } from "../support/doing.js";
import { newFlight, seatStatus } from "../support/flights.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test("an unpaid order expires on the open page", async () => {
  const flight = await newFlight();
  const { page, leave } = await visit(browser, { base: BRIEF_PAGES });
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  await hold(page);
  assert.match(await page.getByRole("timer").innerText(), /^0:0\d$/);
  await untilSaid(page, "Expired");
  assert.match(await page.locator("main").innerText(), /Nothing was charged/);
  assert.equal(await seatStatus(flight.id, "A1"), "AVAILABLE");
  await page.getByRole("link", { name: "Book again" }).click();
  await tick(page, "A1");
  await hold(page);
  await leave();
});

test("the countdown follows the server's clock, also after a reload and with a wrong local clock", async () => {
  const flight = await newFlight();
  const { page, context, leave } = await visit(browser);
  // A machine whose clock is three hours slow.
  await context.addInitScript(() => {
    const now = Date.now.bind(Date);
    Date.now = () => now() - 3 * 3600 * 1000;
  });
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  await hold(page);
  const seconds = async () => {
    const [minutes, rest] = (await page.getByRole("timer").innerText()).split(":").map(Number);
    return minutes * 60 + rest;
  };
  const first = await seconds();
  assert.ok(first > 890 && first <= 900, String(first));
  await page.waitForFunction((first) => {
    const [minutes, rest] = document.querySelector("[role=timer]").textContent.split(":").map(Number);
    return minutes * 60 + rest <= first - 2;
  }, first);
  await page.reload();
  const later = await seconds();
  assert.ok(later <= first - 2 && later > first - 10, `${first} then ${later}`);
  await leave();
});

test("after a declined code another can be tried while the seats are held", async () => {
  const flight = await newFlight();
  const { page, leave } = await visit(browser);
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  await hold(page);
  const form_token = await page.locator("input[name=form_token]").first().inputValue();
  const refused = await page.request.post(`${page.url()}/payment`, { form: { form_token, code: "12x" } });
  assert.equal(refused.status(), 409);
  assert.match(await refused.text(), /five digits/);
  await pay(page, "00000");
  await untilSaid(page, "Not paid yet");
  const said = await page.locator("main").innerText();
  assert.match(said, /code refused[\s\S]*Nothing was charged[\s\S]*9 tries left/i);
  assert.match(await page.getByRole("timer").innerText(), /^(15:00|14:\d\d)$/);
  assert.equal(await seatStatus(flight.id, "A1"), "RESERVED");
  await pay(page, "12345");
  await untilSaid(page, "Confirmed");
  assert.equal(await seatStatus(flight.id, "A1"), "BOOKED");
  await leave();
});

test("a page from the browser's back-forward cache is reloaded", async () => {
  const flight = await newFlight();
  const { page, leave } = await visit(browser);
  const comeBack = async () => {
    const loaded = page.waitForEvent("load");
    await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
    await loaded;
  };
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  await comeBack();
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  await hold(page);
  await comeBack();
  await pay(page, "00000");
  await untilSaid(page, "Not paid yet");
  await comeBack();
  await untilSaid(page, "Not paid yet");
  await page.goto("/operations");
  await comeBack();
  await leave();
});
