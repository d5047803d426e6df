// Somebody edits the configuration: an error at its line, what would change, a day of it, applied, brought back; and somebody who
// may not sees nothing of it. Usage: node desk.mjs URL CHROMIUM [folder for pictures]

import { axe, end, fits, meanwhile, open, picture, sizes, watch } from "./person.mjs";
import assert from "node:assert/strict";

async function enter(page, user, shown = ".tile") {
  await page.getByLabel("Name").fill(user);
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator(shown).first().waitFor();
}

const guest = await open();
watch(guest);
await enter(guest, "bob");
assert.equal(await guest.getByRole("button", { name: "Edit the configuration" }).count(), 0, "who may only command sees nothing of it");
await guest.evaluate(() => { location.hash = "config"; });
await guest.locator(".tile").first().waitFor();
assert.equal(await guest.locator(".desk").count(), 0);
await guest.context().close();

const page = await open({ viewport: { width: 1440, height: 900 } });
watch(page);
await enter(page, "anna");
const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size);
await page.getByRole("button", { name: "Edit the configuration" }).click();
const field = page.getByLabel("Text of the file"), apply = page.getByRole("button", { name: "Apply" });
await page.locator(".status", { hasText: "This is the file." }).waitFor();
assert.ok((await Promise.all(sizes)).reduce((sum, size) => sum + size) > bytes, "its parts come when they are needed");
assert.ok(await apply.isDisabled());
const file = await field.inputValue();
assert.match(file, /name = "Porch before bed"/);
// Whoever leaves the text with the keyboard gets out of it.
await field.focus();
await page.keyboard.press("Tab");
assert.ok(await field.evaluate((one) => one !== document.activeElement && one.value.indexOf("\t") < 0));

// An error, at its line, while it is being written.
const write = async (from, to) => field.fill((await field.inputValue()).replace(from, to));
await write('kind = "light"\ngpio = 20', 'kind = "lihgt"\ngpio = 20');
const line = file.slice(0, file.indexOf('kind = "light"\ngpio = 20')).split("\n").length;
await page.locator(".status.is-bad", { hasText: "Errors: 1" }).waitFor();
assert.equal(await page.locator(".numbers .error").innerText(), String(line));
assert.ok(await apply.isDisabled(), "what is wrong is not applied");
const fault = page.locator(".faults button");
assert.match(await fault.innerText(), new RegExp(`^Line ${line} .*lihgt`));
await picture(page, "desk-error-1440");
await field.evaluate((one) => { one.setSelectionRange(0, 0); one.scrollTop = 0; });
assert.ok(await field.evaluate((one) => one.scrollHeight > one.clientHeight), "the text is longer than what is seen of it");
await fault.click();
assert.equal(await field.evaluate((one) => one.value.slice(0, one.selectionStart).split("\n").length), line, "it leads there");
await page.locator(".here.error", { hasText: "light" }).waitFor();
await page.waitForFunction(() => {
  const [mark, paper] = [".numbers .error", ".paper"].map((one) => document.querySelector(one).getBoundingClientRect());
  return mark.top >= paper.top && mark.bottom <= paper.bottom;
});

// What it would change, and a day of it.
await write("lihgt", "light");
await write("22:00 and 23:00", "21:00 and 23:30");
await page.locator(".status", { hasText: "No errors. Not in force yet." }).waitFor();
assert.equal(await page.locator(".numbers .error, .faults li").count(), 0);
await page.locator(".would", { hasText: 'rules."Porch before bed".while' }).waitFor();
// What comes next stands below it.
const [content, section] = await page.locator(".would").evaluate((one) => [one.lastElementChild, one.closest("section")].map((part) => part.getBoundingClientRect().bottom));
assert.ok(content > 0 && section >= content, `its content ends at ${content} px, its section at ${section} px`);
await page.getByLabel("Day", { exact: true }).fill("2026-11-30");
await page.getByRole("combobox", { name: /^Weather/ }).selectOption("frost");
await page.getByRole("combobox", { name: /^People/ }).selectOption("nobody is home");
const asks = page.waitForRequest((request) => request.url().endsWith("/simulate"));
await page.getByRole("button", { name: "Simulate" }).click();
assert.deepEqual(((await asks).postDataJSON()).people, 0);
const lane = page.locator(".trial .lane", { hasText: "Porch light" });
await lane.getByText("1 hr → 2 hr 30 min").waitFor();
assert.equal(await page.locator(".trial .lane").count(), 1, "the others are told in one line");
await page.locator(".trial .small", { hasText: "The same as before:" }).waitFor();
const [was, is] = await lane.locator(".strip i").evaluateAll((all) => all.map((one) => [parseFloat(one.style.left), parseFloat(one.style.width)]));
assert.deepEqual([was, is].map(([from, length]) => [from * 0.24, length * 0.24].map((hours) => hours.toFixed(1))), [["22.0", "1.0"], ["21.0", "2.5"]]);
await lane.locator("summary").click();
await lane.locator(".turns li", { hasText: "21:00" }).getByText("Porch before bed").waitFor();
await picture(page, "desk-trial-1440", { fullPage: true });

