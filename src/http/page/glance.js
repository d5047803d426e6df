// One line that says what is on; unfolded, each with its reason. It is as high whatever is on: nothing jumps.

import { h, renewed, say } from "./dom.js";
import { canMove, isGood, isOn, why } from "./point.js";
import { t } from "./words.js";

/** The part of the page. `points` are those of the house, `open(id)` shows a sheet. */
export function glance({ points, open }) {
  const line = h("span", { class: "line" }), list = h("ul", { class: "reasons" });
  const element = h("details", { id: "glance", class: "glance" }, h("summary", {}, line), list);

  function update() {
    const all = [...points.values()].filter((point) => point.kind === "output" && !point.part_of && !canMove(point));
    const on = all.filter(isOn);
    const [first] = on;
    // Of one there is room for its reason.
    const names = on.length === 1 ? `${first.name} · ${why(first.why)}` : on.map(({ name }) => name).join(", ");
    say(line, on.length ? t("glance.on", names) : all.every(isGood) ? t("glance.none") : t("glance.unsure"));
    renewed(list, on.map((point) => [point.id, point.name, point.why]), () => on.map((point) => h("li", {},
      h("button", { onclick: () => open(point.id) }, h("span", { class: "name" }, point.name), h("span", { class: "state" }, why(point.why))))));
  }

  return { element, update };
}
