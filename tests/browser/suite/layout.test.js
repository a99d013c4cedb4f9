// With any font, text size and screen size: no page is wider than the screen, only seat maps scroll sideways,
// and controls are large enough.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, visit } from "../support/browser.js";
import { hold, pay, tick, untilSaid } from "../support/doing.js";
import { newEvent } from "../support/events.js";
import { bookSeats, newFlight } from "../support/flights.js";

/** Narrow and wide fonts; scripts/install-browser installs them. */
const FONTS = ["DejaVu Sans", "Liberation Sans", "Roboto", "Noto Sans"];

/** Phones from the smallest on, a tablet, a desktop. */
const WIDTHS = [320, 360, 390, 768, 1280];

/** Larger text: by the browser's setting, which media queries follow, or by the page's text size alone. */
const TEXTS = [
  { name: "as it is", args: [], rootFontSize: "100%" },
  { name: "200 %, set in the browser", args: ["--blink-settings=defaultFontSize=32"], rootFontSize: "100%" },
  { name: "200 %, the text alone", args: [], rootFontSize: "200%" },
];

/** Minimum height and width of controls (WCAG 2.5.8). */
const TARGET_PX = 24;

const LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";

const SEARCH = "/search?from=DEL&to=BOM&date=2031-10-01";

/** Pages with long content: names, amounts, addresses, errors. No page shows another user's orders. */
async function preparePages(browser) {
  const { page, context, leave } = await visit(browser, { name: LONG_WORD, expectFailures: true });
  const departs = "2031-10-01T04:00:00Z";
  const flight = await newFlight({ departs, price: 1_234_567.89, seatMap: "rows A-F, seats 1-10", seats: 60 });
  const unnumbered = await newFlight({ source: "GOI", destination: "BOM", departs: "2031-10-01T08:00:00Z", seatMap: null, seats: 3 });
  const event = await newEvent({ name: `${LONG_WORD} ${process.pid}`, description: LONG_WORD, price: 99_999.95 });
  const order = async (seat) => {
    await page.goto(`/flights/${flight.id}`);
    await tick(page, seat);
    await hold(page);
    return new URL(page.url()).pathname;
  };
  const confirmed = await order("A1");
  await pay(page, "12345");
  await untilSaid(page, "Confirmed");
  const held = await order("B1");
  await page.goto(`/events/${event.id}`);
  await page.getByLabel("Tickets", { exact: true }).fill("3");
  await page.getByLabel("Your e-mail address").fill(`${"long".repeat(12)}-${process.pid}@${"example".repeat(6)}.org`);
  await page.getByRole("button", { name: "Buy" }).click();
  await page.waitForURL(/\/tickets\//);
  await untilSaid(page, "Confirmed");
  const tickets = new URL(page.url()).pathname;
  const booking = await bookSeats(unnumbered);
  const cookies = await context.cookies();
  await leave();
  return {
    cookies,
    paths: [
      "/", SEARCH, `${SEARCH}&seats=9&stops=0`, "/search?from=DEL&to=GOI&date=2031-01-01&seats=2",
      `/search?from=New+York&to=${LONG_WORD}&date=soon&seats=0`, `/flights/${flight.id}`, `/flights/${unnumbered.id}`,
      `/itinerary?flights=${flight.id},${unnumbered.id}&seats=1`, held, `${held}/seats`, confirmed, tickets,
      `/bookings/${booking}`, "/my-bookings", "/my-bookings?stage=open", "/events", `/events/${event.id}`,
      "/operations", "/operations/proof", "/operations/bookings?find=guest", `/operations/bookings?flight=${flight.id}`,
      `/operations/bookings?event=${event.id}&made=soon`, `/${LONG_WORD}`, "/log-in", "/sign-up",
    ],
  };
}

/** Runs in a page; returns its violations as sentences. */
function faults(targetPx) {
  const found = [];
  const name = (element) => [element.localName, ...element.classList].join(".");
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > edge) {
    const all = [...document.querySelectorAll("body *:not(.cabin *)")];
    const beyond = all.filter((element) => element.getBoundingClientRect().right > edge + 0.5);
    const innermost = beyond.filter((element) => !beyond.some((other) => other !== element && element.contains(other)));
    found.push(`it is ${document.documentElement.scrollWidth} px wide, by ${innermost.slice(0, 3).map(name)}`);
  }
  for (const element of document.querySelectorAll("body *:not(.cabin, input)")) {
    const canScroll = ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
    if (canScroll && element.scrollWidth > element.clientWidth) {
      found.push(`${name(element)} shows ${element.clientWidth} of ${element.scrollWidth} px`);
    }
  }
  for (const element of document.querySelectorAll("a, button, summary, select, input:not(.seat input)")) {
    // A link within a sentence is as high as its line.
    const isInSentence = getComputedStyle(element).display === "inline" && element.parentElement.textContent !== element.textContent;
    const { width, height } = element.getBoundingClientRect();
    const isShown = element.checkVisibility() && width > 0;
    if (isShown && !isInSentence && Math.min(width, height) < targetPx) {
      found.push(`${name(element)} “${element.textContent}” is ${width.toFixed()} px wide and ${height.toFixed(1)} px high`);
    }
  }
  return found;
}

/** Runs in a page: whether the machine has a font, without a substitute. */
function hasFont(family) {
  const context = document.createElement("canvas").getContext("2d");
  const width = (families) => {
    context.font = `40px ${families}`;
    return context.measureText("Quick foxes, 0123456789").width;
  };
  return ["monospace", "serif"].some((other) => width(`"${family}", ${other}`) !== width(other));
}

let browsers;
let prepared;
before(async () => {
  browsers = await Promise.all(TEXTS.map(({ args }) => launch(args)));
  prepared = await preparePages(browsers[0]);
});
after(() => Promise.all(browsers.map((browser) => browser.close())));

for (const [index, { name, rootFontSize }] of TEXTS.entries()) {
  test(`every page fits every screen in every font, text ${name}`, { timeout: 300_000 }, async () => {
    const { page, context, leave } = await visit(browsers[index], { expectFailures: true, bypassCSP: true, reducedMotion: "reduce" });
    await context.addCookies(prepared.cookies);
    for (const font of FONTS) {
      assert.ok(await page.evaluate(hasFont, font), `${font} is missing: scripts/install-browser installs it`);
    }
    const found = [];
    for (const path of prepared.paths) {
      await page.goto(path);
      const style = await page.addStyleTag({ content: "/* the font */" });
      // Folded content has to fit as well.
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
      for (const font of FONTS) {
        await style.evaluate((element, text) => { element.textContent = text; },
          `html { font-size: ${rootFontSize} !important } * { font-family: "${font}" !important }`);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 800 });
          for (const fault of await page.evaluate(faults, TARGET_PX)) found.push(`${path}, ${width} px, ${font}: ${fault}`);
        }
      }
    }
    await leave();
    assert.deepEqual(found, []);
  });
}
