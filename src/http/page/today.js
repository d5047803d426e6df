// The line of the day: where the sun is, what was on, now, and what is expected until tomorrow. What was on stands where a
// history is kept; what is expected, the house itself foresees.

import { stretches } from "./course.js";
import { h, put, renewed, say } from "./dom.js";
import { clocks, piece as cut } from "./lanes.js";
import { ask } from "./live.js";
import { path, spoken, state, why } from "./point.js";
import { HOUR, MINUTE, wallClock } from "./scale.js";
import { clock, dated, moment, t } from "./words.js";

const BEFORE = 12 * HOUR, AFTER = 24 * HOUR;
/** What is expected is asked anew when so much time went by in the house, or something changed there; not all the time: it has
 * to think of it. */
const RENEW = 5 * MINUTE, SETTLED = 3000, CLOSEST = MINUTE / 2;
/** Of a zone, what it is asked for: what it measures and does about it moves all the time. */
const ASKED = /\.(target|cool_target|setpoint|mode)$/;
/** A house with more outputs has its past in their sheets only. */
const LANES_MOST = 40;
/** What comes after so many things is only counted. */
const LIST_MOST = 24;
const isOn = (value) => ["ON", "open"].includes(value);
/** What is expected may become other when this does. A zone's reason has the temperature in it. */
function matter({ kind, id, text, percent, quality, why }) {
  const counts = ["output", "mode", "room", "setting"].includes(kind) || kind === "climate" && ASKED.test(id);
  return counts && JSON.stringify([text, percent, quality, why?.startsWith("climate:") || why]);
}

/**
 * The line. `points` are those of the house; `about()` is the house itself, `now()` its time (ms), `open(id)` shows a sheet;
 * `foreseen` is called when another day is expected.
 */
