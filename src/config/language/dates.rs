//! The parts of conditions that speak of dates: `date between 15 october and 15 april`, `date is 24 december`.

use super::{
    Mistake,
    lexer::Token,
    parser::{Kind, Node, Parsed, Parser},
    words,
};
use crate::{
    config::nearest,
    model::{Date, DateRange},
};

impl<'t> Parser<'_, 't> {
    /// After `date`.
    pub(super) fn date(&mut self, start: usize) -> Parsed<'t> {
        let mut ranges = Vec::new();
        let mut not = false;
        if self.take_word("between") {
            ranges.push(self.dates_between()?);
        } else if matches!(self.peek().token, Token::Word("after" | "before")) {
            let advice = "a year has no beginning here: write `date between 1 june and 31 august`";
            return Err(self.mistake("dates have two ends", advice));
        } else {
            if self.take_word("is") {
                not = self.take_word("not");
            } else if !self.take_word("in") {
                return Err(self.expected("`is`, `in` or `between`"));
            }
            ranges.extend(self.list_of_dates()?);
        }
        let place = start..self.end_of_last();
        let node = Node { kind: Kind::Date(ranges), place: place.clone() };
        Ok(if not { Node { kind: Kind::Not(Box::new(node)), place } } else { node })
    }

    /// `15 october and 15 april`
    pub(super) fn dates_between(&mut self) -> Result<DateRange, Mistake> {
        let first = self.one_date()?;
        self.want("and", "date between A and B")?;
        Ok(DateRange { first, last: self.one_date()? })
    }

    pub(super) fn list_of_dates(&mut self) -> Result<Vec<DateRange>, Mistake> {
        let mut ranges: Vec<DateRange> = self.some_dates()?.into_iter().collect();
        while self.another_date() {
            self.advance();
            ranges.extend(self.some_dates()?);
        }
        Ok(ranges)
    }

    /// Whether `or` or a comma continues a list of dates.
    fn another_date(&self) -> bool {
        let joined = matches!(self.peek().token, Token::Word("or") | Token::Symbol(","));
        let follows = match self.lexemes.get(self.next + 1).map(|lexeme| lexeme.token) {
            Some(Token::Number(..)) => true,
            Some(Token::Word(word)) => words::MONTHS.iter().any(|(month, _)| *month == word),
            _ => false,
        };
        joined && follows
    }

    /// A day, or a whole month.
    fn some_dates(&mut self) -> Result<Option<DateRange>, Mistake> {
        if let Token::Word(_) = self.peek().token {
            let at = self.peek().place.clone();
            let (month, days) = self.month()?;
            if let Token::Number(day, _) = self.peek().token {
                let place = at.start..self.peek().place.end;
                let advice = format!("write `{day} {}`", words::MONTHS[month as usize - 1].0);
                return Err(Mistake::new(place, "the day comes before the month", advice));
            }
            return Ok(Some(DateRange { first: Date { month, day: 1 }, last: Date { month, day: days } }));
        }
        let date = self.one_date()?;
        Ok(Some(DateRange { first: date, last: date }))
    }

    fn one_date(&mut self) -> Result<Date, Mistake> {
        let lexeme = self.peek().clone();
        let day = match lexeme.token {
            Token::Number(day, "") if day.fract() == 0.0 => day,
            Token::Number(day, "st" | "nd" | "rd" | "th") if day.fract() == 0.0 => {
                return Err(self.mistake("a day of the month is a plain number", format!("write {day}")));
            }
            Token::Number(..) => {
                let advice = "write the day and the month's name, such as `24 december`";
                return Err(self.mistake(format!("`{}` is not a date", lexeme.text), advice));
            }
            Token::Word(word) if words::MONTHS.iter().any(|(month, _)| *month == word) => {
                let day = self.lexemes.get(self.next + 1).map(|next| next.text).filter(|text| !text.is_empty());
                let advice = format!("write `{} {word}`", day.unwrap_or("1"));
                return Err(self.mistake("the day comes before the month", advice));
            }
            _ => return Err(self.expected("a date, such as `24 december`")),
        };
        self.advance();
        let (month, days) = self.month()?;
        let place = lexeme.place.start..self.end_of_last();
        // A day of the month fits in 32 bits where it is one at all.
        match (1..=days).find(|number| f64::from(*number) == day) {
            Some(day) => Ok(Date { month, day }),
            None => {
                let name = words::MONTHS[month as usize - 1].0;
                Err(Mistake::new(place, format!("{name} has no day {day}"), format!("write 1 to {days}")))
            }
        }
    }

    /// The month, 1 to 12, and how many days it can have.
    fn month(&mut self) -> Result<(u32, u32), Mistake> {
        let Token::Word(word) = self.peek().token else { return Err(self.expected("a month, such as `december`")) };
        let numbered = (1..).zip(words::MONTHS);
        match numbered.clone().find(|(_, (month, _))| *month == word) {
            Some((number, (_, days))) => {
                self.advance();
                Ok((number, days))
            }
            None => {
                let names = || words::MONTHS.into_iter().map(|(month, _)| month);
                let begun = names().find(|month| word.len() >= 3 && month.starts_with(&word.to_lowercase()));
                let advice = match begun.or_else(|| nearest::name(word, names())) {
                    Some(month) => format!("write `{month}`"),
                    None => "write a month such as `december`".to_owned(),
                };
                Err(self.mistake(format!("`{word}` is not a month"), advice))
            }
        }
    }
}
