//! A line of the screen: pieces of text in colours, measured in cells.

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Colours, bold and dim.
    pub colour: bool,
    /// Boxes, blocks and degree signs; otherwise ASCII only.
    pub unicode: bool,
}

impl Look {
    /// As the environment tells: no colours with `NO_COLOR` or on a dumb terminal, ASCII unless the locale is UTF-8.
    /// The Linux console is UTF-8 but its font lacks most of the signs.
    pub fn from_environment() -> Look {
        Look::from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Look {
        let terminal = variable("TERM").unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(&variable).unwrap_or_default().to_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        Look {
            colour: variable("NO_COLOR").is_none() && terminal != "dumb",
            unicode: utf8 && terminal != "linux" && terminal != "dumb",
        }
    }

    /// The sign, or what stands for it in ASCII.
    pub(super) fn sign(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    /// `text` in exactly `width` cells: cut with `…` or filled with blanks.
    pub(super) fn fit(self, text: &str, width: usize) -> String {
        let text = self.clean(text);
        let full: usize = text.chars().map(cells).sum();
        let mut fitted = String::new();
        let mut used = 0;
        let room = if full > width { width.saturating_sub(1) } else { width };
        for c in text.chars() {
            if used + cells(c) > room {
                break;
            }
            fitted.push(c);
            used += cells(c);
        }
        if full > width && width > 0 {
            fitted.push_str(self.sign("…", "~"));
            used += 1;
        }
        fitted.extend(std::iter::repeat_n(' ', width - used));
        fitted
    }

    /// What people wrote, without anything that would move the cursor, and in ASCII where that is all there is.
    fn clean(self, text: &str) -> String {
        let shown = |c: char| match c {
            '°' if !self.unicode => None,
            // They would turn the direction of the rest of the line.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
            c if c.is_control() => Some(' '),
            c if !self.unicode && !c.is_ascii() => Some('?'),
            c => Some(c),
        };
        text.chars().filter_map(shown).collect()
    }
}

/// How a piece of text strikes the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Bold,
    Dim,
    /// Boxes.
    Frame,
    /// On, occupied, open.
    Active,
    /// Limits and old values.
    Warning,
    /// Faults and safety.
    Trouble,
    /// Switched by hand.
    Hand,
    /// Decided by a rule.
    Rule,
    /// The sun, and the night.
    Day,
    Night,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Paint::Plain => "",
            Paint::Bold => "1",
            Paint::Dim | Paint::Frame => "2",
            Paint::Active => "1;32",
            Paint::Warning => "33",
            Paint::Trouble => "1;31",
            Paint::Hand => "35",
            Paint::Rule => "36",
            Paint::Day => "93",
            Paint::Night => "94",
        }
    }
}

/// Pieces of text side by side.
pub(super) struct Line {
    look: Look,
    text: String,
    cells: usize,
}

impl Line {
    pub(super) fn new(look: Look) -> Line {
        Line { look, text: String::new(), cells: 0 }
    }

    /// Adds `text` as it is.
    pub(super) fn put(self, paint: Paint, text: &str) -> Line {
        let width = self.look.clean(text).chars().map(cells).sum();
        self.fit(paint, text, width)
    }

    /// Adds `text` in exactly `width` cells.
    pub(super) fn fit(mut self, paint: Paint, text: &str, width: usize) -> Line {
        let fitted = self.look.fit(text, width);
        if self.look.colour && !paint.code().is_empty() {
            self.text += &format!("\x1b[{}m{fitted}\x1b[0m", paint.code());
        } else {
            self.text += &fitted;
        }
        self.cells += width;
        self
    }

    /// Adds `text` at the right end of `width` cells.
    pub(super) fn fit_right(self, paint: Paint, text: &str, width: usize) -> Line {
        let length = self.look.clean(text).chars().map(cells).sum::<usize>().min(width);
        self.blank(width - length).fit(paint, text, length)
    }

    pub(super) fn blank(mut self, count: usize) -> Line {
        self.text.extend(std::iter::repeat_n(' ', count));
        self.cells += count;
        self
    }

    /// Adds blanks up to `width`.
    pub(super) fn fill(self, width: usize) -> Line {
        let missing = width.saturating_sub(self.cells);
        self.blank(missing)
    }

    pub(super) fn join(mut self, other: Line) -> Line {
        self.text += &other.text;
        self.cells += other.cells;
        self
    }

    /// How many cells are left up to `width`.
    pub(super) fn room(&self, width: usize) -> usize {
        width.saturating_sub(self.cells)
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// How many cells of the terminal a character takes: the common wide and combining ranges.
pub(super) fn cells(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2069 | 0xfe00..=0xfe0f | 0xfeff => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { colour: false, unicode: true };
    const ASCII: Look = Look { colour: false, unicode: false };

    #[test]
    fn text_is_cut_and_filled_to_its_cells() {
        assert_eq!(PLAIN.fit("hall_light", 12), "hall_light  ");
        assert_eq!(PLAIN.fit("hall_light", 10), "hall_light");
        assert_eq!(PLAIN.fit("hall_light", 6), "hall_…");
        assert_eq!(PLAIN.fit("hall_light", 0), "");
        assert_eq!(PLAIN.fit("居間の灯り", 6), "居間… ");
        assert_eq!(PLAIN.fit("a\x1b[2Jb\n", 8), "a [2Jb  ");
        assert_eq!(ASCII.fit("Küche 20 °C", 8), "K?che 2~");
    }

    #[test]
    fn the_environment_tells_what_can_be_shown() {
        let look = |variables: &[(&str, &str)]| {
            Look::from_variables(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).into()))
        };
        let (xterm, utf8) = (("TERM", "xterm"), ("LANG", "de_DE.UTF-8"));
        assert_eq!(look(&[xterm, utf8]), Look { colour: true, unicode: true });
        assert_eq!(look(&[xterm, utf8, ("LC_ALL", "C")]), Look { colour: true, unicode: false });
        assert_eq!(look(&[xterm, utf8, ("NO_COLOR", "1")]), Look { colour: false, unicode: true });
        assert_eq!(look(&[("TERM", "linux"), utf8]), Look { colour: true, unicode: false });
        assert_eq!(look(&[]), Look { colour: true, unicode: false });
    }
}
