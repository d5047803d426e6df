// What a person does on the page, in a real Chromium. tests/page.rs runs it and does what happens meanwhile in the house:
// a line `> WORD` asks for it, a line on the standard input says that it is done.
// Usage: node page.mjs URL CHROMIUM [folder for pictures]

import { axe, end, everywhere, fits, meanwhile, open, picture, settled, sizes, watch } from "./person.mjs";
import assert from "node:assert/strict";

const page = await open();
watch(page);
const tile = (name) => page.locator(".tile", { hasText: name });
const act = (name) => tile(name).locator(".act");

// The house is there, in its rooms; what it is called is never markup.
await act("Hall light").waitFor();
assert.equal(await page.title(), "Cottage <b>&");
assert.equal(await page.locator("h1 b, .tile b").count(), 0);
assert.ok(await page.locator(".room", { hasText: "Hall" }).locator(".tile", { hasText: "Hall light" }).count());
await page.waitForLoadState("load");
const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size);
// As docs/http.md says, or nearly.
assert.ok(bytes > 160_000 && bytes < 180_000, `${bytes} bytes`);
console.log(`the page takes ${bytes} bytes`);
// It can be put on the home screen; in a window that keeps nothing, it is not offered.
const devtools = await page.context().newCDPSession(page);
assert.deepEqual((await devtools.send("Page.getAppManifest")).errors, []);
const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito"), []);

// A touch switches, and says so to those who do not see.
await act("Hall light").click();
await page.locator(".tile.is-on", { hasText: "Hall light" }).waitFor();
assert.equal(await act("Hall light").getAttribute("aria-pressed"), "true");
await page.getByRole("button", { name: /Hall light on by hand/ }).waitFor();
await meanwhile("the hall light is on");
// One glance: what is on, and why; unfolded, all of it.
const glance = page.locator("#glance");
await glance.locator(".line", { hasText: /^On: Hall light · by hand: command by HTTP/ }).waitFor();

// What happens elsewhere appears by itself.
await meanwhile("move in the hall");
await page.locator(".who.is-on", { hasText: "somebody is here" }).waitFor();
await meanwhile("switch the pump on");
await page.locator(".tile.is-on", { hasText: "Pump" }).waitFor();
await glance.locator(".line", { hasText: /^On: Hall light, Pump$/ }).waitFor();
await glance.locator("summary").click();
await glance.getByRole("button", { name: "Pump by hand: command by MQTT" }).waitFor();
await glance.locator("summary").click();

// Who is in a room, and what shows it.
const sheet = page.locator("#sheet");
await page.getByRole("button", { name: /^Why: Hall, somebody is here/ }).click();
await sheet.locator("section", { hasText: "What shows that somebody is here" }).locator(".parts .yes", { hasText: "motion" }).waitFor();
await page.keyboard.press("Escape");
await sheet.waitFor({ state: "hidden" });

// The rules, each with what it does now.
const rule = page.locator("#rules li", { hasText: "Hall light while somebody is there" });
await page.locator("#rules summary").click();
await rule.getByText("hall.occupied → Hall light ON").waitFor();
await rule.getByText("something above it holds what it sets").waitFor();

// Why, for how long, and back to the rules.
await tile("Hall light").locator(".why").click();
await sheet.getByText("by hand: command by HTTP").waitFor();
await sheet.getByRole("button", { name: "until I say so", pressed: true }).waitFor();
await sheet.getByRole("button", { name: "2 hours" }).click();
await sheet.getByText(/by hand: command by HTTP, until (.* )?\d\d:\d\d$/).waitFor();
await sheet.getByRole("button", { name: "until the room is empty" }).click();
await sheet.getByText("by hand: command by HTTP, until Hall is empty").waitFor();
await sheet.getByRole("button", { name: "until the room is empty", pressed: true }).waitFor();
assert.equal(await sheet.locator(".plot").count(), 0, "this house keeps no history");
// Reasons are in the language of the page, too.
const german = await open({ locale: "de-DE" });
const reason = (name) => german.locator(".tile", { hasText: name }).locator(".why");
await reason("Hall light").getByText(/^von Hand: Befehl von HTTP, bis Hall leer ist$/).waitFor();
await german.getByRole("button", { name: /^Warum: Hall, jemand/ }).click();
await german.locator("#sheet").getByText(/^jemand bewegt sich \(Hall motion\)$/).waitFor();
await german.context().close();
await sheet.getByRole("button", { name: "Give back to the rules" }).click();
await sheet.getByText("on · Hall light while somebody is there").waitFor();
await sheet.locator(".parts .yes", { hasText: "hall.occupied" }).waitFor();
await page.keyboard.press("Escape");
await sheet.waitFor({ state: "hidden" });
await rule.getByText("Now: holds Hall light.").waitFor();
await page.locator("#rules summary", { hasText: "1 of 1" }).click();

// A level by keyboard: the focus is on the slider.
await page.keyboard.press("/");
await page.keyboard.type("reading l");
await page.keyboard.press("Enter");
await sheet.locator("input[type=range]").focus();
await page.keyboard.press("End");
await page.locator(".tile.is-on", { hasText: "Reading lamp" }).waitFor();
await page.keyboard.press("Escape");
await meanwhile("the reading lamp is at 100 %");

