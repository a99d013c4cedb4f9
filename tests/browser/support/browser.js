// A browser whose pages must be clean: no script error, no violation of the content security policy, no
// request to another host.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";

import { chromium } from "playwright-core";

export const PAGES = process.env.TEST_PAGES_URL;
export const BRIEF_PAGES = process.env.TEST_BRIEF_PAGES_URL;
export const CLOSED_PAGES = process.env.TEST_CLOSED_PAGES_URL;

/** A small phone. */
export const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

function executable() {
  if (process.env.HOLDFAST_CHROMIUM) return process.env.HOLDFAST_CHROMIUM;
  const directories = (process.env.PATH || "").split(":");
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    for (const directory of directories) {
      const file = path.join(directory, name);
      if (existsSync(file)) return file;
    }
  }
  throw new Error("Chromium is not installed: scripts/install-browser installs it");
}

/** Starts a browser. Chromium's sandbox does not work as root; the pages are our own. */
export function launch(args = []) {
  const isRoot = process.getuid && process.getuid() === 0;
  return chromium.launch({ executablePath: executable(), args: isRoot ? ["--no-sandbox", ...args] : args });
}

let visitors = 0;

/** A new user in a new browser context. `leave` checks for errors on the way. */
export async function visit(browser, options = {}) {
  const { base = PAGES, name = `visitor ${process.pid} ${++visitors}`, expectFailures = false, ...rest } = options;
  const context = await browser.newContext({ baseURL: base, locale: "en-US", ...rest });
  context.setDefaultTimeout(15_000);
  await context.addCookies([{ name: "holdfast_acting_as", value: encodeURIComponent(name), url: base }]);
  const wrongs = [];
  context.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && origin !== new URL(base).origin) wrongs.push(`asked ${request.url()}`);
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => wrongs.push(`script: ${error.message}`));
  page.on("console", (message) => {
    // htmx logs a lost stream as its error event.
    const isFailedRequest = /Failed to load resource|ERR_|object Event/.test(message.text());
    if (message.type() === "error" && !(expectFailures && isFailedRequest)) wrongs.push(`console: ${message.text()}`);
  });
  return {
    name,
    page,
    context,
    async leave() {
      await context.close();
      assert.deepEqual(wrongs, []);
    },
  };
}
