// The house as it is now: a snapshot, then what changes, over one connection that heals by itself.

const RETRY_MS = 3000;
// The server says something every 15 s; what is silent for longer is lost.
const SILENT_MS = 40000;

/** What the house answers to a request; an error has `status` and a message for people. */
export async function ask(method, path, body, more) {
  const headers = body === undefined ? { ...more } : { "content-type": "application/json", ...more };
  let answer;
  try {
    answer = await fetch(`api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw Object.assign(new Error(), { status: 0 });
  }
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(json.detail || answer.statusText), { status: answer.status });
  return json;
}

/**
 * Listens for ever. `told` is called with "snapshot", "changes" or "house" and what it says; `link` with whether there is a
 * connection; `who` with who asks, or with null where somebody has to log in first. Returns what listens anew.
 */
export function listen(told, link, who) {
  let source, heard, timer;
  const alive = () => { heard = Date.now(); };
  const open = async () => {
    clearTimeout(timer);
    source?.close();
    alive();
    // Where nobody has to say who they are, it names nobody.
    const session = await ask("GET", "session").catch((error) => error);
    if (session.status === 401) return who(null);
    // Nobody is somebody else because the house cannot be asked just now.
    if (session instanceof Error && session.status !== 404) { link(false); return again(); }
    who(session.user ? session : {});
    source?.close();
    source = new EventSource("api/v1/events");
    for (const kind of ["snapshot", "changes", "house"]) {
      source.addEventListener(kind, (event) => { alive(); link(true); told(kind, JSON.parse(event.data)); });
    }
    source.onopen = alive;
    source.onerror = () => {
      link(false);
      // The browser tries again by itself, but not after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) again();
    };
  };
  const again = () => { source?.close(); clearTimeout(timer); timer = setTimeout(open, RETRY_MS); };
  open();
  setInterval(async () => {
    if (Date.now() - heard < SILENT_MS || source?.readyState !== EventSource.OPEN) return;
    // Comments are not shown to a page: ask whether it is there at all.
    try { await fetch("healthz", { cache: "no-store" }); alive(); } catch { link(false); again(); }
  }, SILENT_MS / 4);
  // A phone that slept may not know yet that its connection is gone.
  addEventListener("online", again);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - heard > SILENT_MS) again();
  });
  return open;
}
