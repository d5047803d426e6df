// How fast the page is, for the benchmark: node speed.mjs URL CHROMIUM. On a processor a quarter as fast, over 1.6 Mbit/s with
// 150 ms to and fro, which Lighthouse takes for a phone. Prints one line of JSON with medians.

import { chromium } from "playwright-core";

const RUNS = 5, CHANGES = 20;
const PHONE = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8 };
const [url, executablePath] = process.argv.slice(2);
const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 120_000 });

/** One who opens the page for the first time. */
async function visit(throttle) {
  const context = await browser.newContext({ viewport: { width: 360, height: 780 } });
  const page = await context.newPage(), devtools = await context.newCDPSession(page);
  let bytes = 0, requests = 0;
  await devtools.send("Network.enable");
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; requests += 1; });
  if (throttle) {
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await devtools.send("Network.emulateNetworkConditions", PHONE);
  }
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector(".tile .state")?.textContent) return;
      observer.disconnect();
      requestAnimationFrame(() => { window.houseShownAt = performance.now(); });
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.goto(url);
  await page.waitForFunction(() => window.houseShownAt && performance.getEntriesByName("first-contentful-paint").length);
  const times = await page.evaluate(() => ({ paint: performance.getEntriesByName("first-contentful-paint")[0].startTime, house: window.houseShownAt }));
  return { page, ...times, bytes, requests, close: () => context.close() };
}

const visits = [];
for (let run = 0; run < RUNS; run += 1) {
  const { close, page, ...figures } = await visit(true);
  visits.push(figures);
  await close();
}
const of = (name) => median(visits.map((visit) => visit[name]));

// From a command of somebody else to the frame in which the page shows it.
const { page } = await visit(false);
const changes = await page.evaluate(async (count) => {
  const tile = document.querySelector(".tile[data-device=light]"), times = [];
  for (let change = 0; change < count; change += 1) {
    await new Promise((wait) => setTimeout(wait, 150));
    const before = tile.classList.contains("is-on");
    const shown = new Promise((done) => {
      const observer = new MutationObserver(() => {
        if (tile.classList.contains("is-on") === before) return;
        observer.disconnect();
        requestAnimationFrame(() => done(performance.now()));
      });
      observer.observe(tile, { attributes: true });
    });
    const begin = performance.now();
    fetch("api/v1/points/light_0", { method: "PUT", body: JSON.stringify({ value: before ? "OFF" : "ON" }), headers: { "content-type": "application/json" } });
    times.push(await shown - begin);
  }
  return times;
}, CHANGES);
console.log(JSON.stringify({ paint_ms: of("paint"), house_ms: of("house"), kb: of("bytes") / 1e3, requests: of("requests"), change_ms: median(changes) }));
await browser.close();
