// Events for tests.

const PAGES = process.env.TEST_PAGES_URL;

/** Creates an event: forty tickets at twelve dollars by default. */
export async function newEvent({ name = `Evening ${process.pid}`, tickets = 40, price = 12, description = "With music." } = {}) {
  const answer = await fetch(`${PAGES}/api/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, description, date_time: "2031-09-09T18:00:00Z", total_tickets: tickets, ticket_price: price }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}
