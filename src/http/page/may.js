// What who looks at the page may do there.

import { h } from "./dom.js";

let scope;

/** From now on somebody with this scope looks: `read`, `control` or `configure`. */
export const allow = (is) => { scope = is; };

export const mayAct = () => scope !== "read";

/** A button that commands something: who may only look sees it, and cannot press it. */
export const control = (attributes, ...children) => h("button", { ...attributes, disabled: !mayAct() }, ...children);
