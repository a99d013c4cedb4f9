// Actions of users on the pages.

/** Ticks seats on the map. */
export async function tick(page, ...seats) {
  for (const seat of seats) {
    await page.locator(`label.seat:has(input[value="${seat}"])`).click();
  }
}

/** Holds the ticked seats, and waits for the order's page. */
export async function hold(page) {
  await page.getByRole("button", { name: "Hold these seats" }).click();
  await page.waitForURL(/\/orders\//);
}

/** Pays with a code. */
export async function pay(page, code) {
  await page.getByLabel("Payment code").fill(code);
  await page.getByRole("button", { name: /^Pay( again)?$/ }).click();
}

/** Waits until the order's page contains this word. */
export async function untilSaid(page, word) {
  await page.locator(".badge", { hasText: word }).waitFor();
}

/** Waits until a seat map receives updates. */
export async function untilLive(page) {
  await page.locator(".map[data-live=true]").first().waitFor();
}
