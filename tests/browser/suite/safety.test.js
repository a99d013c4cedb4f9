// Security of the pages: cross-site requests, script injection, size, and requests to other hosts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PAGES, launch, visit } from "../support/browser.js";
import { hold, tick } from "../support/doing.js";
import { newEvent } from "../support/events.js";
import { newFlight, seatStatus } from "../support/flights.js";

const HOSTILE = `"><script>document.title='taken'</script><img src=x onerror="document.title='taken'">'&amp;{{7*7}}`;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test("hostile names are shown as they are written", async () => {
  const flight = await newFlight();
  const event = await newEvent({ name: HOSTILE, description: HOSTILE });
  const { page, leave } = await visit(browser, { name: HOSTILE, expectFailures: true });
  const query = encodeURIComponent(HOSTILE);
  for (const path of [
    "/", `/search?from=${query}&to=${query}&date=${query}&seats=${query}&order=${query}`, "/my-bookings",
    `/operations/bookings?find=${query}`, "/events", `/events/${event.id}`, "/operations", `/${query}`,
    `/flights/${query}`, `/itinerary?flights=${query}`,
  ]) {
    await page.goto(path);
    assert.equal(await page.locator("main img, main script").count(), 0, path);
    assert.doesNotMatch(await page.title(), /^taken$/, path);
    assert.equal(await page.locator(".who summary b").innerText(), HOSTILE, path);
  }
  await page.goto(`/events/${event.id}`);
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), HOSTILE);
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  await hold(page);
  await page.goto(`/operations/bookings?find=${query}`);
  assert.match(await page.locator("table").innerText(), /onerror/);
  await leave();
});

test("a form of another site changes nothing", async () => {
  const flight = await newFlight();
  const { page, leave } = await visit(browser, { expectFailures: true });
  await page.goto(`/flights/${flight.id}`);
  await tick(page, "A1");
  await hold(page);
  const cancel = new URL(`${page.url()}/cancel`);
  const token = await page.locator("input[name=form_token]").first().inputValue();
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const send = (data, headers = {}) => page.request.post(cancel.pathname, { data, headers: { ...form, ...headers }, maxRedirects: 0 });
  for (const [data, headers] of [
    ["", {}],
    ["form_token=", {}],
    ["form_token=00000000-0000-4000-8000-000000000000", {}],
    [`form_token=${token}`, { origin: "http://evil.example" }],
    [`form_token=${token}`, { "sec-fetch-site": "cross-site" }],
  ]) {
    assert.equal((await send(data, headers)).status(), 403, JSON.stringify([data, headers]));
  }
  // A token without its cookie is worthless.
  const stranger = await fetch(cancel, { method: "POST", headers: form, body: `form_token=${token}`, redirect: "manual" });
  assert.equal(stranger.status, 403);
  assert.equal(await seatStatus(flight.id, "A1"), "RESERVED");
  assert.equal((await send(`form_token=${token}`)).status(), 303);
  assert.equal(await seatStatus(flight.id, "A1"), "AVAILABLE");
  await leave();
});

test("every page has a content security policy for its own resources only", async () => {
  for (const path of ["/", "/search?from=DEL&to=BOM&date=2024-02-15", "/flights/17", "/my-bookings", "/events", "/operations", "/nowhere", "/orders/x"]) {
    const answer = await fetch(PAGES + path, { headers: { accept: "text/html" } });
    const policy = answer.headers.get("content-security-policy");
    assert.match(policy, /default-src 'none'/, path);
    assert.doesNotMatch(policy, /unsafe|\*|http/, path);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff", path);
    const html = await answer.text();
    assert.doesNotMatch(html, /<style|style="|\son[a-z]+="|<script(?![^>]*\ssrc=)/, path);
  }
});

test("programs get problem documents, people get pages", async () => {
  const asked = async (accept) => (await fetch(`${PAGES}/nowhere`, { headers: { accept } })).headers.get("content-type");
  assert.match(await asked("application/json"), /problem\+json/);
  assert.match(await asked("*/*"), /problem\+json/);
  assert.match(await asked("text/html,*/*"), /text\/html/);
});

test("pages are small, quick and need nothing but this server", async () => {
  const flight = await newFlight();
  for (const path of ["/", "/search?from=DEL&to=BOM&date=2024-02-15&seats=2", "/search?from=LAX&to=JFK&date=2026-01-01", `/flights/${flight.id}`, "/my-bookings", "/operations"]) {
    const html = await (await fetch(PAGES + path)).text();
    let sent = Buffer.byteLength(html);
    for (const [, asset] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
      const answer = await fetch(PAGES + asset, { headers: { "accept-encoding": "gzip" } });
      assert.equal(answer.status, 200, asset);
      assert.match(answer.headers.get("cache-control"), /immutable/, asset);
      sent += Number(answer.headers.get("content-length"));
      await answer.arrayBuffer();
    }
    console.log(`${path}: ${sent} bytes`);
    assert.ok(sent > 10_000 && sent < 100_000, `${path}: ${sent} bytes`);
  }
  const times = [];
  for (let turn = 0; turn < 30; turn += 1) {
    const started = performance.now();
    await (await fetch(`${PAGES}/`)).arrayBuffer();
    times.push(performance.now() - started);
  }
  times.sort((one, other) => one - other);
  console.log(`the first page: median ${times[15].toFixed(1)} ms`);
  assert.ok(times[15] < 50, `the first page takes ${times[15]} ms`);
});
