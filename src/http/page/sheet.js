// The sheet of a point: why it is so in words, what comes next, and what it can be told.

import { h } from "./dom.js";
import { choices, holds, usual } from "./hold.js";
import { control, mayAct } from "./may.js";
import { aged, byHand, canMove, canSwitch, hasAuto, why, word } from "./point.js";
import { said } from "./said.js";
import { lasting, moment, t } from "./words.js";

/**
 * What is in the sheet of `reasons`, an answer of `why/ID`. `tell(id, value, hold)` commands it, `now` is the time of the house,
 * `zone` what the climate zone is told with that it is of.
 */
export function sheet(reasons, { tell, close, parts, now, zone }) {
  const { point } = reasons;
  return [
    h("header", {}, h("h2", { id: "sheet-name" }, zone?.zone.name ?? point.name), h("button", { class: "close", "aria-label": t("keys.close"), onclick: close }, "✕")),
    zone?.element,
    zone && h("h3", {}, point.name),
    h("p", { class: "big" }, aged(point)),
    point.changed && h("p", { class: "small" }, t("sheet.since", moment(point.changed, now))),
    point.fault && h("p", {}, point.fault),
    // Nobody decides what is measured.
    (reasons.slots.length > 0 || point.why) && section(t("sheet.why"), reasons.slots.length ? slots(reasons.slots) : h("p", {}, why(point.why))),
    point.commands && !zone && controls(point, tell),
    parts.length > 0 && section(t("sheet.parts"), parts.flatMap((part) => [h("p", { class: "small" }, `${part.name}: ${aged(part)}`), part.commands && controls(part, tell)])),
    reasons.signs.length > 0 && section(t("sheet.signs"), conditions(reasons.signs.map((sign) => ({ ...sign, text: said("sign", sign.text) })))),
    waits(reasons, now),
    (reasons.next || reasons.slots.length > 0) && section(t("sheet.next"), h("p", {}, next(reasons.next, point, now))),
    reasons.rules.length > 0 && section(t("sheet.rules"), reasons.rules.map(rule)),
    point.usage && section(t("sheet.usage"), h("p", {}, t("sheet.usage.text", lasting(point.usage.on_s), point.usage.cycles))),
  ].filter(Boolean);
}

const section = (title, ...content) => h("section", {}, h("h3", {}, title), ...content);

function next(next, point, now) {
  return next ? t("sheet.next.at", word(point.states?.[next.level] ?? next.level ?? ""), moment(next.at, now), why(next.why)) : t("sheet.next.none");
}

function slots(slots) {
  const item = (slot) =>
    h("li", { class: slot.overruled_by ? "lost" : "" }, `${word(slot.level)} · ${why(`${slot.slot}: ${slot.cause}`)}`,
      slot.overruled_by && h("small", {}, t("sheet.overruled", said("slot", slot.overruled_by))));
  return h("ul", { class: "slots" }, slots.map(item));
}

function waits(reasons, now) {
  if (!reasons.pending?.length) return null;
  return section(t("sheet.waits"), h("ul", { class: "slots" }, reasons.pending.map((one) => h("li", { class: "lost" }, [said("wait", one.what), moment(one.ends, now)].filter(Boolean).join(" · ")))));
}

const rule = (rule) => h("div", {}, h("p", {}, rule.name), conditions(rule.parts));

/** What must be so, or may be, each with whether it is. */
function conditions(parts) {
  const part = (part) => h("li", { class: part.so, "aria-label": `${part.text}: ${t(`so.${part.so}`)}` }, part.text);
  return h("ul", { class: "parts" }, parts.map(part));
}

/** The controls of a point that takes commands. */
function controls(point, tell) {
  const { words, min, max, step } = point.commands;
  const hold = () => holds.get(point.id);
  const send = (value) => () => tell(point.id, value, hold());
  const button = (word, text, pressed) => control({ onclick: send(word), "aria-pressed": pressed == null ? null : String(pressed) }, text);
  const made = [];
  if (canSwitch(point)) made.push(button("ON", t("act.on"), point.value === "ON"), button("OFF", t("act.off"), point.value === "OFF"));
  if (canMove(point)) made.push(button("OPEN", t("act.open")), button("STOP", t("act.stop")), button("CLOSE", t("act.close")));
  const said = ["on", "off", "toggle", "auto", "open", "stop", "close"];
  for (const one of words.filter((one) => !canSwitch(point) && !canMove(point) && one !== "auto" || !said.includes(one))) {
    made.push(button(one, word(one), point.value === one));
  }
  if (hasAuto(point)) made.push(button("AUTO", t("act.auto")));
  const isSetting = point.kind === "setting";
  return h("div", {},
    h("div", { class: "choice" }, made),
    max != null && (isSetting ? box : slide)(point, min, max, step, tell, hold),
    // What is held by hand already is held for so long from now on.
    hasAuto(point) && !isSetting && choices(point.id, usual(point.commands.manual_for), (hold) => { if (byHand(point)) tell(point.id, point.percent ?? point.value, hold); }, point.commands.room_empty));
}

/** A number that is written: what people may set of the file goes from half a minute to a week. */
function box(point, min, max, step, tell) {
  const input = h("input", { type: "number", disabled: !mayAct(), min, max, step: "any", required: true, inputmode: "decimal", value: point.value, "aria-label": `${t("sheet.set")} ${point.name}`,
    onkeydown: (event) => { if (event.key === "Enter" && input.reportValidity()) input.blur(); },
    onblur: () => {
      // Whoever closes the sheet, or looks at another window, has not said that it is written.
      if (!input.isConnected || !input.closest("dialog")?.open || document.activeElement === input) return;
      if (input.checkValidity() && Number(input.value) !== point.value) tell(point.id, Number(input.value));
    } });
  return h("div", { class: "slide" }, input, h("output", {}, point.unit ?? ""));
}

function slide(point, min, max, step, tell, hold) {
  const start = typeof point.value === "number" ? point.value : point.percent ?? min;
  const shown = h("output", {}, String(start));
  const input = h("input", { type: "range", disabled: !mayAct(), min, max, step: step ?? 1, value: start, "aria-label": `${t("sheet.set")} ${point.name}`,
    oninput: () => { shown.textContent = input.value; }, onchange: () => tell(point.id, Number(input.value), hold()) });
  return h("div", { class: "slide" }, input, shown);
}
