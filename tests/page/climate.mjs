// What a person does with how warm it is, and sees of what comes next. It is 14:10 in this house. Run as page.mjs is.
// Usage: node climate.mjs URL CHROMIUM [folder for pictures]

import { axe, end, everywhere, fits, meanwhile, open, picture, watch } from "./person.mjs";
import assert from "node:assert/strict";

const page = await open({ viewport: { width: 820, height: 900 } });
watch(page);
const sheet = page.locator("#sheet"), slider = sheet.getByRole("slider"), sent = [];
page.on("request", (request) => { if (request.method() !== "GET") sent.push(`${request.method()} ${decodeURIComponent(request.url()).split("/").at(-1)} ${request.postData() ?? ""}`.trim()); });
const tile = (name) => page.locator(".tile", { hasText: name });
const zone = (name) => page.locator(".tile.zone", { hasText: name });
const pressed = (name) => sheet.getByRole("button", { name, pressed: true });
const close = async (page) => {
  await page.keyboard.press("Escape");
  await page.locator("#sheet").waitFor({ state: "hidden" });
};

// One glance: how warm it is and is to be, what holds, and what will change it.
await zone("Living room").locator(".state", { hasText: /^19\.4\s°C → 15\.0\s°C$/ }).waitFor();
await zone("Living room").locator(".state", { hasText: /^away$/ }).waitFor();
await page.locator(".tile", { hasText: "Heater" }).locator(".reason", { hasText: /^climate: Living room / }).waitFor();
await zone("Living room").locator(".then", { hasText: /^→ 21\.0\s°C 17:00$/ }).waitFor();
await tile("Porch light").locator(".then", { hasText: /^→ on 22:00$/ }).waitFor();
await page.getByRole("button", { name: /^Why: Porch light, .* → on 22:00$/ }).waitFor();
await tile("Hall light").locator(".then", { hasText: /^$/ }).waitFor();
await page.locator("#outside", { hasText: /^2\.1\s°C outside$/ }).waitFor();

// The mode has its reason, and its sheet.
const mode = page.locator(".reason-of-mode");
await mode.filter({ hasText: /^the mode of the file → night 23:00$/ }).waitFor();
await page.getByRole("button", { name: "away", exact: true }).click();
const german = await open({ locale: "de-DE" });
await german.locator(".reason-of-mode").getByText(/^von Hand: Befehl von HTTP( →|$)/).waitFor();
await german.context().close();
await mode.filter({ hasText: "by hand: command by HTTP" }).click();
await sheet.locator(".slots li", { hasText: "away · by hand: command by HTTP" }).waitFor();
await close(page);

// The zone's sheet: a dial that says all it shows, which preset holds, the day.
await zone("Living room").locator(".act").click();
assert.equal(await slider.getAttribute("aria-label"), "Heat to");
assert.equal(await slider.count(), 1);
assert.equal(await slider.getAttribute("aria-valuetext"), "15.0\u00a0°C, measured 19.4\u00a0°C, resting");
await pressed("away 15°").waitFor();
assert.equal(await sheet.getByRole("group", { name: "Presets" }).getByRole("button", { pressed: true }).count(), 1);
await pressed("until the plan goes on").waitFor();
assert.deepEqual(await sheet.locator(".plan li:not(.now)").evaluateAll((all) => all.map((one) => [...one.querySelectorAll("span")].map((part) => part.textContent).join(""))),
  ["00:00–06:30: 17° night", "06:30–08:30: 21°", "08:30–17:00: 15° away", "17:00–22:30: 21°", "22:30–24:00: 17° night"]);
await sheet.locator(".plan .is-now", { hasText: "15°" }).waitFor();

