//! What comes again: `every 15m`, `every 3 days at 06:00`.

use super::{Mistake, lexer::Token, parser::Parser, words};
use crate::model::{Trigger, duration};
use std::{ops::Range, time::Duration};

/// Shorter than this is no matter of the clock.
const SHORTEST: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
/// The most days.
const MOST_DAYS: u32 = 366;

/// What happens again, and where it names the sun.
type Every = (Trigger, Option<Range<usize>>);

impl Parser<'_, '_> {
    /// After nothing yet: what happens again; nothing if the sentence is another.
    pub(super) fn every(&mut self) -> Option<Result<Every, Mistake>> {
        let follows = match self.lexemes.get(self.next + 1)?.token {
            Token::Number(..) => true,
            Token::Word(word) => is_unit(word) || words::DAYS.contains(&word) || matches!(word, "weekday" | "weekend"),
            _ => false,
        };
        (follows && self.take_word("every")).then(|| self.interval())
    }

    /// After `every`.
    fn interval(&mut self) -> Result<Every, Mistake> {
        let start = self.peek().place.start;
        let (number, unit) = match (self.peek().token, self.lexemes.get(self.next + 1).map(|next| next.token)) {
            (Token::Word("day"), _) => {
                self.advance();
                return self.of_days(1, start);
            }
            (Token::Word(word), _) => return Err(self.mistake(format!("unexpected `{word}`"), instead(word))),
            (Token::Number(number, ""), Some(Token::Word(unit))) => (number, unit),
            _ => return self.step(),
        };
        let days = match unit {
            "day" | "days" => number,
            "week" | "weeks" => number * 7.0,
            "month" | "months" | "year" | "years" => {
                return Err(self.mistake("months and years differ in length", instead(unit)));
            }
            _ => return self.step(),
        };
        let Some(whole) = (1..=MOST_DAYS).find(|count| f64::from(*count) == days) else {
            return Err(self.mistake("not a number of days", format!("write 1 to {MOST_DAYS} days")));
        };
        let place = self.advance().place.start..self.advance().place.end;
        if unit.starts_with("week") {
            return Err(Mistake::new(place, "weeks are counted in days", format!("write `{whole} days`")));
        }
        self.of_days(whole, start)
    }

    /// After the number of days.
    fn of_days(&mut self, days: u32, start: usize) -> Result<Every, Mistake> {
        if !self.take_word("at") {
            let place = start..self.end_of_last();
            let count = if days == 1 { "day".into() } else { format!("{days} days") };
            return Err(Mistake::new(place, "at what time of the day?", format!("write `every {count} at 06:00`")));
        }
        let (time, sun) = self.time()?;
        Ok((Trigger::EveryDays(days, time), sun))
    }

    fn step(&mut self) -> Result<Every, Mistake> {
        let place = self.peek().place.clone();
        let step = self.duration()?;
        if step >= DAY {
            let days = step.as_secs().div_ceil(DAY.as_secs());
            let count = if days == 1 { "day".into() } else { format!("{days} days") };
            let message = "an interval of a day or more would leave its time of day when clocks change";
            return Err(Mistake::new(place, message, format!("write `every {count} at 06:00`")));
        }
        if step < SHORTEST || step.subsec_nanos() > 0 {
            let message = format!("{} is not a number of seconds", duration::spell(step));
            return Err(Mistake::new(place, message, "write whole seconds, such as `every 30s`"));
        }
        Ok((Trigger::Every(step), None))
    }
}

fn is_unit(word: &str) -> bool {
    let one = word.strip_suffix('s').unwrap_or(word);
    matches!(one, "second" | "minute" | "hour" | "day" | "week" | "month" | "year")
}

/// What to write for a word after `every`.
fn instead(word: &str) -> String {
    let cron = |days: &str| format!("write `cron 0 6 {days}`, which is at 06:00");
    match word {
        "second" | "seconds" => "write `every 1s`".into(),
        "minute" | "minutes" => "write `every 1m`".into(),
        "hour" | "hours" => "write `every 1h`".into(),
        "week" | "weeks" => "write `every 7 days at 06:00`".into(),
        "days" => "write `every day at 06:00`".into(),
        "month" | "months" => cron("1 * *"),
        "year" | "years" => cron("1 jan *"),
        "weekday" => cron("* * mon-fri"),
        "weekend" => cron("* * sat,sun"),
        day => cron(&format!("* * {}", day.get(..3).unwrap_or(day))),
    }
}
