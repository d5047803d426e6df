// A climate zone: how warm it is and is to be, its presets, its mode, for how long, and its plan of today.

import { dial } from "./dial.js";
import { h, put, renewed, say } from "./dom.js";
import { choices, holds, usual } from "./hold.js";
import { control } from "./may.js";
import { plan, steps } from "./plan.js";
import { byHand, isGood, spoken, state, why, word } from "./point.js";
import { number, t } from "./words.js";

/** What a zone is told by its own controls, and not by those that every point has. */
export const TOLD = /\.(target|cool_target|setpoint|mode|preset)$/;

const STEP = 0.5;

/** The targets that count in the mode of the zone whose points `parts` are, as a dial takes them. */
export function aims({ target, cool_target: cool, mode }) {
  const both = cool ? { heat: [target], cool: [cool] }[mode?.value] ?? [target, cool] : [target];
  return both.filter((point) => typeof point?.value === "number" && point.commands).map((point) => ({
    id: point.id, value: point.value, min: point.commands.min, max: point.commands.max, step: point.commands.step ?? STEP,
    does: point === cool || mode?.commands?.words.every((word) => word !== "heat") ? "cooling" : "heating",
    says: (value) => spoken({ ...point, value }),
  }));
}

/** What is measured, where that is so. */
export const measure = ({ measured }) => (measured && isGood(measured) && typeof measured.value === "number" ? measured.value : undefined);

/** What a zone's sheet begins with. `zone` is of the file, `parts()` its points by their last word, `tell(id, value, hold)` commands one. */
export function climate(zone, { parts, points, tell, about }) {
  const doing = h("p", { class: "small doing" });
  const told = (id, value) => tell(id, value, holds.get(zone.id));
  const rows = h("div", { class: "aims" });
  const face = dial({ tell: told, drawn: (aims) => aims.forEach(({ value, says }, place) => say(rows.children[place].querySelector(".number"), says(value))) });
  const day = plan();
  // What was set before is told before.
  const next = async (...command) => { await face.settle(); await tell(...command); };
  const presets = zone.presets.map((preset) => ({ ...preset, button: control({ onclick: () => next(`${zone.id}.preset`, preset.name, holds.get(zone.id)) }) }));
  const modes = parts().mode.commands?.words.filter((one) => one !== "auto") ?? [];
  const modeButtons = modes.map((one) => control({ "data-word": one, onclick: () => next(`${zone.id}.mode`, one, holds.get(zone.id)) }, word(one)));
  const back = control({ class: "plain", onclick: () => next(zone.id, "AUTO") }, t("act.auto"));
  const presetReason = h("p", { class: "small" });
  const part = (title, ...content) => h("section", {}, h("h3", {}, title), ...content);
  const group = (label, buttons) => h("div", { class: "choice", role: "group", "aria-label": label }, buttons);
  // What is held by hand already is held for so long from now on.
  const again = async (hold) => {
    await face.settle();
    const { target, cool_target: cool, preset } = parts();
    const held = [target, cool].find((point) => point && byHand(point)) ?? (preset && byHand(preset) ? preset : undefined);
    if (held) tell(held.id, held.value, hold);
  };
  const element = h("div", { class: "climate" }, face.element, doing, rows,
    presets.length > 0 && part(t("climate.presets"), group(t("climate.presets"), presets.map(({ button }) => button)), presetReason),
    modes.length > 1 && part(t("mode"), group(t("mode"), modeButtons)),
    choices(zone.id, usual(zone.manual_for), again), back,
    zone.plan.length > 0 && part(t("climate.plan"), day.element));

  /** The targets of a preset: where people may set them, as they are now. */
  function setpoints(name) {
    const preset = zone.presets.find((preset) => preset.name === name);
    const of = (kind) => points.get(`${zone.id}.${name}_${kind}`)?.value ?? preset?.[kind];
    return { heat: of("heat"), cool: of("cool") };
  }

  function degrees({ heat, cool }) {
    return [heat, cool].filter((value) => value != null).map((value) => number(value, value % 1 ? 1 : 0)).join("–") + "°";
  }

  function update() {
    const now = parts(), { measured, action, mode, preset } = now, all = aims(now).map((aim) => ({ ...aim, name: t(aim.does === "cooling" ? "climate.cools" : "climate.heats") }));
    put(element, "data-climate", action?.value);
    const does = action && isGood(action) ? word(action.value) : "";
    const shown = measured ? state(measured) : "–";
    renewed(rows, all.map(({ id, name }) => [id, name]), () => all.map(row));
    face.update({ aims: all, measured: measure(now), words: [shown, does], besides: [t("climate.measured", shown), does].filter(Boolean) });
    say(doing, why(action?.why));
    for (const { name, button } of presets) {
      say(button, `${word(name)} ${degrees(setpoints(name))}`);
      put(button, "aria-pressed", String(preset?.value === name));
    }
    say(presetReason, preset && preset.value !== "none" ? why(preset.why) : "");
    for (const button of modeButtons) put(button, "aria-pressed", String(button.dataset.word === mode.value));
    put(back, "hidden", ![now.target, now.cool_target, preset, mode].some((point) => point && byHand(point)));
    const planned = zone.plan.map((period) => ({ ...period, ...(period.preset ? setpoints(period.preset) : {}) }));
    day.update(steps(planned, about().time).map((step) => ({ ...step, text: degrees(step) })), about().time);
  }

  function row({ id, name }) {
    return h("div", { class: "aim" }, h("span", {}, name), control({ "aria-label": t("act.lower", name), onclick: () => face.step(id, -1) }, "−"),
      h("span", { class: "number" }), control({ "aria-label": t("act.raise", name), onclick: () => face.step(id, 1) }, "+"));
  }

  update();
  return { zone, element, update, settle: face.settle };
}