export function today({ points, about, now: exact, open, foreseen }) {
  const pasts = new Map(), known = new Map([...points.values()].map((point) => [point.id, matter(point)]));
  // Of this machine's clock: when the house last answered, since when something is other there, when the pasts were fetched.
  let outlook, timer, answeredAt = -Infinity, otherSince = Infinity, pastsAt = -Infinity, isAsking = false, isOver = false, coming = {};
  const track = h("div", { class: "track" }), next = h("span", { class: "next" }), sun = h("span", { class: "small" });
  const lanes = h("ul", { class: "lanes" }), axis = h("div", { class: "axis", "aria-hidden": "true" }), list = h("ol", { class: "coming" });
  const comingHead = h("h3", {}, t("day.comes"));
  const report = (word, from) => h("a", { href: `api/v1/report.html?from=${from}`, target: "_blank", rel: "noopener" }, t(word));
  const reports = h("p", { class: "reports" }, report("day.report.week", "7d"), report("day.report.month", "30d"));
  const more = h("div", { class: "more", id: "day-more", hidden: true },
    h("div", {}, h("h3", {}, t("day.was")), axis, lanes), h("div", {}, comingHead, list), reports);
  const button = h("button", { "aria-expanded": "false", "aria-controls": "day-more", onclick: () => unfold(more.hidden) },
    h("span", { class: "heard" }, t("day")), track, next, sun);
  const element = h("section", { id: "day", class: "day", "aria-label": t("day") }, button, more);

  // What is drawn moves each minute.
  const now = () => Math.floor(exact() / MINUTE) * MINUTE;
  const from = () => now() - BEFORE, to = () => now() + AFTER;
  // All that is told of a time tells the clock that is there then.
  const wall = () => wallClock([about().time, ...outlook.sun.flatMap(({ dawn, dusk }) => [dawn, dusk]), outlook.until,
    ...outlook.changes.map(({ at }) => at), ...[...pasts.values()].flatMap(({ changes }) => changes.map(({ time }) => time))]);
  const piece = (kind, a, b) => cut(kind, a, b, from(), to());
  const isSeen = (a, b) => b > from() && a < to();

  function unfold(is) {
    put(more, "hidden", !is);
    put(button, "aria-expanded", String(is));
    try { localStorage.setItem("day", is ? "open" : ""); } catch { /* Not everybody lets a page keep something. */ }
    draw();
    remember();
  }

  /** What was on, one after the other: the house has other things to do. */
  async function remember() {
    if (more.hidden || document.hidden || !about().has_history || Date.now() - pastsAt < RENEW) return;
    pastsAt = Date.now();
    const query = new URLSearchParams({ from: new Date(from()).toISOString(), spans: 300 });
    for (const point of outputs().slice(0, LANES_MOST)) {
      const course = await ask("GET", `history/${path(point.id)}?${query}`).catch(() => null);
      if (isOver) return;
      if (course) pasts.set(point.id, course);
    }
    draw();
  }

  const outputs = () => [...points.values()].filter((point) => point.kind === "output" && !point.part_of);

  /** Asks what is expected when that is due: never twice at once, and not while nobody looks. */
  function look() {
    clearTimeout(timer);
    if (isOver || isAsking || document.hidden) return;
    const isOld = !outlook || exact() - Date.parse(outlook.time) > RENEW;
    const wait = Math.max(isOld ? 0 : otherSince + SETTLED - Date.now(), answeredAt + CLOSEST - Date.now());
    if (wait <= 0) renew();
    else if (wait < Infinity) timer = setTimeout(look, wait);
  }

  async function renew() {
    const since = otherSince;
    [isAsking, otherSince] = [true, Infinity];
    const news = await ask("GET", "outlook").catch(() => null);
    [isAsking, answeredAt] = [false, Date.now()];
    if (isOver) return;
    if (news) {
      outlook = news;
      foreseen();
    } else otherSince = Math.min(since, otherSince);
    look();
    draw();
  }

  /** Time went on, or somebody looks again. */
  function update() {
    look();
    remember();
    draw();
  }

  function draw() {
    if (!outlook || !about().time) return;
    const comes = expected();
    const sky = outlook.sun.flatMap(({ dawn, sunrise, sunset, dusk }) => [["twilight", dawn, dusk], ["sun", sunrise, sunset]])
      .map(([kind, a, b]) => [kind, Date.parse(a), Date.parse(b)]).filter(([, a, b]) => isSeen(a, b));
    renewed(track, [sky, comes.map(({ at }) => at), now()], () => [...sky.map((one) => piece(...one)), ...comes.map(({ at }) => piece("tick", at)), piece("now", now())]);
    const [first] = comes;
    say(next, first ? t("day.next", clock(first.time), first.name, first.text) : none());
    say(sun, light());
    if (more.hidden) return;
    put(reports, "hidden", !about().has_history);
    say(comingHead, isCut() ? t("day.comes.until", end()) : t("day.comes"));
    const local = wall();
    const width = axis.clientWidth;
    renewed(axis, [now(), width], () => clocks(from(), to(), width, local));
    const shown = outputs().map((point) => [point, ...lane(point, comes)]).filter(([, was, will]) => was.length || will.length);
    renewed(lanes, [now(), shown.map(([point, ...parts]) => [point.name, state(point), ...parts])], () => shown.map((one) => strip(...one, local)));
    renewed(list, [none(), comes.map(({ time, name, text, why }) => [time, name, text, why])], () => (comes.length ? comes.slice(0, LIST_MOST).map(item) : [h("li", { class: "small" }, none())])
      .concat(comes.length > LIST_MOST ? h("li", { class: "small" }, t("more", comes.length - LIST_MOST)) : []));
  }

  /** Where too much happens, the house does not look ahead a whole day. */
  const isCut = () => Date.parse(outlook.until) < Date.parse(outlook.time) + AFTER - MINUTE;
  const end = () => moment(outlook.until, about().time);
  const none = () => (isCut() ? t("day.none.until", end()) : t("day.none"));

  function item({ id, time, name, text, why }) {
    const day = time.slice(0, 10) === about().time.slice(0, 10) ? "" : `${dated(time, { weekday: "short" })} `;
    return h("li", {}, h("button", { onclick: () => open(id) }, h("span", { class: "when" }, day + clock(time)),
      h("span", { class: "name" }, name), h("span", { class: "state" }, text), why && h("small", {}, why)));
  }

  /** What is still to come; how a cover gets there is not worth a line. */
  function expected() {
    return outlook.changes.map(({ id, at, value, percent, why: reason }) => ({ id, time: at, at: Date.parse(at), value, percent, point: points.get(id), why: why(reason) }))
      .filter(({ at, point, value }) => point && at > now() && !["opening", "closing"].includes(value))
      .map((one) => ({ ...one, name: one.point.name, text: spoken({ ...one.point, percent: one.percent, value: one.point.unit ? Number(one.value) : one.value }) }));
  }

  function light() {
    for (const { sunrise, sunset } of outlook.sun) {
      if (Date.parse(sunset) === Date.parse(sunrise)) continue;
      if (now() < Date.parse(sunrise)) return t("day.rises", clock(sunrise));
      if (now() < Date.parse(sunset)) return t("day.sets", clock(sunset));
    }
    return "";
  }

  /** What one of these points will be next: `{ time, text }`. None, too, while it is not known what becomes of a change. */
  function nextOf(...ids) {
    if (!outlook || !about().time) return undefined;
    if (coming.of !== outlook || coming.at !== now()) {
      coming = { of: outlook, at: now(), by: new Map() };
      for (const one of expected()) coming.by.set(one.id, [...coming.by.get(one.id) ?? [], one]);
    }
    const asked = Date.parse(outlook.time) + 1000;
    const isNews = ({ id, text }) => !(Date.parse(points.get(id).changed) > asked) && text !== state(points.get(id));
    return ids.flatMap((id) => coming.by.get(id) ?? []).filter(isNews).sort((one, other) => one.at - other.at)[0];
  }

  /** What a rule does next: `{ at, active }`. */
  const ahead = (name) => outlook?.rules.find((rule) => rule.name === name && Date.parse(rule.at) > now());

  /** When an output was on, and when it will be. */
  function lane(point, comes) {
    // What is over at the edge is not seen.
    const was = joined(wasOn(point)).filter(([, b]) => b > from() + MINUTE), will = [];
    let at = now(), value = point.value;
    const until = Math.min(Date.parse(outlook.until), to());
    for (const one of [...comes.filter(({ id }) => id === point.id), { at: until, value: "" }]) {
      if (isOn(value)) will.push([at, one.at]);
      [at, value] = [one.at, one.value];
    }
    return [was, joined(will)];
  }

  /** Stretches without what they have in common, and without those that are too short to see. */
  function joined(parts) {
    const made = [];
    for (const [a, b] of [...parts].sort(([one], [other]) => one - other)) {
      const last = made.at(-1);
      if (last && a <= last[1]) last[1] = Math.max(last[1], b);
      else made.push([a, b]);
    }
    return made.filter(([a, b]) => b - a >= MINUTE);
  }

  function strip(point, was, will, local) {
    const said = joined([...was, ...will]).map(([a, b]) => `${clock(local(Math.max(a, from())))}–${clock(local(b))}`).join(", ");
    return h("li", {}, h("button", { class: "lane", "data-device": point.device, onclick: () => open(point.id) },
      h("span", { class: "name" }, point.name), h("span", { class: "heard" }, `${state(point)}; ${said}`),
      h("div", { class: "strip" }, was.map(([a, b]) => piece("was", a, b)), will.map(([a, b]) => piece("will", a, b)), piece("now", now()))));
  }

  function wasOn(point) {
    const course = pasts.get(point.id), since = Date.parse(point.changed);
    const told = course ? stretches(course, exact()).filter(({ value }) => isOn(value)).map(({ from, to }) => [from, to]) : [];
    // The history is a little behind; without one, at least what is on now is known.
    if (isOn(point.value) && point.quality === "good") told.push([Math.max(since, from()), now()]);
    return told;
  }

  look();
  document.addEventListener("visibilitychange", update);
  try { if (localStorage.getItem("day") === "open") unfold(true); } catch { /* As above. */ }
  return {
    element, update, next: nextOf, ahead,
    /** These points are not as they were. */
    changed: (news) => {
      const others = news.filter((point) => matter(point) !== known.get(point.id));
      for (const point of others) known.set(point.id, matter(point));
      if (!others.length) return;
      otherSince = Math.min(otherSince, Date.now());
      look();
    },
    end: () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", update);
    },
  };
}
