// The rules of the house: what each says, whether it does something now, and what it will do next.

import { h, renewed, say } from "./dom.js";
import { ask } from "./live.js";
import { moment, t } from "./words.js";

/** What a rule does may be another when something changed; several changes are one. */
const SETTLED = 1000;

/** The part of the page. `points` are those of the house, `about()` is the house itself, `ahead(name)` what a rule does next. */
export function rules({ points, about, open, ahead }) {
  const line = h("span", {}), list = h("ul", { class: "rules" });
  const element = h("details", { id: "rules", class: "health" }, h("summary", {}, h("h2", {}, t("rules")), line), list);
  // What was told; undefined: nothing yet.
  let all, timer, isOld = false;

  /** Asks, if somebody looks; what changes meanwhile is asked for once more. */
  function renew() {
    isOld = true;
    if (!timer && element.open) timer = setTimeout(look, all ? SETTLED : 0);
  }

  async function look() {
    isOld = false;
    all = await ask("GET", "rules").catch(() => all);
    timer = undefined;
    update();
    if (isOld) renew();
  }

  const name = (id) => points.get(id)?.name ?? id;

  /** Whether it does something, and how it stands with it in words. */
  function stands({ active, holds, sets, acted }) {
    if (active == null) return [false, acted ? t("rules.acted", acted) : t("rules.waits")];
    if (holds.length) return [true, t("rules.holds", holds.map(name).join(", "))];
    if (active === "yes" && !sets.length) return [false, t("rules.now")];
    return [false, t({ yes: "rules.overruled", no: "rules.rests", unknown: "rules.unknown" }[active])];
  }

  /** Since when it is so, or when something last became of it. */
  function was({ since, last }) {
    const at = (time) => moment(time, about().time);
    if (since) return t("rules.since", at(since));
    if (!last) return "";
    return last.left_out ? t("rules.left", at(last.at), last.left_out) : t("rules.last", at(last.at));
  }

  function comes(rule) {
    const next = ahead(rule.name);
    // What is so already was expected before something happened.
    if (!next || next.active != null && next.active === rule.active) return "";
    const at = moment(next.at, about().time);
    return t(next.active == null ? "rules.acts" : { yes: "rules.begins", no: "rules.ends", unknown: "rules.blurs" }[next.active], at);
  }

  function update() {
    // What was told before it was folded may be other by now.
    if (!element.open) all = undefined;
    const told = (all ?? []).map((rule) => [rule, ...stands(rule), [was(rule), comes(rule)].filter(Boolean).join(" ")]);
    say(line, !all ? "" : all.length ? t("rules.sum", told.filter(([, does]) => does).length, all.length) : t("rules.none"));
    renewed(list, told, () => told.map(([rule, does, words, more]) => h("li", { class: does ? "is-on" : "" },
      h("p", { class: "name" }, rule.name), h("p", { class: "small" }, [rule.text, rule.does.join(", ")].join(" → ")),
      h("p", {}, words, more && ` ${more}`),
      rule.sets.length > 0 && h("div", { class: "ways" }, rule.sets.map((id) => h("button", { class: "plain", onclick: () => open(id) }, name(id)))))));
  }

  element.addEventListener("toggle", () => { update(); renew(); });
  return { element, update, renew };
}
