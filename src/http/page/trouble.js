// What is wrong, before the house itself: the worst of it in sight, all else folded.

import { h, put, renewed, say } from "./dom.js";
import { aged } from "./point.js";
import { t } from "./words.js";

/** More than that would fill a small screen. */
const SEEN = 2;

/** The part of the page. `open(id)` shows a sheet. */
export function trouble(open) {
  const worst = h("ul", {}), others = h("ul", {}), count = h("summary", {});
  const folded = h("details", { hidden: true }, count, others);
  const element = h("div", { class: "problems" }, worst, folded);

  /** The worst first: what is lost, what does not do what it should, what only is not remembered. */
  function all(about, points) {
    const whole = [...points].filter((point) => !point.part_of);
    const of = (quality) => whole.filter((point) => point.quality === quality)
      .map((point) => h("button", { onclick: () => open(point.id) }, t("problem.point", point.name, point.fault ?? aged(point))));
    return [
      about.config_refused && h("span", { title: about.config_refused }, t("problem.file")),
      about.state_unsaved && h("span", {}, t("problem.state", about.state_unsaved)),
      about.time_known === false && h("span", {}, t("problem.clock")),
      about.broker?.error && h("span", {}, t("problem.broker", about.broker.error)),
      ...of("fault"), ...of("stale"),
      about.history_unwritten && h("span", {}, t("problem.history", about.history_unwritten)),
    ].filter(Boolean);
  }

  function update(about, points) {
    const told = all(about, points);
    // A line that says "and 1 more" would take the place of that one.
    const seen = told.length > SEEN + 1 ? told.splice(0, SEEN) : told.splice(0);
    const draw = (list, lines) => renewed(list, lines.map((one) => one.textContent), () => lines.map((one) => h("li", {}, one)));
    draw(worst, seen);
    draw(others, told);
    put(folded, "hidden", !told.length);
    say(count, t("more", told.length));
  }

  return { element, update };
}
