// What the house tells of a past (an answer of `history/ID`), as stretches of time.

/**
 * Stretches `{ from, to, value, why }` in which a switch or a word was what it was, up to `end` (ms); what is not known is left
 * out. What it was before the first change is told by its spans.
 */
export function stretches(course, end) {
  const limit = Math.min(Date.parse(course.to), end);
  const changes = course.changes.map(({ time, value, why }) => ({ at: Date.parse(time), value, why }));
  const start = changes[0]?.at ?? limit;
  const told = changes.map(({ at, value, why }, place) => ({ from: at, to: changes[place + 1]?.at ?? limit, value, why }));
  return [...before(course, start, told), ...told.filter(({ value }) => value !== "unknown").flatMap((one) => known(course, one))];
}

function before(course, start, told) {
  const made = [];
  if (course.kind !== "switch") return made;
  for (const span of course.spans) {
    const from = Date.parse(span.time), to = from + course.every_s * 1e3;
    if (from >= start) break;
    // Of the span in which the first change is, what is told of after it is taken away.
    const after = (is) => told.filter(is).reduce((sum, one) => sum + Math.max(Math.min(one.to, to) - one.from, 0) / 1e3, 0);
    const on = span.on_s - after(({ value }) => value === "ON"), knows = span.known_s - after(({ value }) => value !== "unknown");
    // What is told of has whole seconds.
    if (knows < 2) continue;
    const value = on > knows / 2 ? "ON" : "OFF", last = made.at(-1);
    if (last?.value === value && last.to === from) last.to = Math.min(to, start);
    else made.push({ from, to: Math.min(to, start), value });
  }
  return made;
}

/** Of a stretch, what is known by its spans. */
function known(course, stretch) {
  if (course.kind !== "switch") return [stretch];
  const runs = [];
  for (const span of course.spans) {
    const from = Date.parse(span.time), to = from + course.every_s * 1e3;
    if (to <= stretch.from || from >= stretch.to) continue;
    if (runs.at(-1)?.to === from) runs.at(-1).to = to;
    else runs.push({ from, to });
  }
  return runs.map(({ from, to }) => ({ ...stretch, from: Math.max(from, stretch.from), to: Math.min(to, stretch.to) }));
}
