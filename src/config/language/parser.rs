//! Tokens to a tree. Names and units are looked up later, by `typing`.

use super::{
    Mistake,
    lexer::{Lexeme, Token},
    slips, words,
};
use crate::{
    config::nearest,
    model::{Comparison, DateRange, DaySet, Summary, TimeOfDay},
};
use std::{ops::Range, sync::Arc, time::Duration};

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
    Date(Vec<DateRange>),
    Dark,
    Daylight,
    Holiday,
    /// `night of friday`
    Night(Box<Node<'t>>),
    /// The modes of `mode is away or vacation`, and where they stand.
    Mode(Vec<(&'t str, Range<usize>)>),
    /// `front_door changed within 5m`
    Changed(Box<Node<'t>>, Duration),
    /// `average(living.temperature, 10m)`
    Over(Summary, Box<Node<'t>>, Duration),
    /// `today(pump)`
    Today(Box<Node<'t>>),
    Name(&'t str),
    /// With its unit.
    Number(f64, Option<&'t str>),
    Negative(Box<Node<'t>>),
    /// `+`, `-`, `*` or `/`
    Arithmetic(&'static str, Box<Node<'t>>, Box<Node<'t>>),
}

/// How deep parentheses, `not` and arithmetic may nest.
const DEEPEST: usize = 64;

/// The tree of a whole condition. `modes` are the words that may follow `mode is`.
pub(super) fn parse<'t>(lexemes: &[Lexeme<'t>], modes: &[Arc<str>]) -> Result<Node<'t>, Mistake> {
    let mut parser = Parser::new(lexemes, modes);
    let node = parser.any()?;
    parser.at_the_end()?;
    Ok(node)
}

pub(super) struct Parser<'l, 't> {
    /// Never empty: the last is the end.
    pub(super) lexemes: &'l [Lexeme<'t>],
    pub(super) next: usize,
    modes: &'l [Arc<str>],
    depth: usize,
    arithmetic: usize,
}

pub(super) type Parsed<'t> = Result<Node<'t>, Mistake>;

impl<'l, 't> Parser<'l, 't> {
    pub(super) fn new(lexemes: &'l [Lexeme<'t>], modes: &'l [Arc<str>]) -> Parser<'l, 't> {
        Parser { lexemes, next: 0, modes, depth: 0, arithmetic: 0 }
    }

    /// Nothing may follow.
    pub(super) fn at_the_end(&self) -> Result<(), Mistake> {
        if self.peek().token == Token::End { Ok(()) } else { Err(self.leftover()) }
    }
}

impl<'t> Parser<'_, 't> {
    pub(super) fn any(&mut self) -> Parsed<'t> {
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
        if self.is_word("changed") {
            return self.changed(left);
        }
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
                && !is_function(state)
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

    /// `changed within 5m`, after what did.
    fn changed(&mut self, what: Node<'t>) -> Parsed<'t> {
        self.advance();
        if let Token::Word("in" | "since" | "for") = self.peek().token {
            return Err(self.mistake(format!("unexpected `{}`", self.peek().text), "write `within`"));
        }
        self.want("within", "front_door changed within 5m")?;
        let within = self.duration()?;
        let place = what.place.start..self.end_of_last();
        Ok(Node { kind: Kind::Changed(Box::new(what), within), place })
    }

    /// After `mode`.
    fn mode(&mut self, start: usize) -> Parsed<'t> {
        if self.is_word("changed") {
            let mode = Node { kind: Kind::Name("mode"), place: start..self.end_of_last() };
            return self.changed(mode);
        }
        let mut not = false;
        if self.take_word("is") {
            not = self.take_word("not");
        } else if !self.take_word("in") {
            return Err(self.expected("`is`, as in `mode is away`"));
        }
        let mut modes = vec![self.one_mode()?];
        while matches!(self.peek().token, Token::Word("or") | Token::Symbol(",")) && self.mode_follows() {
            self.advance();
            modes.push(self.one_mode()?);
        }
        let place = start..self.end_of_last();
        let node = Node { kind: Kind::Mode(modes), place: place.clone() };
        Ok(if not { Node { kind: Kind::Not(Box::new(node)), place } } else { node })
    }

    fn mode_follows(&self) -> bool {
        let after = self.lexemes.get(self.next + 1);
        after.is_some_and(|after| self.modes.iter().any(|mode| **mode == *after.text))
    }

    fn one_mode(&mut self) -> Result<(&'t str, Range<usize>), Mistake> {
        match self.peek().token {
            Token::Word(mode) => Ok((mode, self.advance().place.clone())),
            _ => Err(self.expected("a mode, such as `away`")),
        }
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
            "holiday" => Kind::Holiday,
            "weekday" => Kind::Day(DaySet::from_days(0..5)),
            "weekend" => Kind::Day(DaySet::from_days(5..7)),
            "time" => {
                self.advance();
                return self.window(start).map(Some);
            }
            "night" if self.next_is(["of"]) => {
                self.advance();
                self.advance();
                return self.night(start).map(Some);
            }
            "day" => {
                self.advance();
                return self.day(start).map(Some);
            }
            "date" => {
                self.advance();
                return self.date(start).map(Some);
            }
            "mode" => {
                self.advance();
                return self.mode(start).map(Some);
            }
            "changed" => {
                let name = self.lexemes.get(self.next + 1).map_or("front_door", |lexeme| lexeme.text);
                let advice = format!("write `{name} changed within 5m`");
                return Err(self.mistake("`changed` follows what changes", advice));
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
            month if words::MONTHS.iter().any(|(name, _)| *name == month) => {
                return Err(self.mistake(format!("`{month}` is a month"), format!("write `date in {month}`")));
            }
            _ => {
                let next = self.lexemes.get(self.next + 1).map_or("", |lexeme| lexeme.text);
                return match slips::at_the_beginning(word, next) {
                    Some((message, advice)) => Err(self.mistake(message, advice)),
                    None => Ok(None),
                };
            }
        };
        let place = self.advance().place.clone();
        if matches!(self.peek().token, Token::Word("is") | Token::Symbol("<" | "<=" | ">" | ">=" | "==" | "!=")) {
            return Err(
                self.mistake(format!("`{word}` is a condition by itself"), format!("write `{word}` or `not {word}`"))
            );
        }
        Ok(Some(Node { kind, place }))
    }

    /// A part that must be a number, after a comparison or an arithmetic sign.
    fn operand(&mut self, parse: fn(&mut Self) -> Parsed<'t>) -> Parsed<'t> {
        match self.peek().token {
            Token::Word(word) if words::is_reserved(word) && !is_function(word) => {
                Err(self.expected("a number or a reading"))
            }
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
            Token::Word(word) if summary(word).is_some() => self.over(word),
            Token::Word(TODAY) => self.today(),
            _ => Err(self.expected("a condition")),
        }
    }

    /// `average(living.temperature, 10m)`
    fn over(&mut self, word: &str) -> Parsed<'t> {
        let start = self.advance().place.start;
        let form = format!("`{word}(living.temperature, 1h)`");
        if !matches!(self.peek().token, Token::Symbol("(")) {
            return Err(self.expected(&form));
        }
        self.advance();
        let Token::Word(name) = self.peek().token else { return Err(self.expected("the name of a reading")) };
        let place = self.advance().place.clone();
        if self.peek().token != Token::Symbol(",") {
            return Err(self.expected(&format!("a comma and a duration, as in {form}")));
        }
        self.advance();
        let window = self.duration()?;
        if self.peek().token != Token::Symbol(")") {
            return Err(self.expected("`)`"));
        }
        self.advance();
        let Some(summary) = summary(word) else { return Err(self.expected(&form)) };
        let of = Box::new(Node { kind: Kind::Name(name), place });
        Ok(Node { kind: Kind::Over(summary, of, window), place: start..self.end_of_last() })
    }

    /// `today(pump)`
    fn today(&mut self) -> Parsed<'t> {
        let start = self.advance().place.start;
        let wrong = |parser: &Self| Err(parser.expected("what it is of, as in `today(hall_light)`"));
        if self.peek().token != Token::Symbol("(") {
            return wrong(self);
        }
        self.advance();
        let Token::Word(name) = self.peek().token else { return wrong(self) };
        let place = self.advance().place.clone();
        if self.peek().token == Token::Symbol(",") {
            return Err(self.mistake("`today` begins at midnight and has no other time", "write `)`"));
        }
        if self.peek().token != Token::Symbol(")") {
            return Err(self.expected("`)`"));
        }
        self.advance();
        let of = Box::new(Node { kind: Kind::Name(name), place });
        Ok(Node { kind: Kind::Today(of), place: start..self.end_of_last() })
    }

    // The token at hand, and mistakes about it.

    pub(super) fn peek(&self) -> &Lexeme<'t> {
        &self.lexemes[self.next.min(self.lexemes.len() - 1)]
    }

    pub(super) fn advance(&mut self) -> &Lexeme<'t> {
        let last = self.lexemes.len() - 1;
        let lexeme = &self.lexemes[self.next.min(last)];
        self.next = (self.next + 1).min(last);
        lexeme
    }

    pub(super) fn end_of_last(&self) -> usize {
        self.next.checked_sub(1).map_or(0, |last| self.lexemes[last].place.end)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.peek().token == Token::Word(word)
    }

    /// Whether the token after the one at hand is one of these words.
    pub(super) fn next_is<const N: usize>(&self, words: [&str; N]) -> bool {
        let next = self.lexemes.get(self.next + 1).map(|lexeme| lexeme.token);
        matches!(next, Some(Token::Word(word)) if words.contains(&word))
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn want(&mut self, word: &str, form: &str) -> Result<(), Mistake> {
        if self.take_word(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`, as in `{form}`"))) }
    }

    /// Advice to write `words` before what follows the token at hand.
    pub(super) fn with_next(&self, words: &str) -> String {
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

    pub(super) fn mistake(&self, message: impl Into<String>, advice: impl Into<String>) -> Mistake {
        Mistake::new(self.peek().place.clone(), message, advice)
    }

    pub(super) fn expected(&self, what: &str) -> Mistake {
        let lexeme = self.peek();
        let message = match lexeme.token {
            Token::End => "the condition ends too early".to_owned(),
            _ => format!("unexpected `{}`", lexeme.text),
        };
        self.mistake(message, format!("write {what}"))
    }

    /// Whether the token before the one at hand is a name with this word in it: `on_today`.
    fn follows_word(&self, word: &str) -> bool {
        let before = self.next.checked_sub(1).map(|last| self.lexemes[last].text);
        before.is_some_and(|before| before.contains(word))
    }

    /// Something follows where the condition could end.
    fn leftover(&self) -> Mistake {
        let text = self.peek().text;
        match self.peek().token {
            Token::Symbol(")") => self.mistake("this parenthesis was never opened", "remove it"),
            Token::Symbol("(") if self.follows_word("today") => {
                self.mistake("unexpected `(`", "write `today(...)`, without anything before or after `today`")
            }
            Token::Word(word) => {
                let before = self.next.checked_sub(1).map(|last| &self.lexemes[last]);
                if let Some(advice) = before.and_then(|before| slips::joint(before.text, word)) {
                    return self.mistake(format!("unexpected `{word}`"), advice);
                }
                let joining = ["and", "or", "for", "is", "between", "above", "below", "at"];
                if let Some(near) = nearest::name(word, joining).filter(|near| *near != word) {
                    return self.mistake(format!("unexpected `{word}`"), format!("did you mean `{near}`?"));
                }
                match before.map(|lexeme| lexeme.token) {
                    Some(Token::Word(name)) if !words::is_reserved(name) => {
                        let advice = match nearest::name(word, words::STATES) {
                            Some(state) => format!("write `{name} is {state}`"),
                            None => "write `and` or `or` between two conditions".to_owned(),
                        };
                        self.mistake(format!("unexpected `{word}`"), advice)
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

/// What became of a point since midnight.
const TODAY: &str = "today";

/// Whether a word makes a number of what follows in parentheses.
fn is_function(word: &str) -> bool {
    word == TODAY || summary(word).is_some()
}

fn summary(word: &str) -> Option<Summary> {
    words::SUMMARIES.iter().find(|(name, _)| *name == word).map(|(_, summary)| *summary)
}

/// Whether a word after a number is meant as its unit.
fn is_unit(word: &str) -> bool {
    !words::is_reserved(word) && !word.contains(['.', '_'])
}
