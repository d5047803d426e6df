// The configuration file, edited: what is wrong at its line, what would change, a day of it beside the running one; applied, and
// brought back.

import { h, put, renewed, say } from "./dom.js";
import { editor } from "./editor.js";
import { ask } from "./live.js";
import { trial } from "./trial.js";
import { moment, t } from "./words.js";

/** Who writes is let write; then it is looked at. */
const SETTLED = 500;
/** So many differences of a kind are told. */
const MOST = 12;

/** The view. `about()` is the house, `leave()` goes back to it, `complain` says what went wrong. */
export function desk({ about, leave, complain }) {
  let base = { text: "", version: "", ends: "\n" }, shown, checked, timer, outcome, asking = 0, isBusy = false;
  const field = editor(written), status = h("p", { class: "status", role: "status" }), list = h("ul", { class: "faults" });
  const would = h("div", { class: "would" }), kept = h("ul", { class: "versions" }), stale = h("div", { class: "stale", hidden: true });
  const apply = h("button", { class: "plain main", onclick: () => send(() => ask("PUT", "config", { text: text() }, match())) }, t("desk.apply"));
  const undo = h("button", { class: "plain", onclick: () => { fill(base); } }, t("desk.undo"));
  const day = trial({ text, about, complain });
  const name = h("span", { class: "small" });
  const part = (key, content, more) => h("section", {}, h("h3", {}, t(key)), more, content);
  const element = h("main", { class: "desk" },
    h("header", {}, h("button", { class: "plain", onclick: leave }, t("desk.back")), h("h2", {}, t("desk")), name),
    h("div", { class: "sides" },
      h("div", { class: "side" }, stale, field.element, h("div", { class: "bar" }, status, undo, apply), list),
      h("div", { class: "side" }, part("desk.plan", would), part("desk.trial", day.element), part("desk.versions", kept, h("p", { class: "small" }, t("desk.versions.hint"))))));

  const match = () => ({ "if-match": `"${base.version}"` });
  const isOther = () => field.text() !== base.text;
  // A version that is only shown is kept by the house.
  const mayReplace = () => !isOther() || field.text() === shown || confirm(t("desk.lose"));
  const load = async () => plain(await ask("GET", "config"));

  /** The text as the file has it. */
  function text() {
    return field.text().replaceAll("\n", base.ends);
  }

  /** Reads the file. What was written since the text was `before` stays; if the file is not `isMine`, Apply says so. */
  async function read(before = field.text(), isMine = !base.version) {
    try {
      const file = await load();
      if (field.text() === before) fill(file);
      else if (isMine) keep(file);
      await versions();
    } catch (error) {
      complain(error.message || t("refused.link"));
    }
  }

  /** This is the file; it is what is being edited, too. */
  function fill(file) {
    keep(file);
    replace(file.text);
    look();
  }

  /** This is the file; what is being edited stays. */
  function keep(file) {
    base = file;
    put(stale, "hidden", true);
    say(name, file.name);
  }

  function replace(text) {
    if (field.text() === text) return;
    field.fill(text);
    changed();
  }

  /** What was said of the text before does not hold. */
  function changed() {
    checked = outcome = undefined;
    day.written();
    draw();
  }

  function written() {
    clearTimeout(timer);
    timer = setTimeout(look, SETTLED);
    changed();
  }

  /** What is wrong with it, and what it would change. */
  async function look() {
    clearTimeout(timer);
    const mine = ++asking, edited = text();
    try {
      const news = await ask("POST", "config/check", { text: edited });
      if (mine !== asking) return;
      checked = news;
      field.mark(news.diagnostics);
      draw();
      if (!news.good || !isOther()) return planned();
      const plan = await ask("POST", "plan", { name: base.name, text: edited });
      if (mine === asking) planned(plan);
    } catch (error) {
      if (mine === asking) complain(error.message || t("refused.link"));
    }
  }

  function draw() {
    const wrong = checked?.diagnostics ?? [], errors = wrong.filter(({ severity }) => severity === "error").length;
    say(status, !checked ? t("desk.checks") : errors ? t("desk.wrong", errors) : isOther() ? t("desk.good") : outcome ?? t("desk.same"));
    status.classList.toggle("is-bad", errors > 0);
    put(apply, "disabled", isBusy || !checked?.good || !isOther());
    put(undo, "disabled", isBusy || !isOther());
    renewed(list, wrong, () => wrong.map(({ severity, line, column, message, help }) => h("li", { class: severity },
      h("button", { onclick: () => line && field.go(line, column) }, h("b", {}, line ? t("desk.line", line) : t("desk.file")), ` ${message}`, h("small", {}, help)))));
  }

  function planned(plan) {
    const arrow = ({ what, before, after }) => h("div", {}, h("dt", {}, what), h("dd", {}, `${before ?? "–"} → ${after ?? "–"}`));
    const group = (key, rows, row = arrow) => rows?.length > 0 && [h("h4", {}, t(`desk.plan.${key}`)), h("dl", { class: "changes" }, rows.slice(0, MOST).map(row)),
      rows.length > MOST && h("p", { class: "small" }, t("more", rows.length - MOST))];
    const move = ({ output, before, after, why }) => h("div", {}, h("dt", {}, output), h("dd", {}, `${before ?? "–"} → ${after ?? "–"}`, why && h("small", {}, why)));
    const none = t(checked && !checked.good ? "desk.plan.wrong" : "desk.plan.none");
    renewed(would, plan ?? none, () => {
      if (!plan) return [h("p", { class: "small" }, none)];
      const told = [plan.restart && h("p", {}, t("desk.restart")), ...["moves", "settings", "wires", "topics", "entities", "by_hand"]
        .flatMap((key) => group(key, plan[key], key === "moves" ? move : arrow))].flat().filter(Boolean);
      return told.length ? told : [h("p", { class: "small" }, t("desk.plan.nothing"))];
    });
  }

  /** Sends a change, and shows what became of it. */
  async function send(change) {
    const before = field.text();
    isBusy = true;
    draw();
    try {
      const { restart } = await change();
      complain("");
      await read(before, true);
      outcome = restart ? t("desk.restart") : t("desk.applied");
    } catch (error) {
      if (error.status === 412) await meet(change);
      else complain(error.message || t("desk.unanswered"));
    }
    isBusy = false;
    draw();
  }

  /** Somebody else was faster; or hearthd was started anew, and the file is the same. */
  async function meet(change) {
    const file = await load().catch(() => undefined);
    if (!file) return complain(t("refused.link"));
    if (file.text === base.text && file.version !== base.version) {
      base = file;
      return send(change);
    }
    stale.replaceChildren(h("p", {}, t("desk.stale")),
      h("button", { class: "plain", onclick: () => fill(file) }, t("desk.stale.read")),
      h("button", { class: "plain", onclick: () => { keep(file); look(); } }, t("desk.stale.keep")));
    put(stale, "hidden", false);
  }

  async function versions() {
    const all = await ask("GET", "config/versions");
    const one = ({ id, until, by, added, removed }) => h("li", {},
      h("span", {}, t("desk.version", moment(until, about().time), by), h("small", {}, ` +${added} −${removed}`)),
      h("div", { class: "ways" }, h("button", { class: "plain", onclick: () => show(id) }, t("desk.version.show")),
        h("button", { class: "plain", onclick: () => mayReplace() && send(() => ask("PUT", `config/versions/${id}`, undefined, match())) }, t("desk.version.back"))));
    renewed(kept, all, () => (all.length ? all.map(one) : [h("li", { class: "small" }, t("desk.versions.none"))]));
  }

  async function show(id) {
    try {
      const { text } = plain(await ask("GET", `config/versions/${id}`));
      if (!mayReplace()) return;
      replace(shown = text);
      look();
    } catch (error) {
      complain(error.message || t("refused.link"));
    }
  }

  // What was written and not applied is not lost by a slip.
  const warn = (event) => { if (isOther()) event.preventDefault(); };
  addEventListener("beforeunload", warn);
  read();
  return {
    element,
    /** The house is back, or another file came into force; what somebody is writing stays. */
    renew: () => {
      if (isBusy) return;
      if (isOther()) look();
      else read();
    },
    /** It is shown again. */
    draw: () => {
      field.draw();
      day.draw();
    },
    end: () => {
      clearTimeout(timer);
      removeEventListener("beforeunload", warn);
      element.remove();
    },
  };
}

/** A file as a field of text has it, and how its lines end: as the first does. */
function plain(file) {
  return { ...file, text: file.text.replace(/\r\n?/g, "\n"), ends: /^.*\r\n/.test(file.text) ? "\r\n" : "\n" };
}
