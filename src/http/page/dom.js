// Elements without innerHTML: what a house is called is never taken for markup.

const maker = (create) => (tag, attributes = {}, ...children) => {
  const element = create(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else put(element, name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false && child !== ""));
  return element;
};

/** h("button", { class: "act", onclick }, "text", child): attributes by name, listeners by `on...`. */
export const h = maker((tag) => document.createElement(tag));

/** The same of a drawing. */
export const svg = maker((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));

/** Sets an attribute, or removes it: false and null are none. Touches nothing that is so already. */
export function put(element, name, value) {
  if (value == null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value === true ? "" : value)) {
    element.setAttribute(name, value === true ? "" : value);
  }
}

const drawn = new WeakMap(), FOCUSED = "button, [tabindex]";

/** Draws the children of an element anew where it says something else, and leaves the focus where it is. */
export function renewed(element, says, make) {
  const text = JSON.stringify(says);
  if (drawn.get(element) === text) return;
  drawn.set(element, text);
  const at = [...element.querySelectorAll(FOCUSED)].indexOf(document.activeElement);
  element.replaceChildren(...make());
  if (at >= 0) element.querySelectorAll(FOCUSED)[at]?.focus();
}

/** Sets the text of an element, if it is another. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
