// The page: draws what live.js tells, sends what people touch.

import { TOLD, climate } from "./climate.js";
import { h, put, say } from "./dom.js";
import { glance } from "./glance.js";
import { health } from "./health.js";
import { holds } from "./hold.js";
import { ask, listen } from "./live.js";
import { allow, control, mayAct } from "./may.js";
import { past } from "./past.js";
import { aged, isGood, isOn, path, since, state, why } from "./point.js";
import { rules } from "./rules.js";
import { context } from "./said.js";
import { sheet } from "./sheet.js";
import { comes, line, outputTile, zoneTile } from "./tiles.js";
import { today } from "./today.js";
import { trouble } from "./trouble.js";
import { clock, speak, t } from "./words.js";

const get = (id) => document.getElementById(id);
/** What a finger moves along. */
const HELD = "input[type=range], .plot, .handle";
const WRITTEN = "#sheet input[type=number]";
/** What few people need comes when they do. */
const DESK = "./desk.js";
const said = get("said"), points = new Map(), shown = new Map();
let isHeld = false, about = {}, rooms = [], scenes = [], isLinked = false, problems, modes, opened;
let onNow, ruled, modeReason, roomHeads = [], history, regulator, day, session, bench, condition, heardAt = 0, opening = 0;

const last = (id) => id.slice(id.lastIndexOf(".") + 1);
const zoneOf = (point) => point.id.slice(0, point.id.lastIndexOf("."));

/** The time of the house, in milliseconds: it goes on where nothing is told. What is told has whole seconds. */
const now = () => Date.parse(about.time) + 1000 + Date.now() - heardAt;

/** It is so late there. */
function hear(time) {
  about.time = context.time = time;
  heardAt = Date.now();
}

// What people touch.

async function act(id, value, hold) {
  if (!isLinked) return complain(t("refused.link"));
  const tile = shown.get(id) ?? shown.get(zoneOf({ id }));
  tile?.busy(true);
  try {
    const body = hold ? { value, for: hold } : { value };
    note(value === "AUTO" ? await ask("DELETE", `points/${path(id)}`) : await ask("PUT", `points/${path(id)}`, body));
    complain("");
  } catch (error) {
    complain(error.message || t("refused.link"));
  }
  tile?.busy(false);
}

let quiet;
function complain(text) {
  clearTimeout(quiet);
  // What lies under an open dialog is neither seen nor read.
  (document.querySelector("dialog[open]") ?? document.body).append(said);
  say(said, text);
  if (text) quiet = setTimeout(() => say(said, ""), 8000);
}

async function open(id) {
  opened = id;
  opening += 1;
  const isDrawn = await draw(id);
  opening -= 1;
  if (isDrawn && !get("sheet").open) get("sheet").showModal();
  if (!get("sheet").open && !opening) opened = undefined;
}

// What is shown in the sheet is to be as new as what is behind it; one that was closed meanwhile stays so.
async function redraw() {
  if (get("sheet").open && !isInHand()) await draw(opened);
}

const isWritten = () => document.activeElement?.matches(WRITTEN) ?? false;

// What somebody has hold of is drawn anew when it is let go, and what is being written when that is done.
const isInHand = () => isHeld || isWritten();

async function draw(id) {
  try {
    const reasons = await ask("GET", `why/${path(id)}`);
    if (opened !== id || !opening && isInHand()) return false;
    const { point } = reasons;
    const isPart = (other) => other.part_of === id || point.kind === "climate" && other.id !== id && zoneOf(other) === zoneOf(point) && other.commands && !TOLD.test(other.id);
    const tell = async (...command) => { await act(...command); await redraw(); };
    const parts = [...points.values()].filter(isPart);
    const isSlider = document.activeElement?.matches("#sheet input[type=range]");
    const content = sheet(reasons, { tell, close: () => get("sheet").close(), parts, now: about.time, zone: regulates(point, tell) });
    fill(content, remembers(point));
    if (isSlider) get("sheet").querySelector("input[type=range]")?.focus();
    return true;
  } catch (error) {
    complain(error.message || t("refused.link"));
    return false;
  }
}

