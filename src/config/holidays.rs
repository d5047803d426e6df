//! The file of holidays: one day a line.

use super::shape::{Wrong, shorten};
use crate::model::{Date, Holidays};
use chrono::{Datelike, NaiveDate};

/// What the file `name` of this text lists: `2026-12-25 Christmas`, or `12-25` for every year. A `#` begins a comment.
pub(super) fn parse(name: &str, text: &str) -> Result<Holidays, Wrong> {
    let mut holidays = Holidays::default();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some(written) = line.split_whitespace().next() else { continue };
        if let Ok(date) = NaiveDate::parse_from_str(written, "%Y-%m-%d") {
            holidays.once.insert(date);
        // A leap year, so that 02-29 is one.
        } else if let Ok(date) = NaiveDate::parse_from_str(&format!("2000-{written}"), "%Y-%m-%d") {
            holidays.yearly.insert(Date { month: date.month(), day: date.day() });
        } else {
            return Err(Wrong::new(
                format!("line {number} of {name} does not begin with a date: \"{}\"", shorten(written)),
                "write a day as 2026-12-25, or as 12-25 for every year",
            ));
        }
    }
    Ok(holidays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_one_year_and_of_every_year() {
        let text = "# Days off\n2026-04-03 Good Friday\n\n12-25   # Christmas\n02-29\n";
        let holidays = parse("days.txt", text).ok().unwrap();
        let on = |date: &str| holidays.contains(date.parse().unwrap());
        assert!(on("2026-04-03") && !on("2027-04-03") && on("2026-12-25") && on("2031-12-25") && on("2028-02-29"));
    }

    #[test]
    fn a_slip_is_told_with_its_line() {
        for text in ["12-25\n25.12.2026\n", "12-25\n13-01\n", "12-25\n2026-02-30\n"] {
            let wrong = parse("days.txt", text).err().unwrap();
            assert!(wrong.message.starts_with("line 2 of days.txt"), "{}", wrong.message);
        }
    }
}
