// What the page says, in the language of the browser. The words are data: words/*.json.

const LANGUAGES = ["en", "de", "es", "fr", "nl"];
let words = {};
/** The words of English, by which those of other languages are found. */
export let english = {};

/** Loads the words of the first language of the browser that there is. */
export async function speak() {
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => LANGUAGES.includes(tag)) ?? "en";
  const load = async (tag) => (await fetch(`words/${tag}.json`)).json();
  const [own, first] = await Promise.all([load(wanted).catch(() => ({})), load("en").catch(() => ({}))]);
  english = first;
  words = { ...english, ...own };
  document.documentElement.lang = wanted;
}

/** A sentence by its key, with `{0}`, `{1}` ... filled in. */
export function t(key, ...values) {
  return (words[key] ?? key).replace(/\{(\d)\}/g, (_, place) => values[place] ?? "");
}

/** A sentence by its key, its places not filled in. */
export const own = (key) => words[key];

/** Whether there is a word for a key. */
export const has = (key) => key in words;

const language = () => document.documentElement.lang || "en";

/** A number with so many decimals, as people write it. */
export function number(value, decimals) {
  return new Intl.NumberFormat(language(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value);
}

/** The clock of the house, not of the browser: the hours and minutes as RFC 3339 has them. */
export const clock = (time) => time?.slice(11, 16) ?? "";

/** A moment of the house as people say it, seen from `now`: the time of day, with its date if that is another. */
export function moment(time, now) {
  if (!time || time.slice(0, 10) === now?.slice(0, 10)) return clock(time);
  return `${dated(time, { weekday: "short", day: "numeric", month: "short" })} ${clock(time)}`;
}

/** The date of a time of the house; without options, the time of day. */
export function dated(time, options) {
  if (!options) return clock(time);
  const [year, month, day] = time.slice(0, 10).split("-").map(Number);
  return new Intl.DateTimeFormat(language(), { ...options, timeZone: "UTC" }).format(Date.UTC(year, month - 1, day));
}

/** How long ago, in the largest unit that fits. */
export function ago(seconds) {
  const unit = seconds < 60 ? ["second", 1] : seconds < 3600 ? ["minute", 60] : seconds < 86400 ? ["hour", 3600] : ["day", 86400];
  return new Intl.RelativeTimeFormat(language(), { style: "short" }).format(-Math.floor(seconds / unit[1]), unit[0]);
}

/** So many of a unit, as `3 h`. */
export const of = (value, unit) => new Intl.NumberFormat(language(), { style: "unit", unit, unitDisplay: "short" }).format(value);

/** How long, as `3 h 20 min`. */
export function lasting(seconds) {
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  if (minutes < 1) return of(whole, "second");
  if (minutes < 60) return of(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return of(Math.floor(hours / 24), "day");
  return minutes % 60 ? `${of(hours, "hour")} ${of(minutes % 60, "minute")}` : of(hours, "hour");
}
