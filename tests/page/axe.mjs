// axe-core in the page itself: nothing of it is loaded over the network.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong on a page. */
export async function violations(page) {
  await page.evaluate(source);
  return page.evaluate(async () => (await window.axe.run()).violations);
}