// By keys: some of them are one command, and the focus stays.
sent.length = 0;
await slider.focus();
await slider.evaluate((one) => {
  for (let step = 0; step < 3; step += 1) one.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true, cancelable: true }));
});
await sheet.locator(".slots li", { hasText: "16.5 °C · by hand: command by HTTP, until 17:00" }).waitFor();
assert.deepEqual(sent, ['PUT living_zone.target {"value":16.5}']);
assert.equal(await slider.getAttribute("aria-valuenow"), "16.5");
assert.ok(await slider.evaluate((one) => one === document.activeElement));
assert.equal(await sheet.getByRole("group", { name: "Presets" }).getByRole("button", { pressed: true }).count(), 0);
await sheet.getByRole("button", { name: "2 hours" }).click();
await sheet.locator(".slots li", { hasText: /16\.5 °C · by hand: command by HTTP, until 1[67]:\d\d/ }).waitFor();
assert.deepEqual(sent.slice(1), ['PUT living_zone.target {"value":16.5,"for":"2h"}']);

// By mouse: while it is dragged, only the dial tells of it.
const middle = async (page, locator) => {
  const box = await locator.boundingBox();
  return [box.x + box.width / 2, box.y + box.height / 2];
};
/** Where `share` of the dial is. */
const at = async (page, share) => {
  const box = await page.locator(".dial").boundingBox(), angle = (135 + 270 * share) * Math.PI / 180, zoom = box.width / 288;
  return [box.x + zoom * (144 + 112 * Math.cos(angle)), box.y + zoom * (144 + 112 * Math.sin(angle))];
};
const share = (degrees) => (degrees - 5) / (34 - 5);
await page.mouse.move(...await middle(page, slider));
await page.mouse.down();
for (const degrees of [17, 18, 20, 22, 23]) await page.mouse.move(...await at(page, share(degrees)));
await sheet.locator(".dial .large", { hasText: /^23\.0\s°C$/ }).waitFor();
assert.equal(sent.length, 2, "nothing is told before it is let go");
await page.mouse.up();
await sheet.locator(".slots li", { hasText: "23 °C · by hand" }).waitFor();
assert.deepEqual(sent.slice(2), ['PUT living_zone.target {"value":23,"for":"2h"}'], "the choice of how long stays");
// Who takes it beside its middle does not change it.
const [x, y] = await middle(page, slider);
await page.mouse.move(x + 10, y + 6);
await page.mouse.down();
await page.mouse.move(x + 11, y + 6);
await sheet.locator(".dial.is-held").waitFor();
assert.equal(await slider.getAttribute("aria-valuenow"), "23");
await page.mouse.up();
await sheet.locator(".dial:not(.is-held)").waitFor();
assert.equal(sent.length, 3);
await meanwhile("the heater is on");
await sheet.locator(".climate[data-climate=heating] .dial .quiet", { hasText: "heating" }).waitFor();
await picture(page, "zone-820-light");

// A preset, quick steps that are one command, and back to the plan.
const twice = (button) => button.evaluate((one) => { one.click(); one.click(); });
await sheet.getByRole("button", { name: "cosy 22.5°" }).click();
await pressed("cosy 22.5°").waitFor();
await sheet.locator(".aim .number", { hasText: /^22\.5\s°C$/ }).waitFor();
await twice(sheet.getByRole("button", { name: "Raise Heat to" }));
await sheet.locator(".aim .number", { hasText: /^23\.5\s°C$/ }).waitFor();
await sheet.getByRole("button", { name: "Give back to the rules" }).click();
await pressed("away 15°").waitFor();
await sheet.getByRole("button", { name: "Give back to the rules" }).waitFor({ state: "hidden" });
assert.deepEqual(sent.slice(-2), ['PUT living_zone.target {"value":23.5,"for":"2h"}', "DELETE living_zone"]);
await close(page);
// On the tile each is one, from what was asked before.
await twice(zone("Living room").getByRole("button", { name: /^Raise/ }));
await zone("Living room").locator(".state", { hasText: /→ 16\.0\s°C$/ }).waitFor();
assert.deepEqual(sent.slice(-2), ['PUT living_zone.target {"value":15.5}', 'PUT living_zone.target {"value":16}']);

