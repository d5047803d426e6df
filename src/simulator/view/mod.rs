//! The live view: one screen of text made of a snapshot, the scene around it and the journal. [`render`] is pure;
//! [`Terminal`] puts its lines on the screen.

mod line;

mod header;

mod panels;

mod terminal;

pub use line::Look;
pub use terminal::{Key, Terminal};

use super::journal::Journal;
use crate::model::Snapshot;
use chrono::{DateTime, Utc};
use line::{Line, Paint};
use panels::{happenings, inputs_and_rooms, outputs, sensors};

/// What surrounds the house, as the view shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Of the local day that the snapshot is of; nothing on days without one.
    pub sunrise: Option<DateTime<Utc>>,
    /// As `sunrise`.
    pub sunset: Option<DateTime<Utc>>,
    /// The height of the sun over the horizon.
    pub elevation_deg: f64,
    /// The air outside.
    pub outdoor_c: f64,
    /// Where everybody is.
    pub people: String,
    /// Seconds of the house in one second of the reader.
    pub speed: f64,
    /// When the demo began, in the time of the house.
    pub started: DateTime<Utc>,
    /// Where its page is; empty: it has none.
    pub page: String,
}

/// What the reader chose to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Panes {
    /// Time stands still.
    pub paused: bool,
    /// What the keys do, instead of what happened.
    pub help: bool,
    /// How many rows of each list that does not fit are above it; 0: those that changed last are shown.
    pub scroll: usize,
}

/// A row of a list.
struct Row {
    line: Line,
    /// When what it shows changed last.
    changed: Option<DateTime<Utc>>,
}

impl Row {
    fn still(line: Line) -> Row {
        Row { line, changed: None }
    }
}

/// The narrowest screen that has a box, and the narrowest box that is split into two columns.
const BOX: usize = 32;
const TWO_COLUMNS: usize = 56;

/// The screen: at most `height` lines, none wider than `width` cells. Made for 80x24 and more; whole at 60x15, and a
/// part of it on anything smaller. A `panes.scroll` beyond the end of the longest list is set back to it.
pub fn render(
    snapshot: &Snapshot,
    scene: &Scene,
    journal: &Journal,
    panes: &mut Panes,
    look: Look,
    width: u16,
    height: u16,
) -> Vec<String> {
    let (width, height) = (usize::from(width), usize::from(height));
    let mut lines = header::header(snapshot, scene, panes.paused, look, width);
    if width >= BOX {
        let inner = width - 4;
        let two_columns = inner >= TWO_COLUMNS;
        // Three rules, the bottom of the box, and the keys.
        let rows = height.saturating_sub(lines.len() + 5);
        let left_width = if two_columns { panels::width_of_inputs_and_rooms(snapshot, inner * 2 / 5) } else { inner };
        let right_width = if two_columns { inner - 3 - left_width } else { inner };
        let left = inputs_and_rooms(snapshot, look, left_width);
        let right = sensors(snapshot, journal, look, right_width);
        let outputs = outputs(snapshot, look, inner);
        let middle_wants = if two_columns { left.len().max(right.len()) } else { left.len() + right.len() };
        let share = Share::of(rows, outputs.len(), middle_wants);
        let beyond = |rows: usize, shown: usize| (rows + 1).saturating_sub(shown.max(1));
        let middle = if two_columns { left.len().max(right.len()) } else { left.len() + right.len() };
        panes.scroll = panes.scroll.min(beyond(outputs.len(), share.outputs).max(beyond(middle, share.middle)));
        let scroll = panes.scroll;
        let cut = |rows, most, width| cut(look, rows, most, scroll, width);

        lines.push(rule(look, width, ["╭", "╮"], "Outputs", None));
        lines.extend(boxed(look, inner, cut(outputs, share.outputs, inner)));
        if two_columns {
            let second = Some((left_width + 3, "┬", "Sensors"));
            lines.push(rule(look, width, ["├", "┤"], "Rooms and inputs", second));
            let left = cut(left, share.middle, left_width);
            let right = cut(right, share.middle, right_width);
            lines.extend(boxed(look, inner, side_by_side(look, left, left_width, right, share.middle)));
            lines.push(rule(look, width, ["├", "┤"], "What happened", Some((left_width + 3, "┴", ""))));
        } else {
            lines.push(rule(look, width, ["├", "┤"], "Rooms, inputs, sensors", None));
            let both = left.into_iter().chain(right).collect();
            lines.extend(boxed(look, inner, cut(both, share.middle, inner)));
            lines.push(rule(look, width, ["├", "┤"], "What happened", None));
        }
        let mut entries = match panes.help {
            true => help(look, inner, share.happenings),
            false => happenings(journal, look, inner, share.happenings),
        };
        entries.resize_with(share.happenings, || Line::new(look));
        lines.extend(boxed(look, inner, entries));
        lines.push(rule(look, width, ["╰", "╯"], "", None));
        lines.truncate(height.saturating_sub(1));
        lines.push(keys(look, width));
    }
    lines.truncate(height);
    lines.into_iter().map(Line::finish).collect()
}

/// The rows of the three parts of the box.
struct Share {
    outputs: usize,
    middle: usize,
    happenings: usize,
}

