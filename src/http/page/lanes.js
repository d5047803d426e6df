// What a line of time is made of: stretches on it, and the clock along it.

import { h } from "./dom.js";
import { marks } from "./scale.js";

/** How far along a line from `from` to `to` (ms) a time is, in percent. */
const share = (ms, from, to) => Math.min(Math.max((ms - from) / (to - from), 0), 1) * 100;

/** A stretch from `a` to `b`, or a tick at `a`, on a line from `from` to `to`. */
export function piece(kind, a, b, from, to) {
  const made = h("i", { class: kind });
  made.style.left = `${share(a, from, to)}%`;
  if (b != null) made.style.width = `${share(b, from, to) - share(a, from, to)}%`;
  return made;
}

/** The clock along a line that is `width` pixels long; `local` is that on the wall of the house. */
export function clocks(from, to, width, local) {
  // What would be cut at the ends is left out.
  const isWhole = ({ t }) => share(t, from, to) * width > 2000 && share(t, from, to) * width < 100 * width - 2000;
  return marks(from, to, width / 64, local).filter(isWhole).map((mark) => {
    const text = h("span", {}, mark.text);
    text.style.left = `${share(mark.t, from, to)}%`;
    return text;
  });
}