// Applied: the house follows, and the way back is one click.
await write('kind = "switch"\ngpio = 21', 'kind = "switch"\ngpio = 21\ndefault = "on"');
await page.locator(".would .changes div", { hasText: "pump" }).filter({ hasText: "OFF → ON" }).waitFor();
await apply.click();
await page.locator(".status", { hasText: "It is in force." }).waitFor();
await meanwhile("the pump is on");
await page.locator(".versions li", { hasText: "anna" }).waitFor();
await page.getByRole("button", { name: "Bring back" }).click();
await page.locator(".versions li").nth(1).waitFor();
await page.locator(".status", { hasText: "It is in force." }).waitFor();
assert.equal(await field.inputValue(), file);
await meanwhile("the pump is off");

// What is not applied is not thrown away without a question.
const show = page.getByRole("button", { name: "Show" }).first(), bring = page.getByRole("button", { name: "Bring back" }).first();
const asked = async (button, does) => {
  const [dialog] = await Promise.all([page.waitForEvent("dialog").then(async (dialog) => { await dialog[does](); return dialog; }), button.click()]);
  assert.equal(dialog.message(), "What you wrote and did not apply will be lost.");
};
await write("[hub]\n", "# mine\n[hub]\n");
await asked(show, "dismiss");
await asked(bring, "dismiss");
assert.match(await field.inputValue(), /^# mine/);
await asked(show, "accept");
await page.waitForFunction((text) => text === document.querySelector("textarea").value, file.replace('kind = "switch"\ngpio = 21', 'kind = "switch"\ngpio = 21\ndefault = "on"').replace("22:00 and 23:00", "21:00 and 23:30"));
await page.getByRole("button", { name: "Discard" }).click();

// Somebody with an editor was faster: nothing is lost.
await write("[hub]\n", "# mine\n[hub]\n");
await meanwhile("write into the file");
await apply.click();
await page.locator(".stale", { hasText: "Somebody else changed the file" }).waitFor();
await page.getByRole("button", { name: "Go on with mine" }).click();
assert.match(await field.inputValue(), /^# mine/);
await page.locator(".status", { hasText: "No errors" }).waitFor();
await page.getByRole("button", { name: "Discard" }).click();
assert.match(await field.inputValue(), /# theirs/);
// Started anew, it tells the file by another mark: that is no change.
await write("# theirs", "# ours");
await meanwhile("start it again");
await page.locator("#link").waitFor({ state: "hidden" });
await page.getByLabel("Password").waitFor();
await enter(page, "anna", ".desk");
assert.match(await field.inputValue(), /# ours/, "what was written is still there");
await apply.click();
await page.locator(".status", { hasText: "It is in force." }).waitFor();
await meanwhile("it is ours");

// Lines that end as on Windows stay so; what is written while Apply is at work is still there.
await meanwhile("end its lines as Windows does");
await page.waitForFunction(() => document.querySelector("textarea").value.includes("Country cottage"));
await page.locator(".status", { hasText: "This is the file." }).waitFor();
assert.ok(await apply.isDisabled(), "nobody edited it");
await write("# ours", "# theirs");
await page.route("**/api/v1/config", async (route) => {
  if (route.request().method() === "PUT") await write("# theirs", "# theirs\n# later");
  await route.continue();
});
await apply.click();
await meanwhile("its lines end as before");
await page.locator(".status", { hasText: "No errors. Not in force yet." }).waitFor();
assert.match(await field.inputValue(), /# theirs\n# later\n$/);
await apply.and(page.locator(":enabled")).waitFor();
await page.getByRole("button", { name: "Discard" }).click();
assert.match(await field.inputValue(), /# theirs\n$/);
await page.unroute("**/api/v1/config");

await page.getByRole("button", { name: "Back to the house" }).click();
await page.locator(".tile").first().waitFor();
assert.equal(await page.locator(".desk").isVisible(), false);
await page.context().close();

// Every size and theme.
for (const colorScheme of ["light", "dark"]) {
  for (const width of [320, 360, 820, 1440]) {
    const where = `desk ${width} ${colorScheme}`;
    const page = await open({ viewport: { width, height: 900 }, colorScheme });
    await enter(page, "anna");
    await page.evaluate(() => { location.hash = "config"; });
    await page.locator(".status", { hasText: "This is the file." }).waitFor();
    const text = await page.getByLabel("Text of the file").inputValue();
    await page.getByLabel("Text of the file").fill(text.replace("22:00 and 23:00", "21:00 and 23:30"));
    await page.locator(".would", { hasText: "Porch before bed" }).waitFor();
    await page.getByLabel("Day", { exact: true }).fill("2026-11-30");
    await page.getByRole("button", { name: "Simulate" }).click();
    await page.locator(".trial .lane").first().waitFor();
    await picture(page, `desk-${width}-${colorScheme}`, { fullPage: true });
    await page.getByLabel("Text of the file").fill(text.replace("gpio = 20", "gpio = 21").replace("[rooms.hall]", "[rooms.hall]\nfoo = 1"));
    await page.locator(".faults li").first().waitFor();
    await picture(page, `desk-wrong-${width}-${colorScheme}`);
    await fits(page, where);
    if (width !== 320) await axe(page, where);
    await page.context().close();
  }
}
await end();