impl Share {
    /// Outputs and the middle get what they want, as long as a quarter (on small screens two rows) is left
    /// for what happened.
    fn of(rows: usize, outputs: usize, middle: usize) -> Share {
        let upper = rows - (rows / 4).clamp((rows / 3).min(2), 8);
        let outputs = outputs.min(upper.saturating_sub(middle).max(upper.div_ceil(2)));
        let middle = middle.min(upper - outputs);
        Share { outputs, middle, happenings: rows - outputs - middle }
    }
}

/// At most `most` of `rows`; the last line tells how many are missing. Without scrolling they are those that changed last,
/// in the order of the list, so that nothing happens out of sight.
fn cut(look: Look, rows: Vec<Row>, most: usize, scroll: usize, width: usize) -> Vec<Line> {
    if rows.len() <= most || most == 0 {
        return rows.into_iter().map(|row| row.line).take(most).collect();
    }
    let (shown, missing) = (most - 1, rows.len() - (most - 1));
    let (first, numbers): (usize, Vec<usize>) = if scroll > 0 {
        let first = scroll.min(rows.len() - shown);
        (first, (first..first + shown).collect())
    } else {
        let mut latest: Vec<usize> = (0..rows.len()).collect();
        latest.sort_by_key(|i| (std::cmp::Reverse(rows[*i].changed), *i));
        latest.truncate(shown);
        latest.sort_unstable();
        (0, latest)
    };
    let mut lines: Vec<Line> = Vec::with_capacity(most);
    lines.extend(rows.into_iter().enumerate().filter(|(i, _)| numbers.contains(i)).map(|(_, row)| row.line));
    let note = match first {
        0 => format!("and {missing} more"),
        first => format!("and {first} above, {} below", missing - first),
    };
    lines.push(Line::new(look).fit(Paint::Dim, &note, width));
    lines
}

fn side_by_side(look: Look, left: Vec<Line>, left_width: usize, right: Vec<Line>, rows: usize) -> Vec<Line> {
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    let mut row = || {
        let line = left.next().unwrap_or_else(|| Line::new(look)).fill(left_width);
        let line = line.put(Paint::Frame, look.sign(" │ ", " | "));
        line.join(right.next().unwrap_or_else(|| Line::new(look)))
    };
    (0..rows).map(|_| row()).collect()
}

fn boxed(look: Look, inner: usize, lines: Vec<Line>) -> impl Iterator<Item = Line> {
    let side = look.sign("│", "|");
    lines.into_iter().map(move |line| {
        Line::new(look).put(Paint::Frame, side).blank(1).join(line.fill(inner)).blank(1).put(Paint::Frame, side)
    })
}

/// A horizontal line with a title, and perhaps a joint at a column with a second title after it.
fn rule(
    look: Look,
    width: usize,
    ends: [&'static str; 2],
    title: &str,
    joint: Option<(usize, &'static str, &str)>,
) -> Line {
    let dashes = |line: Line, to: usize| {
        let count = line.room(to);
        line.put(Paint::Frame, &look.sign("─", "-").repeat(count))
    };
    let titled = |line: Line, title: &str| {
        if title.is_empty() || line.room(width) < title.len() + 4 {
            return line;
        }
        let line = line.put(Paint::Frame, look.sign("─", "-")).blank(1);
        line.put(Paint::Bold, title).blank(1)
    };
    let mut line = titled(Line::new(look).put(Paint::Frame, look.sign(ends[0], "+")), title);
    if let Some((column, sign, second)) = joint {
        line = titled(dashes(line, column).put(Paint::Frame, look.sign(sign, "+")), second);
    }
    dashes(line, width.saturating_sub(1)).put(Paint::Frame, look.sign(ends[1], "+"))
}

/// The keys, each with a word for it and what it does.
const KEYS: [(&str, &str, &str); 8] = [
    ("q", "quit", "end the demo; also Escape and Ctrl-C"),
    ("m", "walk", "somebody walks past the motion sensor of the hall"),
    ("1-9", "switch", "switch this output by hand, or back"),
    ("a", "auto", "give all outputs back to the rules"),
    ("space", "pause", "let time stand still, or run on"),
    ("+ -", "speed", "twice or half as fast; the same happens"),
    ("?", "help", "this page, or back to what happened"),
    ("up down", "scroll", "lists that do not fit; Home: what changed last"),
];

/// What the keys do, each in a line.
fn help(look: Look, width: usize, rows: usize) -> Vec<Line> {
    // What the line of keys leaves out on a narrow screen comes first.
    let keys = KEYS.iter().rev().take(rows);
    keys.map(|(key, _, does)| {
        let line = Line::new(look).fit(Paint::Bold, key, 8.min(width));
        let room = line.room(width);
        line.fit(Paint::Plain, does, room)
    })
    .collect()
}

/// The keys in one line.
fn keys(look: Look, width: usize) -> Line {
    // Whoever knows how to ask for help finds the others.
    let [quit, walk, switch, auto, pause, speed, help, scroll] = KEYS;
    let mut line = Line::new(look);
    for (key, does, _) in [quit, help, pause, speed, walk, switch, auto, scroll] {
        if line.room(width) < key.len() + does.len() + 3 {
            break;
        }
        line = line.blank(2).put(Paint::Bold, key).blank(1).put(Paint::Dim, does);
    }
    line
}

#[cfg(test)]
mod tests;
