// A dial: temperatures along an arc, a mark where it is measured, and a handle for each target.

import { put, renewed, say, svg } from "./dom.js";
import { mayAct } from "./may.js";

const SIZE = 288, CENTER = SIZE / 2, RADIUS = 112, HEIGHT = 256;
/** In degrees, clockwise from the right: the arc is open at the bottom. */
const START = 135, SWEEP = 270;
/** A dial of more degrees than that shows a part of them: each is to be hit. */
const SPAN_MOST = 40, AROUND = 10;
/** Steps that follow each other are one command. */
const SETTLED = 600;
const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 4, PageDown: -4, Home: -Infinity, End: Infinity };

function at(share, radius = RADIUS) {
  const angle = (START + SWEEP * share) * Math.PI / 180;
  return [CENTER + radius * Math.cos(angle), CENTER + radius * Math.sin(angle)].map((number) => number.toFixed(1));
}

function arc(from, to) {
  return `M${at(from)}A${RADIUS} ${RADIUS} 0 ${(to - from) * SWEEP > 180 ? 1 : 0} 1 ${at(to)}`;
}

/** What a dial shows: all of its targets, or what is around what is so now. */
export function scale(aims, measured) {
  const min = Math.min(...aims.map((aim) => aim.min)), max = Math.max(...aims.map((aim) => aim.max));
  if (max - min <= SPAN_MOST) return [min, max];
  const now = [measured, ...aims.map(({ value }) => value)].filter((value) => typeof value === "number");
  return [Math.max(min, Math.floor(Math.min(...now) - AROUND)), Math.min(max, Math.ceil(Math.max(...now) + AROUND))];
}

/** What is still to be heated or cooled; of two targets, what is between them. */
function reached(share, aims, measured) {
  if (aims.length > 1) return aims.map(({ value }) => share(value));
  const [{ value, does }] = aims, from = share(measured ?? value), to = share(value);
  return does === "heating" ? [from, to] : [to, from];
}

/** The drawing alone, small: it says what the words beside it say. */
export function gauge() {
  const reach = svg("path", { class: "reach" }), mark = svg("circle", { class: "mark", r: 16 }), knobs = [0, 1].map(() => svg("circle", { class: "knob", r: 16 }));
  const element = svg("svg", { class: "gauge", viewBox: `0 0 ${SIZE} ${HEIGHT}`, "aria-hidden": "true" }, svg("path", { class: "rail", d: arc(0, 1) }), reach, ...knobs, mark);
  const set = (circle, share) => {
    put(circle, "visibility", share == null ? "hidden" : null);
    const [x, y] = at(share ?? 0);
    put(circle, "cx", x);
    put(circle, "cy", y);
  };
  return {
    element,
    update(aims, measured) {
      put(element, "hidden", !aims.length);
      if (!aims.length) return;
      const share = sharing(scale(aims, measured)), [from, to] = reached(share, aims, measured);
      put(reach, "d", to > from ? arc(from, to) : "");
      set(mark, measured == null ? undefined : share(measured));
      knobs.forEach((knob, place) => set(knob, aims[place] && share(aims[place].value)));
    },
  };
}

const sharing = ([min, max]) => (value) => Math.min(Math.max((value - min) / (max - min), 0), 1);

/**
 * A dial to set. `tell(id, value)` commands a target and says when that is done. Its `update` is given the targets (`id`, `name`,
 * `value`, `min`, `max`, `step`, `says(value)`), what is measured, the words in its middle (a large one and a small one) and
 * what a handle says besides its own value. `drawn(aims)` is called with the targets as they are shown.
 */
