// What a person reads of what was, of what comes, and of how the house is. Run as page.mjs is.
// Usage: node past.mjs URL CHROMIUM [folder for pictures]

import { axe, end, everywhere, fits, meanwhile, open, picture, watch } from "./person.mjs";
import assert from "node:assert/strict";

const page = await open({ viewport: { width: 820, height: 900 } });
watch(page);
const sheet = page.locator("#sheet"), plot = page.locator(".plot"), said = page.locator(".read .value");
const drawn = (page) => page.locator(".plot:not([aria-busy])").waitFor();
const find = async (page, name) => {
  await page.keyboard.press("/");
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  await drawn(page);
};
const range = async (page, name) => {
  await page.locator(".ranges").getByRole("button", { name, exact: true }).click();
  await drawn(page);
};

await page.locator(".tile").first().waitFor();
// A rule says when it is next to do something.
await page.locator("#rules summary").click();
await page.locator("#rules li", { hasText: "Porch light before bed" }).getByText("Not now. Begins 22:00.").waitFor();
await page.locator("#rules summary").click();
// A number of today: its band and line, its gap, and what it sums up to.
await find(page, "living temperature");
const sums = async () => Object.fromEntries(await page.locator(".sums div").evaluateAll((all) => all.map((one) => [...one.children].map((part) => part.textContent))));
const { Lowest, Mean, Highest } = await sums();
assert.deepEqual([Lowest, Highest], ["18.0\u00a0°C", "21.5\u00a0°C"]);
assert.ok(parseFloat(Mean) > 18.5 && parseFloat(Mean) < 21, Mean);
assert.ok(await plot.locator(".line").count() >= 2, "a line on each side of the gap");
const box = await plot.boundingBox();
const hover = async (share) => { await page.mouse.move(box.x + box.width * share, box.y + 90); return said.textContent(); };
assert.match(await hover(0.3), /^18\.0\s°C$/);
assert.match(await hover(0.8), /^21\.5\s°C$/);
// Before all, between 13 and 12 hours ago, and before the house ran: a value counts for an hour.
const gaps = await plot.locator(".gap").evaluateAll((all) => all.map((gap) => gap.getBoundingClientRect().toJSON()));
assert.equal(gaps.length, 3);
assert.ok(Math.abs((gaps[1].x - box.x) / box.width - 0.5) < 0.1, "in the middle of the day");
assert.match(await hover((gaps[1].x + gaps[1].width / 2 - box.x) / box.width), /^not known$/);
assert.equal(await plot.getAttribute("aria-valuetext").then((text) => text.endsWith("not known")), true);

// A drag zooms, and the way back leads to the same.
const scale = () => plot.locator("text").filter({ hasText: /^\d+(\.\d)?$/ }).allTextContents();
const before = await scale();
await page.mouse.move(box.x + box.width * 0.2, box.y + 60);
await page.mouse.down();
await page.mouse.move(box.x + box.width * 0.3, box.y + 60, { steps: 4 });
assert.ok(Number(await plot.locator(".selection").getAttribute("width")) > 20);
await page.mouse.up();
await drawn(page);
const back = page.getByRole("button", { name: "Back from the zoom" });
assert.ok(await back.isEnabled());
assert.notDeepEqual(await scale(), before);
assert.deepEqual((await sums()).Highest, "18.0\u00a0°C", "only what is seen is summed up");
await back.click();
await drawn(page);
assert.deepEqual(await scale(), before);
assert.ok(await back.isHidden());
await plot.dblclick({ position: { x: 200, y: 90 } });

