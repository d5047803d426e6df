//! The five fields of `cron`: minute, hour, day of the month, month, weekday.

use super::Mistake;
use crate::model::Cron;

/// A field: what it is called, its least and greatest number, and words that stand for numbers.
struct Field {
    name: &'static str,
    least: u32,
    greatest: u32,
    /// The first stands for `least`.
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, greatest: 59, words: &[] },
    Field { name: "hour", least: 0, greatest: 23, words: &[] },
    Field { name: "day of the month", least: 1, greatest: 31, words: &[] },
    Field {
        name: "month",
        least: 1,
        greatest: 12,
        words: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field { name: "weekday", least: 0, greatest: 7, words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/// What comes after `cron `; `at` is where that stands.
pub(super) fn parse(text: &str, at: usize) -> Result<Cron, Mistake> {
    let mut fields = Vec::new();
    let mut rest = 0;
    for field in text.split_whitespace() {
        let start = text[rest..].find(field).map_or(rest, |found| rest + found);
        rest = start + field.len();
        fields.push((field, at + start));
    }
    let [minutes, hours, days, months, weekdays] = fields[..] else {
        let message = format!("cron has five fields, and here are {}", fields.len());
        let advice = "write minute, hour, day of the month, month and weekday: `cron 30 7 * * mon-fri`";
        return Err(Mistake::new(at..at + text.trim_end().len(), message, advice));
    };
    let bits = |index: usize, (text, at): (&str, usize)| set(&FIELDS[index], text, at);
    let weekday_bits = bits(4, weekdays)?;
    let (minute_bits, hour_bits) = (bits(0, minutes)?, narrow(bits(1, hours)?));
    let cron = Cron {
        minutes: minute_bits,
        hours: hour_bits,
        days: narrow(bits(2, days)?),
        months: u16::try_from(bits(3, months)?).unwrap_or(u16::MAX),
        // Sunday is 0 and 7.
        weekdays: u8::try_from((weekday_bits | weekday_bits >> 7) & 0x7f).unwrap_or(u8::MAX),
        either_day: !days.0.starts_with('*') && !weekdays.0.starts_with('*'),
        interval: is_interval(minutes.0, minute_bits, hour_bits),
        text: text.trim().into(),
    };
    // 2000 was a leap year: it has every day that there is.
    let some_day = (0..366)
        .filter_map(|day| chrono::NaiveDate::from_ymd_opt(2000, 1, 1)?.checked_add_days(chrono::Days::new(day)))
        .any(|date| {
            cron.either_day
                || cron.months >> chrono::Datelike::month(&date) & 1 == 1
                    && cron.days >> chrono::Datelike::day(&date) & 1 == 1
        });
    if !some_day {
        let message = "this never happens: none of these months has such a day";
        return Err(Mistake::new(days.1..months.1 + months.0.len(), message, "change the day or the month"));
    }
    Ok(cron)
}

/// Whether the times of a day are meant as an interval, not as times: every hour, every so many minutes (as Debian's cron
/// has it, by the asterisk), or the same as a list that goes on over hours (`0,15,30,45 0-5`).
fn is_interval(text: &str, minutes: u64, hours: u32) -> bool {
    const ALL_HOURS: u32 = 0xff_ffff;
    let count = minutes.count_ones();
    let first = minutes.trailing_zeros();
    let evenly = count > 1 && 60 % count == 0 && (0..count).all(|n| minutes >> (first + n * (60 / count)) & 1 == 1);
    hours == ALL_HOURS || text.starts_with('*') || text.contains('/') || evenly && hours & (hours >> 1) != 0
}

fn narrow(bits: u64) -> u32 {
    u32::try_from(bits).unwrap_or(u32::MAX)
}

/// `*`, `*/5`, `1-5`, `1,15`, `mon-fri`: the numbers as bits.
fn set(field: &Field, text: &str, at: usize) -> Result<u64, Mistake> {
    let mut bits = 0;
    let mut start = at;
    for part in text.split(',') {
        let place = start..start + part.len();
        let wrong = |advice: String| {
            Err(Mistake::new(place.clone(), format!("`{part}` is not a {} of cron", field.name), advice))
        };
        let usual =
            || format!("write numbers from {} to {}, such as `{}` or `*/5`", field.least, field.greatest, field.least);
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => match step.parse::<u32>() {
                Ok(step) if (1..=field.greatest).contains(&step) => (range, step),
                _ => return wrong(format!("write a step such as `{range}/5`")),
            },
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (field.least, if field.name == "weekday" { 6 } else { field.greatest }),
            Some((first, last)) => match (number(field, first), number(field, last)) {
                (Some(first), Some(last)) if first <= last => (first, last),
                // `fri-sun`: Sunday is also 7.
                (Some(first), Some(0)) if field.name == "weekday" => (first, 7),
                (Some(_), Some(_)) => return wrong("write the lower number first".into()),
                _ => return wrong(usual()),
            },
            None => match number(field, range) {
                Some(number) if part.contains('/') => (number, field.greatest),
                Some(number) => (number, number),
                None => return wrong(usual()),
            },
        };
        for number in (first..=last).step_by(step as usize) {
            bits |= 1 << number;
        }
        start += part.len() + 1;
    }
    Ok(bits)
}

fn number(field: &Field, text: &str) -> Option<u32> {
    let small = text.to_lowercase();
    if let Some(index) = field.words.iter().position(|word| *word == small) {
        return u32::try_from(index).ok().map(|index| field.least + index);
    }
    text.parse().ok().filter(|number| (field.least..=field.greatest).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn days(text: &str) -> Vec<u32> {
        let cron = parse(text, 0).unwrap();
        let november = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        (1..=30).filter(|day| cron.on(november(*day))).collect()
    }

    #[test]
    fn the_fields_are_those_of_cron() {
        let cron = parse("*/20 7,19 * * *", 0).unwrap();
        let times: Vec<i32> = cron.times().map(|seconds| seconds / 60).collect();
        assert_eq!(times, [420, 440, 460, 1140, 1160, 1180]);
        assert_eq!(days("0 0 * * mon"), [2, 9, 16, 23, 30]);
        assert_eq!(days("0 0 * nov fri-sun"), [1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 27, 28, 29]);
        assert_eq!(days("0 0 13 * 5"), [6, 13, 20, 27], "a limited day and a limited weekday: either");
        assert_eq!(days("0 0 1-7 dec *"), [] as [u32; 0]);
        assert_eq!(days("0 0 20-30/5 * *"), [20, 25, 30]);
        assert_eq!(days("0 0 * * 7"), days("0 0 * * 0"));
    }

    #[test]
    fn what_is_meant_as_an_interval() {
        let is = |text| parse(text, 0).unwrap().interval;
        for text in ["*/15 * * * *", "0 * * * *", "7 0-23 * * *", "*/15 2 * * *", "0-59/20 1-5 * * *", "0,30 0-5 * * *"]
        {
            assert!(is(text), "{text}");
        }
        for text in ["30 2 * * *", "0,30 2 * * *", "0 */2 * * *", "0,10 0-5 * * *", "0 1,2,3 * * mon-fri"] {
            assert!(!is(text), "{text}");
        }
    }

    #[test]
    fn slips_are_told_at_their_place() {
        for (text, culprit) in [
            ("0 7 * *", "0 7 * *"),
            ("60 7 * * *", "60"),
            ("0 7 * * mon-friday", "mon-friday"),
            ("0 5-3 * * *", "5-3"),
            ("0,x 7 * * *", "x"),
            ("*/0 7 * * *", "*/0"),
            ("0 0 31 feb,apr *", "31 feb,apr"),
        ] {
            let mistake = parse(text, 0).unwrap_err();
            assert_eq!(&text[mistake.place.clone()], culprit, "{text}: {mistake:?}");
        }
    }
}
