// Flights for tests, a new one for each.

const FLIGHTS = process.env.TEST_FLIGHTS_URL;

async function json(url, options) {
  const answer = await fetch(url, options);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

let number = 0;

/** Adds a flight to the schedule: by default from Delhi to Goa, with a seat map. */
export async function newFlight({
  source = "DEL", destination = "GOI", departs = "2031-03-10T04:00:00Z", minutes = 150,
  seatMap = "rows A-D, seats 1-6", seats = 24, price = 4200,
} = {}) {
  // The number is unique by test file and process.
  number += 1;
  const flightNumber = `ZZ${1000 + ((process.pid * 7 + number) % 9000)}`;
  const departure = new Date(departs);
  const flight = await json(`${FLIGHTS}/api/flights`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      flight_number: flightNumber, source, destination, departure_time: departure.toISOString(),
      arrival_time: new Date(departure.getTime() + minutes * 60_000).toISOString(),
      total_seats: seats, price, currency: "INR", ...(seatMap ? { seat_map: seatMap } : {}),
    }),
  });
  await untilFound(flight);
  return flight;
}

/** Waits until searches find a new flight: a timetable of a hundred thousand flights is rebuilt for it. */
async function untilFound({ id, source, destination, departure_local: departs }) {
  const query = new URLSearchParams({
    source, destination, date: departs.slice(0, 10), seats: 1, max_stops: 0, airlines: "ZZ", limit: 100,
  });
  for (const end = Date.now() + 30_000; ;) {
    const { paths } = await json(`${FLIGHTS}/api/flights/search?${query}`);
    if (paths.some(({ flights }) => flights[0].id === id)) return;
    if (Date.now() > end) throw new Error(`flight ${id} is not found: ${query}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The status of a flight's seat by the API. */
export async function seatStatus(flight, seat) {
  const { seats } = await json(`${FLIGHTS}/api/flights/${flight}/seats`);
  return seats.find((one) => one.seatNumber === seat).status;
}

/** Orders seats through the API, as another user. */
export async function orderSeats(flight, seats, userId = "somebody else") {
  return json(`${process.env.TEST_PAGES_URL}/api/flights/${flight}/orders`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ userId, seats }),
  });
}

/** Books seats by count, paid at once; returns the booking's id. */
export async function bookSeats(flight, userId = 1, seats = 2) {
  const booked = await json(`${process.env.TEST_PAGES_URL}/api/bookings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user_id: userId, flight_id: flight.id, seats, date: flight.departure_local.slice(0, 10) }),
  });
  return booked.booking_id;
}