export function dial({ tell, drawn }) {
  const rail = svg("path", { class: "rail", d: arc(0, 1) }), reach = svg("path", { class: "reach" }), mark = svg("path", { class: "mark" });
  const large = svg("text", { class: "large", x: CENTER, y: CENTER + 10, "text-anchor": "middle" }), small = svg("text", { class: "quiet", x: CENTER, y: CENTER + 38, "text-anchor": "middle" });
  const ends = [0, 1].map((share) => svg("text", { class: "quiet", x: at(share)[0], y: HEIGHT - 6, "text-anchor": "middle" }));
  const handles = svg("g");
  const element = svg("svg", { class: "dial", viewBox: `0 0 ${SIZE} ${HEIGHT}` }, rail, reach, mark, large, small, ...ends, handles);
  let shown, range, ranged, held, timer, sending, isTurned = false;

  const valueOf = (aim) => (held?.id === aim.id ? held.value : aim.value);
  const fit = (aim, value) => {
    const [min, max] = [Math.max(aim.min, range[0]), Math.min(aim.max, range[1])];
    return Math.min(max, Math.max(min, Math.round(value / aim.step) * aim.step));
  };
  const aimOf = (handle) => shown.aims.find(({ id }) => id === handle.dataset.id);

  async function commit() {
    wait();
    const done = held, aim = shown.aims.find(({ id }) => id === done.id);
    if (aim && aim.value !== done.value) await (sending = tell(done.id, done.value));
    // Somebody may have hold of it again.
    if (held === done) held = undefined;
    draw();
  }

  function wait(then) {
    clearTimeout(timer);
    timer = then && setTimeout(then, SETTLED);
  }

  function move(aim, value) {
    if (held && held.id !== aim.id) commit();
    held = { id: aim.id, value: fit(aim, value) };
    draw();
  }

  /** Where a pointer is along the arc. Below the open end it is at the nearer one. */
  function shareOf({ clientX, clientY }) {
    const box = element.getBoundingClientRect(), zoom = SIZE / box.width;
    const angle = Math.atan2((clientY - box.top) * zoom - CENTER, (clientX - box.left) * zoom - CENTER) * 180 / Math.PI;
    const turned = (angle - START + 720) % 360;
    return turned <= SWEEP ? turned / SWEEP : turned < (SWEEP + 360) / 2 ? 1 : 0;
  }

  function take(event) {
    const aim = aimOf(event.currentTarget);
    if (!mayAct() || event.button || isTurned) return;
    event.preventDefault();
    event.currentTarget.focus();
    const { currentTarget: handle, pointerId } = event, over = new AbortController(), { signal } = over;
    handle.setPointerCapture(pointerId);
    isTurned = true;
    wait();
    const share = () => sharing(range)(valueOf(aimOf(handle) ?? aim));
    // A handle is rarely taken in its middle.
    const off = shareOf(event) - share();
    const drag = (moved) => {
      if (moved.pointerId !== pointerId) return;
      const to = shareOf(moved) - off;
      // It does not leap from one end to the other.
      if (Math.abs(to - share()) < 0.5) move(aim, range[0] + to * (range[1] - range[0]));
    };
    const stop = (moved) => {
      if (moved.pointerId !== pointerId) return;
      over.abort();
      isTurned = false;
      // What was taken away from the finger was not meant.
      if (moved.type !== "pointerup") held = undefined;
      if (held) commit();
      else draw();
    };
    handle.addEventListener("pointermove", drag, { signal });
    // Of a handle that is drawn anew meanwhile, only the document is told that it lost the finger.
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) document.addEventListener(kind, stop, { signal, capture: true });
  }

  // The parts of a drawing do not tell a browser that a finger on them does not scroll.
  function stay(event) {
    if (mayAct()) event.preventDefault();
  }

  function press(event) {
    const steps = KEYS[event.key], aim = aimOf(event.currentTarget);
    if (!steps || !mayAct() || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(aim, steps);
  }

  function step(aim, steps) {
    // The finger that turns it says what it is.
    if (isTurned) return;
    move(aim, valueOf(aim) + steps * aim.step);
    wait(commit);
  }

  function handle(aim) {
    return svg("g", { class: "handle", role: "slider", tabindex: 0, "data-id": aim.id, "data-climate": aim.does, "aria-label": aim.name, "aria-disabled": mayAct() ? null : "true", onpointerdown: take, ontouchstart: stay, onkeydown: press },
      svg("circle", { class: "hit", r: 26 }), svg("circle", { class: "knob", r: 21 }), svg("text", { y: 5, "text-anchor": "middle" }));
  }

  function draw() {
    if (!shown.aims.length) return;
    const { measured, words, besides } = shown, [min, max] = range, share = sharing(range);
    const aims = shown.aims.map((aim) => ({ ...aim, value: valueOf(aim) }));
    renewed(handles, aims.map(({ id, name, does }) => [id, name, does, mayAct()]), () => aims.map(handle));
    aims.forEach((aim, place) => {
      const { value } = aim, made = handles.children[place], [x, y] = at(share(value));
      put(made, "transform", `translate(${x} ${y})`);
      put(made, "aria-valuemin", Math.max(aim.min, min));
      put(made, "aria-valuemax", Math.min(aim.max, max));
      put(made, "aria-valuenow", value);
      put(made, "aria-valuetext", [aim.says(value), ...besides].join(", "));
      say(made.lastChild, aim.says(value).replace(/[^\d.,−-].*$/, ""));
    });
    const [from, to] = reached(share, aims, measured);
    put(reach, "d", to > from ? arc(from, to) : "");
    put(mark, "d", measured == null ? "" : `M${at(share(measured), RADIUS - 30)}L${at(share(measured), RADIUS + 7)}`);
    const holder = held && aims.find(({ id }) => id === held.id);
    element.classList.toggle("is-held", Boolean(holder));
    say(large, holder ? holder.says(held.value) : words[0]);
    say(small, holder ? holder.name : words[1]);
    ends.forEach((end, place) => say(end, `${range[place]}°`));
    drawn(aims);
  }

  return {
    element,
    update(news) {
      shown = news;
      put(element, "hidden", !news.aims.length);
      if (!news.aims.length) return;
      // It stays as it is while it fits, and goes on where it ends before its targets do.
      const of = news.aims.map(({ id, min, max }) => [id, min, max].join()).join();
      const isEnd = ({ value, min, max }) => value <= range[0] && range[0] > min || value >= range[1] && range[1] < max;
      if (of !== ranged || !isTurned && news.aims.some(isEnd)) range = scale(news.aims, news.measured);
      ranged = of;
      draw();
    },
    /** A target becomes so many steps higher. */
    step: (id, steps) => {
      const aim = shown.aims.find((aim) => aim.id === id);
      if (aim) step(aim, steps);
    },
    /** What waits for more steps is told now; ends when it was. */
    settle: async () => { await (timer ? commit() : sending); },
  };
}
