// What the pages do beyond links and forms, each part on its own: a page without one of them is whole.
// Everything that is shown comes from the server as HTML; texts go in as text, never as markup.
"use strict";

// --- said aloud ---

function say(text) {
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = text;
}

// --- moments by the visitor's own clock, beside those in UTC ---

function tellOwnTime(root) {
  for (const time of root.querySelectorAll("time[data-moment]")) {
    const at = new Date(time.dateTime);
    time.removeAttribute("data-moment");
    if (at.getTimezoneOffset() === 0) continue;
    const own = document.createElement("small");
    own.textContent = ` ${at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })} where you are`;
    time.after(own);
  }
}

tellOwnTime(document);
document.addEventListener("htmx:load", (event) => {
  if (event.target.querySelectorAll) tellOwnTime(event.target);
});

// --- airports while one types: a list below the field, which the server fills ---

function optionsOf(list) {
  return Array.from(list.querySelectorAll("[role=option]"));
}

function closeList(field) {
  const input = field.querySelector("input");
  const list = field.querySelector("[role=listbox]");
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function openList(field) {
  const input = field.querySelector("input");
  const list = field.querySelector("[role=listbox]");
  const count = optionsOf(list).length;
  if (count === 0 || document.activeElement !== input) return closeList(field);
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  say(count === 1 ? "1 airport" : `${count} airports`);
}

function markOption(field, option) {
  const input = field.querySelector("input");
  for (const other of optionsOf(field)) {
    other.setAttribute("aria-selected", String(other === option));
  }
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function takeOption(field, option) {
  const input = field.querySelector("input");
  input.value = option.dataset.value;
  closeList(field);
  field.querySelector("[role=listbox]").replaceChildren();
}

function onComboKey(field, event) {
  const list = field.querySelector("[role=listbox]");
  const options = optionsOf(list);
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "Escape" && !list.hidden) {
    event.preventDefault();
    closeList(field);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (options.length === 0) return;
    event.preventDefault();
    if (list.hidden) openList(field);
    const step = event.key === "ArrowDown" ? 1 : -1;
    const from = at === -1 && step === -1 ? 0 : at;
    markOption(field, options[(from + step + options.length) % options.length]);
  } else if (event.key === "Enter" && !list.hidden && at !== -1) {
    event.preventDefault();
    takeOption(field, options[at]);
  } else if (event.key === "Tab" && !list.hidden && at !== -1) {
    takeOption(field, options[at]);
  }
}

for (const field of document.querySelectorAll("[data-combo]")) {
  const input = field.querySelector("input");
  const list = field.querySelector("[role=listbox]");
  input.addEventListener("keydown", (event) => onComboKey(field, event));
  input.addEventListener("blur", () => closeList(field));
  input.addEventListener("focus", () => input.select());
  // Before the field loses the focus, and the list with it.
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    event.preventDefault();
    if (option) takeOption(field, option);
  });
  list.addEventListener("htmx:afterSwap", () => openList(field));
}

// --- the cabin: arrow keys go from seat to seat, and one stop of the Tab key is enough ---

function rowsOf(cabin) {
  return Array.from(cabin.querySelectorAll(".cabin-row"), (row) =>
    Array.from(row.querySelectorAll("input")));
}

function oneTabStop(cabin) {
  const ticks = Array.from(cabin.querySelectorAll("input"));
  const usable = ticks.filter((tick) => !tick.disabled);
  const kept = usable.find((tick) => tick === document.activeElement) ||
    usable.find((tick) => tick.tabIndex === 0 && cabin.dataset.ready) ||
    usable.find((tick) => tick.checked) || usable[0];
  for (const tick of ticks) tick.tabIndex = tick === kept ? 0 : -1;
  cabin.dataset.ready = "true";
}

// The nearest seat in a direction that can be had.
function neighbour(cabin, tick, down, right) {
  const rows = rowsOf(cabin);
  let row = rows.findIndex((seats) => seats.includes(tick));
  let column = rows[row].indexOf(tick);
  for (;;) {
    row += down;
    column += right;
    const next = rows[row] && rows[row][column];
    if (!next) return null;
    if (!next.disabled) return next;
  }
}

const DIRECTIONS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

