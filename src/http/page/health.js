// How the house itself is: one calm line while all is well, else what is not, in words.

import { h, put, renewed, say } from "./dom.js";
import { ask } from "./live.js";
import { aged } from "./point.js";
import { lasting, moment, number, t, has } from "./words.js";

/** Of the machine, what is worth a look. */
const MACHINE = ["disk_free", "memory", "cpu_temperature", "i2c_errors", "started", "kernel"];

/** So much of what rules had to say is shown, of so long. */
const SAID_MOST = 10, SAID_SINCE = "7d";

/** So many with the same fault are told one by one, and so many are named at once. */
const ALIKE = 3, NAMES_MOST = 6;

/** The part of the page. `points` are those of the house; `about()` is the house itself, `open(id)` shows a sheet. */
export function health({ points, about, open }) {
  const line = h("span", {}), list = h("ul", { class: "checks" }), machine = h("dl", { class: "machine" });
  const notices = h("ul"), said = h("section", { class: "said", hidden: true }, h("h3", {}, t("health.said")), notices);
  const element = h("details", { id: "health", class: "health" }, h("summary", {}, h("h2", {}, t("health")), line), list, said, machine);
  let checks, wasWell = true;

  async function renew() {
    // It answers with 503 when it is not well, and says so in the same words.
    checks = await fetch("healthz", { cache: "no-store" }).then((answer) => answer.json()).then((answer) => answer.checks).catch(() => checks);
    update();
    if (element.open) await look();
  }

  async function look() {
    const [vitals, told] = await Promise.all([ask("GET", "hub").catch(() => []), notes()]);
    const own = h("div", {}, h("dt", {}, "hearthd"), h("dd", {}, about().version));
    const rows = MACHINE.map((word) => vitals.find(({ id }) => id === `hub.${word}`)).filter((vital) => vital?.value != null);
    machine.replaceChildren(own, ...rows.map(({ id, name, value, unit }) => h("div", {}, h("dt", {}, has(`health.${id}`) ? t(`health.${id}`) : name), h("dd", {}, spoken(value, unit)))));
    hear(told, vitals.find(({ id }) => id === "hub.last_notice")?.parts);
  }

  /** What rules had to say, as the history knows it. */
  const notes = async () => about().has_history ? ask("GET", `history/notices?from=${SAID_SINCE}&spans=1`).then(({ changes }) => changes, () => []) : [];

  /** The newest first. Where the history knows of none, the hub still knows the last. */
  function hear(told, parts) {
    const last = told.length ? told.slice(-SAID_MOST).reverse() : parts ? [{ time: parts.time, value: parts.text, why: parts.rule }] : [];
    put(said, "hidden", !last.length);
    renewed(notices, [last, about().time?.slice(0, 10)], () => last.map(({ time, value, why }) => h("li", {},
      h("span", { class: "small" }, [moment(time, about().time), why].filter(Boolean).join(" · ")), h("span", {}, value))));
  }

  function spoken(value, unit) {
    if (/^\d{4}-\d\d-\d\dT/.test(value)) return lasting(Math.max(0, (Date.parse(about().time) - Date.parse(value)) / 1e3));
    const isNumber = /^-?[\d.]+$/.test(value) && unit != null;
    return isNumber ? `${number(Number(value), /\.(\d+)$/.exec(value)?.[1].length ?? 0)}\u00a0${unit}` : value;
  }

  function names(all) {
    const named = all.slice(0, NAMES_MOST).map((point) => point.name).join(", ");
    return all.length > NAMES_MOST ? `${named} ${t("more", all.length - NAMES_MOST)}` : named;
  }

  /** Points that are not well; where one thing is wrong with many of them, it is said once. */
  function alike(bad) {
    const by = new Map();
    for (const point of bad) by.set(point.fault ?? "", [...by.get(point.fault ?? "") ?? [], point]);
    return [...by].flatMap(([fault, alike]) => (fault && alike.length > ALIKE
      ? [[false, "points", `${fault} (${alike.length}): ${names(alike)}`]]
      : alike.map((point) => [false, "points", `${point.name}: ${point.fault ?? aged(point)}`, point.id])));
  }

  /** Each thing that is looked at: whether it is well, what it is called and what is so. */
  function rows() {
    const house = about(), all = [...points.values()].filter((point) => !point.part_of);
    const bad = all.filter((point) => ["fault", "stale"].includes(point.quality));
    const unheard = all.filter((point) => point.quality === "unknown" && ["reading", "input"].includes(point.kind));
    const lost = checks && !checks.control_loop;
    return [
      [!lost, "loop", lost ? t("health.loop.bad", lasting(checks.last_pass_s)) : t("health.loop.good")],
      ...alike(bad),
      ...(bad.length ? [] : [[true, "points", t("health.points.good", all.length)]]),
      ...(unheard.length ? [[true, "points", t("health.points.unheard", names(unheard))]] : []),
      ...(house.broker ? [[house.broker.connected, "broker", house.broker.connected ? t("health.broker.good") : t("health.broker.bad", house.broker.error ?? "")]] : []),
      ...(house.homeassistant ? [[true, "homeassistant", t("health.homeassistant.good", number(house.homeassistant.connected, 0))]] : []),
      [!house.state_unsaved, "disk", house.state_unsaved ? t("problem.state", house.state_unsaved) : t("health.disk.good")],
      [house.time_known !== false, "time", house.time_known === false ? t("problem.clock") : t("health.time.good", moment(house.time, house.time))],
      [!house.history_unwritten, "history", house.history_unwritten ? t("problem.history", house.history_unwritten) : house.has_history ? t("health.history.good") : t("health.history.none")],
      [!house.config_refused, "config", house.config_refused ? t("problem.file") : t("health.config.good"), undefined, house.config_refused],
    ];
  }

  function update() {
    const made = rows(), wrong = made.filter(([isWell]) => !isWell).length;
    say(line, wrong ? t("health.bad", number(wrong, 0)) : t("health.good"));
    element.classList.toggle("is-bad", wrong > 0);
    // What begins to be wrong shows itself; who closes it is not asked again.
    if (wasWell && wrong) element.open = true;
    wasWell = !wrong;
    renewed(list, made, () => made.map(([isWell, what, words, id, detail]) => h("li", { class: isWell ? "" : "is-bad" },
      h("span", { class: "heard" }, t(isWell ? "health.is.good" : "health.is.bad")), h("span", { class: "what" }, t(`health.${what}`)),
      id ? h("button", { onclick: () => open(id) }, words) : h("span", {}, words), detail && h("pre", { tabindex: 0 }, detail))));
  }

  element.addEventListener("toggle", () => { if (element.open) look(); });
  renew();
  return { element, update, renew };
}