// A number of the file, written; one that cannot be is not sent, nor what is given up.
const number = sheet.locator("input[type=number]"), sent = [];
page.on("request", (request) => { if (request.method() !== "GET") sent.push(`${request.method()} ${request.postData()}`); });
const openNumber = async () => {
  await page.locator(".readings button", { hasText: "Hall empty after" }).click();
  await sheet.locator(".slots li", { hasText: "60 min · the file" }).waitFor();
  assert.equal(await number.inputValue(), "60");
};
await openNumber();
await number.fill("45");
await page.keyboard.press("Escape");
await sheet.waitFor({ state: "hidden" });
await openNumber();
await number.fill("");
await number.press("Enter");
await number.fill("0.1");
await number.press("Enter");
assert.ok(await number.evaluate((input) => input === document.activeElement), "what cannot be is still being written");
await page.keyboard.press("Escape");
await sheet.waitFor({ state: "hidden" });
await openNumber();
assert.deepEqual(sent, []);
// Each step is not yet a command; another window takes nothing away.
await number.focus();
for (let step = 0; step < 3; step += 1) await number.press("ArrowUp");
await number.dispatchEvent("blur");
assert.equal(await number.inputValue(), "63");
await number.press("Enter");
await sheet.locator(".slots li", { hasText: "63 min · by hand: command by HTTP" }).waitFor();
assert.deepEqual(sent, ['PUT {"value":63}']);
// A button is pressed by who leaves a number for it, too.
await number.fill("63.5");
await sheet.getByRole("button", { name: "Give back to the rules" }).click({ delay: 200 });
await sheet.locator(".big", { hasText: /^60/ }).waitFor();
assert.deepEqual(sent.slice(1), ['PUT {"value":63.5}', "DELETE null"]);
await number.fill("90");
await number.press("Enter");
await sheet.locator(".slots li", { hasText: "90 min · by hand: command by HTTP" }).waitFor();
await sheet.locator(".slots li.lost", { hasText: "60 min" }).waitFor();
await meanwhile("the hall is empty after 90 min");
await sheet.getByRole("button", { name: "Give back to the rules" }).click();
await sheet.locator(".big", { hasText: /^60/ }).waitFor();
await page.keyboard.press("Escape");
await sheet.waitFor({ state: "hidden" });

// What is refused is said.
await meanwhile("lock the pump");
await act("Pump").click();
await page.locator("#said", { hasText: "locked" }).waitFor();

await tile("Pump").locator(".why").click();
await sheet.getByRole("button", { name: "2 hours" }).first().waitFor();
assert.equal(await sheet.getByRole("button", { name: "until the room is empty" }).count(), 0, "it is in no room");
await sheet.getByRole("button", { name: "until the next change", pressed: true }).first().waitFor();
await sheet.getByRole("button", { name: "2 hours" }).first().click();
await sheet.getByRole("button", { name: "Off", exact: true }).first().click();
await sheet.locator("#said", { hasText: "locked" }).waitFor();
assert.equal(await sheet.getByRole("button", { name: "2 hours" }).first().getAttribute("aria-pressed"), "true", "the choice stays");

// Another file: what it adds is there, what it takes away is gone.
await meanwhile("add a lamp, take the pump away");
await act("Added lamp").waitFor();
assert.equal(await tile("Pump").count(), 0);
await sheet.waitFor({ state: "hidden" });

// A dead sensor never looks alive.
await meanwhile("break the sensor");
await page.locator(".problems li", { hasText: "Living temperature" }).waitFor();
assert.match(await page.locator(".readings .is-bad .state").first().textContent(), /in fault|not heard/);

await page.locator("#health[open] li.is-bad", { hasText: "Living temperature" }).waitFor();

// The house goes away and comes back.
await meanwhile("kill it");
await page.locator("body.is-lost #link:visible", { hasText: "No connection since" }).waitFor();
await act("Hall light").click();
await page.locator("#said", { hasText: "nothing was changed" }).waitFor();
await meanwhile("start it");
await page.locator("body:not(.is-lost)").waitFor();

await everywhere(async (page, { width, colorScheme, isLooked }) => {
  // The longest that a reading says of itself.
  await page.evaluate(() => {
    document.querySelector(".readings .state").textContent = "19.5\u00a0°C · not heard for long, 55 minutes ago";
  });
  const where = `${width} px, ${colorScheme}`;
  const unfold = (isOpen) => page.evaluate((isOpen) => document.querySelectorAll("#glance, #rules").forEach((one) => { one.open = isOpen; }), isOpen);
  await unfold(true);
  await page.locator("#rules li").first().waitFor();
  // What is seen folded is seen here, too.
  await fits(page, where);
  if (isLooked) await axe(page, `home, ${where}`);
  await unfold(false);
  await picture(page, `home-${width}-${colorScheme}`, { fullPage: true });
  if (!isLooked) return;
  await page.locator(".tile .why").first().click();
  await page.locator("#sheet section").first().waitFor();
  await axe(page, `sheet, ${where}`);
  await picture(page, `sheet-${width}-${colorScheme}`);
});

// On the wall it is read from two metres.
const wall = await open({ viewport: { width: 1280, height: 800 }, hasTouch: true, colorScheme: "dark" });
await wall.locator(".tile").first().waitFor();
await settled(wall);
const high = (selector) => wall.locator(selector).first().evaluate((one) => parseFloat(getComputedStyle(one).fontSize));
for (const selector of [".tile .name", ".tile .state", ".room h2", "#glance .line", "#clock"]) assert.ok(await high(selector) > 32, selector);
await fits(wall, "on the wall");
await picture(wall, "wall-1280-dark");
await wall.context().close();

await end();