for (const cabin of document.querySelectorAll("[data-cabin]")) {
  oneTabStop(cabin);
  cabin.addEventListener("keydown", (event) => {
    const direction = DIRECTIONS[event.key];
    if (!direction || event.target.type !== "checkbox") return;
    event.preventDefault();
    const next = neighbour(cabin, event.target, ...direction);
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

// --- what was chosen, and what it costs ---

function inUnit(minor, unit, decimals) {
  const scale = 10 ** decimals;
  const whole = Math.floor(minor / scale).toLocaleString("en-US");
  const rest = minor % scale;
  return unit + whole + (rest ? `.${String(rest).padStart(decimals, "0")}` : "");
}

// As many rows of names as seats; what was typed stays as long as its row does.
function keepRows(form, seats) {
  const list = form.querySelector("[data-travelers] ol");
  if (!list || !(seats > 0)) return;
  while (list.children.length > seats) list.lastElementChild.remove();
  while (list.children.length < seats) {
    const row = list.firstElementChild.cloneNode(true);
    for (const input of row.querySelectorAll("input")) input.value = "";
    list.append(row);
  }
}

function sumUp(form) {
  const chosen = form.querySelector("[data-chosen]");
  const count = form.querySelector("[data-seats]");
  const legs = Array.from(form.querySelectorAll("[data-cabin]"), (cabin) =>
    Array.from(cabin.querySelectorAll("input:checked"), (tick) => tick.value));
  let seats = count ? Number(count.value) : 0;
  if (chosen) {
    seats = legs.length ? legs[0].length : 0;
    const isEven = legs.every((leg) => leg.length === seats);
    const names = legs.map((leg) => leg.join(", ") || "none").join(" · ");
    if (legs.every((leg) => leg.length === 0)) chosen.textContent = "Choose seats on the map.";
    else chosen.textContent = isEven ? names : `${names}. Choose as many on each flight.`;
    if (!isEven) seats = 0;
  }
  keepRows(form, Math.min(seats, 100));
  const total = form.querySelector("[data-total]");
  if (total) {
    total.hidden = !(seats > 0);
    total.querySelector("dd").textContent =
      inUnit(Number(total.dataset.total) * seats, total.dataset.unit, Number(total.dataset.decimals));
  }
}

for (const form of document.querySelectorAll("[data-choose]")) {
  form.addEventListener("change", () => sumUp(form));
  form.addEventListener("input", () => sumUp(form));
  sumUp(form);
  // Back from another page the browser ticks again what was ticked.
  window.addEventListener("pageshow", () => sumUp(form));
}

// --- open connections end with the page, so that its end is no error ---

const sources = new Set();
htmx.createEventSource = (url) => {
  const source = new EventSource(url);
  sources.add(source);
  return source;
};
window.addEventListener("pagehide", () => {
  for (const source of sources) source.close();
  sources.clear();
});

// --- seats that change while somebody looks ---

// Seats that were ticked here and are somebody else's now, until the next tick.
const taken = [];

function tellTaken(form, seat) {
  taken.push(seat);
  const text = `${taken.join(", ")} ${taken.length === 1 ? "has" : "have"} just been taken by somebody else.`;
  say(text);
  const place = form && form.querySelector("[data-taken]");
  if (!place) return;
  place.textContent = text;
  place.hidden = false;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-choose]");
  const place = form && form.querySelector("[data-taken]");
  if (!place) return;
  taken.length = 0;
  place.hidden = true;
});

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const before = event.detail.target.querySelector("input");
  const after = event.detail.fragment.querySelector("input");
  if (!before || !after || before.type !== "checkbox") return;
  after.tabIndex = before.tabIndex;
  if (!before.checked) return;
  if (!after.disabled) {
    after.checked = true;
  } else {
    tellTaken(event.detail.target.closest("[data-choose]"), after.value);
  }
});

document.addEventListener("htmx:sseMessage", (event) => {
  const map = event.target.closest(".map");
  if (!map) return;
  const cabin = map.querySelector("[data-cabin]");
  if (cabin) oneTabStop(cabin);
  const form = map.closest("[data-choose]");
  if (form) sumUp(form);
});

// A stream that ended in order is back in half a second: that is not worth a word.
const LOST_AFTER_MS = 1500;
const losses = new WeakMap();

function onStream(event, isOpen) {
  const map = event.target;
  const lost = map.querySelector && map.querySelector(".lost");
  if (!lost) return;
  map.dataset.live = String(isOpen);
  if (isOpen) {
    clearTimeout(losses.get(map));
    losses.delete(map);
    lost.hidden = true;
  } else if (!losses.has(map)) {
    losses.set(map, setTimeout(() => { lost.hidden = false; }, LOST_AFTER_MS));
  }
}

document.addEventListener("htmx:sseError", (event) => onStream(event, false));
document.addEventListener("htmx:sseOpen", (event) => onStream(event, true));

// --- the time to pay: counted from the server's clock, right after sleep and reload ---

const SAID_AT_SECONDS = [300, 60, 30, 10];
const clockBehind = new WeakMap();

function tick() {
  for (const clock of document.querySelectorAll("[data-deadline]")) {
    if (!clockBehind.has(clock)) {
      clockBehind.set(clock, Number(clock.dataset.now) - Date.now());
    }
    const now = Date.now() + clockBehind.get(clock);
    const left = Math.max(0, Math.ceil((Number(clock.dataset.deadline) - now) / 1000));
    const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (clock.textContent === text) continue;
    clock.textContent = text;
    clock.classList.toggle("soon", left <= 60);
    if (SAID_AT_SECONDS.includes(left)) {
      say(left >= 60 ? `${left / 60} minutes left to pay` : `${left} seconds left to pay`);
    }
  }
}

setInterval(tick, 250);
document.addEventListener("visibilitychange", tick);
// A page that the browser kept shows what was, and its connections have ended; the server knows what is.
window.addEventListener("pageshow", (event) => {
  const live = "[sse-connect], [data-deadline], [data-cabin], [hx-trigger*='every']";
  if (event.persisted && document.querySelector(live)) location.reload();
});
