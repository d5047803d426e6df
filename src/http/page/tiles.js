// A tile for what people switch, one for each climate zone, a line for what is only read. Each is made once and then kept:
// nothing jumps.

import { aims, measure } from "./climate.js";
import { gauge } from "./dial.js";
import { h, put, say } from "./dom.js";
import { control, mayAct } from "./may.js";
import { aged, byHand, canMove, canSwitch, isGood, isOn, spoken, state, why } from "./point.js";
import { clock, t } from "./words.js";

const MOVES = { open: "▲", stop: "■", close: "▼" };

/** What will change it next: `→ off 23:00`. */
export const comes = (next) => (next ? `→ ${next.text} ${clock(next.time)}` : "");

/** A tile of an output. `act(id, value)` commands it, `open(id)` shows its sheet, `next(id)` is what it will be next. */
export function outputTile(id, { act, open, next }) {
  const name = h("span", { class: "name" }), shown = h("span", { class: "state" }), reason = h("span", { class: "reason" }), heard = h("span", { class: "heard" });
  const then = h("span", { class: "then" });
  const main = h("button", { class: "act" }, name, shown, heard), more = h("button", { class: "why" }, reason, then);
  const moves = Object.entries(MOVES).map(([word, sign]) => control({ "data-word": word, onclick: () => act(id, word.toUpperCase()) }, sign));
  const move = h("div", { class: "move", hidden: true }, moves);
  const tile = h("article", { class: "tile" }, main, move, more);
  let point;
  main.addEventListener("click", () => (canSwitch(point) && !canMove(point) ? act(id, isOn(point) ? "OFF" : "ON") : open(id)));
  more.addEventListener("click", () => open(id));
  const update = (now) => {
    point = now;
    const on = isOn(point), reasonText = why(point.why);
    tile.classList.toggle("is-on", on);
    tile.classList.toggle("is-bad", !isGood(point));
    tile.classList.toggle("by-hand", byHand(point));
    put(tile, "data-device", point.device);
    say(name, point.name);
    say(shown, aged(point));
    say(reason, point.fault ?? reasonText);
    say(then, comes(next(id)));
    put(move, "hidden", !canMove(point));
    const switches = canSwitch(point) && !canMove(point);
    put(main, "aria-pressed", switches ? String(on) : null);
    put(main, "disabled", switches && !mayAct());
    say(heard, reasonText);
    put(more, "aria-label", [t("tile.more", point.name, reasonText), then.textContent].filter(Boolean).join(" "));
    moves.forEach((button) => put(button, "aria-label", `${t(`act.${button.dataset.word}`)}: ${point.name}`));
  };
  return { element: tile, update, busy: (is) => put(tile, "aria-busy", is ? "true" : null) };
}

/** A tile of a climate zone: how warm it is, where it is going, and why. `parts()` are its points by their last word. */
export function zoneTile(zone, parts, { act, open, next }) {
  const name = h("span", { class: "name" }), shown = h("span", { class: "state" }), reason = h("span", { class: "reason" }), then = h("span", { class: "then" }), heard = h("span", { class: "heard" });
  const more = h("button", { class: "why", onclick: () => open(parts().action?.id ?? `${zone}.mode`) }, reason, then);
  // Of a zone that heats and cools, the target that counts in its mode.
  const aim = ({ target, setpoint }) => (setpoint && isGood(setpoint) ? setpoint : target);
  const drawing = gauge(), holds = h("span", { class: "state" });
  const main = h("button", { class: "act", onclick: () => open(aim(parts())?.id ?? `${zone}.mode`) }, name, shown, holds, heard, drawing.element);
  let asked;
  const step = (sign) => async () => {
    const target = aim(parts()), isAsking = asked != null;
    if (typeof target?.value !== "number") return;
    const { min, max, step } = target.commands;
    asked = Math.min(max, Math.max(min, (asked ?? target.value) + sign * (step ?? 0.5)));
    if (isAsking) return;
    // Touches meanwhile go on from what was asked, and follow as one.
    for (let sent; sent !== asked;) await act(target.id, sent = asked);
    asked = undefined;
  };
  const lower = control({ onclick: step(-1) }, "−"), raise = control({ onclick: step(1) }, "+");
  const move = h("div", { class: "move" }, lower, raise);
  const tile = h("article", { class: "tile zone" }, main, move, more);
  const update = () => {
    const { measured, action, mode, preset } = parts(), target = aim(parts());
    const label = (target ?? mode).name.replace(/ \S+$/, "");
    const all = aims(parts()), to = all.length > 1 ? all.map(({ value }) => spoken({ ...target, unit: "", value })).join("–") + "\u00a0°C" : target && state(target);
    const way = [measured && state(measured), mode.value !== "off" && to].filter(Boolean).join(" → ");
    const reasonText = why(action?.why ?? target?.why);
    const busy = action && !["idle", "off"].includes(action.value) && isGood(action);
    tile.classList.toggle("is-on", Boolean(busy));
    tile.classList.toggle("is-bad", measured && !isGood(measured));
    tile.classList.toggle("by-hand", Boolean(target && byHand(target)));
    put(tile, "data-climate", action?.value);
    say(name, label);
    say(shown, way || state(mode));
    say(holds, preset && preset.value !== "none" ? state(preset) : "");
    drawing.update(all, measure(parts()));
    say(reason, reasonText);
    say(then, comes(next(`${zone}.target`, `${zone}.cool_target`)));
    // Of two, the sheet tells which.
    put(move, "hidden", !target?.commands || all.length > 1);
    put(lower, "aria-label", t("act.lower", label));
    put(raise, "aria-label", t("act.raise", label));
    say(heard, reasonText);
    put(more, "aria-label", [t("tile.more", label, reasonText), then.textContent].filter(Boolean).join(" "));
  };
  return { element: tile, update, busy: (is) => put(tile, "aria-busy", is ? "true" : null) };
}

/** A line of a reading or an input. */
export function line(id, { open }) {
  const name = h("span", { class: "name" }), shown = h("span", { class: "state" });
  const button = h("button", { onclick: () => open(id) }, name, shown);
  const element = h("li", {}, button);
  const update = (point) => {
    element.classList.toggle("is-bad", !isGood(point));
    say(name, point.name);
    say(shown, aged(point));
  };
  return { element, update, busy: () => {} };
}
