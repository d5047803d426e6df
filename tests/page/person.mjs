// What the scripts here have in common: a browser, a person's windows, and what happens in the house meanwhile.

import { violations } from "./axe.mjs";
import { chromium } from "playwright-core";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";

const [url, executablePath, folder] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 120_000 });
const troubles = [];

/** How many bytes each file of the page has, as promises. */
export const sizes = [];

/** Asks the test for something that happens in the house. */
export async function meanwhile(word) {
  console.log(`> ${word}`);
  assert.equal((await answers.next()).value, "done");
}

/** A window on the page. */
export async function open(options) {
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
}

/** What a failure looks like. */
export function watch(page) {
  process.on("uncaughtException", async (error) => {
    console.log(error.stack);
    console.log(await page.locator("body").innerText({ timeout: 1_000 }).catch(() => "the page is gone"));
    process.exit(1);
  });
}

/** Until what is expected is there, too: it comes after the rest, and is drawn in the frame after. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("#day .next")?.textContent !== "");
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Every size and theme, one after the other: nothing is wider than the window, and everything can be hit. */
export async function everywhere(look) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [320, 360, 820, 1440, 2560]) {
      const page = await open({ viewport: { width, height: 900 }, colorScheme, locale: colorScheme === "dark" ? "de-DE" : "en" });
      await page.locator(".tile").first().waitFor();
      await settled(page);
      await look(page, { width, colorScheme, isLooked: width === 360 || width === 1440 });
      await page.context().close();
    }
  }
}

export async function fits(page, where) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${where}: ${wide} px too wide`);
  // At one glance: what is drawn anew meanwhile has no size.
  const small = await page.evaluate(() => [...document.querySelectorAll("button, summary")].filter((one) => one.checkVisibility())
    .map((one) => [one.textContent, one.getBoundingClientRect()]).filter(([, box]) => box.width < 44 || box.height < 44).map(([text]) => text));
  assert.deepEqual(small, [], `${where}: buttons that are hard to hit`);
}

export async function picture(page, name, options) {
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, ...options });
}

export async function axe(page, where) {
  const found = (await violations(page)).filter(({ impact }) => ["serious", "critical"].includes(impact));
  assert.deepEqual(found.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
}

/** All was seen that was to be seen, and nothing else went wrong. */
export async function end() {
  assert.deepEqual(troubles, [], "errors of scripts, requests to others");
  await browser.close();
  console.log("all seen");
  process.exit(0);
}
