// A house of many rooms, with long names. Run as page.mjs is.
// Usage: node large.mjs URL CHROMIUM [folder for pictures]

import { axe, end, everywhere, fits, open, picture, watch } from "./person.mjs";
import assert from "node:assert/strict";

const page = await open({ viewport: { width: 820, height: 900 } });
watch(page);
await page.locator(".tile").first().waitFor();
const { points, rooms } = await (await page.request.get(new URL("api/v1/points", page.url()).href)).json();
const ROOMS = rooms.length;
assert.equal(await page.locator(".room").count(), ROOMS);
assert.equal(await page.locator(".tile").count(), ROOMS * 6, "five outputs and a zone in each room");

// The last room is as near as the first; nothing jumps when something is on.
const places = () => page.locator(".tile").evaluateAll((all) => all.map((one) => { const { x, y, width, height } = one.getBoundingClientRect(); return [x, y + scrollY, width, height].map(Math.round).join(); }));
const name = `Deckenleuchte über dem Küchentisch ${ROOMS}`;
const lamp = page.locator(".tile", { hasText: name });
await lamp.locator(".act").scrollIntoViewIfNeeded();
const before = await places();
await lamp.locator(".act").click();
await page.locator(".tile.is-on", { hasText: name }).waitFor();
await lamp.locator(".why", { hasText: "by hand" }).waitFor();
assert.deepEqual(await places(), before);
await page.keyboard.press("/");
await page.keyboard.type(`küchentisch ${ROOMS}`);
await page.keyboard.press("Enter");
await page.locator("#sheet .slots li", { hasText: "by hand" }).waitFor();
await page.keyboard.press("Escape");

await everywhere(async (page, { width, colorScheme, isLooked }) => {
  const where = `${points.length} points, ${width} px, ${colorScheme}`;
  await fits(page, where);
  const cut = await page.locator(".tile, .room > header, .readings li").evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent));
  assert.deepEqual(cut, [], `${where}: wider than their place`);
  if (isLooked) await axe(page, where);
  await picture(page, `rooms-${ROOMS}-${width}-${colorScheme}`, { fullPage: true });
  await picture(page, `rooms-${ROOMS}-top-${width}-${colorScheme}`);
});

await end();
