// Somebody logs in, is somebody, and logs out. Usage: node login.mjs URL CHROMIUM

import { chromium } from "playwright-core";
import assert from "node:assert/strict";

const [url, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 120_000 });
const page = await (await browser.newContext({ locale: "en", ignoreHTTPSErrors: true })).newPage();
page.setDefaultTimeout(60_000);
await page.goto(url);

const enter = async (password) => {
  await page.getByLabel("Name").fill("anna");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
};
await enter("a wrong one");
await page.locator("#said:not(:empty)").waitFor();
assert.equal(await page.locator(".tile").count(), 0, "nothing is seen before");
await enter("correct horse");
await page.locator(".tile .act", { hasText: "Lamp" }).click();
await page.locator(".tile.is-on", { hasText: "Lamp" }).waitFor();
await page.locator(".tile .why", { hasText: "anna" }).waitFor();

await page.getByRole("button", { name: "Log out anna" }).click();
await page.getByLabel("Password").waitFor();
assert.equal(await page.locator(".tile").count(), 0, "nothing is seen after");
await browser.close();
console.log("all seen");
process.exit(0);
