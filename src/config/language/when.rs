//! The parts of conditions that speak of time: windows, days, durations.

use super::{
    Kept, Mistake, Scope, condition,
    lexer::Token,
    parser::{Kind, Node, Parsed, Parser},
    time_of_day, words,
};
use crate::{
    config::{nearest, shape::meant_duration},
    model::{Anchor, Condition, DaySet, Spread, TimeOfDay, duration},
};
use std::{ops::Range, time::Duration};

/// A window of time without the words around it: `sunset and 23:00`.
pub(in crate::config) fn window(
    text: &str,
    scope: &Scope<'_>,
    kept: &mut Kept,
) -> Result<(TimeOfDay, TimeOfDay, bool), Vec<Mistake>> {
    const BEFORE: &str = "time between ";
    let bare = text.trim_start().trim_start_matches("time").trim_start().trim_start_matches("between");
    let whole = format!("{BEFORE}{bare}");
    let shift = |mistake: Mistake| {
        let back = |at: usize| (at + text.len()).saturating_sub(whole.len()).min(text.len());
        Mistake { place: back(mistake.place.start)..back(mistake.place.end), ..mistake }
    };
    match condition(&whole, scope, kept) {
        Ok(Condition::TimeBetween { from, to, next_day }) => Ok((from, to, next_day)),
        Ok(_) => Err(vec![Mistake::new(
            0..text.len(),
            "more than a window of time",
            "write two times: \"sunset and 23:00\"",
        )]),
        Err(mistakes) => Err(mistakes.into_iter().map(shift).collect()),
    }
}