// Two targets: each has its handle, and one makes way for the other.
await zone("Bedroom").locator(".act").click();
await slider.nth(1).waitFor();
assert.deepEqual(await slider.evaluateAll((all) => all.map((one) => [one.getAttribute("aria-label"), one.getAttribute("aria-valuenow")])), [["Heat to", "19"], ["Cool to", "25"]]);
await slider.nth(1).focus();
await page.keyboard.press("PageDown");
for (let step = 0; step < 8; step += 1) await page.keyboard.press("ArrowDown");
await sheet.locator(".aim", { hasText: "Cool to" }).getByText(/^19\.0\s°C$/).waitFor();
await sheet.locator(".aim", { hasText: "Heat to" }).getByText(/^18\.5\s°C$/).waitFor();
await sheet.getByRole("button", { name: "heat", exact: true }).click();
await sheet.locator(".handle").nth(1).waitFor({ state: "detached" });
await sheet.getByRole("button", { name: "Give back to the rules" }).click();
await slider.nth(1).waitFor();
// A handle that is drawn anew while it is turned lets go: nothing is told.
sent.length = 0;
await page.mouse.move(...await middle(page, slider.first()));
await page.mouse.down();
await page.mouse.move(...await at(page, 0.2), { steps: 4 });
await sheet.locator(".dial.is-held").waitFor();
await page.evaluate(() => fetch("api/v1/points/bedroom.mode", { method: "PUT", headers: { "content-type": "application/json" }, body: '{"value":"heat"}' }));
await sheet.locator(".handle").nth(1).waitFor({ state: "detached" });
await page.mouse.move(...await at(page, 0.3));
await sheet.locator(".dial:not(.is-held)").waitFor();
await page.mouse.up();
await sheet.getByRole("button", { name: "Give back to the rules" }).click();
await slider.nth(1).waitFor();
assert.deepEqual(sent, ['PUT bedroom.mode {"value":"heat"}', "DELETE bedroom"]);
await close(page);

// A finger turns the dial; the sheet stays where it is.
const phone = await open({ hasTouch: true });
await phone.locator(".tile.zone", { hasText: "Living room" }).locator(".act").click();
const handle = phone.getByRole("slider");
await handle.waitFor();
const session = await phone.context().newCDPSession(phone);
const touch = (type, ...points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
await touch("touchStart", await middle(phone, handle));
for (const degrees of [16, 18, 19, 20]) await touch("touchMove", await at(phone, share(degrees)));
await touch("touchEnd");
await phone.locator(".slots li", { hasText: "20 °C · by hand" }).waitFor();
assert.equal(await phone.locator("#sheet").evaluate((sheet) => sheet.scrollTop), 0);
await close(phone);
// Of two fingers, the first turns its handle, and the other none.
const told = [];
phone.on("request", (request) => { if (request.method() !== "GET") told.push(`${decodeURIComponent(request.url()).split("/").at(-1)} ${request.postData()}`); });
await phone.locator(".tile.zone", { hasText: "Bedroom" }).locator(".act").click();
await handle.nth(1).waitFor();
const [heat, cool] = [await middle(phone, handle.first()), await middle(phone, handle.nth(1))];
await touch("touchStart", heat);
await touch("touchStart", heat, cool);
for (const degrees of [18, 17, 16]) await touch("touchMove", await at(phone, share(degrees)), await at(phone, share(degrees + 6)));
await touch("touchEnd");
await phone.locator(".aim", { hasText: "Heat to" }).getByText(/^16\.0\s°C$/).waitFor();
assert.deepEqual(told, ['bedroom.target {"value":16}']);
await phone.context().close();

await everywhere(async (page, { width, colorScheme, isLooked }) => {
  for (const name of ["Living room", "Bedroom"]) {
    const where = `${name}, ${width} px, ${colorScheme}`;
    await page.locator(".tile.zone", { hasText: name }).locator(".act").click();
    await page.locator("#sheet .plan .is-now").waitFor();
    const wide = await page.locator("#sheet").evaluate((sheet) => sheet.scrollWidth - sheet.clientWidth);
    assert.ok(wide <= 0, `${where}: ${wide} px too wide`);
    await fits(page, where);
    const small = await page.locator(".handle .hit").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width).filter((width) => width < 44));
    assert.deepEqual(small, [], `${where}: handles that are hard to hit`);
    if (isLooked) await axe(page, where);
    await picture(page, `zone-${name.slice(0, 3)}-${width}-${colorScheme}`);
    await close(page);
  }
  await picture(page, `climate-home-${width}-${colorScheme}`, { fullPage: true });
});

await end();
