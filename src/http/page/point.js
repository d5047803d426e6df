// What a point says to people: its state, why it is so, what it can be told.

import { said } from "./said.js";
import { ago, has, lasting, number, t } from "./words.js";

export const isGood = (point) => point.quality === "good";
export const isOn = (point) => isGood(point) && (typeof point.percent === "number" ? point.percent > 0 : point.value === "ON");
export const canSwitch = (point) => ["on", "off"].every((word) => point.commands?.words.includes(word));
export const canMove = (point) => ["open", "close"].every((word) => point.commands?.words.includes(word));
export const hasAuto = (point) => point.commands?.words.includes("auto") ?? false;

/** The value in words: `on`, `60 %`, `19.5 °C`, `closed`; a dash while it is not known. */
export function state(point) {
  if (point.quality === "unknown" || point.value == null) return "–";
  return spoken(point);
}

/** The value in words, whatever is known of it. */
export function spoken(point) {
  const { value, unit, decimals } = point;
  if (typeof value === "number") return `${number(value, decimals ?? 0)}${unit ? `\u00a0${unit}` : ""}`;
  const text = word(point.states?.[value] ?? value);
  return point.percent > 0 && point.percent < 100 ? `${text} · ${point.percent}\u00a0%` : text;
}

/** A word of the house in the language of the page. */
export function word(text) {
  const known = `is.${String(text).toLowerCase()}`;
  return has(known) ? t(known) : String(text).replaceAll("_", " ");
}

/** The state of what may be old or in fault: with its age. */
export function aged(point) {
  if (point.quality === "stale" && point.value == null) return t("quality.never");
  if (point.quality === "stale") return `${state(point)} · ${t("quality.stale", ago(point.age_s ?? 0))}`;
  // Where a door is, its switches tell, whatever else is wrong.
  if (point.quality === "fault") return canMove(point) && point.value != null ? `${spoken(point)} · ${t("quality.fault")}` : t("quality.fault");
  return state(point);
}

/** How long it has been so, in whole minutes; nothing of what is not known, or began just now. */
export function since({ quality, changed }, now) {
  const minutes = Math.floor((now - Date.parse(changed ?? "")) / 60_000);
  return quality === "good" && minutes >= 1 ? lasting(minutes * 60) : "";
}

/** Why something is as it is, such as `rule: Porch in the evening`, in words: a slot of the priority array with its cause, or how a room is. */
export function why(text) {
  if (!text) return "";
  const [, slot, cause] = /^(\w+): (.*)$/.exec(text) ?? [];
  if (!has(`slot.${slot}`)) return said("room", text);
  return t(`slot.${slot}`, said(slot === "climate" ? slot : "cause", cause));
}

/** What stands for a point in a path of the API. */
export const path = (id) => id.split("/").map(encodeURIComponent).join("/");

export const byHand = (point) => point.why?.startsWith("manual:") ?? false;
