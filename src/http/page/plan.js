// A zone's plan of today: its steps from midnight to midnight, and where the day is now.

import { h, put, renewed } from "./dom.js";
import { t } from "./words.js";

const DAY = 24 * 60, HEIGHT = 40, LEAST = 24;
/** So many minutes of the day are as wide as a letter, on a phone. */
const LETTER = 34;

const minutes = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

/** The steps of the day of `time` (RFC 3339, of the house): from when, until when (minutes), and what is planned. */
export function steps(plan, time) {
  const [year, month, date] = time.slice(0, 10).split("-").map(Number);
  const today = (new Date(Date.UTC(year, month - 1, date)).getUTCDay() + 6) % 7 + 1;
  // The last to begin before midnight goes on.
  const begins = plan.flatMap((period) => period.days.map((day) => ({ ...period, from: minutes(period.at) - (today - day + 7) % 7 * DAY })))
    .sort((one, other) => one.from - other.from);
  const first = begins.findLastIndex(({ from }) => from <= 0);
  // A week of one day only: what began a week ago on this day, later.
  const before = first >= 0 ? begins.slice(first) : begins.length ? [{ ...begins.at(-1), from: 0 }, ...begins] : [];
  const same = (one, other) => one && ["preset", "heat", "cool"].every((key) => one[key] === other[key]);
  const asked = before.filter((period, place) => !same(before[place - 1], period));
  return asked.map((period, place) => ({ ...period, from: Math.max(period.from, 0), to: asked[place + 1]?.from ?? DAY })).filter(({ from, to }) => to > from);
}

/** The drawing. `update(steps, time)` is given steps with `heat`, `cool` and `text`. */
export function plan() {
  const element = h("ol", { class: "plan", "aria-label": t("climate.plan") });
  const clock = (minute) => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  function update(steps, time) {
    const now = minutes(time.slice(11)), degrees = steps.flatMap(({ heat, cool }) => [heat, cool]).filter((value) => value != null);
    const min = Math.min(...degrees), span = Math.max(Math.max(...degrees) - min, 1);
    const high = (value) => LEAST + (value - min) / span * HEIGHT;
    // Where there is no room for words, those who see read them off the neighbours.
    let free = 0;
    const said = ({ from }) => {
      const at = Math.min(from, DAY - 5 * LETTER), isFree = at >= free;
      if (isFree) free = at + 6 * LETTER;
      return isFree;
    };
    renewed(element, [steps, now], () => [...steps.map((step) => {
      const { from, to, heat, cool, text, preset } = step;
      const bar = h("i", { class: heat == null ? "cools" : cool == null ? "" : "both" }), isNow = from <= now && now < to;
      const [low, top] = heat == null || cool == null ? [0, high(heat ?? cool)] : [high(heat), high(cool)];
      bar.style.bottom = `${low}px`;
      bar.style.height = `${Math.max(top - low, 4)}px`;
      const label = h("span", { class: to - from < text.length * LETTER ? "heard" : "degrees" }, text);
      label.style.bottom = `${top + 6}px`;
      const item = h("li", { class: isNow ? "is-now" : "" }, h("span", { class: "heard" }, `${clock(from)}–${clock(to)}: `),
        label, preset && h("span", { class: "heard" }, ` ${preset}`), bar, said(step) && h("small", { class: from > DAY - 5 * LETTER ? "last" : "", "aria-hidden": "true" }, clock(from)));
      item.style.left = `${from / DAY * 100}%`;
      item.style.width = `${(to - from) / DAY * 100}%`;
      return item;
    }), mark(now)]);
  }
  function mark(now) {
    const made = h("li", { class: "now", "aria-hidden": "true" });
    made.style.left = `${now / DAY * 100}%`;
    return made;
  }
  return { element, update: (steps, time) => { put(element, "hidden", !steps.length); if (steps.length) update(steps, time); } };
}
