// What people do, in the words of the pages.

/** Ticks seats on the map. */
export async function tick(page, ...seats) {
  for (const seat of seats) {
    await page.locator(`label.seat:has(input[value="${seat}"])`).click();
  }
}

/** Holds them, and waits for the order's page. */
export async function hold(page) {
  await page.getByRole("button", { name: "Hold these seats" }).click();
  await page.waitForURL(/\/orders\//);
}

/** Pays with a code. */
export async function pay(page, code) {
  await page.getByLabel("Payment code").fill(code);
  await page.getByRole("button", { name: /^Pay( again)?$/ }).click();
}

/** Waits until the order's page says this. */
export async function untilSaid(page, word) {
  await page.locator(".badge", { hasText: word }).waitFor();
}

/** Waits until a map hears of what others take. */
export async function untilLive(page) {
  await page.locator(".map[data-live=true]").first().waitFor();
}
