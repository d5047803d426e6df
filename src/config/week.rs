//! Times of the week as a plan has them: `"weekday 06:30 21"` begins with days and a time.

use super::{
    nearest,
    shape::{Wrong, shorten},
};
use crate::model::DaySet;

/// From Monday on.
pub(super) const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Words for several days.
const GROUPS: [&str; 3] = ["daily", "weekday", "weekend"];

/// When something begins, and what.
pub(super) struct Begin<'l> {
    pub days: DaySet,
    /// Seconds after midnight.
    pub begins_s: i32,
    /// The last word.
    pub rest: &'l str,
}

/// The days, the time and the rest of a line; its last word may be one of `units`. `form`: what to write instead.
pub(super) fn begin<'l>(line: &'l str, units: &[&str], form: &str) -> Result<Begin<'l>, Wrong> {
    let mut words: Vec<&str> =
        line.split([' ', ',']).filter(|word| !word.is_empty() && !matches!(*word, "and" | "at")).collect();
    words.pop_if(|word| units.contains(word));
    let [days @ .., time, rest] = &words[..] else {
        return Err(Wrong::new(format!("\"{}\" is not a period", shorten(line)), form));
    };
    if days.is_empty() {
        return Err(Wrong::new("a period without days", form));
    }
    let mut set = Vec::new();
    for day in days {
        set.extend(some_days(day)?);
    }
    let begins_s = time_of_day(time)
        .ok_or_else(|| Wrong::new(format!("`{}` is not a time of day", shorten(time)), "write a time such as 06:30"))?;
    Ok(Begin { days: DaySet::from_days(set), begins_s, rest })
}

fn some_days(word: &str) -> Result<Vec<u32>, Wrong> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name).and_then(|day| u32::try_from(day).ok());
    match word.strip_suffix('s').filter(|_| word != "daily").unwrap_or(word) {
        "daily" => return Ok((0..7).collect()),
        "weekday" => return Ok((0..5).collect()),
        "weekend" => return Ok(vec![5, 6]),
        _ => {}
    }
    if let Some(day) = day(word) {
        return Ok(vec![day]);
    }
    if let Some((first, last)) = word.split_once('-')
        && let (Some(first), Some(last)) = (day(first), day(last))
    {
        return Ok((0..=(last + 7 - first) % 7).map(|step| (first + step) % 7).collect());
    }
    let begun = DAYS.iter().find(|day| word.len() >= 2 && day.starts_with(&word.to_lowercase())).copied();
    let advice = match begun.or_else(|| nearest::name(word, DAYS.into_iter().chain(GROUPS))) {
        Some(near) => format!("write `{near}`"),
        None => "write daily, weekday, weekend, monday, ...".to_owned(),
    };
    Err(Wrong::new(format!("`{}` is not a day", shorten(word)), advice))
}

/// Seconds after midnight.
fn time_of_day(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str, most: i32| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i32>().ok().filter(|number| digits && *number <= most)
    };
    Some((two(hour, 23)? * 60 + two(minute, 59)?) * 60)
}
