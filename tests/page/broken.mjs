// All that can break at once: each is said in words, what still works works, and all of it heals. Run as page.mjs is.
// Usage: node broken.mjs URL CHROMIUM [folder for pictures]

import { axe, end, everywhere, fits, meanwhile, open, picture, watch } from "./person.mjs";
import assert from "node:assert/strict";

const page = await open();
watch(page);
const tile = (name) => page.locator(".tile", { hasText: name });
const problem = (text) => page.locator(".problems li", { hasText: text });
const who = page.locator(".room", { hasText: "Hall" }).locator(".who");

// A minute of this house is a second. How long somebody has been there, and then nobody.
await meanwhile("somebody comes");
await who.filter({ hasText: /^somebody is here, \d+ min/ }).waitFor();
const rule = (name) => page.locator("#rules li", { hasText: name });
await page.locator("#rules summary").click();
await rule("Hall light while").getByText(/^Now: holds Hall light\. Since \d\d:\d\d\./).waitFor();
await rule("Blink").getByText(/Acted since the start: \d+ times\. Last: \d\d:\d\d\./).waitFor();
await rule("Only while away").getByText(/Has not acted since the start\. Last, \d\d:\d\d: it happened while its `if` was not true/).waitFor();
await meanwhile("they leave");
await who.filter({ hasText: /^nobody is here, \d+ min/ }).waitFor();
await rule("Hall light while").getByText(/^Not now\. Since \d\d:\d\d\./).waitFor();
await page.locator("#rules summary").click();

// What is wrong from the start is one line, and all else is well.
await problem("History is not being kept").waitFor();
assert.equal(await page.locator(".problems li").count(), 1);

await meanwhile("everything breaks");
const wrong = (what, text) => page.locator("#health[open] li.is-bad").filter({ has: page.locator(".what", { hasText: what }) }).filter({ hasText: text }).waitFor();
await wrong("Points", /Thermometer beside the living room door temperature: .*not heard for long/);
await wrong("Broker", /^not well:Brokernot connected\. /);
await wrong("Disk", /A restart would lose what was commanded/);
await wrong("History", /History is not being kept: the history cannot be written/);
await wrong("Configuration", /an earlier one is in force/);
await page.locator("#health pre", { hasText: "lihgt" }).waitFor();
// The most urgent are told first; of more there is a way to all.
await problem("The configuration file is refused").waitFor();
await problem("A restart would lose").waitFor();
const told = page.locator(".problems li:visible"), more = page.locator(".problems summary", { hasText: "and 3 more" });
await more.waitFor();
assert.equal(await told.count(), 2, "the house itself is to be seen");
assert.ok(await problem("Thermometer").isHidden());
await more.focus();
await page.keyboard.press("Enter");
assert.equal(await told.count(), 5);
await problem("Thermometer").locator("button").click();
await page.locator("#sheet[open]").waitFor();
await page.keyboard.press("Escape");
assert.equal(await told.count(), 5, "unfolded it stays so");
await more.click();
assert.equal(await told.count(), 2);
// Nothing that is lost looks alive, and what still works works.
await page.locator(".tile.zone.is-bad", { hasText: "– → 20.5\u00a0°C" }).waitFor();
await page.locator(".readings .is-bad", { hasText: "Thermometer" }).waitFor();
await tile("Hall light").locator(".act").click();
await page.locator(".tile.is-on", { hasText: "Hall light" }).waitFor();

await everywhere(async (page, { width, colorScheme, isLooked }) => {
  const where = `broken, ${width} px, ${colorScheme}`;
  await page.locator("#health[open] li.is-bad").first().waitFor();
  await page.locator("#health .machine div").nth(2).waitFor();
  await fits(page, where);
  if (isLooked) await axe(page, where);
  await picture(page, `broken-${width}-${colorScheme}`, { fullPage: true });
});

await meanwhile("all is mended");
for (const text of ["The configuration file", "A restart would lose", "Broker", "Thermometer"]) await problem(text).waitFor({ state: "hidden" });
await page.locator(".tile.zone:not(.is-bad)").waitFor();
await page.locator("#health summary", { hasText: "To look at: 1" }).waitFor();

await end();