impl<'t> Parser<'_, 't> {
    /// After `time`.
    pub(super) fn window(&mut self, start: usize) -> Parsed<'t> {
        const START_OF_DAY: TimeOfDay = TimeOfDay::clock(0);
        const END_OF_DAY: TimeOfDay = TimeOfDay::clock(86_400);
        self.take_word("is");
        let ((from, to), mut suns) = match self.peek().token {
            Token::Word("between") => {
                self.advance();
                let (from, sun) = self.time()?;
                self.want("and", "time between A and B")?;
                let (to, other_sun) = self.time()?;
                ((from, to), vec![sun, other_sun])
            }
            Token::Word("after") => {
                self.advance();
                let (from, sun) = self.time()?;
                ((from, END_OF_DAY), vec![sun])
            }
            Token::Word("before") => {
                self.advance();
                let (to, sun) = self.time()?;
                ((START_OF_DAY, to), vec![sun])
            }
            Token::Symbol(">" | ">=") | Token::Word("above") => {
                return Err(self.mistake("times are not compared like numbers", self.with_next("time after")));
            }
            Token::Symbol("<" | "<=") | Token::Word("below") => {
                return Err(self.mistake("times are not compared like numbers", self.with_next("time before")));
            }
            Token::Symbol("==" | "!=") | Token::Time(_) | Token::Word("at") => {
                let advice = "write a window: `time between 22:00 and 22:05`";
                return Err(self.mistake("a rule holds for a time, not at an instant", advice));
            }
            _ => return Err(self.expected("`between`, `after` or `before`")),
        };
        let place = start..self.end_of_last();
        if from.anchor == Anchor::Midnight && from.offset_s == 86_400 && from.spread.is_none() {
            return Err(Mistake::new(place, "no window begins at 24:00, the end of a day", "write 00:00"));
        }
        let next_day = match (from, to) {
            // The whole day after or before an event of the sun is never two days.
            (_, END_OF_DAY) | (START_OF_DAY, _) if from != to => Some(false),
            _ => time_of_day::ends_next_day(from, to),
        };
        let Some(next_day) = next_day else {
            return Err(Mistake::new(place, "an empty window of time", "write two different times"));
        };
        let sun = suns.drain(..).flatten().next();
        Ok(Node { kind: Kind::Window { from, to, next_day, sun }, place })
    }

    /// `22:30`, `sunset - 15m`, `sunset spread 10m not before 16:30`, and where it names the sun.
    pub(super) fn time(&mut self) -> Result<(TimeOfDay, Option<Range<usize>>), Mistake> {
        let start = self.peek().place.start;
        let (anchor, offset_s) = self.anchor()?;
        let sun = (anchor != Anchor::Midnight).then(|| start..self.end_of_last());
        let mut time = TimeOfDay::new(anchor, offset_s);
        let sign = match self.peek().token {
            Token::Symbol("+") => 1,
            Token::Symbol("-") => -1,
            _ => 0,
        };
        if sign != 0 {
            if anchor == Anchor::Midnight {
                return Err(self.mistake("only times of the sun take an offset", "write the resulting time itself"));
            }
            self.advance();
            time.offset_s = sign * self.seconds(12 * 3600, "more than 12h away from the sun's event")?;
        }
        loop {
            if self.is_word("spread") {
                if time.spread.is_some() {
                    return Err(self.mistake("two `spread` for one time", "remove one of them"));
                }
                self.advance();
                let seed = self.seed();
                let most_s = self.seconds(4 * 3600, "more than 4h earlier or later")?;
                time.spread = Some(Spread { most_s, seed });
            } else if self.is_word("not") && self.next_is(["before", "after"]) {
                self.advance();
                self.bound(&mut time)?;
            } else {
                break;
            }
        }
        if let (Some(earliest), Some(latest)) = (time.earliest_s, time.latest_s)
            && earliest > latest
        {
            let place = start..self.end_of_last();
            let message = "no time is both: not before the one and not after the other";
            return Err(Mistake::new(place, message, "write the earlier time after `not before`"));
        }
        Ok((time, sun))
    }

    /// `22:30`, `sunset`, `nautical dusk`: what it counts from, and seconds after that.
    fn anchor(&mut self) -> Result<(Anchor, i32), Mistake> {
        let found = match self.peek().token {
            Token::Time(seconds) => (Anchor::Midnight, seconds),
            Token::Word("dawn") => (Anchor::Dawn, 0),
            Token::Word("sunrise") => (Anchor::Sunrise, 0),
            Token::Word("sunset") => (Anchor::Sunset, 0),
            Token::Word("dusk") => (Anchor::Dusk, 0),
            Token::Word("civil") if self.next_is(["dawn", "dusk"]) => {
                return Err(self.mistake("`dawn` and `dusk` are the civil ones", "leave out `civil`"));
            }
            Token::Word(twilight @ ("nautical" | "astronomical")) => {
                self.advance();
                match (twilight, self.peek().token) {
                    ("nautical", Token::Word("dawn")) => (Anchor::NauticalDawn, 0),
                    ("nautical", Token::Word("dusk")) => (Anchor::NauticalDusk, 0),
                    (_, Token::Word("dawn")) => (Anchor::AstronomicalDawn, 0),
                    (_, Token::Word("dusk")) => (Anchor::AstronomicalDusk, 0),
                    _ => return Err(self.expected("`dawn` or `dusk`")),
                }
            }
            Token::Word("noon") => return Err(self.mistake("noon is written as a time", "write 12:00")),
            Token::Word("midnight") => {
                return Err(self.mistake("midnight is written as a time", "write 00:00, or 24:00 for the end of a day"));
            }
            Token::Number(hour, "") if hour.fract() == 0.0 && hour <= 24.0 => {
                return Err(self.mistake("a time of day has minutes", format!("write {hour:02}:00")));
            }
            Token::Number(hours, "h") if hours.fract() == 0.0 && hours <= 24.0 => {
                return Err(self.mistake("this is a duration, not a time of day", format!("write {hours:02}:00")));
            }
            Token::Word(word) => {
                let advice = match nearest::name(word, words::SUN) {
                    Some(sun) => format!("did you mean `{sun}`?"),
                    None => "write a time such as 22:00 or `sunset - 15m`".to_owned(),
                };
                return Err(self.mistake(format!("`{word}` is not a time of day"), advice));
            }
            _ => return Err(self.expected("a time, such as 22:00 or `sunset - 15m`")),
        };
        self.advance();
        Ok(found)
    }

    /// After `not`: `before 16:30`, `after 22:00`.
    fn bound(&mut self, time: &mut TimeOfDay) -> Result<(), Mistake> {
        if time.is_fixed() {
            return Err(self.mistake("a time on the clock needs no bound", "leave it out: 22:00 is always 22:00"));
        }
        let before = self.is_word("before");
        let word = self.advance().place.clone();
        let Token::Time(seconds) = self.peek().token else {
            return Err(self.expected("a time on the clock, such as 16:30"));
        };
        self.advance();
        let bound = if before { &mut time.earliest_s } else { &mut time.latest_s };
        match bound.replace(seconds) {
            None => Ok(()),
            Some(_) => Err(Mistake::new(word, "the same bound twice", "remove one of them")),
        }
    }

    /// A duration of whole seconds that is not longer than `most_s`.
    fn seconds(&mut self, most_s: i32, too_long: &str) -> Result<i32, Mistake> {
        let written = self.peek().place.clone();
        let duration = self.duration()?;
        match i32::try_from(duration.as_secs()) {
            Ok(seconds) if seconds <= most_s => Ok(seconds),
            _ => Err(Mistake::new(written, too_long, format!("write at most {}h", most_s / 3600))),
        }
    }

    /// A number that is another one in each sentence, and at each place of a sentence.
    fn seed(&self) -> u64 {
        let here = self.peek().place.start as u64;
        let bytes = self.lexemes.iter().flat_map(|lexeme| lexeme.text.bytes().chain([b' ']));
        bytes
            .chain(here.to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }

    /// After `day`.
    pub(super) fn day(&mut self, start: usize) -> Parsed<'t> {
        let mut not = false;
        let mut days: Vec<u32> = Vec::new();
        if self.take_word("between") {
            let first = self.one_day()?;
            self.want("and", "day between A and B")?;
            let last = self.one_day()?;
            // A week has no end: from friday to monday goes over sunday.
            days.extend((0..=(last + 7 - first) % 7).map(|step| (first + step) % 7));
        } else {
            if self.take_word("is") {
                not = self.take_word("not");
            } else if !self.take_word("in") {
                return Err(self.expected("`is`, `in` or `between`"));
            }
            days.extend(self.list_of_days()?);
            if self.is_word("and") && self.day_follows() {
                return Err(self.mistake("no day is two days at once", "write `or`"));
            }
        }
        if not {
            days = (0..7).filter(|day| !days.contains(day)).collect();
        }
        let place = start..self.end_of_last();
        if days.is_empty() {
            return Err(Mistake::new(place, "this is true on no day", "leave out a day"));
        }
        Ok(Node { kind: Kind::Day(DaySet::from_days(days)), place })
    }

    /// After `night of`: `friday or saturday`, `weekday`, `24 december`, `holiday`.
    pub(super) fn night(&mut self, start: usize) -> Parsed<'t> {
        let from = self.peek().place.start;
        let kind = match self.peek().token {
            Token::Word("holiday") => {
                self.advance();
                Kind::Holiday
            }
            Token::Word("between") => {
                self.advance();
                Kind::Date(vec![self.dates_between()?])
            }
            Token::Word(word) if words::MONTHS.iter().any(|(month, _)| *month == word) => {
                Kind::Date(self.list_of_dates()?)
            }
            Token::Number(..) => Kind::Date(self.list_of_dates()?),
            _ => Kind::Day(DaySet::from_days(self.list_of_days()?)),
        };
        let end = self.end_of_last();
        Ok(Node { kind: Kind::Night(Box::new(Node { kind, place: from..end })), place: start..end })
    }

    fn list_of_days(&mut self) -> Result<Vec<u32>, Mistake> {
        let mut days = self.some_days()?;
        while self.another_day() {
            self.advance();
            days.extend(self.some_days()?);
        }
        Ok(days)
    }

    /// Whether `or` or a comma continues a list of days.
    fn another_day(&self) -> bool {
        matches!(self.peek().token, Token::Word("or") | Token::Symbol(",")) && self.day_follows()
    }

    fn day_follows(&self) -> bool {
        let after = self.lexemes.get(self.next + 1);
        after.is_some_and(|lexeme| matches!(lexeme.token, Token::Word(word) if is_day(word)))
    }

    fn some_days(&mut self) -> Result<Vec<u32>, Mistake> {
        if self.take_word("weekday") {
            return Ok((0..5).collect());
        }
        if self.take_word("weekend") {
            return Ok(vec![5, 6]);
        }
        Ok(vec![self.one_day()?])
    }

    fn one_day(&mut self) -> Result<u32, Mistake> {
        let Token::Word(word) = self.peek().token else { return Err(self.expected("a day, such as `saturday`")) };
        match words::DAYS.iter().position(|day| *day == word) {
            Some(day) => {
                self.advance();
                Ok(u32::try_from(day).unwrap_or(0))
            }
            None => {
                let begun = words::DAYS.iter().find(|day| word.len() >= 2 && day.starts_with(&word.to_lowercase()));
                let advice = match begun.copied().or_else(|| nearest::name(word, words::DAYS)) {
                    Some(day) => format!("write `{day}`"),
                    None => "write a day such as `saturday`".to_owned(),
                };
                Err(self.mistake(format!("`{word}` is not a day"), advice))
            }
        }
    }

    pub(super) fn duration(&mut self) -> Result<Duration, Mistake> {
        let lexeme = self.peek().clone();
        match lexeme.token {
            Token::Number(number, "") => {
                let unit = self.lexemes.get(self.next + 1).filter(|next| matches!(next.token, Token::Word(_)));
                let meant = unit.and_then(|unit| Some((unit, meant_duration(&format!("{number}{}", unit.text))?)));
                Err(match meant {
                    Some((unit, meant)) => Mistake::new(
                        lexeme.place.start..unit.place.end,
                        "a duration is written short and without a blank",
                        format!("write {meant}"),
                    ),
                    None => self.mistake(
                        "a duration without a unit",
                        format!("write {number}m for minutes or {number}s for seconds"),
                    ),
                })
            }
            Token::Number(..) => {
                let duration = duration::parse(lexeme.text).map_err(|_| {
                    let message = format!("`{}` is not a duration", lexeme.text);
                    let advice = match meant_duration(lexeme.text) {
                        Some(meant) => format!("write {meant}"),
                        None => "write a duration such as 90s, 5m or 1h30m".to_owned(),
                    };
                    Mistake::new(lexeme.place.clone(), message, advice)
                })?;
                if duration.is_zero() {
                    return Err(self.mistake("a duration of nothing", "write a longer one, or leave it out"));
                }
                self.advance();
                Ok(duration)
            }
            _ => Err(self.expected("a duration, such as 90s, 5m or 1h30m")),
        }
    }
}

fn is_day(word: &str) -> bool {
    words::DAYS.contains(&word) || matches!(word, "weekday" | "weekend")
}
