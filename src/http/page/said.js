// What the house says of itself, which is English everywhere else, in the language of the page: its sentences are `said.GROUP.*`
// of words/en.json, and what stands in their places is looked up in the group that a place is called after, or is of a kind below.

import { english, moment, number, of, own } from "./words.js";

/** What the ids of the house are called, and what time it is there. */
export const context = { names: new Map(), time: undefined };

const ID = "[\\w.]+", TIME = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d", LENGTH = "(?:\\d+(?:ms|[dhms]))+", NUMBER = "-?\\d+(?:\\.\\d+)?";

const named = (id) => context.names.get(id) ?? id;
const at = (time) => moment(time, context.time);
const value = (text) => number(Number(text), text.split(/\./)[1]?.length ?? 0);
const UNITS = { ms: "millisecond", s: "second", m: "minute", h: "hour", d: "day" };
/** As exactly as it is set: `1m30s` is not a minute. */
const long = (text) => [...text.matchAll(/(\d+)(ms|[dhms])/g)].map(([, count, unit]) => of(Number(count), UNITS[unit])).join(" ");

/** Kinds of places: what stands in them, and how people say it. */
const KINDS = {
  id: [ID, named], group: [ID], key: [ID], preset: [ID], number: [NUMBER, value], on: [NUMBER], of: [NUMBER],
  time: [TIME, at], end: [TIME, at], length: [LENGTH, long], rest: [LENGTH, long],
};

const known = new Map();

/** The sentences of a group, longest first: the more it says, the less can be taken for it. */
function sentences(group) {
  if (known.has(group)) return known.get(group);
  const made = Object.entries(english).filter(([key]) => key.startsWith(`said.${group}.`)).map(([key, text]) => {
    const places = [...text.matchAll(/\{(\w+)\}/g)].map(([, place]) => place);
    const shape = text.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, (_, place) => `(${KINDS[place]?.[0] ?? ".+"})`);
    return { key, places, shape: new RegExp(`^${shape}$`), says: text.replace(/\{\w+\}/g, "").length };
  }).sort((one, other) => other.says - one.says);
  known.set(group, made);
  return made;
}

/** A sentence of a group in words of the page; what is none, such as the name of a rule, as it is. */
export function said(group, text) {
  for (const { key, places, shape } of sentences(group)) {
    const found = shape.exec(text);
    const fill = (place) => { const part = found[places.indexOf(place) + 1], kind = KINDS[place]; return kind ? (kind[1]?.(part) ?? part) : said(place, part); };
    if (found) return own(key).replace(/\{(\w+)\}/g, (_, place) => fill(place));
  }
  return text;
}