/** The history of what the sheet is about, where there is one: of a zone, how warm it was. */
function remembers(point) {
  if (!about.has_history) return history = undefined;
  const subject = point.kind === "climate" && points.get(`${zoneOf(point)}.measured`) || point;
  if (history?.id !== subject.id) history = past(subject, { points, about: () => about, now }, subject === point ? undefined : t("past.of", subject.name));
  return history;
}

/** The zone that the sheet is about, with its dial. */
function regulates(point, tell) {
  const zone = point.kind === "climate" && about.zones?.find((zone) => zone.id === zoneOf(point));
  if (!zone) return regulator = undefined;
  if (regulator?.zone !== zone) regulator = climate(zone, { parts: partsOf(zone.id), points, tell, about: () => about });
  regulator.update();
  return regulator;
}

/** Puts `content` and what is remembered into the sheet. What is there already stays where it is, for whoever has hold of it. */
function fill(content, kept) {
  const dialog = get("sheet"), all = [...content, kept?.element, said.parentElement === dialog && said].filter(Boolean);
  for (const child of [...dialog.children]) if (!all.includes(child)) child.remove();
  let place = dialog.firstElementChild;
  for (const element of all) {
    if (element === place) place = place.nextElementSibling;
    else dialog.insertBefore(element, place);
  }
}

/** The points of a zone by their last word. */
const partsOf = (zone) => () => Object.fromEntries([...points.values()].filter((point) => point.kind === "climate" && zoneOf(point) === zone).map((point) => [last(point.id), point]));

// What is drawn once for a configuration.

function build() {
  shown.clear();
  const all = [...points.values()], doors = { act, open, next: (...ids) => day?.next(...ids) };
  // Unfolded it stays so, whatever is wrong next.
  problems ??= trouble(open);
  const main = get("house");
  const house = { points, about: () => about, now, open, foreseen: soon };
  day?.end();
  day = all.length ? today(house) : undefined;
  // What somebody opened or closed there stays so.
  condition?.renew();
  condition = all.length ? condition ?? health(house) : undefined;
  ruled = all.length ? ruled ?? rules({ ...house, ahead: (name) => day?.ahead(name) }) : undefined;
  onNow = all.length ? onNow ?? glance(house) : undefined;
  ruled?.renew();
  const content = [problems.element, day?.element, onNow?.element].filter(Boolean);
  const mode = points.get("mode");
  modes = mode && h("div", { class: "choice", role: "group", "aria-label": t("mode") },
    mode.commands.words.map((word) => control({ "data-word": word, onclick: () => act("mode", word) }, word.replaceAll("_", " "))));
  modeReason = mode && h("button", { class: "reason-of-mode", onclick: () => open("mode") });
  if (modes) content.push(modes, modeReason);
  if (scenes.length) {
    content.push(h("div", { class: "choice", role: "group", "aria-label": t("scenes") },
      scenes.map((scene) => control({ onclick: () => act(scene.id, "ON") }, scene.name))));
  }
  const places = [...rooms, { id: undefined, name: t("house") }];
  roomHeads = [];
  content.push(h("div", { id: "rooms" }, places.map((place) => room(place, all.filter((point) => point.room === place.id), doors)).filter(Boolean)));
  if (!all.length) content.push(h("p", { class: "empty" }, t("empty")));
  if (ruled) content.push(ruled.element);
  if (condition) content.push(condition.element);
  if (session?.edits) content.push(h("p", { class: "foot" }, h("button", { class: "plain", onclick: () => { location.hash = "config"; } }, t("desk.open"))));
  main.replaceChildren(...content);
  put(main, "aria-busy", null);
  update();
}

