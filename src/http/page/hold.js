// For how long what is told holds.

import { h } from "./dom.js";
import { control } from "./may.js";
import { has, t } from "./words.js";

/** What was chosen in the open sheet, by point or zone: it outlives that the sheet is drawn anew. */
export const holds = new Map();

const TIMES = { "for.30m": "30m", "for.2h": "2h", "for.8h": "8h" };

/** For how long it holds where nothing is chosen, by what the file says: `auto`, `room_empty`, `2h`, `22:30`. */
export const usual = (manualFor = "auto") => has(`for.${manualFor}`) ? t(`for.${manualFor}`) : /:/.test(manualFor) ? t("for.clock", manualFor) : manualFor;

/** What there is to choose from; `first` is what holds where nothing is chosen, `inRoom` whether there is a room that can be
 * empty. `chosen(time)` is told. */
export function choices(id, first, chosen, inRoom) {
  const empty = t("for.room_empty");
  const all = [[first, undefined], ...Object.entries(TIMES).map(([key, time]) => [t(key), time])];
  if (inRoom && first !== empty) all.push([empty, "room_empty"]);
  const buttons = all.map(([text, time]) => control({ "aria-pressed": String(time === holds.get(id)), onclick: (event) => {
    holds.set(id, time);
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === event.currentTarget));
    chosen(time);
  } }, text));
  return h("section", {}, h("h3", {}, t("for")), h("div", { class: "choice", role: "group", "aria-label": t("for") }, buttons));
}
