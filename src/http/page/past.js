// What became of a point: a chart of its history with what it sums up to. One for each open sheet; it is kept while that is drawn anew.

import { chart } from "./chart.js";
import { stretches } from "./course.js";
import { h, put, say } from "./dom.js";
import { ask } from "./live.js";
import { path, spoken, why } from "./point.js";
import { DAY, HOUR, MINUTE, marks, rounds, wallClock } from "./scale.js";
import { clock, dated, lasting, moment, number, t } from "./words.js";

const RANGES = { day: DAY, week: 7 * DAY, month: 30 * DAY, year: 365 * DAY };
/** Up to so much time, each stretch of being on is shown; of more, how long it was on each day or week. */
const STRETCHES_MOST = 2.5 * DAY;
/** More are too narrow to see. */
const CHANGES_MOST = 400;
const SPANS = 300;
/** Nothing closer is worth a look. */
const CLOSEST = 5 * MINUTE;
/** Where nothing goes on. */
const LOW = ["OFF", "off", "closed", "stopped", "idle", "none"];
/** What a chart of today is behind at most. */
const RENEW = MINUTE;

/** The history of one of the `points` of a house; `title` stands above. */
export function past(point, { points, about, now }, title = t("past")) {
  let range = "day", course, asked = 0, renewed = 0, rest = ["", ""], isPinched = false;
  /** What was zoomed into, the last at the end. */
  let views = [];
  const value = h("p", { class: "value" }), reason = h("p", { class: "reason" }), sums = h("dl", { id: "sums", class: "sums" });
  const read = (item) => {
    const [first, second] = item ? [item.text, [item.when, item.why].filter(Boolean).join(" · ")] : rest;
    say(value, first);
    say(reason, second);
    value.classList.toggle("is-read", Boolean(item));
  };
  const zoom = (from, to, isDone) => {
    if (!course) return;
    const half = Math.max(to - from, CLOSEST) / 2, middle = Math.min((from + to) / 2, now() - CLOSEST / 2);
    // A pinch is one step, however many moves it has.
    if (isPinched) views.pop();
    isPinched = !isDone;
    views.push([middle - half, Math.min(middle + half, now())]);
    if (isDone) renew();
    else draw();
  };
  const unzoom = () => { if (views.pop()) renew(); };
  const drawn = chart({ label: t("past.of", point.name), read, zoom, back: unzoom });
  const choices = Object.keys(RANGES).map((name) => h("button", { "aria-pressed": String(name === range), onclick: ({ target }) => {
    [range, views] = [name, []];
    for (const button of choices) put(button, "aria-pressed", String(button === target));
    renew();
  } }, t(`past.${name}`)));
  const back = h("button", { class: "back", disabled: true, "aria-label": t("past.back"), title: t("past.back"), onclick: unzoom }, "↶");
  const element = h("section", { class: "past", "data-device": point.device ?? points.get(point.part_of)?.device }, h("h3", {}, title),
    h("div", { class: "choice ranges", role: "group", "aria-label": t("past") }, choices),
    h("div", { class: "read" }, h("div", {}, value, reason), back), drawn.element, sums);

  const view = () => views.at(-1) ?? [now() - RANGES[range], now()];

  async function renew() {
    const turn = ++asked, [from, to] = view(), length = to - from;
    put(back, "disabled", !views.length);
    put(drawn.element, "aria-busy", "true");
    const time = (ms) => new Date(ms).toISOString();
    const load = (spans) => ask("GET", `history/${path(point.id)}?${new URLSearchParams({ from: time(from), to: time(to), ...spans })}`);
    // How long the spans of bars are.
    const every = length <= STRETCHES_MOST ? "1h" : length <= 60 * DAY ? "1d" : "7d";
    try {
      let isBars = course && hasBars(course, length), news = await load(isBars ? { every } : { spans: SPANS });
      if (!isBars && hasBars(news, length)) news = await load({ every });
      if (turn !== asked) return;
      [course, renewed] = [news, Date.now()];
      draw();
      sumUp();
    } catch (error) {
      if (turn !== asked) return;
      // An earlier picture of another time would be taken for this one.
      course = undefined;
      rest = [error.status === 404 ? t("past.none") : error.message || t("refused.link"), ""];
      drawn.show({ items: [], kind: "stretches", from, to, marks: [], rows: null });
      sums.replaceChildren();
      read(null);
    }
    put(drawn.element, "aria-busy", null);
  }

  /** Whether it is told in bars: what adds up, and switches of which no single stretch could be seen. */
  const hasBars = ({ kind, more, changes }, length) => kind === "total" || kind === "switch" && (length > STRETCHES_MOST || more || changes.length > CHANGES_MOST);

  const decimals = () => point.decimals ?? course.decimals ?? 0;
  const text = (value) => `${number(value, decimals())}${course.unit ? `\u00a0${course.unit}` : ""}`;
  const wall = () => wallClock([course.from, course.to, ...course.spans.map((span) => span.time)]);

  /** From when to when it is looked at. */
  function extent(from, to, local) {
    const [first, last] = [local(from), local(to)], day = { day: "numeric", month: "short", ...(to - from > 300 * DAY && { year: "numeric" }) };
    if (to - from > STRETCHES_MOST) return `${dated(first, day)} – ${dated(last, day)}`;
    if (now() - from > 6 * DAY) return `${moment(first, about().time)} – ${moment(last, first)}`;
    return [first, last].map((time) => `${dated(time, { weekday: "short" })} ${clock(time)}`).join(" – ");
  }

  function draw() {
    let [from, to] = view();
    const local = wall(), says = extent(from, to, local), isBars = hasBars(course, to - from);
    if (isBars && !views.length) [from, to] = [Date.parse(course.from), Date.parse(course.to)];
    const kind = isBars ? "bars" : ["number", "level"].includes(course.kind) ? "line" : "stretches";
    const items = kind === "stretches" ? lanes() : spans();
    rest = items.some((item) => !item.gap) ? [says, t("past.hint")] : [t("past.none"), ""];
    if (!value.classList.contains("is-read")) read(null);
    drawn.show({ items, kind, from, to, marks: marks(from, to, (drawn.element.clientWidth || 320) / 64, local), rows: rows(kind, items), unit: kind === "bars" && course.kind === "switch" ? null : course.unit, describe: (item) => describe(item, kind, local) });
  }

  /** What stands beside the chart, the lowest first. */
  function rows(kind, items) {
    if (kind === "stretches") return null;
    const known = items.filter((item) => !item.gap), finest = 10 ** -decimals();
    if (kind === "bars" && course.kind === "switch") {
      const most = Math.max(0, ...known.map((item) => item.value)), unit = most > 2 * HOUR ? HOUR : MINUTE;
      return rounds(0, most / unit, 1).map((count) => ({ value: count * unit, text: count ? lasting(count * unit / 1e3) : "0" }));
    }
    if (course.kind === "level") return [0, 50, 100].map((value) => ({ value, text: number(value, 0) }));
    if (!known.length) return null;
    // A scale as fine as what is shown: noise is not to look like weather. What is never negative has none below zero.
    const isBars = kind === "bars", least = isBars ? 0 : Math.min(...known.map((item) => item.min)), most = Math.max(...known.map((item) => (isBars ? item.value : item.max)));
    const made = rounds(least < 0 ? least - finest : Math.max(0, least - finest), most + finest, finest);
    const places = Math.max(0, Math.ceil(-Math.log10(made[1] - made[0]) - 1e-9));
    return made.map((value) => ({ value, text: number(value, places) }));
  }

  /** With what was not known between them. */
  function filled(items) {
    const made = [];
    let at = Date.parse(course.from);
    const gap = (from, to) => { if (to > from) made.push({ from, to, gap: true }); };
    for (const item of items) {
      gap(at, item.from);
      made.push(item);
      at = item.to;
    }
    gap(at, Math.min(Date.parse(course.to), now()));
    return made;
  }

  function spans() {
    return filled(course.spans.map((span, place) => {
      const from = Date.parse(span.time), next = Date.parse(course.spans[place + 1]?.time), whole = from + course.every_s * 1e3;
      // A day on which clocks are changed is as long as it is.
      const to = Math.min(Math.abs(next - whole) <= HOUR && course.every_s >= DAY / 1e3 ? next : whole, Math.max(now(), from + 1));
      return { ...span, from, to, value: course.kind === "switch" ? span.on_s * 1e3 : span.grew };
    }));
  }

  function lanes() {
    const limit = Math.min(Date.parse(course.to), now());
    const items = stretches(course, limit).filter(({ from, to }) => to > from).map((one) => ({ ...one, on: !LOW.includes(one.value) }));
    if (point.kind !== "event") return filled(items);
    // What only happens has no length.
    return items.map((item) => ({ ...item, to: Math.min(item.to, item.from + (limit - Date.parse(course.from)) / 150) }));
  }

  /** What an item says to whoever reads it. */
  function describe(item, kind, local) {
    const { from, to } = item;
    return { when: when(from, to, local), text: item.gap ? t("past.gap") : says(item, kind), why: item.gap || kind === "bars" ? "" : why(item.why ?? reasonAt(to)) };
  }

  function says({ min, mean, max, value, on_s, from, to }, kind) {
    if (kind === "line") return text(mean) + (text(min) === text(max) ? "" : ` (${number(min, decimals())} – ${number(max, decimals())})`);
    if (kind === "bars") return course.kind === "switch" ? t("past.on", lasting(on_s)) : text(value);
    return spoken({ ...point, value }) + (point.kind === "event" ? "" : ` · ${lasting((to - from) / 1e3)}`);
  }

  /** Why it was as it was at the end of a span, where that is told. */
  const reasonAt = (ms) => course.changes.findLast((change) => Date.parse(change.time) < ms)?.why;

  function when(from, to, local) {
    const whole = to - from, day = { weekday: "short", day: "numeric", month: "short" };
    if (whole > 1.5 * DAY) return `${dated(local(from), day)} – ${dated(local(to - 1), day)}`;
    if (whole > 0.9 * DAY && local(from).endsWith("00:00:00")) return dated(local(from), day);
    return `${moment(local(from), about().time)}–${moment(local(to), local(from))}`;
  }

  function sumUp() {
    const { spans } = course, all = (name) => spans.reduce((sum, span) => sum + (span[name] ?? 0), 0), knows = all("known_s");
    const rows = [];
    if (knows && ["number", "level"].includes(course.kind)) {
      rows.push(["min", text(Math.min(...spans.map((span) => span.min)))],
        ["mean", text(spans.reduce((sum, span) => sum + span.mean * span.known_s, 0) / knows)],
        ["max", text(Math.max(...spans.map((span) => span.max)))]);
    }
    if (knows && course.kind === "switch") rows.push(["on", lasting(all("on_s"))], ["starts", number(all("starts"), 0)]);
    if (knows && course.kind === "total") rows.push(["grew", text(all("grew"))]);
    if (spans[0]?.energy_kwh != null) rows.push(["energy", `${number(all("energy_kwh"), 2)}\u00a0kWh`]);
    sums.replaceChildren(...rows.map(([key, value]) => h("div", {}, h("dt", {}, t(`past.sum.${key}`)), h("dd", {}, value))));
  }

  renew();
  return {
    element,
    id: point.id,
    /** The time went on: what is old is fetched anew, but not under a finger. */
    renew: () => { if (!views.length && !drawn.isHeld && Date.now() - renewed >= RENEW) renew(); },
  };
}