function room(place, here, doors) {
  const keep = (id, made) => { shown.set(id, made); return made.element; };
  const outputs = here.filter((point) => point.kind === "output" && !point.part_of);
  const zones = [...new Set(here.filter((point) => point.kind === "climate").map(zoneOf))];
  const lines = here.filter((point) => ["reading", "input"].includes(point.kind) && point.category !== "diagnostic" || ["power", "energy", "setting"].includes(point.kind));
  if (!outputs.length && !zones.length && !lines.length && !place.id) return null;
  // Who is there has reasons of its own.
  const occupied = `${place.id}.occupied`;
  const who = points.has(occupied) ? h("button", { class: "who", onclick: () => doors.open(occupied) }) : h("span", { class: "who" });
  roomHeads.push(() => {
    const person = points.get(occupied);
    const warm = here.filter((point) => place.id && point.class === "temperature" && point.kind === "reading").slice(0, 1)
      .map((point) => points.get(point.id)).filter(isGood).map(state);
    who.classList.toggle("is-on", Boolean(person && isOn(person)));
    say(who, [person && [aged(person), since(person, now())].filter(Boolean).join(", "), ...warm].filter(Boolean).join(" · "));
    if (person) put(who, "aria-label", t("tile.more", place.name, who.textContent));
  });
  return h("section", { class: "room", "aria-label": place.name },
    h("header", {}, h("h2", {}, place.name), who),
    h("div", { class: "tiles" },
      outputs.map((point) => keep(point.id, outputTile(point.id, doors))),
      zones.map((zone) => keep(zone, zoneTile(zone, partsOf(zone), doors)))),
    lines.length > 0 && h("ul", { class: "readings" }, lines.map((point) => keep(point.id, line(point.id, doors)))));
}

/** How warm it is outside, where a zone says which sensor knows. */
const outdoor = () => points.get(about.zones?.find(({ outdoor }) => outdoor)?.outdoor);

/** Shows the house, or the file that it is made of: the address of the page says which. */
async function route() {
  const isAsked = () => location.hash === "#config" && Boolean(session?.edits && about.time), leave = () => { location.hash = ""; };
  if (isAsked() && !bench) {
    const made = await import(DESK).catch(() => { complain(t("refused.link")); leave(); });
    if (made && isAsked()) bench ??= made.desk({ about: () => about, complain, leave });
  }
  const isDesk = Boolean(bench && isAsked());
  if (isDesk && !bench.element.isConnected) get("house").after(bench.element);
  put(get("house"), "hidden", isDesk);
  if (bench) put(bench.element, "hidden", !isDesk);
  if (isDesk) bench.draw();
  else update();
}

// What is drawn at each change.

function update() {
  say(get("hub"), about.name ?? "hearthd");
  document.title = about.name ?? "hearthd";
  say(get("clock"), about.time_known ? clock(about.time) : t("clock.unknown", clock(about.time)));
  for (const [id, made] of shown) made.update(points.get(id));
  for (const head of roomHeads) head();
  day?.update();
  condition?.update();
  onNow?.update();
  ruled?.update();
  if (points.size) regulator?.update();
  const mode = points.get("mode");
  if (modes && mode) {
    for (const button of modes.children) put(button, "aria-pressed", String(button.dataset.word === mode.value));
    say(modeReason, [why(mode.why) || t("sheet.why"), comes(day?.next("mode"))].filter(Boolean).join(" "));
    put(modeReason, "aria-label", t("tile.more", t("mode"), modeReason.textContent));
  }
  const outside = outdoor();
  put(get("outside"), "hidden", !outside);
  if (outside) {
    say(get("outside"), t("outside", aged(outside)));
    get("outside").classList.toggle("is-bad", !isGood(outside));
  }
  problems?.update(about, points.values());
}

let drawn;
const soon = () => { drawn ??= requestAnimationFrame(() => { drawn = undefined; update(); }); };

function note(point) {
  points.set(point.id, point);
  soon();
}

function told(kind, news) {
  if (kind === "snapshot") {
    ({ rooms = [], scenes = [] } = news);
    about = news;
    context.names = new Map([...rooms, ...(about.zones ?? []), ...news.points].map(({ id, name }) => [id, name]));
    hear(news.time);
    // Another file may say other things of the zone.
    regulator = undefined;
    points.clear();
    news.points.forEach((point) => points.set(point.id, point));
    build();
    bench?.renew();
    route();
    if (opened) points.has(opened) ? redraw() : get("sheet").close();
  } else if (kind === "house") {
    about = { ...about, ...news };
    hear(news.time);
    condition?.renew();
    soon();
  } else {
    hear(news.time);
    news.points.forEach((point) => points.set(point.id, point));
    if (news.points.some((point) => point.id === opened)) redraw();
    day?.changed(news.points);
    ruled?.renew();
    soon();
  }
}

