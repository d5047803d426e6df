// Somebody logs in, is somebody, and logs out; who may only look can change nothing. Run as page.mjs is.
// Usage: node scopes.mjs URL CHROMIUM [folder for pictures]

import { axe, end, fits, open, picture, settled, watch } from "./person.mjs";
import assert from "node:assert/strict";

const page = await open();
watch(page);
const enter = async (page, name, password) => {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
};
await enter(page, "anna", "a wrong one");
await page.locator("#said:not(:empty)").waitFor();
assert.equal(await page.locator(".tile").count(), 0, "nothing is seen before");
await enter(page, "anna", "correct horse");
await page.locator(".tile .act", { hasText: "Lamp" }).click();
await page.locator(".tile.is-on", { hasText: "Lamp" }).waitFor();
await page.locator(".tile .why", { hasText: "anna" }).waitFor();
assert.ok(await page.locator("#may").isHidden(), "anna may command");
assert.equal(await page.locator("main :disabled").count(), 0);

// Who may only look sees the same, with nothing to press, and is told so once.
for (const colorScheme of ["light", "dark"]) {
  const other = await open({ colorScheme });
  await enter(other, "rita", "correct horse");
  await other.locator("#may", { hasText: "change nothing" }).waitFor();
  await other.locator(".tile.is-on", { hasText: "Lamp" }).waitFor();
  const commands = ".tile .act[aria-pressed], .move button, .choice button, #sheet input, #sheet [role=slider]";
  const live = (scope) => other.locator(scope).locator(commands).and(other.locator(":not(:disabled, [aria-disabled=true])")).allTextContents();
  assert.ok(await other.locator("main").locator(commands).count() > 8);
  assert.deepEqual(await live("main"), []);
  await settled(other);
  await fits(other, `a reader, ${colorScheme}`);
  await axe(other, `a reader, ${colorScheme}`);
  await picture(other, `reader-360-${colorScheme}`, { fullPage: true });
  for (const name of ["Lamp", "Desk", "Blind", "Living room"]) {
    // The reason of another may name it.
    await other.locator(".tile", { has: other.locator(".name", { hasText: name }) }).locator(".why").click();
    await other.locator("#sheet section").first().waitFor();
    assert.ok(await other.locator("#sheet").locator(commands).count() > 0, name);
    assert.deepEqual(await live("#sheet"), [], name);
    await axe(other, `a reader, ${name}, ${colorScheme}`);
    await other.keyboard.press("Escape");
    await other.locator("#sheet").waitFor({ state: "hidden" });
  }
  await other.context().close();
}

await page.getByRole("button", { name: "Log out anna" }).click();
await page.getByLabel("Password").waitFor();
assert.equal(await page.locator(".tile").count(), 0, "nothing is seen after");
await end();
