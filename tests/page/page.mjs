// What a person does on the page, in a real Chromium. tests/page.rs runs it and does what happens meanwhile in the house:
// a line `> WORD` asks for it, a line on the standard input says that it is done.
// Usage: node page.mjs URL CHROMIUM [folder for pictures]

import { violations } from "./axe.mjs";
import { chromium } from "playwright-core";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";

const [url, executablePath, pictures] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const meanwhile = async (word) => {
  console.log(`> ${word}`);
  assert.equal((await answers.next()).value, "done");
};

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const troubles = [];
const sizes = [];
const open = async (options) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 780 }, locale: "en", ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => troubles.push(error.stack));
  page.on("request", (request) => { if (!request.url().startsWith(url) && !request.url().startsWith("data:")) troubles.push(request.url()); });
  page.on("response", (response) => {
    if (!response.url().includes("/api/")) sizes.push(response.body().then((body) => body.length, () => 0));
  });
  await page.goto(url);
  return page;
};

const page = await open();
// What a failure looks like.
process.on("uncaughtException", async (error) => {
  console.log(error.stack);
  console.log(await page.locator("body").innerText({ timeout: 1_000 }).catch(() => "the page is gone"));
  process.exit(1);
});
const tile = (name) => page.locator(".tile", { hasText: name });
const act = (name) => tile(name).locator(".act");

// The house is there, in its rooms; what it is called is never markup.
await act("Hall light").waitFor();
assert.equal(await page.title(), "Cottage <b>&");
assert.equal(await page.locator("h1 b, .tile b").count(), 0);
assert.ok(await page.locator(".room", { hasText: "Hall" }).locator(".tile", { hasText: "Hall light" }).count());
const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size);
assert.ok(bytes > 10_000 && bytes < 150_000, `${bytes} bytes`);
console.log(`the page takes ${bytes} bytes`);

// A touch switches, and says so to those who do not see.
await act("Hall light").click();
await page.locator(".tile.is-on", { hasText: "Hall light" }).waitFor();
assert.equal(await act("Hall light").getAttribute("aria-pressed"), "true");
await page.getByRole("button", { name: /Hall light on by hand/ }).waitFor();
await meanwhile("the hall light is on");

// What happens elsewhere appears by itself.
await meanwhile("move in the hall");
await page.locator(".who.is-on", { hasText: "somebody is here" }).waitFor();
await meanwhile("switch the pump on");
await page.locator(".tile.is-on", { hasText: "Pump" }).waitFor();

// Why, for how long, and back to the rules.
await tile("Hall light").locator(".why").click();
const sheet = page.locator("#sheet");
await sheet.getByText("by hand: command by HTTP").waitFor();
await sheet.getByRole("button", { name: "2 hours" }).click();
await sheet.getByText(/by hand: command by HTTP, until \d{4}/).waitFor();
await sheet.getByRole("button", { name: "Give back to the rules" }).click();
await sheet.getByText("on · Hall light while somebody is there").waitFor();
await sheet.locator(".parts .yes", { hasText: "hall.occupied" }).waitFor();
await page.keyboard.press("Escape");
await sheet.waitFor({ state: "hidden" });

// A level by keyboard: the focus is on the slider.
await page.keyboard.press("/");
await page.keyboard.type("reading l");
await page.keyboard.press("Enter");
await sheet.locator("input[type=range]").focus();
await page.keyboard.press("End");
await page.locator(".tile.is-on", { hasText: "Reading lamp" }).waitFor();
await page.keyboard.press("Escape");
await meanwhile("the reading lamp is at 100 %");

// What is refused is said.
await meanwhile("lock the pump");
await act("Pump").click();
await page.locator("#said", { hasText: "locked" }).waitFor();

await tile("Pump").locator(".why").click();
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

// The house goes away and comes back.
await meanwhile("kill it");
await page.locator("body.is-lost #link:visible", { hasText: "No connection since" }).waitFor();
await act("Hall light").click();
await page.locator("#said", { hasText: "nothing was changed" }).waitFor();
await meanwhile("start it");
await page.locator("body:not(.is-lost)").waitFor();

// Every size and theme: nothing is wider than the window, and nobody is shut out.
for (const colorScheme of ["light", "dark"]) {
  for (const width of [320, 360, 820, 1440, 2560]) {
    const page = await open({ viewport: { width, height: 900 }, colorScheme, locale: colorScheme === "dark" ? "de-DE" : "en" });
    await page.locator(".tile").first().waitFor();
    // The longest that a reading says of itself.
    await page.evaluate(() => {
      document.querySelector(".readings .state").textContent = "19.5\u00a0°C · not heard for long, 55 minutes ago";
    });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${width} px, ${colorScheme}: ${wide} px too wide`);
    const small = await page.locator("button:visible").evaluateAll((all) => all.map((one) => [one.textContent, one.getBoundingClientRect()]).filter(([, box]) => box.width < 44 || box.height < 44).map(([text]) => text));
    assert.deepEqual(small, [], "buttons that are hard to hit");
    if (pictures) await page.screenshot({ path: `${pictures}/home-${width}-${colorScheme}.png`, fullPage: true });
    if (width === 360 || width === 1440) {
      await axe(page, `home, ${width} px, ${colorScheme}`);
      await page.locator(".tile .why").first().click();
      await page.locator("#sheet section").first().waitFor();
      await axe(page, `sheet, ${width} px, ${colorScheme}`);
      if (pictures) await page.screenshot({ path: `${pictures}/sheet-${width}-${colorScheme}.png` });
    }
    await page.context().close();
  }
}

async function axe(page, where) {
  const found = (await violations(page)).filter(({ impact }) => ["serious", "critical"].includes(impact));
  assert.deepEqual(found.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
}

assert.deepEqual(troubles, [], "errors of scripts, requests to others");
await browser.close();
console.log("all seen");
process.exit(0);