// Who somebody is; null: they have to say so first.
function who(is) {
  session = is;
  put(get("leave"), "hidden", !session?.user);
  allow(session?.scope);
  put(get("may"), "hidden", mayAct());
  document.body.classList.toggle("is-reader", !mayAct());
  // Where the house could not be asked, what somebody writes stays.
  if (session?.user && !session.edits) {
    bench?.end();
    bench = undefined;
  }
  if (session) return session.user && say(get("leave"), t("login.leave", session.user));
  opened = undefined;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  points.clear();
  shown.clear();
  day?.end();
  // What somebody wrote there waits for them.
  bench?.element.remove();
  day = condition = onNow = ruled = undefined;
  about = {};
  put(get("house"), "hidden", false);
  put(get("link"), "hidden", true);
  put(get("outside"), "hidden", true);
  document.body.classList.remove("is-lost");
  get("house").replaceChildren(login());
  put(get("house"), "aria-busy", null);
}

function login() {
  const field = (name, type, complete) => h("label", {}, t(`login.${name}`), h("input", { class: "find", name, type, autocomplete: complete, required: true }));
  const enter = async (event) => {
    event.preventDefault();
    try {
      await ask("POST", "login", Object.fromEntries(new FormData(event.target)));
      complain("");
      listenAgain();
    } catch (error) {
      complain(error.message || t("refused.link"));
    }
  };
  return h("form", { class: "login", onsubmit: enter }, h("h2", {}, t("login.title")), field("user", "text", "username"),
    field("password", "password", "current-password"), h("button", { class: "plain" }, t("login.enter")));
}

async function leave() {
  await ask("POST", "logout", {}).catch(() => {});
  location.reload();
}

function link(is) {
  isLinked = is;
  document.body.classList.toggle("is-lost", !is);
  put(get("link"), "hidden", is);
  if (!is) say(get("link"), about.time ? t("link.lost", clock(about.time)) : t("link.first"));
}

// Keys.

function finder() {
  const dialog = get("keys");
  const list = h("ul", { class: "readings" });
  const field = h("input", { class: "find", type: "search", "aria-label": t("find"), placeholder: t("find"), oninput: () => fill() });
  const fill = () => {
    const wanted = field.value.toLowerCase();
    const found = [...points.values()].filter((point) => `${point.name} ${point.id}`.toLowerCase().includes(wanted)).slice(0, 12);
    list.replaceChildren(...(found.length ? found.map((point) => h("li", {}, h("button", { onclick: () => { dialog.close(); open(point.id); } },
      h("span", { class: "name" }, point.name), h("span", { class: "state" }, aged(point))))) : [h("li", { class: "small" }, t("find.none"))]));
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    // What has the focus again when this closes is not pressed.
    event.preventDefault();
    list.querySelector("button")?.click();
  });
  dialog.replaceChildren(field, list);
  fill();
  dialog.showModal();
  field.focus();
}

function help() {
  const rows = [["/", "keys.find"], ["← → + −", "keys.chart"], ["?", "keys.help"], ["Esc", "keys.close"]];
  get("keys").replaceChildren(h("h2", {}, t("keys")), h("dl", { class: "keys" }, rows.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(what))])));
  get("keys").showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
  const does = { "/": finder, "?": help }[event.key];
  if (does) { event.preventDefault(); does(); }
});
get("sheet").addEventListener("close", () => {
  // That the last one was closed may be told only after the next one was asked for.
  if (get("sheet").open || opening) return;
  regulator?.settle();
  opened = history = regulator = undefined;
  holds.clear();
});
// Who leaves a number for a button presses that button, and none that is drawn in its place.
get("sheet").addEventListener("pointerdown", (event) => { isHeld = isWritten() || Boolean(event.target.closest(HELD)); });
get("sheet").addEventListener("focusout", (event) => { if (event.target.matches(WRITTEN)) redraw(); });
for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, () => { if (isHeld) { isHeld = false; redraw(); } });
}
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

await speak();
say(get("may"), t("may.read"));
link(false);
get("leave").addEventListener("click", leave);
get("outside").addEventListener("click", () => open(outdoor().id));
addEventListener("hashchange", route);
const listenAgain = listen(told, link, who);
// The time goes on where nothing changes: of what is shown, only ages would be wrong.
setInterval(() => {
  if (!about.time || !isLinked) return;
  ask("GET", "points").then((news) => { hear(news.time); news.points.forEach((point) => points.set(point.id, point)); soon(); history?.renew(); condition?.renew(); ruled?.renew(); }).catch(() => {});
}, 60000);
