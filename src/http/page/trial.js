// A day of the edited file beside the same day of the one in force.

import { h, put } from "./dom.js";
import { clocks, piece } from "./lanes.js";
import { ask } from "./live.js";
import { DAY, wallClock } from "./scale.js";
import { why } from "./point.js";
import { clock, lasting, number, t } from "./words.js";

/** The lowest and the highest temperature of a day, °C. */
const WEATHERS = { usual: null, frost: [-12, -3], mild: [7, 15], heat: [20, 34] };
/** How many of the two who live there are at home, and which of their days it is. */
const PEOPLE = { usual: [2, 1], one: [1, 1], nobody: [0, 1] }, OTHERS = 3;

/** The part of the page. `text()` is what is being edited, `about()` the house, `complain` says what went wrong. */
export function trial({ text, about, complain }) {
  const day = h("input", { type: "date", class: "find", value: following(about().time) });
  const weather = choice(Object.keys(WEATHERS).map((word) => [word, t(`trial.weather.${word}`)]));
  const people = choice([...Object.entries(PEOPLE).map(([word, which]) => [which, t(`trial.people.${word}`)]),
    ...Array.from({ length: OTHERS }, (_, place) => [[2, place + 2], t("trial.people.other", place + 1)])]);
  const shown = h("div", { class: "days", "aria-live": "polite" }), old = h("p", { class: "small", hidden: true }, t("trial.old"));
  let played, both, isSeen;
  const button = h("button", { class: "plain", onclick: play }, t("trial.play"));
  const labelled = (key, field) => h("label", {}, t(key), field);
  const element = h("div", { class: "trial" },
    h("div", { class: "asked" }, labelled("trial.day", day), labelled("trial.weather", weather), labelled("trial.people", people), button), old, shown);

  async function play() {
    if (!day.value) return day.focus();
    button.disabled = true;
    both = undefined;
    shown.replaceChildren(h("p", { class: "small" }, t("trial.plays")));
    try {
      const [home, seed] = people.value.split(",").map(Number);
      const asked = { text: played = text(), from: day.value, for: "1d", seed, people: home, weather: course(day.value, WEATHERS[weather.value]) };
      both = await ask("POST", "simulate", asked);
      isSeen = false;
      draw();
      written();
    } catch (error) {
      shown.replaceChildren();
      complain(error.message || t("refused.link"));
    }
    button.disabled = false;
  }

  /** What was drawn while it was hidden had no width. */
  function draw() {
    if (!both || isSeen) return;
    isSeen = shown.clientWidth > 0;
    shown.replaceChildren(...days(both));
  }

  function days({ from: begin, until, edited, running }) {
    const from = Date.parse(begin), to = Date.parse(until), before = new Map(running.outputs.map((one) => [one.id, one]));
    const local = wallClock([begin, until, ...edited.outputs.flatMap(({ changes }) => changes.map(({ at }) => at))]);
    const gone = running.outputs.filter(({ id }) => !edited.outputs.some((one) => one.id === id)).map((one) => [one, undefined, one]);
    const rows = [...edited.outputs.map((one) => [one, one, before.get(one.id)]), ...gone];
    const differs = ([, now, was]) => JSON.stringify(now?.changes.map(({ at, percent }) => [at, percent])) !== JSON.stringify(was?.changes.map(({ at, percent }) => [at, percent]));
    const other = rows.filter(differs), same = rows.filter((row) => !differs(row)).map(([one]) => one.name);
    const axis = h("div", { class: "axis", "aria-hidden": "true" }, clocks(from, to, shown.clientWidth, local));
    return [
      h("p", { class: "legend small" }, h("span", { class: "old" }, t("trial.running")), h("span", { class: "new" }, t("trial.edited"))),
      other.length > 0 && axis,
      ...other.map(([one, now, was]) => output(one, now, was, from, to)),
      !other.length && h("p", {}, t("trial.same")),
      other.length > 0 && same.length > 0 && h("p", { class: "small" }, t("trial.alike", same.join(", "))),
      ...numbers(edited, running),
      (edited.is_cut || running.is_cut) && h("p", { class: "small" }, t("trial.cut")),
    ].filter(Boolean);
  }

  function output({ name }, now, was, from, to) {
    const strip = (day, kind) => h("div", { class: `strip ${kind}` }, on(day, to).map(([a, b]) => piece("was", a, b, from, to)));
    const turns = (now?.changes ?? []).map(({ at, percent, why: reason }) => h("li", {}, h("span", { class: "when" }, clock(at)), " ",
      h("span", {}, `${percent > 0 && percent < 100 ? `${number(percent, 0)}\u00a0%` : t(percent > 0 ? "is.on" : "is.off")} · ${why(reason)}`)));
    return h("details", { class: "lane" },
      h("summary", {}, h("span", { class: "name" }, name), h("span", { class: "state" }, `${length(was)} → ${length(now)}`), strip(was, "old"), strip(now, "new")),
      h("ol", { class: "turns" }, turns.length ? turns : h("li", {}, t("trial.gone"))));
  }

  /** Numbers that come to something else, to their last digit that is shown. */
  function numbers(edited, running) {
    const words = ({ lowest, mean, highest, unit }) => [lowest, mean, highest].map((value) => (value == null ? "–" : number(value, 1))).join(" / ") + (unit ? `\u00a0${unit}` : "");
    const rows = edited.numbers.map((one) => [one, running.numbers.find(({ id }) => id === one.id)])
      .filter(([one, was]) => was && words(one) !== words(was));
    if (!rows.length) return [];
    return [h("h3", {}, t("trial.numbers")), h("dl", { class: "changes" }, rows.map(([one, was]) => h("div", {}, h("dt", {}, one.name), h("dd", {}, `${words(was)} → ${words(one)}`))))];
  }

  /** Somebody has written something: what is shown may be of an earlier text. */
  const written = () => put(old, "hidden", played === undefined || played === text());

  return { element, written, draw };
}

const choice = (options) => h("select", { class: "find" }, options.map(([value, text]) => h("option", { value }, text)));

const length = (day) => (day ? (day.on_s ? lasting(day.on_s) : t("is.off")) : "–");

/** When an output was on. */
function on(day, to) {
  const changes = day?.changes ?? [];
  return changes.map(({ at, percent }, place) => [percent, Date.parse(at), place + 1 < changes.length ? Date.parse(changes[place + 1].at) : to])
    .filter(([percent]) => percent > 0).map(([, a, b]) => [a, b]);
}

const dayAfter = (date, days) => new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);

/** The day after this time of the house. */
const following = (time) => dayAfter(time.slice(0, 10), 1);

/** Coldest in the morning, warmest in the afternoon: as the house reads a file of temperatures. */
function course(date, bounds) {
  if (!bounds) return undefined;
  const [low, high] = bounds;
  return [-1, 0, 1].flatMap((days) => [`${dayAfter(date, days)} 04:00,${low}`, `${dayAfter(date, days)} 15:00,${high}`]).join("\n");
}
