// What stands along the edges of a chart: the clock of the house, and round numbers.

import { dated } from "./words.js";

export const MINUTE = 60e3, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

const STEPS = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY];

/**
 * The clock on the wall of the house, as its own times (RFC 3339) show it: a function from milliseconds to such a time without
 * an offset. Between two of them that differ, clocks were changed.
 */
export function wallClock(times) {
  const known = times.map((text) => [Date.parse(text), offset(text)]).sort(([one], [other]) => one - other)
    .filter(([, offset], place, all) => offset !== all[place - 1]?.[1]);
  const at = (ms) => (known.findLast(([from]) => from <= ms) ?? known[0])[1];
  return (ms) => new Date(ms + at(ms)).toISOString().slice(0, 19);
}

function offset(text) {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [, "+", 0, 0];
  return (sign === "-" ? -1 : 1) * (hours * HOUR + minutes * MINUTE);
}

/** Where a line of time has its marks, no more than `most`, and what they say. */
export function marks(from, to, most, wall) {
  const local = (ms) => Date.parse(`${wall(ms)}Z`);
  const made = [];
  const add = (there, options) => {
    // Back to the time of the world, by the clock that is there then.
    const guess = there - (local(from) - from);
    const t = there - (local(guess) - guess);
    if (t >= from && t <= to) made.push({ t, text: dated(new Date(there).toISOString(), options) });
  };
  const step = STEPS.find((step) => (to - from) / step <= most);
  if (step) {
    const long = to - from > 8 * DAY;
    for (let there = Math.ceil(local(from) / step) * step; there <= local(to); there += step) {
      const isDay = there % DAY === 0;
      add(there, isDay ? (long ? { day: "numeric", month: "short" } : { weekday: "short" }) : undefined);
    }
    return made;
  }
  const months = Math.ceil((to - from) / (30 * DAY) / most), first = new Date(local(from));
  for (let month = 1; month <= 14; month += months) {
    add(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + month), { month: "short" });
  }
  return made;
}

/** Round numbers from below `min` to above `max`, some four of them, no closer than `least`. */
export function rounds(min, max, least) {
  const rough = Math.max((max - min) / 4, least), power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => power * factor >= rough * 0.999);
  const made = [];
  for (let number = Math.floor(min / step + 1e-9); made.length < 2 || made.at(-1) < max - step * 1e-9; number++) made.push(number * step);
  return made;
}