// The same by keys, as those hear it who do not see.
await plot.focus();
const heard = () => plot.getAttribute("aria-valuetext");
await page.keyboard.press("Home");
const first = await heard();
await page.keyboard.press("PageUp");
await page.keyboard.press("ArrowRight");
assert.notEqual(await heard(), first);
await page.keyboard.press("End");
assert.match(await heard(), /^\d\d:\d\d–\d\d:\d\d: 2\d\.\d\s°C/);
await page.keyboard.press("+");
await drawn(page);
assert.ok(await back.isEnabled());
await page.keyboard.press("-");
await drawn(page);
assert.ok(await back.isHidden());
assert.equal(await page.evaluate(() => document.activeElement.className), "plot", "the focus stays");

// Whatever is asked for, nothing moves.
for (const name of ["Week", "Month", "Year", "Day"]) {
  await range(page, name);
  assert.ok(await plot.locator(".line").count(), name);
  assert.deepEqual(await plot.boundingBox(), box, name);
}
await page.keyboard.press("Escape");
await sheet.waitFor({ state: "hidden" });

// What is switched: each stretch with its reason; of a week, bars.
const hall = page.locator(".tile .act", { hasText: "Hall light" });
await hall.click();
await page.locator(".tile.is-on", { hasText: "Hall light" }).waitFor();
await find(page, "hall light");
assert.equal(await plot.locator(".stretch.is-on").count(), 1);
await plot.focus();
await page.keyboard.press("End");
assert.match(await heard(), /: on · .*, by hand: command by HTTP/);
assert.match(await page.locator(".read .reason").textContent(), /^\d\d:\d\d–\d\d:\d\d · by hand: command by HTTP/);
await page.keyboard.press("ArrowLeft");
assert.match(await heard(), /: off · /);
await page.keyboard.press("Escape");
await find(page, "heater");
await range(page, "Week");
assert.equal(await plot.locator(".bar").count() >= 2, true);
assert.ok(parseFloat((await sums()).On) >= 5, "four hours five days ago, one today");
await page.keyboard.press("Escape");
// A zone shows how warm it was.
await page.locator(".tile.zone").locator(".why").click();
await drawn(page);
await page.locator(".past h3", { hasText: "Living room measured" }).waitFor();
await page.keyboard.press("Escape");

// A finger reads, two of them zoom.
const phone = await open({ hasTouch: true });
await phone.locator(".tile").first().waitFor();
await find(phone, "living temperature");
await phone.locator(".sums").scrollIntoViewIfNeeded();
const small = await phone.locator(".plot").boundingBox();
const session = await phone.context().newCDPSession(phone);
const touch = (type, ...shares) => session.send("Input.dispatchTouchEvent", { type, touchPoints: shares.map((share, id) => ({ x: small.x + small.width * share, y: small.y + 90, id })) });
await touch("touchStart", 0.35);
await touch("touchMove", 0.3);
await touch("touchEnd");
assert.match(await phone.locator(".read .value").textContent(), /^18\.0\s°C$/, "it stays when the finger is gone");
await touch("touchStart", 0.4, 0.6);
await touch("touchMove", 0.3, 0.7);
await touch("touchMove", 0.2, 0.8);
await touch("touchEnd");
await drawn(phone);
assert.ok(await phone.getByRole("button", { name: "Back from the zoom" }).isEnabled());
await phone.getByRole("button", { name: "Back from the zoom" }).click();
await drawn(phone);
assert.ok(await phone.getByRole("button", { name: "Back from the zoom" }).isHidden(), "a pinch is one step");
await phone.context().close();

