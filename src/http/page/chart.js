// A chart that is read with a mouse, a finger or keys: a line within its band, bars, or stretches of time. What is shown is
// data: the `items` follow each other in time; what one of them says is asked of `describe` when it is read.

import { h, put, svg } from "./dom.js";
import { t } from "./words.js";

const HEIGHT = 200, TOP = 24, BOTTOM = 24, RIGHT = 8;
/** A mouse that moves less wants to read, not to zoom. */
const DRAG = 8;
/** Two fingers are no closer than this. */
const NEAR = 24;

/**
 * A chart without anything yet. `read({ text, when, why })` is told what is read (null: nothing any more),
 * `zoom(from, to, isDone)` what is to be seen, `back()` that it is to be seen as before.
 */
export function chart({ label, read, zoom, back }) {
  const drawing = svg("svg", { "aria-hidden": "true" });
  const element = h("div", { class: "plot", tabindex: 0, role: "slider", "aria-label": label, "aria-describedby": "sums", "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0 }, drawing);
  const touches = new Map();
  let shown, at, box = { left: 0, right: 1 }, dragged, pinched, cursor, selection;

  const time = (x) => shown.from + (x - box.left) / (box.right - box.left) * (shown.to - shown.from);
  const place = (ms) => box.left + (ms - shown.from) / (shown.to - shown.from) * (box.right - box.left);
  const inside = (event) => event.clientX - element.getBoundingClientRect().left;

  function draw() {
    const width = element.clientWidth;
    if (!shown || !width) return;
    const { items, kind, marks, rows, unit } = shown;
    const gutter = rows ? Math.max(...rows.map(({ text }) => text.length)) * 7.5 + 8 : 0;
    box = { left: gutter, right: width - RIGHT };
    const low = rows?.[0].value, high = rows?.at(-1).value, floor = HEIGHT - BOTTOM;
    const y = (value) => floor - (value - low) / (high - low) * (floor - TOP);
    const x = (ms) => Math.round(place(ms) * 10) / 10;
    const seen = items.filter((item) => item.to > shown.from && item.from < shown.to);
    // Nested, it cuts off what is outside.
    const within = svg("svg", { x: box.left, y: 0, width: Math.max(box.right - box.left, 1), height: HEIGHT, viewBox: `${box.left} 0 ${Math.max(box.right - box.left, 1)} ${HEIGHT}` });
    within.append(...seen.filter((item) => item.gap).map((item) => svg("rect", { class: "gap", x: x(item.from), y: TOP, width: Math.max(x(item.to) - x(item.from), 0), height: floor - TOP })));
    within.append(...{ line, bars, stretches }[kind](seen.filter((item) => !item.gap), x, y, floor));
    cursor = svg("g", { class: "cursor" });
    selection = svg("rect", { class: "selection", y: TOP, height: floor - TOP, width: 0 });
    put(drawing, "height", HEIGHT);
    put(drawing, "width", width);
    drawing.replaceChildren(
      ...(rows && unit ? [svg("text", { x: 0, y: 10 }, unit)] : []),
      ...(rows ?? []).flatMap(({ value, text }) => [
        svg("line", { class: "row", x1: box.left, x2: box.right, y1: y(value), y2: y(value) }),
        svg("text", { x: box.left - 8, y: y(value) + 4, "text-anchor": "end" }, text)]),
      svg("line", { class: "row", x1: box.left, x2: box.right, y1: floor, y2: floor }),
      ...marks.flatMap(({ t, text }) => {
        // No word is cut off at an edge.
        const half = text.length * 4, middle = Math.min(Math.max(x(t), box.left + half), width - half);
        return [svg("line", { class: "mark", x1: x(t), x2: x(t), y1: floor, y2: floor + 5 }), svg("text", { x: middle, y: HEIGHT - 5, "text-anchor": "middle" }, text)];
      }),
      within, selection, cursor);
    put(element, "aria-valuemax", Math.max(items.length - 1, 0));
    point();
  }

  function line(items, x, y) {
    const runs = [];
    let before;
    for (const item of items) {
      if (before?.to === item.from) runs.at(-1).push(item);
      else runs.push([item]);
      before = item;
    }
    return runs.flatMap((run) => {
      const along = (value) => run.map((item) => `${x((item.from + item.to) / 2)} ${y(item[value])}`);
      const single = run.length === 1;
      // One alone is as wide as its time.
      const [first, last] = [x(run[0].from), x(run.at(-1).to)];
      const path = single ? `M${first} ${y(run[0].mean)}H${Math.max(last, first + 4)}` : `M${along("mean").join("L")}`;
      const band = single ? null : svg("path", { class: "band", d: `M${along("max").join("L")}L${along("min").reverse().join("L")}Z` });
      return [band, svg("path", { class: "line", d: path })].filter(Boolean);
    });
  }

  function bars(items, x, y, floor) {
    return items.map((item) => svg("rect", { class: "bar", x: x(item.from) + 1, width: Math.max(x(item.to) - x(item.from) - 2, 1), y: y(item.value), height: Math.max(floor - y(item.value), 0), rx: 2 }));
  }

  function stretches(items, x, _, floor) {
    return items.map((item) => svg("rect", { class: `stretch ${item.on ? "is-on" : ""}`, x: x(item.from), width: Math.max(x(item.to) - x(item.from), 1), y: item.on ? TOP : floor - 12, height: item.on ? floor - TOP : 12 }));
  }

  /** Shows what is read. */
  function point() {
    const item = shown.items[at];
    cursor.replaceChildren();
    if (!item) return;
    const { text, when, why } = shown.describe(item);
    read({ text, when, why });
    put(element, "aria-valuenow", at);
    put(element, "aria-valuetext", `${when}: ${text}${why ? `, ${why}` : ""}`);
    if (item.to <= shown.from || item.from >= shown.to) return;
    const [left, right] = [item.from, item.to].map((ms) => Math.min(Math.max(place(ms), box.left), box.right));
    const middle = (left + right) / 2;
    if (shown.kind === "line") cursor.append(svg("line", { x1: middle, x2: middle, y1: TOP, y2: HEIGHT - BOTTOM }));
    else cursor.append(svg("rect", { x: left, width: Math.max(right - left, 2), y: TOP - 4, height: HEIGHT - BOTTOM - TOP + 4, rx: 3 }));
  }

  function go(to) {
    if (!shown.items.length) return;
    at = Math.min(Math.max(to, 0), shown.items.length - 1);
    point();
  }

  function leave() {
    at = undefined;
    read(null);
    if (cursor) cursor.replaceChildren();
  }

  const nearest = (ms) => shown.items.findLastIndex((item) => item.from <= ms);
  const around = (middle, factor) => {
    const half = (shown.to - shown.from) / 2 * factor;
    zoom(middle - half, middle + half, true);
  };

  element.addEventListener("keydown", (event) => {
    if (!shown || event.ctrlKey || event.metaKey || event.altKey) return;
    const item = shown.items[at], middle = item ? (item.from + item.to) / 2 : (shown.from + shown.to) / 2;
    const seen = nearest(shown.to - 1), step = (by) => () => go(at == null ? seen : at + by);
    const does = {
      ArrowLeft: step(-1), ArrowRight: step(1), ArrowDown: step(-1), ArrowUp: step(1), PageUp: step(10), PageDown: step(-10),
      Home: () => go(Math.max(nearest(shown.from), 0)), End: () => go(seen), "+": () => around(middle, 0.5), "-": back,
    }[event.key];
    if (does) { event.preventDefault(); does(); }
  });
  element.addEventListener("blur", leave);

  // A finger moves what is read, two of them what is seen; a mouse reads where it is, and zooms into what it drags over.
  element.addEventListener("pointerdown", (event) => {
    if (!shown || event.button) return;
    element.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") dragged = inside(event);
    else {
      touches.set(event.pointerId, inside(event));
      if (touches.size === 2) dragged = [...touches.values()].map(time);
      else go(nearest(time(inside(event))));
    }
  });
  element.addEventListener("pointermove", (event) => {
    if (!shown) return;
    const x = inside(event);
    if (touches.has(event.pointerId)) {
      touches.set(event.pointerId, x);
      if (touches.size === 2) pinch(false);
      else if (touches.size === 1 && !Array.isArray(dragged)) go(nearest(time(x)));
      return;
    }
    if (typeof dragged === "number") {
      put(selection, "x", Math.max(Math.min(dragged, x), box.left));
      put(selection, "width", Math.abs(x - dragged) > DRAG ? Math.min(Math.abs(x - dragged), box.right - box.left) : 0);
    }
    if (event.pointerType === "mouse") go(nearest(time(x)));
  });
  const end = (event) => {
    if (touches.size === 2 && touches.has(event.pointerId)) pinch(true);
    touches.delete(event.pointerId);
    if (event.pointerType === "mouse" && typeof dragged === "number") {
      const x = inside(event);
      put(selection, "width", 0);
      if (event.type === "pointerup" && Math.abs(x - dragged) > DRAG) zoom(...[time(dragged), time(x)].sort((one, other) => one - other), true);
    }
    if (!touches.size) dragged = undefined;
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("dblclick", back);
  element.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && document.activeElement !== element) leave(); });

  /** What was under each finger stays there. */
  function pinch(isDone) {
    if (!Array.isArray(dragged)) return;
    const [[one, other], [a, b]] = [dragged, [...touches.values()]];
    const scale = (other - one) / (b - a), from = one - (a - box.left) * scale;
    // Fingers that touch or cross each other say no more.
    if (scale > 0 && Math.abs(a - b) >= NEAR) pinched = [from, from + (box.right - box.left) * scale];
    if (pinched) zoom(...pinched, isDone);
    if (isDone) pinched = undefined;
  }

  new ResizeObserver(draw).observe(element);
  return {
    element,
    /** Draws something else; what is read stays at its time. */
    show(next) {
      const ms = at == null ? undefined : (shown.items[at].from + shown.items[at].to) / 2;
      shown = next;
      at = ms == null ? undefined : nearest(ms);
      if (at != null && at < 0) at = undefined;
      draw();
      if (at == null) put(element, "aria-valuetext", t("past.keys"));
    },
    get isHeld() { return touches.size > 0 || dragged != null; },
  };
}
