// Pictures of Home Assistant with the house of show.py in it.
// Usage: node pictures.mjs WHERE CHROMIUM FOLDER, with WHERE as show.py prints it

import { createRequire } from "node:module";

const { chromium } = createRequire(new URL("../page/", import.meta.url))("playwright-core");
const [where, executablePath, folder] = process.argv.slice(2);
const { url, login, device } = JSON.parse(where);
// By name: the address, and what is there when all is.
const PAGES = {
  room: [`config/devices/device/${device}`, "Reading lamp"],
  hub: ["config/integrations/integration/esphome", "Full house"],
};

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 120_000 });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", colorScheme: "light" });
// As somebody who is logged in.
const tokens = { ...login, hassUrl: url.replace(/\/$/, ""), clientId: url, expires: Date.now() + login.expires_in * 1000 };
await context.addInitScript((tokens) => localStorage.setItem("hassTokens", JSON.stringify(tokens)), tokens);
const page = await context.newPage();
page.setDefaultTimeout(120_000);
for (const [name, [path, text]] of Object.entries(PAGES)) {
  await page.goto(url + path);
  await page.getByText(text).first().waitFor();
  // What moves and what is fetched later is there.
  await page.waitForTimeout(4_000);
  await page.screenshot({ path: `${folder}/homeassistant-${name}.png` });
}
await browser.close();
