// A plain editor of text: numbers along its lines, and marks on those with which something is wrong.

import { h, renewed, say } from "./dom.js";
import { t } from "./words.js";

/** The editor. `changed()` is called when somebody has written something. */
export function editor(changed) {
  const numbers = h("div", { class: "numbers", "aria-hidden": "true" }), bands = h("div", { class: "bands", "aria-hidden": "true" });
  const field = h("textarea", {
    "aria-label": t("desk.text"), "aria-describedby": "desk-here", spellcheck: "false", autocapitalize: "off", autocomplete: "off", autocorrect: "off", wrap: "off",
  });
  const here = h("p", { id: "desk-here", class: "here", role: "status" });
  const element = h("div", { class: "editor" }, h("div", { class: "paper" }, numbers, bands, field), here);
  let told = [];

  const at = () => field.value.slice(0, field.selectionStart).split("\n").length;
  const height = () => parseFloat(getComputedStyle(field).lineHeight);

  function follow() {
    for (const layer of [numbers, bands]) layer.style.transform = `translateY(${-field.scrollTop}px)`;
  }

  function draw() {
    const lines = field.value.split("\n").length, marked = new Map();
    for (const { line, severity } of told) if (line && marked.get(line) !== "error") marked.set(line, severity);
    renewed(numbers, [lines, [...marked]], () => Array.from({ length: lines }, (_, place) => h("span", { class: marked.get(place + 1) ?? "" }, place + 1)));
    renewed(bands, [[...marked], height()], () => [...marked].map(([line, severity]) => {
      const band = h("i", { class: severity });
      band.style.top = `${(line - 1) * height()}px`;
      return band;
    }));
    tell();
    follow();
  }

  /** What is wrong with the line that is being written. */
  function tell() {
    const line = at(), [first] = told.filter((one) => one.line === line);
    say(here, first ? `${first.message} – ${first.help}` : t("desk.line", line));
    here.className = `here ${first?.severity ?? ""}`;
  }

  field.addEventListener("scroll", follow);
  field.addEventListener("input", () => { draw(); changed(); });
  field.addEventListener("selectionchange", tell);
  document.addEventListener("selectionchange", () => { if (document.activeElement === field) tell(); });
  return {
    element,
    text: () => field.value,
    /** Puts another text into it. */
    fill(text) {
      field.value = text;
      field.setSelectionRange(0, 0);
      field.scrollTop = 0;
      told = [];
      draw();
    },
    /** This is wrong with its lines. */
    mark(diagnostics) {
      told = diagnostics;
      draw();
    },
    /** The cursor goes there. */
    go(line, column) {
      const start = field.value.split("\n").slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
      const place = start + [...field.value.slice(start)].slice(0, column - 1).join("").length;
      field.focus();
      field.setSelectionRange(place, place);
      field.scrollIntoView({ block: "nearest" });
      // A browser scrolls to what has the focus by itself, a little later.
      const scroll = () => { field.scrollTop = Math.max(0, (line - 4) * height()); };
      scroll();
      requestAnimationFrame(() => requestAnimationFrame(scroll));
      tell();
    },
    draw,
  };
}
