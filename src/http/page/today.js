// The line of the day: where the sun is, what was on, now, and what is expected until tomorrow. What was on stands where a
// history is kept; what is expected, the house itself foresees.

import { stretches } from "./course.js";
import { h, put, say } from "./dom.js";
import { ask } from "./live.js";
import { path, spoken, state, why } from "./point.js";
import { HOUR, MINUTE, marks, wallClock } from "./scale.js";
import { clock, dated, t } from "./words.js";

const BEFORE = 12 * HOUR, AFTER = 24 * HOUR;
/** What is expected is asked anew when so much time went by in the house, or something changed there; not all the time: it has
 * to think of it. */
const RENEW = 5 * MINUTE, SETTLED = 3000, CLOSEST = MINUTE / 2;
/** A house with more outputs has its past in their sheets only. */
const LANES_MOST = 40;
/** What comes after so many things is only counted. */
const LIST_MOST = 24;
const isOn = (value) => ["ON", "open"].includes(value);

/** The line. `points` are those of the house; `about()` is the house itself, `now()` its time (ms), `open(id)` shows a sheet. */
export function today({ points, about, now: exact, open }) {
  const drawn = new WeakMap();
  let outlook, asked = 0, timer, pasts = new Map(), pastsAt = 0, askedAt = 0, isSoon = false;
  const track = h("div", { class: "track" }), next = h("span", { class: "next" }), sun = h("span", { class: "small" });
  const lanes = h("ul", { class: "lanes" }), axis = h("div", { class: "axis", "aria-hidden": "true" }), list = h("ol", { class: "coming" });
  const more = h("div", { class: "more", id: "day-more", hidden: true },
    h("div", {}, h("h3", {}, t("day.was")), axis, lanes), h("div", {}, h("h3", {}, t("day.comes")), list));
  const button = h("button", { "aria-expanded": "false", "aria-controls": "day-more", onclick: () => unfold(more.hidden) }, track, next, sun);
  const element = h("section", { id: "day", class: "day", "aria-label": t("day") }, button, more);

  // What is drawn moves each minute.
  const now = () => Math.floor(exact() / MINUTE) * MINUTE;
  const from = () => now() - BEFORE, to = () => now() + AFTER;
  const share = (ms) => Math.min(Math.max((ms - from()) / (BEFORE + AFTER), 0), 1) * 100;
  const wall = () => wallClock([about().time, ...outlook.sun.flatMap(({ dawn, dusk }) => [dawn, dusk]), outlook.until]);
  const piece = (kind, a, b) => {
    const made = h("i", { class: kind });
    made.style.left = `${share(a)}%`;
    if (b != null) made.style.width = `${share(b) - share(a)}%`;
    return made;
  };
  const isSeen = (a, b) => b > from() && a < to();

  async function unfold(is) {
    put(more, "hidden", !is);
    put(button, "aria-expanded", String(is));
    try { localStorage.setItem("day", is ? "open" : ""); } catch { /* Not everybody lets a page keep something. */ }
    if (!is || !outlook) return;
    draw();
    await remember();
    draw();
  }

  /** What was on, one after the other: the house has other things to do. */
  async function remember() {
    if (!about().has_history || Date.now() - pastsAt < SETTLED) return;
    pastsAt = Date.now();
    const query = new URLSearchParams({ from: new Date(from()).toISOString(), spans: 300 });
    for (const point of outputs().slice(0, LANES_MOST)) {
      const course = await ask("GET", `history/${path(point.id)}?${query}`).catch(() => null);
      if (course) pasts.set(point.id, course);
    }
  }

  const outputs = () => [...points.values()].filter((point) => point.kind === "output" && !point.part_of);

  async function renew() {
    clearTimeout(timer);
    [isSoon, askedAt] = [false, Date.now()];
    const turn = ++asked;
    const news = await ask("GET", "outlook").catch(() => null);
    if (turn !== asked || !news) return;
    outlook = news;
    if (!more.hidden) await remember();
    draw();
  }

  function draw() {
    if (!outlook || !about().time) return;
    const comes = expected();
    const sky = outlook.sun.flatMap(({ dawn, sunrise, sunset, dusk }) => [["twilight", dawn, dusk], ["sun", sunrise, sunset]])
      .map(([kind, a, b]) => [kind, Date.parse(a), Date.parse(b)]).filter(([, a, b]) => isSeen(a, b));
    renewed(track, [sky, comes.map(({ at }) => at), now()], () => [...sky.map((one) => piece(...one)), ...comes.map(({ at }) => piece("tick", at)), piece("now", now())]);
    const [first] = comes;
    say(next, first ? t("day.next", clock(first.time), first.name, first.text) : t("day.none"));
    say(sun, light());
    if (more.hidden) return;
    const local = wall();
    const width = axis.clientWidth;
    renewed(axis, [now(), width], () => marks(from(), to(), width / 64, local).map((mark) => {
      const text = h("span", {}, mark.text);
      text.style.left = `${share(mark.t)}%`;
      return text;
    }));
    const shown = outputs().map((point) => [point, ...lane(point, comes)]).filter(([, was, will]) => was.length || will.length);
    renewed(lanes, [now(), shown.map(([point, ...parts]) => [point.name, state(point), ...parts])], () => shown.map((one) => strip(...one, local)));
    renewed(list, comes.map(({ time, name, text, why }) => [time, name, text, why]), () => (comes.length ? comes.slice(0, LIST_MOST).map(coming) : [h("li", { class: "small" }, t("day.none"))])
      .concat(comes.length > LIST_MOST ? h("li", { class: "small" }, t("more", comes.length - LIST_MOST)) : []));
  }

  /** Draws anew what says something else, and leaves the focus where it is. */
  function renewed(element, says, make) {
    const text = JSON.stringify(says);
    if (drawn.get(element) === text) return;
    drawn.set(element, text);
    const at = [...element.querySelectorAll("button")].indexOf(document.activeElement);
    element.replaceChildren(...make());
    if (at >= 0) element.querySelectorAll("button")[at]?.focus();
  }

  function coming({ id, time, name, text, why }) {
    const day = time.slice(0, 10) === about().time.slice(0, 10) ? "" : `${dated(time, { weekday: "short" })} `;
    return h("li", {}, h("button", { onclick: () => open(id) }, h("span", { class: "when" }, day + clock(time)),
      h("span", { class: "name" }, name), h("span", { class: "state" }, text), why && h("small", {}, why)));
  }

  /** What is still to come; how a cover gets there is not worth a line. */
  function expected() {
    return outlook.changes.map(({ id, at, value, why: reason }) => ({ id, time: at, at: Date.parse(at), value, point: points.get(id), why: why(reason) }))
      .filter(({ at, point, value }) => point && at > now() && !["opening", "closing"].includes(value))
      .map((one) => ({ ...one, name: one.point.name, text: spoken({ ...one.point, percent: null, value: one.point.unit ? Number(one.value) : one.value }) }));
  }

  function light() {
    for (const { sunrise, sunset } of outlook.sun) {
      if (Date.parse(sunset) === Date.parse(sunrise)) continue;
      if (now() < Date.parse(sunrise)) return t("day.rises", clock(sunrise));
      if (now() < Date.parse(sunset)) return t("day.sets", clock(sunset));
    }
    return "";
  }

  /** When an output was on, and when it will be. */
  function lane(point, comes) {
    // What is over at the edge is not seen.
    const was = wasOn(point).filter(([, b]) => b > from() + MINUTE), will = [];
    let at = now(), value = point.value;
    const until = Math.min(Date.parse(outlook.until), to());
    for (const one of [...comes.filter(({ id }) => id === point.id), { at: until, value: "" }]) {
      if (isOn(value)) will.push([at, one.at]);
      [at, value] = [one.at, one.value];
    }
    return [was, will];
  }

  function strip(point, was, will, local) {
    const said = [...was, ...will].map(([a, b]) => `${clock(local(Math.max(a, from())))}–${clock(local(b))}`).join(", ");
    return h("li", {}, h("button", { class: "lane", "data-device": point.device, onclick: () => open(point.id) },
      h("span", { class: "name" }, point.name), h("span", { class: "heard" }, `${state(point)}; ${said}`),
      h("div", { class: "strip" }, was.map(([a, b]) => piece("was", a, b)), will.map(([a, b]) => piece("will", a, b)), piece("now", now()))));
  }

  function wasOn(point) {
    const course = pasts.get(point.id), since = Date.parse(point.changed);
    const told = course ? stretches(course, now()).filter(({ value }) => isOn(value)).map(({ from, to }) => [from, to]) : [];
    // The history is a little behind; without one, at least what is on now is known.
    if (isOn(point.value) && point.quality === "good") told.push([Math.max(since, from()), now()]);
    return told;
  }

  renew();
  try { if (localStorage.getItem("day") === "open") unfold(true); } catch { /* As above. */ }
  return {
    element,
    /** Time went on. */
    update: () => {
      const isDue = outlook ? exact() - Date.parse(outlook.time) > RENEW && Date.now() - askedAt > SETTLED : Date.now() - askedAt > CLOSEST;
      if (isDue) renew();
      draw();
    },
    /** Something else is so now: other things may be expected. */
    changed: () => {
      if (isSoon) return;
      isSoon = true;
      clearTimeout(timer);
      timer = setTimeout(renew, Math.max(SETTLED, askedAt + CLOSEST - Date.now()));
    },
    end: () => { clearTimeout(timer); asked++; },
  };
}