// The day: what comes next at a glance, all of it as a list, what was on beside it.
const line = page.locator("#day > button");
await line.filter({ hasText: /Next, 2[23]:00: Porch light o/ }).filter({ hasText: /Sun(rise|set) at \d\d:\d\d/ }).waitFor();
assert.ok(await page.locator(".track .sun").count() && await page.locator(".track .tick").count() === 2);
await line.focus();
await page.keyboard.press("Enter");
await page.locator(".lanes li", { hasText: "Porch light" }).locator(".will").waitFor();
await page.locator(".lanes li", { hasText: "Heater" }).locator(".was").waitFor();
for (const name of ["Heater", "Hall light"]) {
  assert.match(await page.locator(".lanes li", { hasText: name }).locator(".heard").textContent(), /; \d\d:\d\d–\d\d:\d\d$/, "once, from when to when");
}
assert.equal(await page.locator(".lanes li", { hasText: "Reading lamp" }).count(), 0, "it was not on");
assert.deepEqual((await page.locator(".coming .name").allTextContents()), ["Porch light", "Porch light"]);
assert.ok(await page.locator(".coming li", { hasText: "on" }).filter({ hasText: "Porch light before bed" }).count());
await page.keyboard.press("Tab");
assert.equal(await page.evaluate(() => document.activeElement.matches(".lane")), true);
await page.keyboard.press("Enter");
await drawn(page);
await page.keyboard.press("Escape");
await page.reload();
await page.locator("#day > button[aria-expanded=true]").waitFor();
const [report] = await Promise.all([page.context().waitForEvent("page"), page.locator(".reports a", { hasText: "last week" }).click()]);
await report.locator("h2", { hasText: "Other than usual" }).waitFor();
await report.locator("td", { hasText: "Heater" }).first().waitFor();
assert.ok(await report.evaluate(() => document.styleSheets[0]?.cssRules.length > 10), "its own style is allowed");
await report.close();

// How the house is: a line while all is well, the whole truth when not.
const health = page.locator("#health");
await health.locator("summary", { hasText: "All is well." }).click();
await health.locator("li", { hasText: "commands are kept over a restart" }).waitFor();
await health.locator("dt", { hasText: "Disk free" }).waitFor();
await health.locator("div", { hasText: /^hearthd\d+\.\d+\.\d+$/ }).waitFor();
assert.ok(await health.locator(".said").isHidden(), "no rule had anything to say");
await health.locator("summary").click();
// What rules had to say, with its time and which rule it was.
await meanwhile("somebody comes");
await health.locator("summary").click();
await health.locator(".said li", { hasText: /^\d\d:\d\d · Who is theresomebody came in at the front door$/ }).waitFor();
assert.equal(await health.getByText("somebody came in at the front door").count(), 1, "what was said last is told once");
await health.locator("summary").click();
await meanwhile("spoil the file");
await health.locator("summary", { hasText: "To look at: 1" }).waitFor();
await health.locator("li.is-bad pre", { hasText: "lihgt" }).waitFor();
await axe(page, "health, not well");
await picture(page, "health-bad-820-light", { fullPage: true });
await meanwhile("mend the file");
await page.locator("#hub", { hasText: "Country cottage" }).waitFor();
await health.locator("summary", { hasText: "All is well." }).waitFor();
assert.ok(await health.evaluate((details) => details.open), "what is open stays so in another configuration");

await everywhere(async (page, { width, colorScheme, isLooked }) => {
  const where = `${width} px, ${colorScheme}`;
  await page.locator("#day > button").click();
  await page.locator(".lanes .was").first().waitFor();
  await page.locator("#health summary").click();
  await page.locator(".machine dd").first().waitFor();
  await fits(page, `day, ${where}`);
  await picture(page, `day-${width}-${colorScheme}`, { fullPage: true });
  if (isLooked) await axe(page, `day, ${where}`);
  for (const point of ["living.temperature", "heater"]) {
    await find(page, point);
    const wide = await page.locator("#sheet").evaluate((sheet) => sheet.scrollWidth - sheet.clientWidth);
    assert.ok(wide <= 0, `${point}, ${where}: ${wide} px too wide`);
    await page.locator(".sums").scrollIntoViewIfNeeded();
    await fits(page, `${point}, ${where}`);
    if (isLooked) await axe(page, `${point}, ${where}`);
    await picture(page, `${point}-${width}-${colorScheme}`);
    await page.keyboard.press("Escape");
    await page.locator("#sheet").waitFor({ state: "hidden" });
  }
});

await end();
