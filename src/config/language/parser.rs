//! Tokens to a tree. Names and units are looked up later, by `typing`.

use super::{
    Mistake,
    lexer::{Lexeme, Token},
    time_of_day, words,
};
use crate::{
    config::{nearest, shape::meant_duration},
    model::{Anchor, Comparison, DaySet, TimeOfDay, duration},
};
use std::{ops::Range, time::Duration};

/// A part of a condition and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node<'t> {
    pub kind: Kind<'t>,
    pub place: Range<usize>,
}

/// What a part of a condition is.
#[derive(Clone, Debug)]
pub(super) enum Kind<'t> {
    All(Vec<Node<'t>>),
    Any(Vec<Node<'t>>),
    Not(Box<Node<'t>>),
    Held(Box<Node<'t>>, Duration),
    Compare(Box<Node<'t>>, Comparison, Box<Node<'t>>),
    Between(Box<Node<'t>>, Box<Node<'t>>, Box<Node<'t>>),
    /// `front_door is open`
    Is(Box<Node<'t>>, &'t str, Range<usize>),
    /// `sun` is where it names the sun.
    Window {
        from: TimeOfDay,
        to: TimeOfDay,
        next_day: bool,
        sun: Option<Range<usize>>,
    },
    Day(DaySet),
    Dark,
    Daylight,
    Name(&'t str),
    /// With its unit.
    Number(f64, Option<&'t str>),
    Negative(Box<Node<'t>>),
    /// `+`, `-`, `*` or `/`
    Arithmetic(&'static str, Box<Node<'t>>, Box<Node<'t>>),
}

/// How deep parentheses, `not` and arithmetic may nest.
const DEEPEST: usize = 64;

/// The tree of a whole condition.
pub(super) fn parse<'t>(lexemes: &[Lexeme<'t>]) -> Result<Node<'t>, Mistake> {
    let mut parser = Parser { lexemes, next: 0, depth: 0, arithmetic: 0 };
    let node = parser.any()?;
    match parser.peek().token {
        Token::End => Ok(node),
        _ => Err(parser.leftover()),
    }
}

struct Parser<'l, 't> {
    /// Never empty: the last is the end.
    lexemes: &'l [Lexeme<'t>],
    next: usize,
    depth: usize,
    arithmetic: usize,
}

type Parsed<'t> = Result<Node<'t>, Mistake>;

impl<'t> Parser<'_, 't> {
    fn any(&mut self) -> Parsed<'t> {
        self.deeper()?;
        let node = self.chain("or", Kind::Any, Self::all);
        self.depth -= 1;
        node
    }

    fn all(&mut self) -> Parsed<'t> {
        self.chain("and", Kind::All, Self::held)
    }

    fn chain(
        &mut self,
        word: &str,
        kind: fn(Vec<Node<'t>>) -> Kind<'t>,
        part: fn(&mut Self) -> Parsed<'t>,
    ) -> Parsed<'t> {
        let mut parts = vec![part(self)?];
        while self.take_word(word) {
            parts.push(part(self)?);
        }
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let place = parts[0].place.start..self.end_of_last();
        Ok(Node { kind: kind(parts), place })
    }

    fn held(&mut self) -> Parsed<'t> {
        let node = self.not()?;
        if !self.take_word("for") {
            return Ok(node);
        }
        let duration = self.duration()?;
        if self.is_word("for") {
            return Err(self.mistake("two `for` in a row", "keep the longer one"));
        }
        let place = node.place.start..self.end_of_last();
        Ok(Node { kind: Kind::Held(Box::new(node), duration), place })
    }

    fn not(&mut self) -> Parsed<'t> {
        let start = self.peek().place.start;
        if !self.take_word("not") {
            return self.comparison();
        }
        self.deeper()?;
        let inner = self.not()?;
        self.depth -= 1;
        let place = start..inner.place.end;
        Ok(Node { kind: Kind::Not(Box::new(inner)), place })
    }

    fn comparison(&mut self) -> Parsed<'t> {
        let start = self.peek().place.start;
        if let Some(node) = self.atom()? {
            return Ok(node);
        }
        let left = self.sum()?;
        let is = self.take_word("is");
        let not = is && self.take_word("not");
        let kind = if self.take_word("between") {
            let low = self.operand(Self::sum)?;
            self.want("and", "between A and B")?;
            let high = self.operand(Self::sum)?;
            Kind::Between(Box::new(left), Box::new(low), Box::new(high))
        } else if let Some(comparison) = self.comparison_word(is)? {
            if let (Kind::Name(name), Token::Word(state)) = (&left.kind, self.peek().token)
                && words::is_reserved(state)
            {
                let not = if comparison == Comparison::NotEqual { "not " } else { "" };
                return Err(
                    self.mistake(format!("`{state}` is not a number"), format!("write `{name} is {not}{state}`"))
                );
            }
            let right = self.operand(Self::sum)?;
            if let Token::Symbol("<" | "<=" | ">" | ">=" | "==" | "!=") = self.peek().token {
                return Err(
                    self.mistake("two comparisons in a row", "write `X between A and B`, or join two with `and`")
                );
            }
            Kind::Compare(Box::new(left), comparison, Box::new(right))
        } else if is {
            match self.peek().token {
                Token::Word(state) => {
                    let place = self.advance().place.clone();
                    Kind::Is(Box::new(left), state, place)
                }
                _ => return Err(self.expected("a state, such as `on` or `open`")),
            }
        } else {
            return Ok(left);
        };
        let place = start..self.end_of_last();
        let node = Node { kind, place: place.clone() };
        Ok(if not { Node { kind: Kind::Not(Box::new(node)), place } } else { node })
    }

    /// `<`, `above`, `at least`, or after `is` a number, which means `==`.
    fn comparison_word(&mut self, is: bool) -> Result<Option<Comparison>, Mistake> {
        let comparison = match self.peek().token {
            Token::Symbol("<") | Token::Word("below") => Comparison::Less,
            Token::Symbol("<=") => Comparison::LessOrEqual,
            Token::Symbol(">") | Token::Word("above") => Comparison::Greater,
            Token::Symbol(">=") => Comparison::GreaterOrEqual,
            Token::Symbol("==") => Comparison::Equal,
            Token::Symbol("!=") => Comparison::NotEqual,
            Token::Number(..) | Token::Symbol("-") if is => return Ok(Some(Comparison::Equal)),
            Token::Word("at") => {
                self.advance();
                if self.is_word("least") {
                    Comparison::GreaterOrEqual
                } else if self.is_word("most") {
                    Comparison::LessOrEqual
                } else {
                    return Err(self.expected("`least` or `most`"));
                }
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(comparison))
    }

    /// Conditions that begin with a word of the language.
    fn atom(&mut self) -> Result<Option<Node<'t>>, Mistake> {
        let Token::Word(word) = self.peek().token else { return Ok(None) };
        let start = self.peek().place.start;
        let kind = match word {
            "dark" => Kind::Dark,
            "daylight" => Kind::Daylight,
            "weekday" => Kind::Day(DaySet::from_days(0..5)),
            "weekend" => Kind::Day(DaySet::from_days(5..7)),
            "time" => {
                self.advance();
                return self.window(start).map(Some);
            }
            "day" => {
                self.advance();
                return self.day(start).map(Some);
            }
            "between" | "after" | "before" => {
                let message = format!("`{word}` needs `time` before it");
                return Err(self.mistake(message, self.with_next(&format!("time {word}"))));
            }
            sun if words::SUN.contains(&sun) => {
                return Err(self.mistake(
                    format!("`{sun}` is a time of day"),
                    format!("write `time after {sun}` or `time before {sun}`"),
                ));
            }
            day if words::DAYS.contains(&day) => {
                return Err(self.mistake(format!("`{day}` is a day"), format!("write `day is {day}`")));
            }
            _ => return Ok(None),
        };
        let place = self.advance().place.clone();
        if matches!(self.peek().token, Token::Word("is") | Token::Symbol("<" | "<=" | ">" | ">=" | "==" | "!=")) {
            return Err(
                self.mistake(format!("`{word}` is a condition by itself"), format!("write `{word}` or `not {word}`"))
            );
        }
        Ok(Some(Node { kind, place }))
    }

    /// After `time`.
    fn window(&mut self, start: usize) -> Parsed<'t> {
        const START_OF_DAY: TimeOfDay = TimeOfDay { anchor: Anchor::Midnight, offset_s: 0 };
        const END_OF_DAY: TimeOfDay = TimeOfDay { anchor: Anchor::Midnight, offset_s: 86_400 };
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
        if from.anchor == Anchor::Midnight && from.offset_s == 86_400 {
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

    /// `22:30`, `sunset - 15m`, and where it names the sun.
    fn time(&mut self) -> Result<(TimeOfDay, Option<Range<usize>>), Mistake> {
        let lexeme = self.peek().clone();
        let (anchor, offset_s) = match lexeme.token {
            Token::Time(seconds) => (Anchor::Midnight, seconds),
            Token::Word("dawn") => (Anchor::Dawn, 0),
            Token::Word("sunrise") => (Anchor::Sunrise, 0),
            Token::Word("sunset") => (Anchor::Sunset, 0),
            Token::Word("dusk") => (Anchor::Dusk, 0),
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
        let sign = match self.peek().token {
            Token::Symbol("+") => 1,
            Token::Symbol("-") => -1,
            _ => 0,
        };
        if sign == 0 {
            let sun = (anchor != Anchor::Midnight).then_some(lexeme.place);
            return Ok((TimeOfDay { anchor, offset_s }, sun));
        }
        if anchor == Anchor::Midnight {
            return Err(self.mistake("only times of the sun take an offset", "write the resulting time itself"));
        }
        self.advance();
        let written = self.peek().place.clone();
        let offset = self.duration()?;
        match i32::try_from(offset.as_secs()) {
            Ok(seconds) if seconds <= 12 * 3600 => {
                Ok((TimeOfDay { anchor, offset_s: sign * seconds }, Some(lexeme.place)))
            }
            _ => Err(Mistake::new(written, "more than 12h away from the sun's event", "write at most 12h")),
        }
    }

    /// After `day`.
    fn day(&mut self, start: usize) -> Parsed<'t> {
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
            days.extend(self.some_days()?);
            while self.another_day() {
                self.advance();
                days.extend(self.some_days()?);
            }
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

    /// A part that must be a number, after a comparison or an arithmetic sign.
    fn operand(&mut self, parse: fn(&mut Self) -> Parsed<'t>) -> Parsed<'t> {
        match self.peek().token {
            Token::Word(word) if words::is_reserved(word) => Err(self.expected("a number or a reading")),
            Token::Word(_) | Token::Number(..) | Token::Symbol("-" | "(") => parse(self),
            _ => Err(self.expected("a number or a reading")),
        }
    }

    fn sum(&mut self) -> Parsed<'t> {
        let mut left = self.product()?;
        while let Token::Symbol(symbol @ ("+" | "-")) = self.peek().token {
            left = self.arithmetic(left, symbol, Self::product)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Parsed<'t> {
        let mut left = self.factor()?;
        while let Token::Symbol(symbol @ ("*" | "/")) = self.peek().token {
            left = self.arithmetic(left, symbol, Self::factor)?;
        }
        Ok(left)
    }

    fn arithmetic(&mut self, left: Node<'t>, symbol: &'static str, operand: fn(&mut Self) -> Parsed<'t>) -> Parsed<'t> {
        self.arithmetic += 1;
        if self.arithmetic > DEEPEST {
            return Err(self.mistake(format!("more than {DEEPEST} arithmetic signs"), "make it simpler"));
        }
        self.advance();
        let right = self.operand(operand)?;
        let place = left.place.start..right.place.end;
        Ok(Node { kind: Kind::Arithmetic(symbol, Box::new(left), Box::new(right)), place })
    }

    fn factor(&mut self) -> Parsed<'t> {
        let lexeme = self.peek().clone();
        let start = lexeme.place.start;
        match lexeme.token {
            Token::Symbol("-") => {
                self.advance();
                self.deeper()?;
                let inner = self.factor()?;
                self.depth -= 1;
                let place = start..inner.place.end;
                Ok(Node { kind: Kind::Negative(Box::new(inner)), place })
            }
            Token::Symbol("(") => {
                self.advance();
                let inner = self.any()?;
                if self.peek().token != Token::Symbol(")") {
                    if self.peek().token == Token::End {
                        return Err(Mistake::new(lexeme.place, "this parenthesis is never closed", "add `)`"));
                    }
                    return Err(self.leftover());
                }
                let end = self.advance().place.end;
                Ok(Node { kind: inner.kind, place: start..end })
            }
            Token::Number(number, "") => {
                self.advance();
                let unit = match self.peek().token {
                    Token::Unit(unit) => Some(unit),
                    Token::Word(unit) if is_unit(unit) => Some(unit),
                    _ => None,
                };
                if unit.is_some() {
                    self.advance();
                }
                Ok(Node { kind: Kind::Number(number, unit), place: start..self.end_of_last() })
            }
            Token::Number(number, unit) => {
                self.advance();
                Ok(Node { kind: Kind::Number(number, Some(unit)), place: lexeme.place })
            }
            Token::Time(_) => {
                let text = lexeme.text;
                let advice = format!("write `time after {text}` or `time between {text} and ...`");
                Err(self.mistake(format!("{text} is a time of day"), advice))
            }
            Token::Word(word) if !words::is_reserved(word) => {
                self.advance();
                Ok(Node { kind: Kind::Name(word), place: lexeme.place })
            }
            _ => Err(self.expected("a condition")),
        }
    }

    fn duration(&mut self) -> Result<Duration, Mistake> {
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

    // The token at hand, and mistakes about it.

    fn peek(&self) -> &Lexeme<'t> {
        &self.lexemes[self.next.min(self.lexemes.len() - 1)]
    }

    fn advance(&mut self) -> &Lexeme<'t> {
        let last = self.lexemes.len() - 1;
        let lexeme = &self.lexemes[self.next.min(last)];
        self.next = (self.next + 1).min(last);
        lexeme
    }

    fn end_of_last(&self) -> usize {
        self.next.checked_sub(1).map_or(0, |last| self.lexemes[last].place.end)
    }

    fn is_word(&self, word: &str) -> bool {
        self.peek().token == Token::Word(word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn want(&mut self, word: &str, form: &str) -> Result<(), Mistake> {
        if self.take_word(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`, as in `{form}`"))) }
    }

    /// Advice to write `words` before what follows the token at hand.
    fn with_next(&self, words: &str) -> String {
        let next = self.lexemes.get(self.next + 1).map(|lexeme| lexeme.text).filter(|text| !text.is_empty());
        format!("write `{words} {}`", next.unwrap_or("..."))
    }

    fn deeper(&mut self) -> Result<(), Mistake> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.mistake(format!("nested more than {DEEPEST} deep"), "make several rules of it"));
        }
        Ok(())
    }

    fn mistake(&self, message: impl Into<String>, advice: impl Into<String>) -> Mistake {
        Mistake::new(self.peek().place.clone(), message, advice)
    }

    fn expected(&self, what: &str) -> Mistake {
        let lexeme = self.peek();
        let message = match lexeme.token {
            Token::End => "the condition ends too early".to_owned(),
            _ => format!("unexpected `{}`", lexeme.text),
        };
        self.mistake(message, format!("write {what}"))
    }

    /// Something follows where the condition could end.
    fn leftover(&self) -> Mistake {
        let text = self.peek().text;
        match self.peek().token {
            Token::Symbol(")") => self.mistake("this parenthesis was never opened", "remove it"),
            Token::Word(word) => {
                let before = self.next.checked_sub(1).map(|last| &self.lexemes[last]);
                let joining = ["and", "or", "for", "is", "between", "above", "below", "at"];
                if let Some(near) = nearest::name(word, joining) {
                    return self.mistake(format!("unexpected `{word}`"), format!("did you mean `{near}`?"));
                }
                match before.map(|lexeme| lexeme.token) {
                    Some(Token::Word(name)) if words::is_reserved(word) && !words::is_reserved(name) => {
                        self.mistake(format!("unexpected `{word}`"), format!("write `{name} is {word}`"))
                    }
                    _ => self.mistake(format!("unexpected `{word}`"), "write `and` or `or` between two conditions"),
                }
            }
            Token::Number(..) => {
                self.mistake(format!("unexpected `{text}`"), "write a comparison before it, such as `>`")
            }
            _ => self.mistake(format!("unexpected `{text}`"), "write `and` or `or` between two conditions"),
        }
    }
}

fn is_day(word: &str) -> bool {
    words::DAYS.contains(&word) || matches!(word, "weekday" | "weekend")
}

/// Whether a word after a number is meant as its unit.
fn is_unit(word: &str) -> bool {
    !words::is_reserved(word) && !word.contains(['.', '_'])
}
